"""The judge as one file that runs wherever Python and torch are, with or without its jobs."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

_JUDGE = Path(__file__).parent / "judge"
_ENDINGS = {".py", ".cpp", ".cu", ".h"}
_JOBS = "jobs.jsonl"

_START = '''\
"""Judges the kernels that are packed in here, or those on stdin; see --help."""

import argparse
import json
import os
import runpy
import sys
import tempfile
import zipfile


class EvidenceFile:
    """Takes the judge's events: evidence goes to the file, whole and at once, a count to stderr."""

    def __init__(self, path, done):
        self.file = open(path, "a", encoding="utf-8")
        self.done = done

    def write(self, line):
        record = json.loads(line)
        kind = record.pop("event")
        if kind == "refused":
            print(f"refused {record['id']}: {record['reason']}", file=sys.stderr)
        if kind != "evidence":
            return
        self.file.write(json.dumps(record) + "\\n")
        self.file.flush()
        os.fsync(self.file.fileno())
        self.done += 1
        print(f"{self.done} judged: {record['id']} {record['verdict']}", file=sys.stderr)

    def flush(self):
        pass


parser = argparse.ArgumentParser(prog="python3 " + os.path.basename(sys.path[0]))
parser.add_argument("--out", help="append the evidence to this file; what it holds is not redone")
parser.add_argument(
    "--probe",
    nargs="?",
    const="",
    choices=["", "cpu", "gpu"],
    metavar="DEVICE",
    help="judge nothing, and print this machine's measured bandwidth and rates as JSON",
)
arguments = parser.parse_args()
if arguments.probe is not None:
    sys.argv = [sys.argv[0], *([arguments.probe] if arguments.probe else [])]
    runpy.run_module("judge.probe", run_name="__main__", alter_sys=True)
    sys.exit()
with zipfile.ZipFile(sys.path[0]) as archive:
    packed = archive.read("jobs.jsonl").decode() if "jobs.jsonl" in archive.namelist() else None
done = set()
if arguments.out and os.path.exists(arguments.out):
    with open(arguments.out, encoding="utf-8") as file:
        for line in file:
            if line.endswith("\\n") and (record := json.loads(line))["verdict"] != "infra_error":
                done.add(record["id"])
if packed is not None:
    jobs = tempfile.TemporaryFile("w+", encoding="utf-8")
    jobs.writelines(j + "\\n" for j in packed.splitlines() if json.loads(j)["id"] not in done)
    jobs.seek(0)
    os.dup2(jobs.fileno(), 0)
sys.argv = [sys.argv[0]]
if arguments.out:
    sys.stdout = EvidenceFile(arguments.out, len(done))
runpy.run_module("judge", run_name="__main__", alter_sys=True)
'''


def write_pack(target: Path, jobs: list[dict[str, Any]] | None = None) -> Path:
    """Write the judge as an executable zip.

    Args:
        target: the file to write, by custom with the ending .pyz.
        jobs: what it judges; without them it reads jobs from stdin, one JSON object a line.

    Returns:
        The target.
    """
    partial = target.with_name(target.name + ".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__main__.py", _START)
        for file in sorted(_JUDGE.iterdir()):
            if file.suffix in _ENDINGS:
                archive.write(file, f"judge/{file.name}")
        if jobs is not None:
            archive.writestr(_JOBS, "".join(json.dumps(job) + "\n" for job in jobs))
    partial.replace(target)
    return target
