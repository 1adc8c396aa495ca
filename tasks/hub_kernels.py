"""Kernels of the Hub that are known to compute an operation."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).parent / "hub_kernels.toml"


@lru_cache
def hub_kernels() -> dict[str, dict[str, str]]:
    """Return by operation the repositories, OWNER/NAME, with their function that computes it."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
