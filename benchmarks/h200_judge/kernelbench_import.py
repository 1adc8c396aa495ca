"""Imports KernelBench from a checkout on a machine that lacks the packages of its model calls."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path
from typing import Any

_NEEDED_NAMES = {
    "dotenv": ("load_dotenv",),
    "tqdm": ("tqdm",),
    "openai": ("OpenAI",),
    "litellm": ("completion",),
    "requests": (),
    "pydantic": ("BaseModel",),
}


class _Model:
    """As much of pydantic's BaseModel as a record of results needs."""

    def __init__(self, **values: Any) -> None:
        for name in type(self).__annotations__:
            default = getattr(type(self), name)
            setattr(self, name, dict(default) if isinstance(default, dict) else default)
        for name, value in values.items():
            setattr(self, name, value)


def _nothing(*_arguments: Any, **_options: Any) -> None:
    return None


def _stand_in(name: str) -> None:
    try:
        importlib.import_module(name)
    except ImportError:
        module = types.ModuleType(name)
        for needed in _NEEDED_NAMES[name]:
            setattr(module, needed, _Model if needed == "BaseModel" else _nothing)
        sys.modules[name] = module


def _module(checkout: Path, name: str) -> Any:
    for needed in _NEEDED_NAMES:
        _stand_in(needed)
    sys.path.insert(0, str(checkout / "src"))
    return importlib.import_module(f"kernelbench.{name}")


def timing(checkout: Path) -> Any:
    """KernelBench's module of timing functions."""
    return _module(checkout, "timing")


def evaluation(checkout: Path) -> Any:
    """KernelBench's module with `eval_kernel_against_ref`."""
    return _module(checkout, "eval")
