"""Exploits and their honest twins on this GPU: what a naive harness makes of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import common
from exhibits import NAIVE, report


def measure(options: Any) -> bool:
    """Show each kernel to the naive harness."""
    headers = common.read_records(options.bundle / "jobs" / "exhibits.jsonl")
    harness = options.bundle / "tests" / "naive_harness_gpu.py"
    naive = show_naive(harness, headers, common.remaining(options))
    common.write_records(options.out / NAIVE, naive)
    return len(naive) == len(headers)


def show_naive(harness: Path, headers: list[common.Record], seconds: float) -> list[common.Record]:
    """What the naive harness says of each kernel, as far as it comes in time."""
    files = [str(harness.parent / header["id"]) for header in headers]
    with tempfile.TemporaryFile("w+") as output:
        command = [sys.executable, str(harness), *files]
        process = subprocess.Popen(command, stdout=output, start_new_session=True)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            print("stopped: the naive harness was not done in time", file=sys.stderr)
        output.seek(0)
        return [json.loads(line) for line in output if line.endswith("}\n")]


if __name__ == "__main__":
    common.run(__doc__, measure, report)
