"""One recorded kernel as a KernelBench problem, and its evaluation in this process.

Run as `kernelbench_problem.py JOBS ID KERNELBENCH FOLDER`; prints one line of JSON at its end.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from pathlib import Path

import common
import kernelbench_import

CORRECT_TRIALS, PERFORMANCE_TRIALS = 5, 100

# PyTorch forbids conversions that the kernels, written for nvcc alone, make.
_ALLOWING = [
    f"-U__CUDA_NO_{name}__"
    for name in ("HALF_OPERATORS", "HALF_CONVERSIONS", "HALF2_OPERATORS", "BFLOAT16_CONVERSIONS")
]


def _timed(operation: common.Record) -> common.Record:
    return next(w for w in operation["workloads"] if w["timed"])


def reference_source(operation: common.Record) -> str:
    """`Model`, `get_inputs` and `get_init_inputs`: the operation's eager reference, on its first
    workload, with inputs made on the host, as KernelBench's problems make them.
    """
    inputs = []
    for tensor, shape in zip(operation["tensors"], _timed(operation)["shapes"], strict=True):
        if tensor["role"] == "input":
            scale = shape[-1] ** -0.5 if tensor["fill"] == "weight" and len(shape) > 1 else 1.0
            inputs.append(f"torch.randn({tuple(shape)}) * {scale}")
    scalars = "".join(f", {s['value']}" for s in operation["scalars"])
    return f"""{operation["reference"]}

class Model(torch.nn.Module):
    def forward(self, *inputs):
        return {operation["name"]}(*inputs{scalars})


def get_inputs():
    return [{", ".join(inputs)}]


def get_init_inputs():
    return []
"""


def binding_source(operation: common.Record) -> str:
    """C++ that calls the kernel on PyTorch's stream; there must be one output."""
    inputs = [t["name"] for t in operation["tensors"] if t["role"] == "input"]
    (output,) = [t for t in operation["tensors"] if t["role"] == "output"]
    timed = _timed(operation)
    shape = ", ".join(map(str, timed["shapes"][-1]))
    types = ["const void*"] * len(inputs) + ["void*"] + ["int64_t"] * len(operation["dims"])
    types += [{"float": "float", "int": "int64_t"}[s["type"]] for s in operation["scalars"]]
    values = [f"{name}.data_ptr()" for name in (*inputs, "made")]
    values += [str(timed["dims"][d]) for d in operation["dims"]]
    values += [str(s["value"]) for s in operation["scalars"]]
    values += ["c10::cuda::getCurrentCUDAStream().stream()"]
    return f"""#include <c10/cuda/CUDAStream.h>
#include <torch/extension.h>

extern "C" void {operation["function"]}({", ".join([*types, "void*"])});

torch::Tensor forward({", ".join(f"torch::Tensor {name}" for name in inputs)}) {{
    auto made = torch::empty({{{shape}}}, {inputs[0]}.options().dtype(torch::k{
        {"bfloat16": "BFloat16", "float32": "Float32"}[output["dtype"]]
    }));
    {operation["function"]}({", ".join(values)});
    return made;
}}
"""


def custom_source(job: common.Record) -> str:
    """`ModelNew`: the candidate's own source and its binding, built by load_inline."""
    flags = [*job["flags"], *_ALLOWING]
    return f"""import torch
from torch.utils.cpp_extension import load_inline

module = load_inline(
    name="candidate",
    cpp_sources=[{binding_source(job["operation"])!r}],
    cuda_sources=[{job["source"]!r}],
    functions=["forward"],
    extra_cuda_cflags={flags!r},
    no_implicit_headers=True,
)


class ModelNew(torch.nn.Module):
    def forward(self, *inputs):
        return module.forward(*inputs)
"""


def main(jobs: Path, name: str, kernelbench: Path, folder: Path) -> None:
    """Evaluate one kernel."""
    begin = time.monotonic()
    import torch

    job = next(j for j in common.read_records(jobs) if j["id"] == name)
    found: common.Record = {"id": name}
    try:
        evaluation = kernelbench_import.evaluation(kernelbench)
        found["import_seconds"] = time.monotonic() - begin
        begin = time.monotonic()
        result = evaluation.eval_kernel_against_ref(
            reference_source(job["operation"]),
            custom_source(job),
            num_correct_trials=CORRECT_TRIALS,
            num_perf_trials=PERFORMANCE_TRIALS,
            measure_performance=True,
            build_dir=str(folder),
            device=torch.device("cuda:0"),
            backend="cuda",
            precision=torch.bfloat16,
        )
        found["seconds"] = time.monotonic() - begin
        for field in ("compiled", "correctness", "runtime", "ref_runtime"):
            found[field] = getattr(result, field, None)
        found["metadata"] = {k: str(v) for k, v in getattr(result, "metadata", {}).items()}
    except Exception:
        found["error"] = traceback.format_exc()
        traceback.print_exc()
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
