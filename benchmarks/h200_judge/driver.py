"""Calls candidates' libraries some times each on random inputs, and nothing else, for a profiler.

Run as `driver.py JOBS LIBRARIES CALLS`, where LIBRARIES is a JSON file with the path of each job's
library.  The profiler sees a fill of one element before each candidate's calls, and then the calls
alone; before each call the L2 cache is filled by reading, as the judge does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import common
import other_clocks
import torch

_SCRATCH_BYTES = 256 << 20


def main(jobs: Path, libraries: Path, calls: int) -> None:
    """Make the calls."""
    built = json.loads(libraries.read_text())
    scratch = torch.zeros(_SCRATCH_BYTES // 8, dtype=torch.int64, device="cuda")
    mark = torch.zeros(1, device="cuda")
    profiler = torch.cuda.profiler
    for job in common.read_records(jobs):
        if job["id"] not in built:
            continue
        call = other_clocks.prepare(job, built[job["id"]])["candidate"]
        torch.cuda.synchronize()
        profiler.start()
        mark.fill_(1)
        torch.cuda.synchronize()
        profiler.stop()
        for _ in range(calls):
            call()
            scratch.sum()
            torch.cuda.synchronize()
            profiler.start()
            call()
            torch.cuda.synchronize()
            profiler.stop()
        del call
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
