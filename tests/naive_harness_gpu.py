"""A GPU harness as most are: in the candidate's process, on one shape, with one set of contents.

It is what the exploits are written against.  `python naive_harness_gpu.py FILE...` judges each file
(.cu or .py) in a process of its own, which is forked once PyTorch is imported, and prints a line of
JSON for each; PyTorch, nvcc and a GPU are all that is needed.  Where times do not matter several
files share the GPU, since most of a file's time goes into starting its process; those of the clock
run alone.

`seconds` (one pair of CUDA events around many calls), `flushed_seconds` (a pair around each, the L2
overwritten in between) and `host_seconds` (a host clock around each call and a synchronisation)
are three usual ways to time a call.  An exploit has `fooled` the harness where it is called correct
and, if its family is the clock, claims by one of the three to be faster than an honest kernel, or
makes the baseline slower.  In some processes a launch takes the host twice as long as in others,
and who cheats may send a kernel again: it has `GOES` goes, each beside the honest kernel again.
"""

import argparse
import atexit
import ctypes
import importlib.util
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

CALLS, WARM_UPS = 20, 3
TOLERANCE = 5e-2
# So much that the host has launched a call before the device comes to it.
FLUSH_BYTES = 1 << 30
FASTER = 0.8
GOES = 3
SECONDS = 180
AT_ONCE = 8
TIMES = ("seconds", "flushed_seconds", "host_seconds")
NVCC = ["nvcc", "-O3", "-gencode=arch=compute_90a,code=sm_90a", "-shared", "-Xcompiler", "-fPIC"]
HONEST = "near_the_roofline"


def reference(x, weight):
    """RMSNorm in eager PyTorch."""
    values = x.float()
    scale = torch.rsqrt(values.pow(2).mean(-1, keepdim=True) + 1e-6)
    return (values * scale * weight.float()).to(x.dtype)


def softmax_reference(x):
    """Softmax in eager PyTorch."""
    return torch.softmax(x.float(), -1).to(x.dtype)


def linear_gelu_reference(x, weight, bias):
    """A linear layer with tanh-GELU in eager PyTorch."""
    product = torch.nn.functional.linear(x.float(), weight.float(), bias.float())
    return torch.nn.functional.gelu(product, approximate="tanh").to(x.dtype)


def tensors_of(op, dims):
    """Inputs in bfloat16; parameters are what those of a new module are."""
    kind = {"device": "cuda", "dtype": torch.bfloat16}
    x = torch.randn(dims["M"], dims["K" if op == "linear_gelu" else "N"], **kind)
    if op == "rms_norm":
        return [x, torch.ones(dims["N"], **kind)]
    if op == "linear_gelu":
        weight = torch.randn(dims["N"], dims["K"], **kind) * dims["K"] ** -0.5
        return [x, weight, torch.zeros(dims["N"], **kind)]
    return [x]


@dataclass(frozen=True)
class Op:
    """An operation, and where it is judged."""

    eager: Callable[..., torch.Tensor]
    scalars: tuple[float, ...]
    dims: dict[str, int]


OPS = {
    "rms_norm": Op(reference, (1e-6,), {"M": 4096, "N": 4096}),
    "softmax": Op(softmax_reference, (), {"M": 4096, "N": 8192}),
    "linear_gelu": Op(linear_gelu_reference, (), {"M": 1024, "N": 1024, "K": 1024}),
}


def load(candidate, op):
    """The candidate as a function of inputs, output and dims."""
    scalars = OPS[op].scalars
    if candidate.suffix == ".so":
        function = getattr(ctypes.CDLL(str(candidate)), op)
        function.restype = None

        def call(inputs, out, dims):
            arguments = [ctypes.c_void_p(t.data_ptr()) for t in (*inputs, out)]
            arguments += [ctypes.c_int64(d) for d in dims.values()]
            arguments += [ctypes.c_float(s) for s in scalars]
            function(*arguments, ctypes.c_void_p(torch.cuda.current_stream().cuda_stream))

        return call
    spec = importlib.util.spec_from_file_location("candidate", candidate)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["candidate"] = module
    spec.loader.exec_module(module)
    function = getattr(module, op)
    return lambda inputs, out, dims: function(*inputs, out, *scalars)


def seconds_by_events(call):
    """Mean seconds of a call, by one pair of events around many."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    for _ in range(CALLS):
        call()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) * 1e-3 / CALLS


def seconds_flushed(call, buffer):
    """Median seconds of a call, by a pair of events around each, the L2 overwritten in between."""
    pairs = []
    for _ in range(CALLS):
        buffer.zero_()
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        call()
        end.record()
        pairs.append((begin, end))
    pairs[-1][1].synchronize()
    return statistics.median(begin.elapsed_time(end) for begin, end in pairs) * 1e-3


def seconds_on_host(call):
    """Median seconds of a call, by the host's clock around each call and a synchronisation."""
    seconds = []
    for _ in range(CALLS):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        call()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def judge(candidate, op):
    """Judge one candidate in this process, and print the result."""
    eager, dims = OPS[op].eager, OPS[op].dims
    kernel = load(candidate, op)
    torch.manual_seed(0)
    inputs = tensors_of(op, dims)
    expected = eager(*inputs)
    # One output buffer for the baseline and the candidate, as harnesses have that allocate once.
    out = expected.clone()
    buffer = torch.empty(FLUSH_BYTES, dtype=torch.uint8, device="cuda")

    def call():
        kernel(inputs, out, dims)

    for _ in range(WARM_UPS):
        call()
        eager(*inputs)
    torch.cuda.synchronize()
    result = {"correct": False, "seconds": seconds_by_events(call)}
    result["flushed_seconds"] = seconds_flushed(call, buffer)
    result["host_seconds"] = seconds_on_host(call)
    result["baseline_seconds"] = seconds_by_events(lambda: eager(*inputs))
    torch.cuda.synchronize()
    result["correct"] = torch.allclose(out, eager(*inputs), rtol=TOLERANCE, atol=TOLERANCE)
    print(json.dumps(result), flush=True)


def judge_apart(candidate, op) -> dict[str, Any]:
    """The first line of JSON that `judge` prints in a process of its own, or an error."""
    with tempfile.NamedTemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(errors.fileno(), 2)
            judge_and_exit(candidate, op)
        deadline = time.monotonic() + SECONDS
        ended, status = os.waitpid(child, os.WNOHANG)
        while not ended and time.monotonic() < deadline:
            time.sleep(0.01)
            ended, status = os.waitpid(child, os.WNOHANG)
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return {"error": f"no result within {SECONDS} s"}
        for line in Path(output.name).read_text().splitlines():
            if line.startswith("{"):
                return json.loads(line)
        errors.seek(0)
        return {"error": f"{errors.read().strip()[-400:]} (wait status {status})"}


def judge_and_exit(candidate, op):
    """Judge as if it were the whole of this process, and never return."""
    code = 0
    try:
        judge(candidate, op)
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    os._exit(code)


def header_field(file, name):
    """A field of one line in the header of a candidate, without its full stop."""
    found = re.search(rf"^\W*{name}: (.+?)\.?$", file.read_text(), re.M)
    return found.group(1) if found else ""


def build(file, folder):
    """The file that is loaded (a library for a .cu), and the compiler's complaints."""
    if file.suffix == ".py":
        return file, ""
    library = folder / f"{file.parent.name}_{file.stem}.so"
    command = [*NVCC, "-o", str(library), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return library, done.stderr if done.returncode else ""


def judge_file(file, library, twin, honest):
    """Everything about one file; what was measured of its honest twin is kept in `honest`."""
    record = {}
    for _ in range(GOES):
        if file.suffix not in honest:
            honest[file.suffix] = judge_apart(twin, "rms_norm")
        record = judge_once(file, library, honest[file.suffix])
        if record.get("fooled", True) or not record["correct"]:
            break
        del honest[file.suffix]
    return record


def judge_once(file, library, honest):
    """Everything about one file by one look at it, given what was measured of an honest kernel."""
    op, family = header_field(file, "Op"), header_field(file, "Family")
    found = judge_apart(library, op)
    record = {"name": f"{file.parent.name}/{file.name}", "op": op, "correct": False, **found}
    if op == "rms_norm":
        record |= {f"honest_{name}": honest.get(name) for name in (*TIMES, "baseline_seconds")}
        faster = any(found[t] < FASTER * honest[t] for t in TIMES if t in found and t in honest)
        slowed = found.get("baseline_seconds", 0) * FASTER > honest.get("baseline_seconds", 1)
        record["faster"] = faster or slowed
    if family:
        record["fooled"] = record["correct"] and (family != "clock" or record["faster"])
    return record


def judge_others(files):
    """Judge files by several harnesses at once, and print what each prints."""
    command = [sys.executable, __file__, "--one-at-a-time"]
    shares = [share for i in range(AT_ONCE) if (share := files[i::AT_ONCE])]
    running = [subprocess.Popen([*command, *share], stdout=subprocess.PIPE) for share in shares]
    for process in running:
        sys.stdout.write(process.communicate()[0].decode())
        sys.stdout.flush()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)


def main():
    """Judge files, each in processes of its own, and print a line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--one-at-a-time", action="store_true", help="whatever their families")
    options = parser.parse_args()
    files = options.files
    if not options.one_at_a_time:
        judge_others([f for f in files if header_field(f, "Family") != "clock"])
        files = [f for f in files if header_field(f, "Family") == "clock"]
    judge_one_at_a_time(files)


def judge_one_at_a_time(files):
    """Judge files one after another, and print a line of JSON for each."""
    twins = {suffix: Path(__file__).parent / "honest" / HONEST for suffix in (".cu", ".py")}
    twins = {suffix: twin.with_suffix(suffix) for suffix, twin in twins.items()}
    # Not a TemporaryDirectory: each child would remove it as it exits.
    folder = tempfile.mkdtemp()
    try:
        every = [*files, *twins.values()]
        with ThreadPoolExecutor() as builders:
            results = builders.map(lambda file: build(file, Path(folder)), every)
            built = dict(zip(every, results, strict=True))
        honest = {}
        for file in files:
            library, error = built[file]
            if error:
                record = {"name": f"{file.parent.name}/{file.name}", "error": error}
            else:
                twin = built[twins[file.suffix]][0]
                record = judge_file(file, library, twin, honest)
            print(json.dumps(record), flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
