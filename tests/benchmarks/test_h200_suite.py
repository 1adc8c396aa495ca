"""The suite on an H200, and how fast it is judged: pages are computed from records beside them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "script", "words"),
    [
        ("h200-suite", "summarise.py", "57 of 57 correct"),
        ("h200-scale", "throughput_page.py", "| recorded         | 72 correct "),
    ],
)
def test_the_published_page_is_computed_from_the_records_beside_it(
    name: str, script: str, words: str, tmp_path: Path
):
    published = ROOT / "results" / "published" / name
    shutil.copytree(published, tmp_path / "page")
    (tmp_path / "page" / "README.md").unlink()
    made_by = str(ROOT / "benchmarks" / "h200_suite" / script)
    command = [sys.executable, made_by, "--target", str(tmp_path / "page")]
    subprocess.run(command, check=True, timeout=120)
    page = (published / "README.md").read_text()
    assert (tmp_path / "page" / "README.md").read_text() == page
    assert words in page
