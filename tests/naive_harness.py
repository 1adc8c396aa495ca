"""A harness as most are: in the candidate's process, on one shape, with one set of contents.

It is what the exploits are written against.  Run as `python naive_harness.py LIBRARY`; prints one
line of JSON, `{"correct": bool, "seconds": float}`.
"""

import ctypes
import json
import sys
import time

import torch

ROWS, COLUMNS, CALLS = 16, 1024, 20


def reference(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """RMSNorm in eager PyTorch."""
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * weight


def main() -> None:
    """Judge one library, and print the result."""
    kernel = ctypes.CDLL(sys.argv[1]).rms_norm
    torch.manual_seed(0)
    x, weight = torch.randn(ROWS, COLUMNS), torch.ones(COLUMNS)
    # One output buffer for the baseline and the candidate, as harnesses have that allocate once.
    out = torch.empty_like(x)
    out.copy_(reference(x, weight))
    arguments = [ctypes.c_void_p(t.data_ptr()) for t in (x, weight, out)]
    arguments += [ctypes.c_int64(ROWS), ctypes.c_int64(COLUMNS)]
    begin = time.perf_counter()
    for _ in range(CALLS):
        kernel(*arguments, ctypes.c_float(1e-6))
    seconds = (time.perf_counter() - begin) / CALLS
    correct = torch.allclose(out, reference(x, weight), rtol=1e-2, atol=1e-2)
    print(json.dumps({"correct": correct, "seconds": seconds}))


if __name__ == "__main__":
    main()
