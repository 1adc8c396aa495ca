"""Kernel repositories: the files of a candidate in torch-ext, as one text and as a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from ..tasks.errors import UsageError

MANIFEST: Final = "build.toml"
_MOST_FILES: Final = 200
_MOST_BYTES: Final = 4 << 20
_LONGEST_PATH: Final = 200
_PATH: Final = re.compile(r"[A-Za-z0-9_.+@][A-Za-z0-9_.+@ -]*(/[A-Za-z0-9_.+@][A-Za-z0-9_.+@ -]*)*")
_LEFT_OUT: Final = frozenset({"build", "result", "__pycache__"})
_LABELS: Final = {
    ".toml": "toml",
    ".cpp": "cpp",
    ".h": "cpp",
    ".hpp": "cpp",
    ".cu": "cuda",
    ".cuh": "cuda",
    ".py": "python",
    ".nix": "nix",
    ".md": "markdown",
}


class RepositoryError(UsageError):
    """Files that make no kernel repository; the sentence says which, and why."""


@dataclass(frozen=True)
class File:
    """One file of a repository: its path within it, with slashes, and its text."""

    path: str
    text: str


@dataclass(frozen=True)
class Repository:
    """The files of a kernel repository, by path and in the order of paths.

    Raises:
        RepositoryError: a path is not one within the repository, is there twice, or the files are
            too many or too large.
    """

    files: tuple[File, ...]

    def __post_init__(self) -> None:
        """Refuse what must not be written to a folder."""
        if len(self.files) > _MOST_FILES:
            raise RepositoryError(
                f"the repository has {len(self.files)} files: {_MOST_FILES} are the most"
            )
        size = sum(len(file.text.encode("utf-8", "surrogatepass")) for file in self.files)
        if size > _MOST_BYTES:
            raise RepositoryError(
                f"the repository has {size} bytes: {_MOST_BYTES} ({_MOST_BYTES >> 20} MiB) are the"
                " most"
            )
        for file in self.files:
            _check_path(file.path)
        _check_distinct([file.path for file in self.files])
        # As fenced blocks have it, every text ends with a line.
        ended = [replace(f, text=f.text.removesuffix("\n") + "\n") for f in self.files]
        object.__setattr__(self, "files", tuple(sorted(ended, key=lambda file: file.path)))

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the files."""
        return tuple(file.path for file in self.files)

    def text_of(self, path: str) -> str | None:
        """The text of one file, or None where there is none at that path."""
        return next((file.text for file in self.files if file.path == path), None)

    @property
    def text(self) -> str:
        """All of it as one text: a fenced block for each file, its path in the info string."""
        return "\n".join(_block(file) for file in self.files)

    def write(self, folder: Path) -> None:
        """Write the files into a folder, which is made."""
        for file in self.files:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8", errors="replace")


def repository_of(folder: Path) -> Repository:
    """Read the repository in a folder, without hidden files, builds and files that are not text.

    Raises:
        RepositoryError: it holds a symbolic link, or what no repository may hold.
    """
    files: list[File] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in _LEFT_OUT and not f.startswith("."))
        for name in sorted([*folders, *names]):
            path = Path(root, name)
            within = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise RepositoryError(
                    f"{within} is a symbolic link: put the file itself in its place"
                )
            if path.is_dir() or name.startswith("."):
                continue
            if len(files) > _MOST_FILES:
                raise RepositoryError(f"the repository has more than {_MOST_FILES} files")
            text = _read(path)
            if text is not None:
                files.append(File(within, text))
    return Repository(tuple(files))


def _read(path: Path) -> str | None:
    if path.stat().st_size > _MOST_BYTES:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        # A picture or a binary beside the sources: no compiler would read it.
        return None


def path_in(info: str) -> str | None:
    """The path that the info string of a fenced block names, such as `cpp torch-ext/binding.cpp`.

    It is the last word, or what follows `title=`, `path=`, `file=` or the colon of `cpp:a/b.cpp`.
    """
    words = info.strip().split(maxsplit=1)
    if len(words) == 2:
        named = re.search(r"(?:title|path|file|filename)=[\"']?([^\"'\s}]+)", words[1])
        return named.group(1) if named else words[1].strip().strip("`\"'")
    label, colon, path = info.strip().partition(":")
    if colon:
        return path.strip() or None
    return label if re.search(r"[./]", label) and not label.startswith("{") else None


def _block(file: File) -> str:
    ticks = max((len(run) for run in re.findall(r"^[ \t]*(`{3,})", file.text, re.M)), default=2)
    fence = "`" * max(3, ticks + 1)
    label = _LABELS.get(PurePosixPath(file.path).suffix, "text")
    return f"{fence}{label} {file.path}\n{file.text}{fence}\n"


def _check_path(path: str) -> None:
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        raise RepositoryError(f"the path {_shown(path)} is absolute: begin it in the repository")
    parts = path.split("/")
    if ".." in parts:
        raise RepositoryError(f"the path {_shown(path)} leaves the repository: write no '..' in it")
    if "." in parts or not _PATH.fullmatch(path) or len(path) > _LONGEST_PATH:
        raise RepositoryError(
            f"the path {_shown(path)} is not one that a repository can have: use letters, digits,"
            f" '_', '-', '.' and '/', {_LONGEST_PATH} at the most"
        )


def _check_distinct(paths: Iterable[str]) -> None:
    seen: set[str] = set()
    for path in paths:
        if path in seen:
            raise RepositoryError(f"the file {path} is there twice: give each file once")
        seen.add(path)
    for path in seen:
        above = next((str(p) for p in PurePosixPath(path).parents if str(p) in seen), None)
        if above is not None:
            raise RepositoryError(f"{above} is a file and the folder of {path}: rename one of them")


def _shown(path: str) -> str:
    return repr(path if len(path) <= _LONGEST_PATH else path[:_LONGEST_PATH] + "…")
