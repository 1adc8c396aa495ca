"""Solutions: every operation has a kernel for a CPU that is right, and one for a GPU."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
import torch

from skilldyno.scorers.admission.solution import check_solution
from skilldyno.tasks.catalogue import load_operation, load_operations, operation_names

SOLUTIONS = Path(__file__).parents[1] / "honest" / "ops"
SEEDS = 20
IN_CPP = [operation.name for operation in load_operations() if "cpp" in operation.languages]


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """A process apart: a kernel that crashes fails its own test."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, torch.set_num_threads, (1,)) as executor:
        yield executor


def problem_of(name: str, source: str, seeds: int) -> tuple[int, str | None]:
    """Check a kernel in the other process."""
    checked = check_solution(load_operation(name), source, seeds)
    return checked.calls, checked.problem


@pytest.mark.parametrize("name", IN_CPP)
def test_the_solution_in_cpp_is_right_on_twenty_seeds(name: str, pool: ProcessPoolExecutor):
    source = (SOLUTIONS / f"{name}.cpp").read_text()
    calls, problem = pool.submit(problem_of, name, source, SEEDS).result()
    assert problem is None
    assert calls >= 2 * SEEDS


@pytest.mark.parametrize("name", operation_names())
def test_there_is_a_solution_for_gpus(name: str):
    written = [file.suffix for file in SOLUTIONS.glob(f"{name}.*")]
    operation = load_operation(name)
    kinds = {".py": "triton", ".cu": "cuda"}
    assert [kinds[suffix] for suffix in written if kinds.get(suffix) in operation.languages]


def test_no_solution_is_of_an_operation_that_is_not_there():
    assert {file.stem for file in SOLUTIONS.iterdir()} <= set(operation_names())


WRONG = {
    "input": ("float total = 0", "float total = 0; const_cast<float*>(x)[0] = 1", "to its input x"),
    "outside": ("const float* row", "out[M * N] = 0; const float* row", "outside its output out"),
    "row": ("m < M", "m < M - 1", "out["),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_kernel_is_told(mistake: str, pool: ProcessPoolExecutor, rms_norm):
    before, after, told = WRONG[mistake]
    source = rms_norm()
    assert before in source
    _, problem = pool.submit(problem_of, "rms_norm", source.replace(before, after), SEEDS).result()
    assert problem is not None
    assert told in problem
    assert " inputs, seed " in problem
