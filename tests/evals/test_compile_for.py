"""`skilldyno judge --compile-for`: one CUDA file, several archs, no GPU."""

import json
import shutil
from pathlib import Path

import pytest

from skilldyno.evals.kernel_skill import kernel_skill
from skilldyno.scorers.job import ArchError

needs_nvcc = pytest.mark.skipif(shutil.which("nvcc") is None, reason="there is no nvcc")

KERNEL = """
#include <cuda_bf16.h>
#include <cstdint>
extern "C" void rms_norm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                         int64_t M, int64_t N, float eps, cudaStream_t stream) {}
__global__ void later(int* p) {
#if __CUDA_ARCH__ < 900
    asm volatile("barrier.cluster.arrive.aligned; no_such_instruction;");
#endif
}
"""


@pytest.fixture
def kernel(tmp_path: Path) -> str:
    file = tmp_path / "kernel.cu"
    file.write_text(KERNEL)
    return str(file)


@needs_nvcc
def test_evidence_says_for_which_archs_a_candidate_builds(skilldyno, kernel):
    arguments = ("judge", kernel, "--op", "rms_norm", "--compile-for")
    done = skilldyno(*arguments, "sm_80,sm_90a", "--json")
    assert done.returncode == 1, done.stderr
    evidence = json.loads(done.stdout)
    assert {arch: build["ok"] for arch, build in evidence["builds"].items()} == {
        "sm_80": False,
        "sm_90a": True,
    }
    assert "no_such_instruction" in evidence["builds"]["sm_80"]["log"]
    printed = skilldyno(*arguments, "sm_90a")
    assert printed.returncode == 0
    assert "sm_90a: builds" in printed.stdout


@needs_nvcc
def test_an_arch_that_nvcc_does_not_know_is_no_verdict_on_the_candidate(skilldyno, kernel):
    done = skilldyno("judge", kernel, "--op", "rms_norm", "--compile-for", "sm_12")
    assert done.returncode == 2
    assert "does not tell whether" in done.stderr


@pytest.mark.parametrize(
    ("archs", "language", "words"),
    [
        ("90a", "cuda", "'90a', which is no arch"),
        ("sm_90,", "cuda", "'', which is no arch"),
        ("sm_90", "triton", "and these are in 'triton'"),
    ],
)
def test_bad_archs_are_one_sentence(skilldyno, kernel, archs, language, words):
    done = skilldyno(
        "judge", kernel, "--op", "rms_norm", "--language", language, "--compile-for", archs
    )
    assert done.returncode == 2
    assert words in done.stderr


def test_scored_samples_carry_the_archs():
    task = kernel_skill(suite="demo-h200", judging="later", compile_for="sm_80,sm_90a")
    plain = kernel_skill(suite="demo-h200", judging="later")
    assert task.dataset[0].metadata is not None
    assert task.dataset[0].metadata["compile_for"] == ["sm_80", "sm_90a"]
    assert task.version != plain.version
    with pytest.raises(ArchError, match="these are in 'cpp'"):
        kernel_skill(suite="demo", compile_for="sm_90a")
