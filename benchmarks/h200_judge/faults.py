"""Faults on this GPU: each costs its own candidate alone, and the next one is judged rightly."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import common
from fault_kernels import FAULTS, THEN_HONEST, Fault

EVIDENCE, KILLS = "faults.jsonl.gz", "faults-kills.jsonl"
_START_SECONDS = 40.0
_INTO_THE_CALL = 0.8
_DEATH_SECONDS = 5.0


def processes() -> dict[int, tuple[int, list[str]]]:
    """Every process that lives: its parent, and its command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
            if state not in "ZX":
                found[int(folder.name)] = (int(parent), command)
    return found


def descendants(ancestor: int) -> dict[int, list[str]]:
    """The processes that stem from one, with their command lines."""
    every = processes()
    family = {ancestor}
    while True:
        more = {pid for pid, (parent, _) in every.items() if parent in family} - family
        if not more:
            return {pid: every[pid][1] for pid in family - {ancestor} if pid in every}
        family |= more


def find_runner(judge: int) -> int | None:
    """The runner of a native candidate, once it is there; those that wait for Triton differ."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        for pid, command in descendants(judge).items():
            if command[-2:-1] and command[-2].endswith("runner.py") and command[0] != "unshare":
                return pid
        time.sleep(0.01)
    return None


def kill_runner(judge: int) -> None:
    """Kill the runner in its call."""
    runner = find_runner(judge)
    time.sleep(_INTO_THE_CALL)
    if runner is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(runner, signal.SIGKILL)


def kill_judge(options: Any, fault: Fault, job: common.Record) -> common.Record:
    """Kill a judge in the middle of a call, with or without its children, and see what is left."""
    judge = common.Judge(options.judge, options.cache)
    judge.submit([job])
    started = find_runner(judge.process.pid) is not None
    time.sleep(_INTO_THE_CALL)
    family = list(descendants(judge.process.pid))
    for pid in (judge.process.pid, *(family if fault.by_driver == "all" else ())):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    judge.close()
    deadline = time.monotonic() + _DEATH_SECONDS
    while (left := set(family) & set(processes())) and time.monotonic() < deadline:
        time.sleep(0.05)
    return {"id": job["id"], "in_call": started, "children": len(family), "left": len(left)}


def judge_faults(options: Any, jobs: list[common.Record]) -> list[common.Record]:
    """All faults that one judge survives, in one judge, in the order of their ids."""
    by_driver = [f"{n:02d} {f.name}" for n, f in enumerate(FAULTS, 1) if f.by_driver == "runner"]
    order = sorted(job["id"] for job in jobs)
    before = {order[order.index(name) - 1] for name in by_driver}
    judge = common.Judge(options.judge, options.cache)
    judge.submit(jobs)
    evidence = []
    for event in judge.events(common.remaining(options)):
        if event["event"] != "evidence":
            continue
        evidence.append(common.shortened(event))
        common.write_records(options.out / EVIDENCE, evidence)
        if event["id"] in before:
            pid = judge.process.pid
            threading.Thread(target=kill_runner, args=(pid,), daemon=True).start()
    judge.close()
    return evidence


def measure(options: Any) -> bool:
    """Judge all faults, then kill judges and start new ones."""
    jobs = {j["id"]: j for j in common.read_records(options.bundle / "jobs" / "faults.jsonl")}
    names = {f"{n:02d} {fault.name}": fault for n, fault in enumerate(FAULTS, 1)}
    lethal = {name for name, fault in names.items() if fault.by_driver in ("judge", "all")}
    survived = [j for name, j in jobs.items() if name.removesuffix(THEN_HONEST) not in lethal]
    evidence = judge_faults(options, survived)
    kills = []
    for name in sorted(lethal):
        if common.remaining(options) < _START_SECONDS:
            print(f"stopped: no time is left for {name}")
            break
        kills.append(kill_judge(options, names[name], jobs[name]))
        honest = [jobs[name + THEN_HONEST]]
        evidence += common.judge_all(
            options.judge, honest, options.cache, common.remaining(options)
        )
        common.write_records(options.out / EVIDENCE, evidence)
        common.write_records(options.out / KILLS, kills)
    return all(row[-1] == "yes" for row in _rows(options.out))


def _rows(folder: Path) -> list[tuple[str, ...]]:
    evidence = {r["id"]: r for r in common.read_records(folder / EVIDENCE)}
    kills = {k["id"]: k for k in common.read_records(folder / KILLS)}
    rows = []
    for number, fault in enumerate(FAULTS, 1):
        name = f"{number:02d} {fault.name}"
        after = evidence.get(name + THEN_HONEST, {"verdict": "not judged"})["verdict"]
        if fault.by_driver in ("judge", "all"):
            kill = kills.get(name, {"in_call": False, "children": 0, "left": -1})
            expected, found = "no process left", f"{kill['left']} of {kill['children']} left"
            right, reason = kill["in_call"] and kill["left"] == 0, ""
        else:
            record = evidence.get(name, {"verdict": "not judged", "reason": ""})
            expected, found, reason = (
                " or ".join(fault.verdicts),
                record["verdict"],
                record["reason"],
            )
            right = found in fault.verdicts and any(w in reason for w in fault.words)
        ending = "yes" if right and after == "correct" else "NO"
        rows.append((fault.name, expected, found, reason.replace("|", "/")[:110], after, ending))
    return rows


def report(folder: Path) -> str:
    """What each fault should give and gave, and the verdict on the honest kernel after it."""
    headers = ("fault", "expected", "verdict", "reason", "honest kernel after it", "as expected")
    text = (
        "One judge gets every fault and, after each, an honest kernel; after a judge is killed, the"
        " next one gets it."
    )
    return common.section(
        "Faults", "faults.py", [EVIDENCE, KILLS], text, common.table(headers, _rows(folder))
    )


if __name__ == "__main__":
    common.run(__doc__, measure, report)
