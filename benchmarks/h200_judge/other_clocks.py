"""Times candidates and eager PyTorch by other harnesses' protocols, in this fresh process.

Run as `other_clocks.py JOBS LIBRARIES [KERNELBENCH]`, where LIBRARIES is a JSON file with the path
of each job's built library; prints a line of JSON for each job.  The protocols:

- `do_bench`: `triton.testing.do_bench`, its median.
- `kernelbench`: KernelBench's `time_execution_with_cuda_event`, its mean over 100 trials, from the
  checkout that is named; without one, the protocol as KernelBench was first described, written
  anew: 3 warm-up calls, then 100 calls between CUDA events, each synchronised, the mean, with
  whatever the cache holds.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import common
import kernelbench_import
import torch

WARM_UPS, TRIALS, FEWER_TRIALS, SLOW_SECONDS = 3, 100, 20, 20e-3

Call = Callable[[], Any]


def mean_by_events(call: Call, trials: int) -> float:
    """The mean time of a call by the KernelBench protocol, in seconds."""
    for _ in range(WARM_UPS):
        call()
        torch.cuda.synchronize()
    return statistics.fmean(event_seconds(call) for _ in range(trials))


def event_seconds(call: Call) -> float:
    """The time of one call between CUDA events, in seconds."""
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    call()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) * 1e-3


def prepare(job: common.Record, library: str) -> dict[str, Call]:
    """Calls of the candidate and of eager on the same random inputs; both allocate outputs."""
    operation = job["operation"]
    workload = next(w for w in operation["workloads"] if w["timed"])
    inputs, outputs = [], []
    for tensor, shape in zip(operation["tensors"], workload["shapes"], strict=True):
        dtype = getattr(torch, tensor["dtype"])
        if tensor["role"] == "output":
            outputs.append((shape, dtype))
        elif (tensor["fill"] or "").startswith("index:"):
            bound = workload["dims"][tensor["fill"].removeprefix("index:")]
            inputs.append(torch.randint(0, bound, shape, device="cuda"))
        else:
            scale = shape[-1] ** -0.5 if tensor["fill"] == "weight" and len(shape) > 1 else 1.0
            inputs.append((torch.randn(shape, device="cuda") * scale).to(dtype))
    names: dict[str, Any] = {}
    exec(operation["reference"], names)  # noqa: S102
    scalars = [s["value"] for s in operation["scalars"]]
    kernel = getattr(ctypes.CDLL(library), operation["function"])
    before = [ctypes.c_void_p(t.data_ptr()) for t in inputs]
    after = [ctypes.c_int64(workload["dims"][d]) for d in operation["dims"]]
    after += [common.C_TYPES[s["type"]](s["value"]) for s in operation["scalars"]]
    after += [ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)]

    def candidate() -> Any:
        made = [torch.empty(shape, dtype=dtype, device="cuda") for shape, dtype in outputs]
        kernel(*before, *(ctypes.c_void_p(t.data_ptr()) for t in made), *after)
        return made

    eager = names[operation["name"]]
    return {"candidate": candidate, "eager": lambda: eager(*inputs, *scalars)}


def main(jobs: Path, libraries: Path, kernelbench: Path | None) -> None:
    """Time every job that has a library."""
    from triton.testing import do_bench  # pyright: ignore[reportMissingImports]

    built = json.loads(libraries.read_text())
    theirs = kernelbench_import.timing(kernelbench) if kernelbench else None
    for job in common.read_records(jobs):
        if job["id"] not in built:
            continue
        found: common.Record = {"id": job["id"], "kernelbench": {}, "do_bench": {}, "trials": {}}
        for side, call in prepare(job, built[job["id"]]).items():
            call()
            trials = TRIALS if event_seconds(call) < SLOW_SECONDS else FEWER_TRIALS
            found["trials"][side] = trials
            milliseconds: Any = do_bench(call, return_mode="median")
            found["do_bench"][side] = milliseconds * 1e-3
            if theirs is None:
                found["kernelbench"][side] = mean_by_events(call, trials)
            else:
                with contextlib.redirect_stdout(sys.stderr):
                    milliseconds = theirs.time_execution_with_cuda_event(
                        call, [], num_warmup=WARM_UPS, num_trials=trials, verbose=False
                    )
                found["kernelbench"][side] = statistics.fmean(milliseconds) * 1e-3
        print(json.dumps(found), flush=True)
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if sys.argv[3:] else None)
