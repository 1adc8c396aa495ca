"""The Skills that are shipped: their examples build without warnings or spills, and are right."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from skilldyno.skills.markdown import read_markdown
from skilldyno.skills.skill import SHIPPED_SKILLS, load_skill
from skilldyno.tasks.catalogue import operation_names
from skilldyno.tasks.suite import load_suite

PAGES = sorted(SHIPPED_SKILLS.glob("cuda-hopper/references/*.md"))
BLOCKS = [
    (f"{page.stem}:{block.line}", block.text)
    for page in PAGES
    for block in read_markdown(page.read_text()).blocks
    if block.label == "cuda"
]
NVCC = "nvcc -O3 -std=c++17 -gencode=arch=compute_90a,code=sm_90a -Xptxas -v -Xcompiler -Wall -c"
WRITTEN = ("cuda-hopper", "triton-kernels")


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="there is no nvcc here")
@pytest.mark.parametrize("source", [text for _, text in BLOCKS], ids=[name for name, _ in BLOCKS])
def test_cuda_examples_build_without_warnings_and_spills(source: str, tmp_path: Path):
    (tmp_path / "example.cu").write_text(source)
    done = subprocess.run(
        [*NVCC.split(), "-o", "example.o", "example.cu"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    assert set(re.findall(r"(\d+) bytes spill", done.stderr)) == {"0"}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("skill", WRITTEN)
def test_examples_are_right_on_a_gpu(skill: str):
    script = SHIPPED_SKILLS / skill / "scripts" / "check.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "correct" in done.stdout


@pytest.mark.parametrize("skill", WRITTEN)
def test_every_example_is_checked_and_is_no_operation_of_the_suite(skill: str):
    loaded = load_skill(SHIPPED_SKILLS / skill)
    examples = {
        name
        for path, text in loaded.references.items()
        for block in read_markdown(text).blocks
        if path.endswith(".md") and block.label in ("cuda", "python")
        for name in re.findall(r'extern "C" void (\w+)\(|^def (\w+)\(', block.text, re.M)[-1]
        if name
    }
    assert len(examples) >= 4
    check = loaded.texts["scripts/check.py"]
    assert examples == set(re.findall(r"^def check_(\w+)\(", check, re.M))
    assert not examples & set(operation_names())


@pytest.mark.parametrize("skill", WRITTEN)
def test_skills_name_the_operations_that_they_must_not_see(skill: str):
    metadata = load_skill(SHIPPED_SKILLS / skill).header["metadata"]
    assert set(metadata["must-not-see"].split()) == set(load_suite("demo").operations)


@pytest.mark.parametrize("skill", WRITTEN)
def test_every_hardware_figure_has_its_source(skill: str):
    text = load_skill(SHIPPED_SKILLS / skill).texts["references/hardware.md"]
    tables = read_markdown(text).tables
    assert tables
    for table in tables:
        assert table.head[-1] == "source"
        assert all(row[-1] for row in table.rows)
