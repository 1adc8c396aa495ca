"""The command line: quick help, bad input in one line with exit code 2, one JSON object."""

import json
import subprocess
import sys

import pytest
from synthetic_logs import write_log


def test_help_loads_no_heavy_package():
    heavy = ("torch", "numpy", "pandas", "inspect_ai", "matplotlib", "scipy", "pydantic")
    code = (
        "import sys\nfrom skilldyno.evals.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("demo", "judge", "compare", "exploits"):
        assert command in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compare", "nowhere"], "nowhere"),
        (["compare", "{empty}"], "{empty}"),
        (["compare", "{corrupt}"], "{corrupt}"),
        (["demo", "--log-dir", "{file}/run"], "choose another --log-dir"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, words, skilldyno, tmp_path):
    places = {"empty": tmp_path / "empty", "corrupt": tmp_path / "c.eval", "file": tmp_path / "f"}
    places["empty"].mkdir()
    places["corrupt"].write_bytes(b"PK\x03\x04 not really")
    places["file"].touch()
    done = skilldyno(*(a.format(**places) for a in arguments))
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[-1].startswith("error: ")
    assert words.format(**places) in lines[-1]
    assert len(lines) == 1


@pytest.mark.parametrize(
    "command",
    [
        "compare {log} --report {place}",
        "compare {log} --markdown {place}",
        "compare {log} --png {place}",
        "compare {log} --dataset {place}",
        "gate {log} {log} --junit {place}",
        "leaderboard {log} -o {place}",
        "pack {log} -o {place}",
        "runs trend x --plot {place}",
    ],
)
def test_where_nothing_can_be_written_is_said_before_the_work(command, skilldyno, tmp_path):
    log, file = write_log(tmp_path), tmp_path / "file"
    file.touch()
    place = file / "there"
    done = skilldyno(*command.format(log=log, place=place).split())
    assert done.returncode == 2, done.stderr
    assert f"{place} cannot be written, since {file} is no folder" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "command",
    [
        "compare {}",
        "score {}",
        "pack {} -o jobs.pyz",
        "kernel list {}",
        "plan {}",
        "leaderboard {}",
    ],
)
def test_a_log_that_is_damaged_inside_is_named(command, skilldyno, tmp_path):
    log = write_log(tmp_path)
    content = bytearray(log.read_bytes())
    # The header, at the end, stays readable.
    for index in range(100, len(content) // 2):
        content[index] ^= 0x55
    log.write_bytes(content)
    done = skilldyno(*command.format(log).split())
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {log} is not a readable Inspect log")
    assert len(done.stderr.splitlines()) == 1
    assert log.read_bytes() == content


def test_unknown_option_is_usage(skilldyno):
    assert skilldyno("judge", "--colour").returncode == 2


def test_compare_prints_one_json_object(skilldyno, tmp_path):
    from inspect_ai import eval as inspect_eval
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    from skilldyno.evals.kernel_skill import kernel_skill
    from skilldyno.skills.skill import SHIPPED_SKILLS

    def answer(*_: object) -> ModelOutput:
        output = ModelOutput.from_content("mockllm/model", "no code")
        output.usage = ModelUsage(input_tokens=3, output_tokens=5, total_tokens=8)
        return output

    for skill in (None, str(SHIPPED_SKILLS / "cpu-kernels")):
        model = get_model("mockllm/model", custom_outputs=answer, memoize=False)
        task = kernel_skill(skill=skill, evidence_dir=str(tmp_path / "evidence"))
        inspect_eval(task, model=model, log_dir=str(tmp_path / "logs"), display="none")
    done = skilldyno("compare", str(tmp_path / "logs"), "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["samples"] == 48
    assert result["verdicts"] == {"no_code": 48}
    contrasts = {c["metric"] for c in result["contrasts"]}
    assert {"correct", "compiled", "fast_1"} <= contrasts
    assert (tmp_path / "logs" / "report.html").read_text().startswith("<!doctype html>")
