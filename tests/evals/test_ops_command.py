"""`skilldyno ops`: what it lists and shows, and an operation of one's own up to its verdict."""

import json
import shutil
from pathlib import Path

import pytest
from synthetic_logs import Outcome, evidence, write_log

from skilldyno.skills.skill import SHIPPED_SKILLS
from skilldyno.tasks.catalogue import OPS, operation_names
from skilldyno.tasks.hardware import load_profile

KERNEL = """
#include <cstdint>
extern "C" void mine(const float* x, const float* weight, const float* residual, float* out,
                     int64_t M, int64_t N, float scale) {
    for (int64_t i = 0; i < M * N; ++i) out[i] = x[i] * weight[i % N] + scale * residual[i];
}
"""


@pytest.fixture
def own(skilldyno, tmp_path: Path) -> Path:
    """A folder of operations that holds the template, named mine."""
    done = skilldyno("ops", "new", "mine", "--dir", str(tmp_path / "ops"))
    assert done.returncode == 0, done.stderr
    assert f"skilldyno ops check {tmp_path}/ops/mine" in done.stdout
    return tmp_path / "ops"


def test_the_list_counts_what_each_operation_has(skilldyno):
    done = skilldyno("ops", "--json")
    listed = json.loads(done.stdout)["operations"]
    assert tuple(each["name"] for each in listed) == operation_names()
    for each in listed:
        assert set(each["workloads"]) <= {"cpu", "gpu"}
        for counts in each["workloads"].values():
            assert counts["visible"] >= 1
            assert counts["hidden"] >= 1
            assert sum(counts.values()) >= 3
        assert each["source"]
    text = skilldyno("ops").stdout
    assert f"{len(listed)} operations in {len({each['family'] for each in listed})} fam" in text
    row = next(line for line in text.splitlines() if line.startswith("rms_norm "))
    assert row.split("  ")[-1].strip() == "3 + 4"


def test_an_operation_is_shown_with_prompt_workloads_and_roofline_times(skilldyno):
    shown = json.loads(skilldyno("ops", "show", "softmax", "--hardware", "h200", "--json").stdout)
    assert shown["eval_task"] == "softmax/h200/cuda"
    assert 'extern "C" void softmax(const __nv_bfloat16* x' in shown["prompt"]
    first = next(w for w in shown["workloads"] if w["language"] == "cuda")
    # 2 * 32768 * 4096 elements of two bytes at the bandwidth that was measured; arithmetic is less.
    measured = load_profile("h200").measured
    assert measured is not None
    seconds = 2 * 32768 * 4096 * 2 / measured.memory_bandwidth
    assert first["roofline_seconds"]["h200"] == pytest.approx(seconds)
    assert first["use"] == "visible"
    assert {"hidden", "hidden, timed"} <= {w["use"] for w in shown["workloads"]}
    best = next(b for b in shown["best_known"] if b["workload"] == "M=32768,N=4096")
    assert best["seconds"] > 0.9 * seconds
    assert {d["model"] for d in shown["difficulty"]} == {"claude"}
    text = skilldyno("ops", "show", "softmax").stdout
    assert text.startswith("Write the fastest correct kernel")
    assert "Measured difficulty:" in text
    assert "M=37,N=1001    hidden" in text


def test_difficulty_is_measured_from_logs(skilldyno, tmp_path: Path):
    wrong, right = Outcome("incorrect"), Outcome()
    write_log(tmp_path, judge=lambda op, epoch: wrong if epoch == 1 else right)
    arguments = ("ops", "show", "rms_norm", "--logs", str(tmp_path))
    [arm] = json.loads(skilldyno(*arguments, "--json").stdout)["difficulty"]
    assert (arm["variant"], arm["samples"], arm["correct"]) == ("none", 3, 2)
    assert arm["roofline_fraction"] == evidence(right)["roofline_fraction"]
    assert arm["this_definition"] is False
    text = skilldyno(*arguments).stdout
    assert "2/3" in text
    assert "of an earlier definition" in text


def test_what_is_measured_of_a_profile_is_listed(skilldyno):
    text = skilldyno("ops", "measured").stdout
    assert text.startswith("Best times known on h200:")
    listed = json.loads(skilldyno("ops", "measured", "--json").stdout)
    assert {b["operation"] for b in listed["best"]} >= {"rms_norm", "softmax"}
    assert all(d["correct"] <= d["samples"] for d in listed["difficulty"])


@pytest.mark.parametrize(
    "content", ["{", "[1]", '{"schema": 1}', '{"schema": 1, "verdict": "correct"}']
)
def test_a_file_that_holds_no_evidence_is_refused(skilldyno, tmp_path: Path, content):
    file = tmp_path / "evidence.jsonl"
    file.write_text(content + "\n")
    done = skilldyno("ops", "measured", str(file))
    assert done.returncode == 2
    assert "does not hold evidence" in done.stderr


def test_the_template_is_admitted(skilldyno, own: Path):
    done = skilldyno("ops", "check", str(own / "mine"))
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("mine: admitted; ")
    found = json.loads(skilldyno("ops", "check", str(own / "mine"), "--json").stdout)
    assert found["admitted"] is True
    assert found["problems"] == []


def test_a_loose_tolerance_is_said_and_exits_1(skilldyno, own: Path):
    toml = own / "mine" / "op.toml"
    toml.write_text(
        toml.read_text().replace("relative = 1e-6, scaled = 1e-6", "relative = 0.1, scaled = 0.1")
    )
    done = skilldyno("ops", "check", str(own / "mine"))
    assert done.returncode == 1
    assert "cpp: an impostor passes, float32 inputs stored as bfloat16 (" in done.stdout
    assert "mine: not admitted; " in done.stdout


TYPOS = [
    ('name = "mine"', 'nmae = "mine"', "'nmae' is unknown; did you mean 'name'? allowed: "),
    ('family = "elementwise"', 'family = "elemwise"', "'normalisation', 'activation', 'softmax'"),
    ('tier = "plain"', 'tier = "plan"', "the field 'tier' is 'plan', but it should be 'plain' or"),
    ("source =", "sauce =", "the field 'sauce' is unknown; did you mean 'source'? a"),
    ("description =", "descripton =", "did you mean 'description'? allowed: "),
    ('"forbidden"', '"forbiden"', "but it should be 'allowed' or 'forbidden'."),
    (
        '"heavy_tail"',
        '"heavytail"',
        "the field 'distributions[1]' is 'heavytail', but it should be",
    ),
    ('shape = ["M", "N"]', 'shape = ["M", "n"]', "the name 'n' is unknown (known: M, N)"),
    ('cuda = "bfloat16"', 'cuda = "bf16"', "the field 'inputs[0].dtype.cuda' is 'bf16', but it s"),
    ('fill = "weight"', 'fill = "wieght"', "'wieght', but it should be data, weight, bias, "),
    ("scaled = 1e-4 }", "scald = 1e-4 }", "allowed: relative, scaled"),
    ('type = "float"', 'type = "double"', "the field 'scalars[0].type' is 'double', but it shoul"),
    ('"3*M*N"', '"3*M*K"', "roofline.operations uses 'K'; allowed: M, N."),
    ("[workloads.gpu]", "[workloads.tpu]", "is 'tpu', but it should be 'cpu' or 'gpu'"),
    ("hidden_timed", "hidden_time", "did you mean 'hidden_timed'? allowed: hidden, hidden_timed,"),
]


@pytest.mark.parametrize(("before", "after", "words"), TYPOS, ids=[t[1] for t in TYPOS])
def test_a_typo_in_any_field_is_one_sentence(skilldyno, own: Path, before, after, words):
    toml = own / "mine" / "op.toml"
    text = toml.read_text()
    assert before in text
    toml.write_text(text.replace(before, after, 1))
    done = skilldyno("ops", "check", str(own / "mine"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {toml}: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["new", "soft max"], "cannot be the name of an operation"),
        (["new", "softmax"], "There is an operation 'softmax' already; choose another name."),
        (["show", "sofmax"], "did you mean softmax"),
        (["show", "softmax", "--language", "zig"], "give one of cpp, cuda, triton, torch-ext."),
        (["show", "softmax", "--hardware", "h200", "--language", "cpp"], "no toolchain for 'cpp'"),
        (["check", "nowhere"], "there is no such file; an operation needs it."),
        (["--ops", "nowhere"], "nowhere: no op.toml is in it or in a folder of it; name a folder"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(skilldyno, tmp_path, arguments, words):
    done = skilldyno("ops", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def test_a_name_that_is_taken_is_refused(skilldyno, tmp_path: Path):
    shutil.copytree(OPS / "softmax", tmp_path / "softmax")
    done = skilldyno("ops", "--ops", str(tmp_path))
    assert done.returncode == 2
    assert "there is an operation 'softmax' already, in " in done.stderr


def test_a_suite_may_name_an_operation_of_ones_own(skilldyno, own: Path, tmp_path: Path):
    suite = tmp_path / "suite.toml"
    suite.write_text(
        'name = "own"\ndescription = "One."\noperations = ["mine", "softmax"]\n'
        'hardware = "cpu-x86_64"\nlanguage = "cpp"\nepochs = 1\n'
    )
    arguments = (
        "eval",
        str(SHIPPED_SKILLS / "cpu-kernels"),
        "--suite",
        str(suite),
        "--dry-run",
        "--json",
    )
    assert "There is no operation 'mine'" in skilldyno(*arguments).stderr
    done = skilldyno(*arguments, "--ops", str(own))
    assert [arm["samples"] for arm in json.loads(done.stdout)["arms"]] == [2, 2]


@pytest.mark.alone
def test_a_kernel_for_an_operation_of_ones_own_is_judged(skilldyno, own: Path, tmp_path: Path):
    kernel = tmp_path / "mine.cpp"
    kernel.write_text(KERNEL)
    arguments = ("judge", str(kernel), "--op", "mine", "--ops", str(own), "--json")
    evidence = json.loads(skilldyno(*arguments).stdout)
    assert evidence["verdict"] == "correct", evidence["reason"]
    assert evidence["operation"] == "mine"
    kernel.write_text(KERNEL.replace("scale *", ""))
    assert json.loads(skilldyno(*arguments).stdout)["verdict"] == "incorrect"
