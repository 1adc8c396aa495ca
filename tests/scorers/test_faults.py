"""A fault costs its own candidate alone, gets its own verdict, and the next one is judged right."""

import os
import signal
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest
from killable import descendants

pytestmark = pytest.mark.alone

FAULTS = {
    "segfault": ({"before": "*(volatile int*)8 = 1;"}, "runtime_error", "SIGSEGV"),
    "abort": ({"before": "abort();"}, "runtime_error", "SIGABRT"),
    "exception": ({"before": "throw 1;"}, "runtime_error", "SIGABRT"),
    "division": (
        {"before": "volatile int zero = 0; volatile int quotient = 7 / zero; (void)quotient;"},
        "runtime_error",
        "SIGFPE",
    ),
    "exit": ({"before": "exit(0);"}, "runtime_error", "exit code 0"),
    "exit_beyond_signals": ({"before": "_Exit(255);"}, "runtime_error", "exit code 255"),
    "endless": ({"before": "for (volatile int i = 0;; ++i) {}"}, "timeout", "no answer within"),
    "endless_load": (
        {"top": "__attribute__((constructor)) void load() { abort(); }"},
        "runtime_error",
        "SIGABRT",
    ),
    "memory": (
        {
            "before": "for (;;) { char* p = (char*)malloc(1 << 28); if (!p) abort(); p[0] = 1; }",
        },
        "runtime_error",
        "SIGABRT",
    ),
    "output_overrun": ({"after": "out[M * N] = 1;"}, "incorrect", "outside its outputs"),
    "output_underrun": ({"after": "out[-1] = 1;"}, "incorrect", "outside its outputs"),
    "missing_function": ({"body": ""}, "incorrect", "is nan"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_gets_its_verdict(fault, judge, rms_norm):
    arguments, verdict, words = FAULTS[fault]
    evidence = judge(rms_norm(**arguments)).result()
    assert evidence.verdict == verdict, evidence.reason
    assert words in evidence.reason
    assert evidence.compiled
    assert evidence.speedup is None


def test_a_candidate_is_loaded_when_its_turn_has_come(judge, rms_norm):
    tell = """
#include <ctime>
static void tell() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(stderr, "%ld.%09ld\\n", now.tv_sec, now.tv_nsec);
}
__attribute__((constructor)) static void load() { tell(); }
"""
    sources = [rms_norm("tell();", top=f"{tell}// {number}") for number in range(4)]
    submitted = [judge(source, until="check") for source in sources]
    told = sorted([float(t) for t in each.result().output.split()] for each in submitted)
    for earlier, later in pairwise(told):
        assert len(earlier) > 1
        assert max(earlier) < min(later)


def test_what_a_candidate_finds_open_does_not_depend_on_the_judge(judge, rms_norm):
    tell = """
#include <sys/stat.h>
static void tell() {
    struct stat found;
    for (int descriptor = 3; descriptor < 1024; ++descriptor)
        if (fstat(descriptor, &found) == 0) fprintf(stderr, "%d:%o ", descriptor, found.st_mode);
    fprintf(stderr, "\\n");
}
"""
    sources = [rms_norm("tell();", top=f"{tell}// {number}") for number in range(3)]
    submitted = [judge(source, until="check") for source in sources]
    told = {line.strip() for each in submitted for line in each.result().output.splitlines()}
    assert len(told) == 1
    # The socket to the judge is among them (S_IFSOCK is 0140000).
    assert ":1407" in told.pop()


def test_function_that_is_not_exported_is_a_compile_error(judge, rms_norm):
    source = rms_norm().replace('extern "C"', "static __attribute__((used))")
    evidence = judge(source).result()
    assert evidence.verdict == "compile_error"
    assert 'does not export extern "C" rms_norm' in evidence.reason


def test_compile_error_names_the_first_error(judge):
    evidence = judge("int nonsense(;").result()
    assert evidence.verdict == "compile_error"
    assert "candidate.cpp:1" in evidence.reason
    assert not evidence.compiled


@pytest.mark.parametrize(
    "before",
    ['if (system("true") == 0) abort();', "while (fork() == 0) {}"],
    ids=["system", "fork_bomb"],
)
def test_processes_cannot_be_started(before, judge, rms_norm):
    evidence = judge(rms_norm(before, top="#include <unistd.h>"), until="check").result()
    assert evidence.verdict == "correct", evidence.reason


def kill_once(program: str, seconds: float) -> None:
    """Kill the first process of a program that the judge starts, so long after its start."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pid in descendants(os.getpid()):
            with suppress(FileNotFoundError, ProcessLookupError):
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:4]
                if any(word.endswith(program) for word in words):
                    time.sleep(seconds)
                    os.kill(pid, signal.SIGKILL)
                    return
        time.sleep(0.01)
    pytest.fail(f"no {program} was started")


def test_a_compiler_that_something_else_killed_is_started_again(judge, rms_norm):
    # No build of it is kept from an earlier run.
    answer = judge(rms_norm(top=f"#include <bits/stdc++.h>  // {uuid4()}"), until="check")
    kill_once("cc1plus", 0.1)
    evidence = answer.result()
    assert evidence.verdict == "correct", evidence.reason


def test_a_runner_that_something_else_killed_is_started_again(judge, rms_norm):
    slow = rms_norm("if (M == 512) usleep(500000);", top="#include <unistd.h>")
    answer = judge(slow, until="check")
    kill_once("runner.py", 0.7)
    evidence = answer.result()
    assert evidence.verdict == "correct", evidence.reason


def test_flood_of_output_is_capped_and_its_end_kept(judge, rms_norm):
    flood = 'for (int i = 0; i < 200000; ++i) puts("all work and no play");'
    evidence = judge(rms_norm(before=f"if (N == 17) {{ {flood} }}"), until="check").result()
    assert evidence.verdict == "correct", evidence.reason
    assert 0 < len(evidence.output) <= 4000
    assert "no play" in evidence.output


def test_fault_leaves_the_next_candidate_alone(judge, rms_norm):
    crashing = judge(rms_norm("*(volatile int*)8 = 1;"))
    good = judge(rms_norm())
    assert crashing.result().verdict == "runtime_error"
    result = good.result()
    assert result.verdict == "correct", result.reason
    assert result.environment["threads"] == len(os.sched_getaffinity(0))
    assert {t.workload for t in result.timings} == {
        "M=512,N=4096",
        "M=4096,N=1024",
        "M=1,N=8192",
        "M=384,N=2560",
    }
