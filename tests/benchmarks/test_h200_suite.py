"""The suite on an H200: the page is computed from the records beside it."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_published_page_is_computed_from_the_records_beside_it(tmp_path):
    published = ROOT / "results" / "published" / "h200-suite"
    shutil.copytree(published, tmp_path / "page")
    (tmp_path / "page" / "README.md").unlink()
    script = ROOT / "benchmarks" / "h200_suite" / "summarise.py"
    command = [sys.executable, str(script), "--target", str(tmp_path / "page")]
    subprocess.run(command, check=True, timeout=120)
    page = (published / "README.md").read_text()
    assert (tmp_path / "page" / "README.md").read_text() == page
    assert "56 of 56 correct" in page
