"""Kernel repositories are built by kernel-builder's rules, loaded and judged, step by step."""

import json
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count

import pytest

from skilldyno.scorers.evidence import Evidence
from skilldyno.scorers.executors.local import LocalExecutor
from skilldyno.scorers.job import make_job
from skilldyno.scorers.repository import File, Repository
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.hardware import load_profile

pytestmark = pytest.mark.alone

MANIFEST = """[general]
name = "dyno-rms-norm"
version = 1
edition = 5
license = "Apache-2.0"
backends = ["cpu"]

[torch]
src = ["torch-ext/torch_binding.cpp"]

[kernel.rms_norm]
backend = "cpu"
depends = ["torch"]
src = ["cpu/rms_norm.cpp"]
"""
DECLARED = """#include <ATen/core/Tensor.h>

void rms_norm(at::Tensor& out, const at::Tensor& x, const at::Tensor& weight, double eps);
"""
KERNEL = """#include <ATen/core/Tensor.h>
#include <cmath>

void rms_norm(at::Tensor& out, const at::Tensor& x, const at::Tensor& weight, double eps) {
    const int64_t N = x.size(1);
    const float *from = x.const_data_ptr<float>(), *scale = weight.const_data_ptr<float>();
    float* to = out.mutable_data_ptr<float>();
    for (int64_t m = 0; m < x.size(0); ++m) {
        double total = 0;
        for (int64_t n = 0; n < N; ++n) total += double(from[m * N + n]) * from[m * N + n];
        const float factor = 1 / std::sqrt(total / N + eps);
        for (int64_t n = 0; n < N; ++n) to[m * N + n] = from[m * N + n] * factor * scale[n];
    }
}
"""
BINDING = f"""#include <torch/library.h>

#include "registration.h"

{DECLARED}
TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {{
    ops.def("rms_norm(Tensor! out, Tensor x, Tensor weight, float eps) -> ()");
    ops.impl("rms_norm", c10::DispatchKey::CPU, &rms_norm);
}}

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
"""
PYBIND = f"""#include <torch/extension.h>

{DECLARED}
PYBIND11_MODULE(TORCH_EXTENSION_NAME, module) {{ module.def("rms_norm", &rms_norm); }}
"""
PACKAGE = """from ._ops import ops


def rms_norm(out, x, weight, eps):
    ops.rms_norm(out, x, weight, eps)
"""
LIBRARY = """import torch

from ._ops import ops


def rms_norm(out, x, weight, eps):
    ops.rms_norm(out[:1], x[:1], weight, eps)
    out.copy_(torch.nn.functional.rms_norm(x, (x.shape[-1],), weight, eps))
"""
_numbers = count()
JudgeRepository = Callable[..., "Future[Evidence]"]


@pytest.fixture(scope="module")
def judge_repository(executor: LocalExecutor) -> JudgeRepository:
    """Submits a repository for rms_norm, of which some parts are changed."""

    def submit(
        binding: str = BINDING, kernel: str = KERNEL, package: str = PACKAGE
    ) -> "Future[Evidence]":
        job = make_job(
            id=f"repository-{next(_numbers)}",
            source=repository(binding, kernel, package).text,
            operation=load_operation("rms_norm"),
            hardware=load_profile("cpu-x86_64"),
            language="torch-ext",
        )
        # The speed is not what is tested: one small workload is timed, so that it ends soon.
        for workload in job["operation"]["workloads"]:
            workload["timed"] = workload == job["operation"]["workloads"][-1]
        return executor.submit(job)

    return submit


def repository(
    binding: str = BINDING,
    kernel: str = KERNEL,
    package: str = PACKAGE,
    manifest: str = MANIFEST,
) -> Repository:
    return Repository(
        (
            File("build.toml", manifest),
            File("torch-ext/torch_binding.cpp", binding),
            File("torch-ext/dyno_rms_norm/__init__.py", package),
            File("cpu/rms_norm.cpp", kernel),
        )
    )


def steps(evidence: Evidence) -> dict[str, bool | None]:
    return {step.name: step.passed for step in evidence.steps}


def test_registered_by_the_macros_it_passes_every_step_and_by_pybind11_it_does_not_compile(
    judge_repository: JudgeRepository,
):
    macros, pybind = judge_repository(), judge_repository(binding=PYBIND)
    right = macros.result()
    assert right.verdict == "correct", right.reason
    assert steps(right) == dict.fromkeys(("manifest", "compiled", "loaded", "correct"), True) | {
        "compat": True
    }
    refused = pybind.result()
    assert refused.verdict == "compile_error", refused.reason
    assert refused.reason.startswith("torch-ext/torch_binding.cpp: ")
    assert "error: " in refused.reason
    assert refused.build is not None
    assert "pybind11" in refused.build.log
    assert steps(refused) == {
        "manifest": True,
        "compiled": False,
        "loaded": None,
        "correct": None,
        "compat": None,
    }
    assert refused.steps[1].detail == refused.reason


@pytest.mark.parametrize(
    ("changed", "verdict", "words", "failed"),
    [
        ({"package": "from ._ops import ops\n"}, "runtime_error", "rms_norm", "loaded"),
        (
            {"binding": BINDING.replace("REGISTER_EXTENSION(TORCH_EXTENSION_NAME)", "")},
            "runtime_error",
            "ImportError",
            "loaded",
        ),
        (
            {"kernel": KERNEL.replace("* scale[n];", ";")},
            "incorrect",
            "elements are wrong",
            "correct",
        ),
        (
            {"package": PACKAGE.replace("    ops", "    x.zero_()\n    ops")},
            "flagged",
            "wrote to its input x",
            "correct",
        ),
        (
            {"package": LIBRARY},
            "flagged",
            "of its time is library code",
            "correct",
        ),
    ],
)
def test_the_first_step_that_fails_is_the_reason(
    judge_repository: JudgeRepository,
    changed: dict[str, str],
    verdict: str,
    words: str,
    failed: str,
):
    evidence = judge_repository(**changed).result()
    assert evidence.verdict == verdict, evidence.reason
    assert words in evidence.reason
    assert next(step.name for step in evidence.steps if step.passed is False) == failed


def test_an_edit_of_the_python_part_compiles_nothing_anew(judge_repository: JudgeRepository):
    commented = f"# another text\n{PACKAGE}".replace("ops.rms_norm(", "ops.rms_norm.default(")
    first = judge_repository(package="import absent\n").result()
    second = judge_repository(package=commented.replace("_ops", "_absent")).result()
    assert first.build is not None
    assert second.build is not None
    assert second.build.cached
    assert second.build.seconds == 0


def test_the_command_judges_a_folder(skilldyno, tmp_path):
    manifest = MANIFEST.replace('license = "Apache-2.0"\n', "")
    repository(manifest=manifest).write(tmp_path)
    done = skilldyno("judge", str(tmp_path), "--op", "rms_norm", "--json")
    evidence = json.loads(done.stdout)
    assert done.returncode == 1
    assert evidence["verdict"] == "compile_error"
    assert evidence["language"] == "torch-ext"
    assert evidence["reason"].startswith(
        "build.toml: line 1: the key 'general.license' is missing; add `license ="
    )
    assert evidence["steps"][0]["passed"] is False
    (tmp_path / "link.cpp").symlink_to("/etc/passwd")
    refused = skilldyno("judge", str(tmp_path / "build.toml"), "--op", "rms_norm")
    assert refused.returncode == 2
    assert "link.cpp is a symbolic link" in refused.stderr
