"""Where operations come from: ops/<op>/op.toml and reference.py, and folders of one's own."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from .definition import name_unknown, read_definition
from .operation import Operation, OperationError

OPS: Final = Path(__file__).parent / "ops"

_added: dict[str, Path] = {}


def operation_names() -> tuple[str, ...]:
    """Return the names of all the operations, sorted."""
    return tuple(sorted(_folders()))


@lru_cache
def load_operation(name: str) -> Operation:
    """Read one operation.

    Raises:
        OperationError: there is no such operation, or its files are not well formed; one sentence.
    """
    folders = _folders()
    if name not in folders:
        raise OperationError(name_unknown("operation", name, folders))
    return read_operation(folders[name])


def add_operations(folder: Path) -> None:
    """Add operations to those that are shipped, for the rest of this process.

    Args:
        folder: of one operation, or of several.

    Raises:
        OperationError: it holds none, or one whose name is taken.
    """
    paths = [folder, *sorted(folder.iterdir())] if folder.is_dir() else []
    found = {path.resolve().name: path for path in paths if (path / "op.toml").is_file()}
    if not found:
        raise OperationError(
            f"{folder}: no op.toml is in it or in a folder of it; name a folder of operations."
        )
    for name, path in found.items():
        taken = _folders().get(name)
        if taken is not None and taken.resolve() != path.resolve():
            raise OperationError(
                f"{path}: there is an operation '{name}' already, in {taken}; rename this one."
            )
    _added.update(found)
    load_operation.cache_clear()


def _folders() -> dict[str, Path]:
    return {path.parent.name: path.parent for path in OPS.glob("*/op.toml")} | _added


def load_operations() -> tuple[Operation, ...]:
    """Read all the operations, sorted by name."""
    return tuple(load_operation(name) for name in operation_names())


def read_operation(folder: Path) -> Operation:
    """Read an operation from a folder that holds op.toml and reference.py.

    Raises:
        OperationError: a file is missing or not well formed; one sentence.
    """
    definition, reference = folder / "op.toml", folder / "reference.py"
    for path in (definition, reference):
        if not path.is_file():
            raise OperationError(f"{path}: there is no such file; an operation needs it.")
    content = reference.read_bytes()
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise OperationError(f"{reference}: this is not UTF-8 text; mend it: {error}.") from error
    supplied = {
        "reference": text,
        "digest": hashlib.sha256(definition.read_bytes() + content).hexdigest(),
    }
    operation = read_definition(definition, Operation, OperationError, supplied)
    if operation.name != folder.name:
        raise OperationError(
            f"{definition}: the field 'name' is '{operation.name}',"
            f" but it should be the folder's name, '{folder.name}'."
        )
    return operation
