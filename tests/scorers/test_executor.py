"""The judge's process may die at any moment: no job is lost, none is judged wrong."""

import os
import signal
import subprocess
import threading
import time
from concurrent.futures import Future

import pytest

from skilldyno.scorers.evidence import Evidence
from skilldyno.scorers.executors.executor import JudgeError
from skilldyno.scorers.executors.local import LocalExecutor
from skilldyno.scorers.job import make_job
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.hardware import load_profile

pytestmark = pytest.mark.alone


def job(name: str, source: str, op: str = "rms_norm") -> dict:
    return make_job(
        id=name,
        source=source,
        operation=load_operation(op),
        hardware=load_profile("cpu-x86_64"),
        language="cpp",
    )


def judges_of(pid: int) -> list[int]:
    done = subprocess.run(
        ["ps", "--ppid", str(pid), "-o", "pid=,args="], capture_output=True, text=True, check=False
    )
    # The listing holds ps itself too.
    return [int(line.split()[0]) for line in done.stdout.splitlines() if "scorers.judge" in line]


def test_killed_judge_is_replaced_and_its_jobs_judged(rms_norm):
    executor = LocalExecutor()
    before = set(judges_of(os.getpid()))
    wrong = [executor.submit(job(f"wrong-{i}", rms_norm(body=f"out[{i}] = 0;"))) for i in range(3)]
    crash = executor.submit(job("crash", rms_norm("abort();")))
    while not (started := set(judges_of(os.getpid())) - before):
        time.sleep(0.1)
    (judge,) = started
    time.sleep(1.0)
    os.kill(judge, signal.SIGKILL)
    assert [f.result(timeout=120).verdict for f in wrong] == ["incorrect"] * 3
    assert crash.result(timeout=120).verdict == "runtime_error"
    executor.close()


def test_lost_baseline_is_not_blamed_on_the_candidate(rms_norm):
    executor = LocalExecutor()
    before = set(judges_of(os.getpid()))
    built = threading.Event()
    executor.subscribe(lambda event: built.set() if event["event"] == "built" else None)
    good = executor.submit(job("good", rms_norm()))
    assert built.wait(timeout=120)
    (judge,) = set(judges_of(os.getpid())) - before
    (baseline,) = judges_of(judge)
    time.sleep(2.0)
    os.kill(baseline, signal.SIGKILL)
    evidence = good.result(timeout=120)
    assert evidence.verdict == "correct", evidence.reason
    executor.close()


def test_an_operation_is_finished_before_another_is_begun(rms_norm):
    executor = LocalExecutor()
    ended: list[str] = []

    def submit(name: str, source: str, op: str) -> Future[Evidence]:
        future = executor.submit(job(name, source, op))
        future.add_done_callback(lambda _: ended.append(op))
        return future

    begun = [submit(f"begun-{i}", rms_norm(body=f"out[{i}] = 0;"), "rms_norm") for i in range(5)]
    assert begun[0].result(timeout=120).verdict == "incorrect"
    # Its name comes first.
    other = submit("other", "int nonsense(;", "layer_norm")
    assert other.result(timeout=120).verdict == "compile_error"
    assert ended == [*["rms_norm"] * 5, "layer_norm"]
    executor.close()


def test_malformed_job_is_refused_and_the_next_one_judged(rms_norm):
    executor = LocalExecutor()
    malformed = job("malformed", rms_norm())
    malformed["operation"]["tensors"] = "x"
    refused = executor.submit(malformed)
    judged = executor.submit(job("crash", rms_norm("abort();")))
    with pytest.raises(JudgeError, match=r"job.operation.tensors must be a list"):
        refused.result(timeout=120)
    assert judged.result(timeout=120).verdict == "runtime_error"
    executor.close()


def test_language_that_the_judge_lacks_is_refused(executor, rms_norm):
    other = {**job("other", rms_norm()), "language": "fortran"}
    with pytest.raises(JudgeError, match=r"job.language is 'fortran', and this judge knows cpp"):
        executor.submit(other).result(timeout=120)


def test_an_id_is_used_once_at_a_time(executor, rms_norm):
    executor.submit(job("twice", rms_norm("abort();")))
    with pytest.raises(JudgeError, match="under way already"):
        executor.submit(job("twice", rms_norm()))
