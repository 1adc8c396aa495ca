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
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from inspect_ai.log import list_eval_logs, read_eval_log
from recorded import kernels, record, unjudged_logs

from skilldyno.results.table import read_rows
from skilldyno.scorers.executors.kept import KeptExecutor
from skilldyno.scorers.judge.evidence import Evidence
from skilldyno.scorers.judge.job import parse_job
from skilldyno.scorers.pack import write_pack
from skilldyno.scorers.packed.content import read_pack
from skilldyno.scorers.packed.records import EvidenceFile, sign
from skilldyno.tasks.errors import UsageError

pytestmark = pytest.mark.alone

# None of them is timed, for which a machine must be idle.
VERDICTS = ["incorrect", "runtime_error", "compile_error", "no_code"]
# What torch itself imports.
PACKAGES = (
    *("torch", "torchgen", "functorch", "numpy", "numpy.libs", "typing_extensions.py", "filelock"),
    *("sympy", "mpmath", "networkx", "jinja2", "markupsafe", "fsspec"),
)
LAST = 5


@dataclass(frozen=True)
class Study:
    """Logs that nobody has judged, their pack, and what it wrote on a machine with torch alone."""

    logs: Path
    jobs: Path
    evidence: Path
    packed: str
    said: str


def bare_python(folder: Path) -> Path:
    """A virtual environment that has torch and what it imports, and nothing else."""
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in PACKAGES:
        if (found := Path(sysconfig.get_path("purelib")) / name).exists():
            (packages / name).symlink_to(found)
    return folder / "bin" / "python"


def judge_elsewhere(python: Path, jobs: Path, evidence: Path) -> str:
    """Run the pack with an empty environment; kill it after its first record, and start again."""
    command = ["env", "-i", str(python), str(jobs), "--out", str(evidence)]
    with subprocess.Popen(command, cwd=jobs.parent, stderr=subprocess.DEVNULL) as first:
        deadline = time.monotonic() + 120
        while not (evidence.exists() and evidence.read_bytes().endswith(b"\n")):
            assert time.monotonic() < deadline
            assert first.poll() is None
            time.sleep(0.02)
        os.kill(first.pid, signal.SIGKILL)
    # As if it had died while it was writing the second.
    evidence.write_bytes(evidence.read_bytes().partition(b"\n")[0] + b'\n{"half')
    done = subprocess.run(
        command, cwd=jobs.parent, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def study(tmp_path_factory, skilldyno, rms_norm) -> Study:
    folder = tmp_path_factory.mktemp("study")
    completions = kernels(rms_norm)
    # The last is the candidate of the third once more: equal jobs are judged once.
    asked = [*VERDICTS, VERDICTS[2]]
    recording = record(folder, [completions[verdict] for verdict in asked])
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


def log_results(logs: Path) -> dict[str, float]:
    """Means as Inspect shows them."""
    (log,) = (read_eval_log(info, header_only=True) for info in list_eval_logs(str(logs)))
    assert log.results is not None
    means = {score.name: score.metrics["mean"].value for score in log.results.scores}
    return {name: means[name] for name in ("compiled", "correct")}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.eval")}


def test_evidence_from_a_bare_machine_gives_the_verdicts_of_this_one(study, logs, skilldyno):
    unpacked = skilldyno("unpack", str(logs), str(study.evidence), "--json")
    assert unpacked.returncode == 0, unpacked.stderr
    assert json.loads(unpacked.stdout) == {"scored": LAST, "unchanged": 0, "missing": {}}
    rows = read_rows([logs])
    assert [*rows["epoch"]] == [*range(1, LAST + 1)]
    assert set(rows["status"]) == {"scored"}
    here = shutil.copytree(study.logs, logs.with_name("here"))
    judged = skilldyno("score", str(here))
    assert judged.returncode == 0, judged.stderr
    assert verdicts_in(here) == verdicts_in(logs) == [*VERDICTS, VERDICTS[2]]
    assert not list(here.rglob("journal.jsonl")), "the logs hold all of it"


def test_equal_candidates_are_judged_once_and_a_killed_pack_goes_on(study):
    assert f"3 candidates of {LAST - 1} samples" in study.packed
    records = [json.loads(line) for line in study.evidence.read_text().splitlines()]
    judged = [record["candidate"] for record in records]
    assert len(judged) == len(set(judged)) == 3
    assert "the last line was half written" in study.said
    assert "of 2 judged" in study.said
    assert " a minute, " in study.said


def test_unpacking_twice_changes_nothing(study, logs, skilldyno):
    assert skilldyno("unpack", str(logs), str(study.evidence)).returncode == 0
    before = contents(logs)
    again = skilldyno("unpack", str(logs), str(study.evidence))
    assert again.returncode == 0, again.stderr
    assert f"0 samples scored, {LAST} as they were" in again.stdout
    assert contents(logs) == before


def test_missing_evidence_is_named_and_the_rest_scored(study, logs, tmp_path, skilldyno):
    lines = study.evidence.read_text().splitlines(keepends=True)
    part = tmp_path / "part.jsonl"
    part.write_text("".join(line for line in lines if '"verdict":"compile_error"' not in line))
    some = skilldyno("unpack", str(logs), str(part))
    assert some.returncode == 1
    assert "3 samples scored" in some.stdout
    assert "2 samples have no evidence" in some.stderr
    assert "cpp:003:none:tests, rms_norm/cpu-x86_64/cpp:005:none:tests" in some.stderr
    assert verdicts_in(logs)[:2] == VERDICTS[:2]
    whole = skilldyno("unpack", str(logs), str(study.evidence), "--json")
    assert json.loads(whole.stdout) == {"scored": 2, "unchanged": 3, "missing": {}}
    assert verdicts_in(logs) == [*VERDICTS, VERDICTS[2]]
    assert log_results(logs) == {"compiled": 0.4, "correct": 0.0}


def test_a_flipped_byte_is_refused_and_nothing_written(study, logs, tmp_path, skilldyno):
    changed = tmp_path / "changed.jsonl"
    whole = study.evidence.read_bytes()
    changed.write_bytes(whole.replace(b'"incorrect"', b'"correct"', 1))
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


def test_evidence_of_another_completion_is_refused(study, tmp_path, skilldyno, rms_norm):
    recording = record(tmp_path, [kernels(rms_norm)["correct"]])
    logs = unjudged_logs(tmp_path / "logs", recording)
    shutil.copytree(study.logs / "packs", logs / "packs")
    refused = skilldyno("unpack", str(logs), str(study.evidence))
    assert refused.returncode == 2
    assert "for another source" in refused.stderr


def test_speeds_come_back_and_the_last_record_of_a_job_counts(tmp_path, skilldyno, rms_norm):
    logs = unjudged_logs(tmp_path / "logs", record(tmp_path, [kernels(rms_norm)["correct"]]))
    assert skilldyno("pack", str(logs), "-o", str(tmp_path / "jobs.pyz")).returncode == 0
    pack = read_pack(tmp_path / "jobs.pyz")
    assert pack is not None
    assert pack.key is not None
    ((digest, job),) = pack.jobs.items()
    lost = Evidence.about(parse_job(job), "infra_error", "the GPU fell off")
    fast = replace(lost, verdict="correct", compiled=True, correct=True, speedup=2.5)
    evidence = EvidenceFile(tmp_path / "evidence.jsonl")
    for each, code in ((lost, 1), (fast, 0)):
        line = {**each.to_dict(), "job": digest, "pack": pack.id}
        evidence.append({**line, "signature": sign(line, pack.key)})
        unpacked = skilldyno("unpack", str(logs), str(evidence.path))
        assert unpacked.returncode == code, unpacked.stderr
        assert ("the GPU fell off" in unpacked.stderr) is (code == 1)
    (row,) = read_rows([logs]).to_dict("records")
    assert (row["verdict"], row["speedup"]) == ("correct", 2.5)


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
