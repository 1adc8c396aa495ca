"""Generated here, judged elsewhere: completions go out in one file, and evidence comes back."""

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sysconfig
import time
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest
from inspect_ai import eval_set
from inspect_ai.model import get_model
from recorded import record

from skilldyno.evals.kernel_skill import kernel_skill
from skilldyno.results.table import read_rows
from skilldyno.scorers.executors.kept import KeptExecutor
from skilldyno.scorers.pack import write_pack
from skilldyno.tasks.errors import UsageError

pytestmark = pytest.mark.alone

VERDICTS = ["correct", "incorrect", "runtime_error", "compile_error", "no_code"]
# What torch itself imports.
PACKAGES = ("torch", "numpy", "numpy.libs", "typing_extensions.py", "sympy", "mpmath")
EQUAL = 6


@dataclass(frozen=True)
class Study:
    """Logs that nobody has judged, their pack, and what it wrote on a machine with torch alone."""

    logs: Path
    jobs: Path
    evidence: Path
    packed: str
    said: list[str]


def unjudged_logs(folder: Path, recording: Path, hardware: str = "auto") -> Path:
    arm = kernel_skill(
        suite=str(recording.with_suffix(".suite.toml")),
        recording=str(recording),
        hardware=hardware,
        judging="later",
    )
    eval_set(arm, model=get_model("recorded/tests"), log_dir=str(folder), display="none")
    return folder


def bare_python(folder: Path) -> Path:
    """A virtual environment that has torch and what it imports, and nothing else."""
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in PACKAGES:
        if (found := Path(sysconfig.get_path("purelib")) / name).exists():
            (packages / name).symlink_to(found)
    return folder / "bin" / "python"


def judge_elsewhere(python: Path, jobs: Path, evidence: Path) -> list[str]:
    """Run the pack with an empty environment; kill it after its first record, and start again."""
    command = ["env", "-i", str(python), str(jobs), "--out", str(evidence)]
    with subprocess.Popen(command, cwd=jobs.parent, stderr=subprocess.DEVNULL) as first:
        deadline = time.monotonic() + 120
        while not (evidence.exists() and evidence.read_bytes().endswith(b"\n")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(first.pid, signal.SIGKILL)
    # As if it had died while it was writing the next.
    with evidence.open("ab") as file:
        file.write(b'{"half')
    said: list[str] = []
    done = None
    # Where the machine is busy, a candidate is not judged at the first go.
    while done is None or done.returncode == 1:
        done = subprocess.run(
            command, cwd=jobs.parent, capture_output=True, text=True, check=False, timeout=300
        )
        said.append(done.stderr)
    assert done.returncode == 0, done.stderr
    return said


@pytest.fixture(scope="module")
def study(tmp_path_factory, skilldyno) -> Study:
    folder = tmp_path_factory.mktemp("study")
    recording = record(folder, VERDICTS)
    # One more epoch with the candidate of the fourth: equal jobs are judged once.
    rows = [json.loads(line) for line in recording.read_text().splitlines()]
    rows.append({**rows[3], "epoch": EQUAL})
    recording.write_text("".join(json.dumps(row) + "\n" for row in rows))
    suite = recording.with_suffix(".suite.toml")
    suite.write_text(suite.read_text().replace("epochs = 5", f"epochs = {EQUAL}"))
    logs = unjudged_logs(folder / "logs", recording)
    packed = skilldyno("pack", str(logs), "-o", str(folder / "jobs.pyz"))
    assert packed.returncode == 0, packed.stderr
    evidence = folder / "evidence.jsonl"
    said = judge_elsewhere(bare_python(folder / "venv"), folder / "jobs.pyz", evidence)
    return Study(logs, folder / "jobs.pyz", evidence, packed.stdout, said)


@pytest.fixture
def logs(study, tmp_path) -> Path:
    """A copy of the logs that are not judged yet."""
    return shutil.copytree(study.logs, tmp_path / "logs")


def verdicts_in(logs: Path) -> list[str]:
    rows = read_rows([logs]).sort_values("epoch")
    return [*rows["verdict"].where(rows["status"] == "scored", rows["reason"])]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.eval")}


def test_evidence_from_a_bare_machine_gives_the_verdicts_of_this_one(study, logs, skilldyno):
    here = shutil.copytree(logs, logs.with_name("here"))
    unpacked = skilldyno("unpack", str(logs), str(study.evidence), "--json")
    assert unpacked.returncode == 0, unpacked.stderr
    assert json.loads(unpacked.stdout) == {"scored": EQUAL, "unchanged": 0, "missing": {}}
    assert verdicts_in(logs) == [*VERDICTS, VERDICTS[3]]
    assert set(read_rows([logs])["epoch"]) == set(range(1, EQUAL + 1))
    deadline = time.monotonic() + 240
    while "too busy" in "".join(verdicts_in(here) if "judged" in here.name else ["too busy"]):
        assert time.monotonic() < deadline
        judged = skilldyno("score", str(here))
        assert judged.returncode == 0, judged.stderr
        here = here.rename(here.with_name("judged")) if here.name == "here" else here
    assert verdicts_in(here) == verdicts_in(logs)
    assert not list(here.rglob("journal.jsonl")), "the logs hold all of it"


def test_equal_candidates_are_judged_once_and_a_killed_pack_goes_on(study):
    assert f"4 candidates of {EQUAL - 1} samples" in study.packed
    records = [json.loads(line) for line in study.evidence.read_text().splitlines()]
    judged = [record["candidate"] for record in records if record["verdict"] != "infra_error"]
    assert len(judged) == len(set(judged)) == 4
    assert "the last line was half written" in study.said[0]
    assert "of 3 judged" in study.said[0]
    assert " a minute, " in study.said[0]


def test_unpacking_twice_changes_nothing(study, logs, skilldyno):
    assert skilldyno("unpack", str(logs), str(study.evidence)).returncode == 0
    before = contents(logs)
    again = skilldyno("unpack", str(logs), str(study.evidence))
    assert again.returncode == 0, again.stderr
    assert f"0 samples scored, {EQUAL} as they were" in again.stdout
    assert contents(logs) == before


def test_missing_evidence_is_named_and_the_rest_scored(study, logs, tmp_path, skilldyno):
    lines = study.evidence.read_text().splitlines(keepends=True)
    part = tmp_path / "part.jsonl"
    part.write_text("".join(line for line in lines if '"verdict":"compile_error"' not in line))
    some = skilldyno("unpack", str(logs), str(part))
    assert some.returncode == 1
    assert "4 samples scored" in some.stdout
    assert "2 samples have no evidence" in some.stderr
    assert "cpp:004:none:tests, rms_norm/cpu-x86_64/cpp:006:none:tests" in some.stderr
    assert verdicts_in(logs)[:3] == VERDICTS[:3]
    whole = skilldyno("unpack", str(logs), str(study.evidence), "--json")
    assert json.loads(whole.stdout) == {"scored": 2, "unchanged": 4, "missing": {}}
    assert verdicts_in(logs) == [*VERDICTS, VERDICTS[3]]


def test_a_flipped_byte_is_refused_and_nothing_written(study, logs, tmp_path, skilldyno):
    changed = tmp_path / "changed.jsonl"
    whole = study.evidence.read_bytes()
    changed.write_bytes(whole.replace(b'"compile_error"', b'"runtime_error"', 1))
    before = contents(logs)
    refused = skilldyno("unpack", str(logs), str(changed))
    assert refused.returncode == 2
    assert "was changed after it was written" in refused.stderr
    assert contents(logs) == before
    numbers = random.Random(0)
    # Without the end of its line, the last record counts as half written, and is missing.
    for at in (numbers.randrange(len(whole) - 1) for _ in range(60)):
        flipped = bytes([whole[at] ^ 1 << numbers.randrange(8)])
        changed.write_bytes(whole[:at] + flipped + whole[at + 1 :])
        with pytest.raises(UsageError):
            KeptExecutor(changed, logs)


def test_evidence_that_no_pack_of_these_logs_wrote_is_refused(study, logs, tmp_path, skilldyno):
    other = tmp_path / "other.jsonl"
    for text, words in (
        ("not json\n", f"{other}:1 is no evidence"),
        ("{}\n", f"{other}:1 is no evidence of a pack"),
    ):
        other.write_text(text)
        refused = skilldyno("unpack", str(logs), str(other))
        assert (refused.returncode, words in refused.stderr) == (2, True), refused.stderr
    (key,) = (logs / "packs").iterdir()
    assert stat.S_IMODE((study.logs / "packs" / key.name).stat().st_mode) == 0o600
    key.unlink()
    refused = skilldyno("unpack", str(logs), str(study.evidence))
    assert refused.returncode == 2
    assert f"{key}, the key of pack {key.stem}, cannot be read" in refused.stderr


def test_evidence_of_another_completion_is_refused(study, tmp_path, skilldyno):
    recording = record(tmp_path, ["incorrect", "correct"])
    logs = unjudged_logs(tmp_path / "logs", recording)
    shutil.copytree(study.logs / "packs", logs / "packs")
    refused = skilldyno("unpack", str(logs), str(study.evidence))
    assert refused.returncode == 2
    assert "for another source" in refused.stderr


def test_the_wrong_machine_is_refused_before_anything_is_judged(study, tmp_path):
    evidence = tmp_path / "evidence.jsonl"
    job = {"id": "x", "source": "", "operation": {"name": "rms_norm"}, "hardware": "h200"}
    packed = write_pack(tmp_path / "gpu.pyz", [job])
    assert packed.stat().st_size < 1 << 20
    python = study.jobs.parent / "venv" / "bin" / "python"
    refused = subprocess.run(
        [python, packed, "--out", evidence],
        env={"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "for h200 (NVIDIA H200), and this machine has no GPU" in refused.stderr
    assert evidence.read_bytes() == b""
