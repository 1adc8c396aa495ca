"""`skilldyno ops new`: a template of an operation."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

import click

from ..tasks.catalogue import operation_names
from ..tasks.errors import UsageError

_TEMPLATE = Path(__file__).parent / "template" / "scaled_residual"
_FILES = ("op.toml", "reference.py")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TAKEN = ("oracle", "magnitude", "best", "torch")


class NewOperationError(UsageError):
    """A template that cannot be written as it was asked for."""


def new_op_command(name: str, folder: Path) -> None:
    """Write a template of an operation into a folder of operations, and say what comes next.

    Raises:
        NewOperationError: the name is no identifier or is taken, or the folder is there.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name in _TAKEN:
        raise NewOperationError(
            f"'{name}' cannot be the name of an operation and of its function;"
            " take letters, digits and underscores, a letter first."
        )
    if name in operation_names():
        raise NewOperationError(f"There is an operation '{name}' already; choose another name.")
    target = folder / name
    if target.exists():
        raise NewOperationError(f"{target} is there already; remove it or choose another name.")
    target.mkdir(parents=True)
    for file in _FILES:
        text = (_TEMPLATE / file).read_text(encoding="utf-8")
        (target / file).write_text(text.replace(_TEMPLATE.name, name), encoding="utf-8")
    click.echo(
        f"{target}: edit {' and '.join(_FILES)}, then run `skilldyno ops check {target}`, and\n"
        f"`skilldyno judge kernel.cpp --op {name} --ops {folder}` for a kernel"
    )
