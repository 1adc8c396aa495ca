"""`skilldyno kernel`: the best candidates, as repositories, and what the Hub has already."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_double import serving
from synthetic_logs import Outcome, write_log

from skilldyno.tasks.build_toml import read_build_toml
from skilldyno.tasks.catalogue import load_operation

DIGEST = load_operation("rms_norm").digest
SOURCE = 'extern "C" void rms_norm() {}\n// number %d\n'
HUB = {
    "kernels-community/rmsnorm": {
        "torch213-cxx11-cpu-x86_64-linux": None,
        "torch213-cxx11-cu130-x86_64-linux": ["8.0", "9.0"],
    },
    "someone/rms-norm-old": {"torch213-cxx11-cu130-x86_64-linux": ["7.5"]},
    "someone/softmax": {"torch-cuda": None},
}


def outcome(number: int, speedup: float, verdict: str = "correct") -> Outcome:
    return Outcome(verdict, speedup, source=SOURCE % number)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Three samples for rms_norm with and without a Skill, the fastest of which is flagged."""
    given = {
        "none": [outcome(1, 1.5), outcome(2, 2.5), outcome(3, 0.9)],
        "cpu-kernels@3f9a1c": [
            outcome(4, 9.0, "flagged"),
            outcome(5, 3.5),
            outcome(6, 4.0, "incorrect"),
        ],
    }
    for variant, outcomes in given.items():
        write_log(
            tmp_path / "logs",
            variant=variant,
            ops=["rms_norm"],
            op_digest=DIGEST,
            judge=lambda op, epoch, found=outcomes: found[epoch - 1],
        )
    return tmp_path / "logs"


def test_the_best_is_the_fastest_correct_one(skilldyno, logs: Path):
    found = json.loads(skilldyno("kernel", "list", str(logs), "--json").stdout)["kernels"]
    assert [(k["op"], k["hardware"], k["speedup"]) for k in found] == [
        ("rms_norm", "cpu-x86_64", 3.5)
    ]
    best = found[0]
    assert (best["variant"], best["epoch"]) == ("cpu-kernels@3f9a1c", 2)
    assert best["candidate"] == hashlib.sha256((SOURCE % 5).encode()).hexdigest()
    assert best["speed_baseline"] == "eager"
    text = skilldyno("kernel", "list", str(logs)).stdout
    assert "3.50x [3.40, 3.60]" in text
    assert "eager" in text
    assert "38 %" in text


def test_nothing_correct_is_said_and_not_exported(skilldyno, tmp_path: Path):
    logs, out = tmp_path / "logs", tmp_path / "out"
    write_log(logs, ops=["rms_norm"], judge=lambda op, epoch: outcome(1, 1.0, "incorrect"))
    done = skilldyno("kernel", "list", str(logs))
    assert done.returncode == 0
    assert "No candidate of that kind is correct, of 3 samples" in done.stdout
    done = skilldyno("kernel", "export", str(logs), "--op", "rms_norm", "-o", str(out))
    assert done.returncode == 2
    assert "No candidate for rms_norm is correct" in done.stderr
    assert not out.exists()


def test_the_best_is_exported_unaltered_with_its_evidence(skilldyno, logs: Path, tmp_path: Path):
    out = tmp_path / "out"
    done = skilldyno("kernel", "export", str(logs), "--op", "rms_norm", "-o", str(out), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    written = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    assert set(said["files"]) == written
    assert (out / "rms_norm_cpu/rms_norm.cpp").read_text() == SOURCE % 5
    built = read_build_toml((out / "build.toml").read_text())
    assert (built.general.name, built.general.edition) == ("dyno-rms-norm", 5)
    card = (out / "README.md").read_text()
    for words in (
        "3.50x [3.40, 3.60] over eager PyTorch; 38 % of the roofline",
        "the model `recorded/claude`, given `cpu-kernels@3f9a1c`",
        hashlib.sha256((SOURCE % 5).encode()).hexdigest(),
        DIGEST,
    ):
        assert words in card
    assert json.loads((out / "evidence.json").read_text())["verdict"] == "correct"


@pytest.fixture
def exported(skilldyno, rms_norm, tmp_path: Path) -> Path:
    """The repository of an honest kernel, with its build for this machine."""
    found = Outcome(source=rms_norm())
    write_log(tmp_path / "logs", ops=["rms_norm"], op_digest=DIGEST, judge=lambda op, epoch: found)
    out = tmp_path / "exported"
    logs = str(tmp_path / "logs")
    done = skilldyno("kernel", "export", logs, "--op", "rms_norm", "-o", str(out), "--build")
    assert done.returncode == 0, done.stderr
    assert str(out / "build/torch") in done.stdout
    return out


def test_an_export_is_loaded_by_kernels_and_passes_its_own_tests(exported: Path):
    pytest.importorskip("kernels")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=exported,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


@pytest.mark.alone
def test_an_export_is_judged_correct_again(exported: Path, skilldyno):
    done = skilldyno("judge", str(exported), "--op", "rms_norm", "--json")
    found = json.loads(done.stdout)
    assert found["verdict"] == "correct", found["reason"]
    assert [step["name"] for step in found["steps"] if step["passed"] is False] == []


def test_an_export_that_does_not_build_says_why(skilldyno, logs: Path, tmp_path: Path):
    out = tmp_path / "out"
    write_log(
        logs,
        ops=["softmax"],
        op_digest=load_operation("softmax").digest,
        judge=lambda op, epoch: Outcome(source="nonsense;\n"),
    )
    asked = ("kernel", "export", str(logs), "--op", "softmax", "-o", str(out), "--build")
    done = skilldyno(*asked)
    assert done.returncode == 1
    assert "is written, and does not build here: softmax_cpu/softmax.cpp" in done.stderr
    assert (out / "build.toml").is_file()


def test_several_machines_need_a_choice(skilldyno, logs: Path, tmp_path: Path):
    write_log(
        logs,
        ops=["rms_norm"],
        hardware="h200",
        language="cuda",
        op_digest=DIGEST,
        judge=lambda op, epoch: outcome(7, 1.2),
    )
    asked = ("kernel", "export", str(logs), "--op", "rms_norm", "-o", str(tmp_path / "out"))
    done = skilldyno(*asked)
    assert done.returncode == 2
    assert "--hardware cpu-x86_64 or h200" in done.stderr
    assert skilldyno(*asked, "--hardware", "h200").returncode == 0
    built = read_build_toml((tmp_path / "out/build.toml").read_text())
    assert built.kernel["rms_norm"].model_dump()["cuda_capabilities"] == ["9.0a"]


def test_a_file_is_exported_with_its_evidence_alone(skilldyno, logs: Path, tmp_path: Path):
    first = tmp_path / "first"
    skilldyno("kernel", "export", str(logs), "--op", "rms_norm", "-o", str(first))
    evidence = json.loads((first / "evidence.json").read_text())
    evidence |= {"id": "kernel.cpp"}
    for timing in evidence["timings"]:
        timing |= {"achieved_bandwidth": 1e9, "achieved_rate": 1e9, "samples": []}
    said = tmp_path / "evidence.json"
    said.write_text(json.dumps(evidence))
    file = tmp_path / "kernel.cpp"
    asked = ("kernel", "export", "--op", "rms_norm", "--file", str(file), "--evidence", str(said))
    file.write_text(SOURCE % 5)
    done = skilldyno(*asked, "-o", str(tmp_path / "second"), "--name", "my-norm")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "second/torch-ext/my_norm/__init__.py").is_file()
    assert "is from a file and was judged" in (tmp_path / "second/README.md").read_text()
    file.write_text(SOURCE % 6)
    done = skilldyno(*asked, "-o", str(tmp_path / "third"))
    assert done.returncode == 2
    assert "evidence is of another source" in done.stderr
    said.write_text(json.dumps(evidence | {"verdict": "flagged", "reason": "reads the clock"}))
    done = skilldyno(*asked, "-o", str(tmp_path / "third"))
    assert done.returncode == 2
    assert "flagged (reads the clock)" in done.stderr
    assert not (tmp_path / "third").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--op", "rms_nrom"], "did you mean rms_norm"),
        (["--op", "rms_norm", "--dry-run"], "give --push"),
        (["--op", "rms_norm", "--name", "My_Norm"], "small letters"),
        (["--op", "rms_norm", "--file", "x.cpp"], "one of them, and not both"),
        (["--op", "rms_norm", "--language", "cuda"], "No candidate for rms_norm/cuda is correct"),
        (["--op", "rms_norm", "-o", "logs"], "holds something else"),
    ],
)
def test_a_wrong_request_is_one_sentence(options, words, skilldyno, logs: Path, tmp_path: Path):
    asked = ("kernel", "export", str(logs), "-o", "out", *options)
    done = skilldyno(*asked, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_repository_is_pushed_branch_by_branch(skilldyno, logs: Path, tmp_path: Path):
    asked = ("kernel", "export", str(logs), "--op", "rms_norm", "--push", "me/mine")
    with serving({}) as hub:
        env = os.environ | {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": "hf_test"}
        done = skilldyno(*asked, "-o", str(tmp_path / "dry"), "--dry-run", "--json", env=env)
        assert done.returncode == 0, done.stderr
        planned = json.loads(done.stdout)["uploads"]
        assert (hub.created, hub.commits) == ([], {})
        done = skilldyno(*asked, "-o", str(tmp_path / "sent"), env=env)
        assert done.returncode == 0, done.stderr
        assert {branch: sorted(files) for branch, files in hub.commits.items()} == planned
        assert hub.created[0]["type"] == "kernel"
        assert hub.commits["main"]["rms_norm_cpu/rms_norm.cpp"] == SOURCE % 5
        assert 'repo-id = "me/mine"' in hub.commits["main"]["build.toml"]
        hub.status = 403
        done = skilldyno(*asked, "-o", str(tmp_path / "refused"), env=env)
        assert done.returncode == 2
        assert "error: Cannot push to me/mine: the Hub answers 403" in done.stderr


def test_the_hub_is_searched_for_builds_that_fit(skilldyno):
    with serving(HUB) as hub:
        env = os.environ | {"HF_ENDPOINT": hub.endpoint}
        search = ("kernel", "search", "rms_norm")
        done = skilldyno(*search, "--hardware", "h200", "--json", env=env)
        assert done.returncode == 0, done.stderr
        found = {each["repo_id"]: each for each in json.loads(done.stdout)["kernels"]}
        assert set(hub.searched) == {"rms-norm", "rmsnorm"}
        assert set(found) == {"kernels-community/rmsnorm", "someone/rms-norm-old"}
        known = found["kernels-community/rmsnorm"]
        assert (known["function"], known["version"]) == ("apply_rms_norm_forward", 2)
        assert known["variant"] == "torch213-cxx11-cu130-x86_64-linux"
        assert known["archs"] == ["8.0", "9.0"]
        assert found["someone/rms-norm-old"]["variant"] is None
        done = skilldyno(*search, "--hardware", "cpu-x86_64", env=env)
        assert "torch213-cxx11-cpu-x86_64-linux" in done.stdout
        done = skilldyno("kernel", "search", "histogram", env=env)
        assert done.stdout == "The Hub has no kernel by the name of histogram.\n"


def test_a_hub_out_of_reach_is_one_sentence(skilldyno):
    env = os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9"}
    done = skilldyno("kernel", "search", "rms_norm", env=env)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: Cannot search for rms_norm: the Hub cannot be reached")
    assert done.stderr.count("\n") == 1
