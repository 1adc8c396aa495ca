"""What several tests of runs share: a suite that is judged in seconds."""

from pathlib import Path

import pytest

SUITE = """
name = "small"
description = "Two operations, once."
operations = ["rms_norm", "quant_int8"]
hardware = "cpu-x86_64"
language = "cpp"
epochs = 1
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """The file of a suite of two operations, asked once."""
    path = tmp_path / "small.toml"
    path.write_text(SUITE)
    return path
