"""Where a Skill is read from: a folder, a zip, a git revision, or a repository of the Hub."""

import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from ..tasks.errors import UsageError
from .git import GitError, clone, read_tree

MANIFEST: Final = "SKILL.md"

_MAX_BYTES: Final = 64 << 20


class SkillError(UsageError):
    """What was named is not a Skill, or cannot be read."""


@dataclass(frozen=True)
class Files:
    """The files of a Skill, as they were when they were read.

    Attributes:
        folder: the name of the folder that holds them.
        contents: the bytes of each, by its path relative to that folder.
    """

    folder: str
    contents: Mapping[str, bytes]


def read_files(source: str) -> Files:
    """Read all files of a Skill.

    Args:
        source: a folder; a zip file; `path@REV`, a folder at a git revision; `git+URL@REV#FOLDER`;
            or `hf://OWNER/NAME@REV#FOLDER`. Revision and folder may be left out.

    Raises:
        SkillError: there is no such thing, or it holds no SKILL.md; one sentence.
    """
    files = _read(source)
    if MANIFEST not in files.contents:
        raise SkillError(f"{source}: the folder has no {MANIFEST}; a Skill needs one.")
    return files


def _read(source: str) -> Files:
    path = Path(source)
    if path.is_dir():
        return Files(path.resolve().name, _folder_contents(path))
    if path.is_file():
        if zipfile.is_zipfile(path):
            return _zip_files(path)
        raise SkillError(f"{source}: there is no such folder; name the folder that holds SKILL.md.")
    if source.startswith(("git+", "hf://")):
        return _remote_files(source)
    place, at, revision = source.rpartition("@")
    if at and revision and Path(place).is_dir():
        return _revision_files(source, Path(place), revision)
    raise SkillError(f"{source}: there is no such folder; mend the path.")


def is_part(path: PurePosixPath) -> bool:
    """Whether a file belongs to a Skill: hidden ones and caches of Python do not."""
    return not any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _folder_contents(folder: Path) -> dict[str, bytes]:
    paths = sorted(_walk(folder, frozenset()))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _walk(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    # A link back to a folder that is being walked would never end.
    real = folder.resolve()
    if real in above:
        return
    for entry in os.scandir(folder):
        if not is_part(PurePosixPath(entry.name)):
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path), above | {real})
        elif entry.is_file():
            yield Path(entry.path)


def _zip_files(path: Path) -> Files:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            # A small archive can unpack to more than memory holds.
            if sum(info.file_size for info in members) > _MAX_BYTES:
                raise SkillError(
                    f"{path}: it unpacks to more than {_MAX_BYTES >> 20} MiB; leave out what is no"
                    " part of the Skill."
                )
            contents = {info.filename: archive.read(info) for info in members}
    except (zipfile.BadZipFile, RuntimeError) as error:
        raise SkillError(f"{path}: the zip cannot be read: {error}.") from error
    root = _manifest_folder(contents)
    return Files(root.name or path.stem, _below(contents.items(), root))


def _manifest_folder(contents: Mapping[str, bytes]) -> PurePosixPath:
    manifests = [PurePosixPath(name) for name in contents if PurePosixPath(name).name == MANIFEST]
    return min((p.parent for p in manifests), key=lambda p: len(p.parts), default=PurePosixPath())


def _below(members: Iterable[tuple[str, bytes]], root: PurePosixPath) -> dict[str, bytes]:
    paths = [(PurePosixPath(name), content) for name, content in members]
    inside = [(p.relative_to(root), content) for p, content in paths if p.is_relative_to(root)]
    return {p.as_posix(): content for p, content in sorted(inside) if is_part(p)}


def _revision_files(source: str, folder: Path, revision: str) -> Files:
    try:
        return Files(folder.resolve().name, _tree_contents(folder, revision, ""))
    except GitError as error:
        raise SkillError(f"{source}: {error}") from error


def _tree_contents(repository: Path, revision: str, folder: str) -> dict[str, bytes]:
    return _below(read_tree(repository, revision, folder).items(), PurePosixPath())


def _remote_files(source: str) -> Files:
    address, _, folder = source.partition("#")
    parts = urlsplit(address.removeprefix("git+"))
    path, _, revision = parts.path.partition("@")
    name = PurePosixPath(folder or path).name.removesuffix(".git")
    if address.startswith("hf://"):
        snapshot = _hub_snapshot(source, f"{parts.netloc}{path}", revision or None)
        return Files(name, _folder_contents(snapshot / folder))
    try:
        copy = clone(parts._replace(path=path).geturl(), revision or None)
        return Files(name, _tree_contents(copy, revision or "HEAD", folder.strip("/")))
    except GitError as error:
        raise SkillError(f"{source}: {error}") from error


def _hub_snapshot(source: str, repository: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repository, revision=revision))
    except HFValidationError as error:
        raise SkillError(f"{source}: give it as hf://OWNER/NAME@REV#FOLDER.") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise SkillError(f"{source}: the Hub does not give it: {reason}") from error
