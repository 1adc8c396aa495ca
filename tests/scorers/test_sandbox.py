"""What a candidate can reach: nothing of the user's, no network, no file to write, no process."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from skilldyno.scorers.job import make_job
from skilldyno.scorers.judge.sandbox import Sandbox, SandboxError, require_sandbox
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.hardware import load_profile

pytestmark = pytest.mark.alone

PROBE = r"""
    static bool asked = false;
    if (!asked) {
        asked = true;
        printf("secret=%s\n", getenv("SKILLDYNO_TEST_SECRET") ? "seen" : "unseen");
        printf("socket=%d\n", socket(AF_INET, SOCK_STREAM, 0) >= 0);
        FILE* written = fopen("/tmp/left_behind", "w");
        printf("write=%d\n", written != nullptr);
        printf("unlink=%d\n", unlink(FILE_OF_THE_USER) == 0);
        printf("kill=%d\n", kill(getppid(), 0) == 0);
        printf("fork=%d\n", fork() > 0);
        FILE* read = fopen(FILE_OF_THE_USER, "r");
        printf("read=%d\n", read != nullptr);
        fflush(stdout);
    }
"""
TOP = """
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
"""


def probe(rms_norm, secret_file: Path) -> str:
    body = PROBE.replace("FILE_OF_THE_USER", json.dumps(str(secret_file)))
    return rms_norm(body, top=TOP)


def judge_in_own_process(source: str, path: str, *, unsafe: bool = False) -> dict:
    """Judge by a judge of its own, with another PATH, as a GPU machine would run it."""
    job = make_job(
        id="probe",
        source=source,
        operation=load_operation("rms_norm"),
        hardware=load_profile("cpu-x86_64"),
        language="cpp",
        unsafe=unsafe,
        # What it can reach it reaches at its first call: nothing needs to be timed.
        until="check",
    )
    done = subprocess.run(
        [sys.executable, "-m", "skilldyno.scorers.judge"],
        input=json.dumps(job) + "\n",
        env={**os.environ, "PATH": path, "SKILLDYNO_TEST_SECRET": "hunter2"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def path_with(folder: Path, *without: str) -> str:
    """A PATH that holds what a build and a run need, less some programs."""
    for name in ("g++", "nm", "as", "ld", "prlimit", "unshare", "bwrap", "sh"):
        found = shutil.which(name)
        if found is not None and name not in without:
            (folder / name).symlink_to(found)
    return str(folder)


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("hunter2")
    return path


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_bubblewrap_hides_everything(rms_norm, secret_file, tmp_path):
    evidence = judge_in_own_process(probe(rms_norm, secret_file), os.environ["PATH"])
    assert evidence["isolation"] == {"level": "bubblewrap", "system_call_filter": True}
    assert evidence["verdict"] == "correct", evidence["reason"]
    assert evidence["output"].split() == [
        "secret=unseen",
        "socket=0",
        "write=0",
        "unlink=0",
        "kill=0",
        "fork=0",
        "read=0",
    ]
    assert secret_file.exists()


def test_namespaces_do_without_bubblewrap(rms_norm, secret_file, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    path = path_with(folder, "bwrap")
    if not Sandbox("namespaces", True).works():
        pytest.skip("this kernel lets nobody unshare")
    evidence = judge_in_own_process(probe(rms_norm, secret_file), path)
    assert evidence["isolation"]["level"] == "namespaces"
    assert evidence["verdict"] == "correct", evidence["reason"]
    output = evidence["output"].split()
    assert output[:6] == ["secret=unseen", "socket=0", "write=0", "unlink=0", "kill=0", "fork=0"]
    assert secret_file.exists()


def test_without_any_sandbox_the_judge_refuses_unless_told(rms_norm, secret_file, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    path = path_with(folder, "bwrap", "unshare")
    refused = judge_in_own_process(rms_norm(), path)
    assert refused["verdict"] == "infra_error"
    assert "--unsafe" in refused["reason"]
    told = judge_in_own_process(probe(rms_norm, secret_file), path, unsafe=True)
    assert told["isolation"] == {"level": "process", "system_call_filter": True}
    assert "write=0" in told["output"]
    assert "kill=0" in told["output"]


def test_refusal_names_both_mends(monkeypatch):
    monkeypatch.setattr(
        "skilldyno.scorers.judge.sandbox.strongest_sandbox", lambda _: Sandbox("process", True)
    )
    with pytest.raises(SandboxError, match=r"install bubblewrap .*--unsafe"):
        require_sandbox("cpu", unsafe=False)
    assert require_sandbox("cpu", unsafe=True).level == "process"
