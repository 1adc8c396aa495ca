"""A harness as most are: in the candidate's process, on one shape, with one set of contents.

It is what the exploits are written against.  `python naive_harness.py LIBRARY:OP...` judges each
library in a process of its own, which is forked once PyTorch is imported, and prints one line of
JSON for each: the first that its process prints, `{"correct": bool, "seconds": float}`.
"""

import ctypes
import json
import os
import sys
import tempfile
import time
import traceback

import torch

CALLS = 20


def reference(x, weight):
    """RMSNorm in eager PyTorch."""
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * weight


def softmax(x):
    """Softmax in eager PyTorch."""
    return torch.softmax(x, -1)


def layer_norm(x, weight, bias):
    """Layer normalisation in eager PyTorch."""
    return torch.nn.functional.layer_norm(x, x.shape[-1:], weight, bias, 1e-5)


def linear_gelu(x, weight, bias):
    """A linear layer with tanh-GELU in eager PyTorch."""
    return torch.nn.functional.gelu(x @ weight.T + bias, approximate="tanh")


def prepare(op):
    """The reference's name, freshly initialised inputs, dims and scalars of an operation."""
    if op == "softmax":
        return "softmax", (torch.randn(16, 8192),), (16, 8192), ()
    if op == "layer_norm":
        inputs = (torch.randn(16, 1024), torch.ones(1024), torch.zeros(1024))
        return "layer_norm", inputs, (16, 1024), (1e-5,)
    if op == "linear_gelu":
        inputs = (torch.randn(32, 256), torch.randn(128, 256) / 16, torch.zeros(128))
        return "linear_gelu", inputs, (32, 128, 256), ()
    return "reference", (torch.randn(16, 1024), torch.ones(1024)), (16, 1024), (1e-6,)


def judge(library, op) -> None:
    """Judge one library, and print the result."""
    kernel = ctypes.CDLL(library)[op]
    torch.manual_seed(0)
    name, inputs, dims, scalars = prepare(op)
    # One output buffer for the baseline and the candidate, as harnesses have that allocate once.
    out = globals()[name](*inputs).clone()
    arguments = [ctypes.c_void_p(t.data_ptr()) for t in (*inputs, out)]
    arguments += [ctypes.c_int64(dim) for dim in dims]
    arguments += [ctypes.c_float(scalar) for scalar in scalars]
    begin = time.perf_counter()
    for _ in range(CALLS):
        kernel(*arguments)
    seconds = (time.perf_counter() - begin) / CALLS
    correct = torch.allclose(out, globals()[name](*inputs), rtol=1e-2, atol=1e-2)
    print(json.dumps({"correct": correct, "seconds": seconds}), flush=True)


def first_line(library, op) -> str:
    """The first line that a process prints which judges one library; empty if there is none."""
    with tempfile.NamedTemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            try:
                judge(library, op)
            except BaseException:
                traceback.print_exc()
            os._exit(0)
        os.waitpid(child, 0)
        with open(output.name) as file:
            return file.readline().strip()


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(first_line(*argument.rsplit(":", 1)), flush=True)
