"""The judge as one file that runs wherever Python and torch are, with or without its jobs."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..tasks.errors import UsageError
from ..tasks.hardware import load_profile
from .judge.files import judge_digest
from .packed.content import Machine, Pack, by_digest, write_content, write_entry

_ROOM = Path(__file__).parent
_ENDINGS = {".py", ".cpp", ".cu", ".h"}
_START = b'''\
"""Judges the kernels that are packed in here, or those on stdin; see --help."""

import sys
from pathlib import Path

if sys.version_info < (3, 10):
    sys.exit("error: this is Python %d.%d, and the judge needs 3.10" % sys.version_info[:2])

from scorers.packed.start import main

if __name__ == "__main__":
    sys.exit(main(Path(sys.path[0])))
'''


class PackingError(UsageError):
    """A pack that cannot be written, or whose key is not to be had."""


@dataclass(frozen=True)
class Seal:
    """What evidence of a pack is known by: the pack's id, its key, and the judge's digest."""

    id: str
    key: str
    judge: str


def new_seal() -> Seal:
    """A seal with a fresh key of 256 bits, for the judge as it is now."""
    key = secrets.token_hex(32)
    return Seal(hashlib.sha256(bytes.fromhex(key)).hexdigest()[:16], key, judge_digest())


def keep_seal(seal: Seal, folder: Path) -> None:
    """Keep a seal beside the logs of a folder, readable by its owner alone.

    Raises:
        PackingError: the folder cannot be written.
    """
    path = _seal_file(folder, seal.id)
    try:
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(asdict(seal), file)
    except OSError as error:
        raise PackingError(
            f"{path}, the key by which evidence is known, cannot be written ({error.strerror}): "
            "make the logs' folder writable"
        ) from error


def find_seal(id: str, folder: Path) -> Seal:
    """The seal of a pack, beside the logs of a folder.

    Raises:
        PackingError: it is not there.
    """
    path = _seal_file(folder, id)
    try:
        return Seal(**json.loads(path.read_text(encoding="ascii")))
    except (OSError, ValueError, TypeError) as error:
        raise PackingError(
            f"{path}, the key of pack {id}, cannot be read: unpack beside the logs that were "
            "packed, or pack these and judge them"
        ) from error


def _seal_file(folder: Path, id: str) -> Path:
    return folder / "packs" / f"{id}.key"


def write_pack(
    target: Path, jobs: Sequence[dict[str, Any]] | None = None, seal: Seal | None = None
) -> Path:
    """Write the judge as an executable zip.

    Args:
        target: the file to write, by custom with the ending .pyz.
        jobs: what it judges, equal ones once; without them it reads jobs from stdin, one JSON
            object a line.
        seal: signs the evidence; without one it is unsigned, and `skilldyno unpack` refuses it.

    Returns:
        The target.

    Raises:
        PackingError: it cannot be written.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            write_entry(archive, "__main__.py", _START)
            write_entry(archive, "scorers/__init__.py", b"")
            for folder in ("judge", "packed"):
                for file in sorted((_ROOM / folder).iterdir()):
                    if file.suffix in _ENDINGS:
                        write_entry(archive, f"scorers/{folder}/{file.name}", file.read_bytes())
            if jobs is not None:
                write_content(archive, _pack(jobs, seal))
        partial.replace(target)
    except OSError as error:
        raise PackingError(
            f"{target} cannot be written ({error.strerror}): choose another --output"
        ) from error
    return target


def _pack(jobs: Sequence[dict[str, Any]], seal: Seal | None) -> Pack:
    profiles = [load_profile(name) for name in sorted({job["hardware"] for job in jobs})]
    machines = {p.name: Machine(p.kind, p.machine.gpu, p.machine.architecture) for p in profiles}
    judge = judge_digest()
    if seal is None:
        return Pack(by_digest(jobs, judge), judge, machines)
    return Pack(by_digest(jobs, judge), judge, machines, seal.id, seal.key)
