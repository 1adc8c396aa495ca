"""Exploits and their honest twins on this GPU: what a naive harness makes of them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import common
from exhibits import NAIVE, report

HARNESSES = 8


def measure(options: Any) -> bool:
    """Show each kernel to the naive harness."""
    headers = common.read_records(options.bundle / "jobs" / "exhibits.jsonl")
    harness = options.bundle / "tests" / "naive_harness_gpu.py"
    naive = show_naive(harness, headers, common.remaining(options))
    common.write_records(options.out / NAIVE, naive)
    return len(naive) == len(headers)


def show_naive(harness: Path, headers: list[common.Record], seconds: float) -> list[common.Record]:
    """What the naive harness says of each kernel, as far as it comes in time.

    Where its times do not matter, several harnesses share the GPU; those of the clock run alone.
    """
    deadline = time.monotonic() + seconds
    files = {h["id"]: str(harness.parent / h["id"]) for h in headers}
    clock = [files[h["id"]] for h in headers if h["family"] == "clock"]
    others = [files[h["id"]] for h in headers if h["family"] != "clock"]
    records: list[common.Record] = []
    for shares in ([others[i::HARNESSES] for i in range(HARNESSES)], [clock]):
        with contextlib.ExitStack() as stack:
            running = []
            for share in shares:
                output = stack.enter_context(tempfile.TemporaryFile("w+"))
                command = [sys.executable, str(harness), *share]
                running.append((subprocess.Popen(command, stdout=output), output))
            for process, output in running:
                try:
                    process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    process.kill()
                    print("stopped: the naive harness was not done in time", file=sys.stderr)
                output.seek(0)
                records += [json.loads(line) for line in output if line.endswith("}\n")]
    return records


if __name__ == "__main__":
    common.run(__doc__, measure, report)
