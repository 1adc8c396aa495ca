"""Admission: every operation is proven solvable and hard to fake, and bad ones are told."""

import shutil
from pathlib import Path

import pytest

from skilldyno.scorers.admission.admit import Admission, admit
from skilldyno.tasks.catalogue import OPS, load_operation, operation_names, read_operation


@pytest.mark.parametrize("name", operation_names())
def test_honest_kernels_pass_and_impostors_fail(name: str):
    admission = admit(load_operation(name))
    assert not admission.problems
    honest = [finding for finding in admission.findings if finding.honest]
    assert len(honest) >= 2
    assert len(admission.findings) - len(honest) >= 5


def spoiled(tmp_path: Path, op: str, file: str, before: str, after: str) -> Admission:
    """Admit an operation with one piece of text of one file replaced."""
    folder = Path(shutil.copytree(OPS / op, tmp_path / op))
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after))
    return admit(read_operation(folder))


def test_a_loose_tolerance_lets_impostors_in(tmp_path: Path):
    before = "float32 = { relative = 1e-4, scaled = 1e-4 }"
    admission = spoiled(tmp_path, "rms_norm", "op.toml", before, before.replace("1e-4", "0.01"))
    told = " ".join(admission.problems)
    assert "cpp: an impostor passes, float32 inputs stored as float16 (" in told
    assert "cpp: an impostor passes, float32 inputs stored as bfloat16 (" in told
    assert "cuda: " not in told
    assert not admission.admitted


def test_a_parameter_without_effect_is_an_impostor_that_passes(tmp_path: Path):
    before = '"ties", "sorted", "constant", "zeros", "huge", "tiny", "offset", "alternating"]'
    # Without small numbers an epsilon of 1e-6 is nothing.
    admission = spoiled(tmp_path, "rms_norm", "op.toml", '"heavy_tail", ' + before, '"offset"]')
    assert [problem.partition(" (")[0] for problem in admission.problems] == [
        "cpp: an impostor passes, 0 for eps",
        "cuda: an impostor passes, 0 for eps",
    ]


def test_a_wrong_reference_is_an_honest_kernel_that_fails(tmp_path: Path):
    admission = spoiled(
        tmp_path, "softmax", "reference.py", "torch.softmax(x.float(), -1)", "x.float().exp()"
    )
    assert [p.partition(" fails ")[0] for p in admission.problems if "fails" in p] == [
        "cpp: the eager reference",
        "cuda: the eager reference",
    ]
    assert "mend reference.py, or give the tolerance" in admission.problems[0]


def test_a_reference_that_raises_is_told_with_its_error(tmp_path: Path):
    admission = spoiled(
        tmp_path, "softmax", "reference.py", "torch.softmax(x.float(), -1)", "x.flaot()"
    )
    assert "the eager reference fails (AttributeError: " in admission.problems[0]
