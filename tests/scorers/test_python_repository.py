"""Kernel repositories of Python alone: on a GPU they bring kernels in Triton, which are judged."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skilldyno.results.kernel_repository import JudgedKernel, kernel_repository, write_repository
from skilldyno.scorers.evidence import Evidence, compact
from skilldyno.scorers.executors.local import LocalExecutor
from skilldyno.scorers.extension import extension_of
from skilldyno.scorers.job import RefusedError, make_job
from skilldyno.scorers.judge.builder import build_ahead
from skilldyno.scorers.judge.job import parse_job
from skilldyno.scorers.repository import File, Repository, repository_of
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.eval_task import EvalTask
from skilldyno.tasks.hardware import HardwareProfile, load_profile
from skilldyno.tasks.language import Language

HONEST = Path(__file__).parents[1] / "honest"
RMS_NORM = load_operation("rms_norm")
MANIFEST = """[general]
name = "dyno-rms-norm"
version = 1
edition = 5
license = "Apache-2.0"
backends = ["{backend}"]

[torch-noarch]
"""
PACKAGE = "torch-ext/dyno_rms_norm"
LIBRARY = """import torch


def rms_norm(out, x, weight, eps):
    out.copy_(torch.nn.functional.rms_norm(x, (x.shape[-1],), weight, eps))
"""


def repository(backend: str = "cuda", **changed: str) -> Repository:
    files = {
        "build.toml": MANIFEST.format(backend=backend),
        f"{PACKAGE}/__init__.py": "from .kernel import rms_norm\n",
        f"{PACKAGE}/_ops.py": "its own\n",
        f"{PACKAGE}/kernel.py": LIBRARY,
    }
    return Repository(tuple(File(path, text) for path, text in (files | changed).items()))


def job_of(
    source: str,
    language: Language = "torch-ext",
    hardware: HardwareProfile | None = None,
    **settings: Any,
) -> dict[str, Any]:
    job = make_job(
        id=f"{language}-{hashlib.sha256(source.encode()).hexdigest()[:8]}",
        source=source,
        operation=RMS_NORM,
        hardware=hardware or load_profile("h200"),
        language=language,
    )
    job["settings"] |= {"baselines": ["eager"], **settings}
    return job


def test_nothing_of_it_is_compiled_and_it_is_for_gpus():
    plan = extension_of(repository(), load_profile("h200"))
    assert plan["noarch"]
    assert plan["compilations"] == plan["claimed_archs"] == plan["problems"] == []
    assert parse_job(job_of(repository().text)).is_triton
    with pytest.raises(RefusedError, match=r"there is no \[torch\]: a compiled extension is asked"):
        make_job(
            id="cpu",
            source=repository("cpu").text,
            operation=RMS_NORM,
            hardware=load_profile("cpu-x86_64"),
            language="torch-ext",
        )


def test_its_package_is_what_the_builder_makes_of_it():
    _, files = build_ahead(job_of(repository().text, unsafe=True))
    assert [Path(name).name for name in files] == ["__init__.py", "kernel.py", "_ops.py"]
    texts = {Path(name).name: content.decode() for name, content in files.items()}
    assert texts["kernel.py"] == LIBRARY
    assert "ops = torch.ops._ops_of_dyno_rms_norm_cuda\n" in texts["_ops.py"]
    assert {Path(name).parent.name for name in files} == {"dyno_rms_norm"}


def test_what_is_not_python_is_not_built():
    broken = repository(**{f"{PACKAGE}/kernel.py": "def rms_norm(:\n"})
    assert build_ahead(job_of(broken.text, unsafe=True))[1] == {}


@pytest.fixture
def gpu(hardware_for: Callable[[Language], HardwareProfile]) -> HardwareProfile:
    return hardware_for("triton")


def judged(executor: LocalExecutor, job: dict[str, Any]) -> Evidence:
    # The speed is not what is tested: one small workload is timed, so that it ends soon.
    for workload in job["operation"]["workloads"]:
        workload["timed"] = workload == job["operation"]["workloads"][-1]
    return executor.submit(job).result()


@pytest.mark.alone
@pytest.mark.gpu
@pytest.mark.parametrize(
    ("file", "language"), [("ops/rms_norm.py", "triton"), ("near_the_roofline.cu", "cuda")]
)
def test_the_export_of_a_judged_kernel_is_judged_correct_again(
    file: str, language: Language, gpu: HardwareProfile, executor: LocalExecutor, tmp_path: Path
):
    source = (HONEST / file).read_text(encoding="utf-8")
    first = judged(executor, job_of(source, language, gpu))
    assert first.verdict == "correct", first.reason
    kernel = JudgedKernel(EvalTask(RMS_NORM, gpu, language), source, compact(first))
    write_repository(kernel_repository(kernel), tmp_path / "exported")
    again = judged(executor, job_of(repository_of(tmp_path / "exported").text, hardware=gpu))
    assert again.verdict == "correct", again.reason
    assert all(step.passed for step in again.steps), again.steps


@pytest.mark.alone
@pytest.mark.gpu
def test_a_library_call_is_no_kernel_of_a_repository(gpu: HardwareProfile, executor: LocalExecutor):
    evidence = judged(executor, job_of(repository().text, hardware=gpu))
    assert evidence.verdict == "flagged", evidence.reason
    assert "library code" in evidence.reason
