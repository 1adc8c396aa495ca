"""The judge runs from a zip, in a bare environment, as on a machine that has Python and torch."""

import json
import os
import subprocess
import sys

import pytest

from skilldyno.scorers.job import make_job
from skilldyno.scorers.judge.files import judge_digest
from skilldyno.scorers.pack import write_pack
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.hardware import load_profile

pytestmark = pytest.mark.alone


def test_packed_judge_gives_the_same_verdicts(rms_norm, tmp_path):
    sources = {
        "correct": rms_norm(),
        "incorrect": rms_norm(after="out[0] += 1;"),
        "runtime_error": rms_norm("abort();"),
        "compile_error": rms_norm("nonsense;"),
    }
    jobs = [
        make_job(
            id=verdict,
            source=source,
            operation=load_operation("rms_norm"),
            hardware=load_profile("cpu-x86_64"),
            language="cpp",
        )
        for verdict, source in sources.items()
    ]
    done = subprocess.run(
        [sys.executable, str(write_pack(tmp_path / "judge.pyz"))],
        input="".join(json.dumps(job) + "\n" for job in jobs),
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    evidence = {e["id"]: e for e in events if e["event"] == "evidence"}
    assert {key: e["verdict"] for key, e in evidence.items()} == {v: v for v in sources}
    assert {e["environment"]["judge_digest"] for e in evidence.values()} == {judge_digest()}
