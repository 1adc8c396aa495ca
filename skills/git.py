"""Reading folders at git revisions, without a work tree."""

import hashlib
import os
import subprocess
from pathlib import Path

_GIT = ("git", "-c", "core.quotePath=false")


class GitError(Exception):
    """What git could not do, in one sentence."""


def read_tree(place: Path, revision: str, folder: str) -> dict[str, bytes]:
    """Read the files of a folder at a revision, byte for byte, links followed within the folder.

    Args:
        place: a folder inside a repository's work tree, or a bare repository.
        revision: whatever git calls a revision.
        folder: a folder of the repository; empty for `place` itself.

    Returns:
        The bytes of each file, by its path relative to that folder.

    Raises:
        GitError: there is no such repository, revision or folder.
    """
    below = folder or _run(place, "rev-parse", "--show-prefix").decode().strip("\n/")
    # `rev-parse` would take an option for a revision.
    if revision.startswith("-"):
        raise GitError(f"'{revision}' is no git revision.")
    tree = _run(place, "rev-parse", "--verify", "--quiet", f"{revision}:{below}").decode().strip()
    listed = _run(place, "ls-tree", "-r", "-z", "--full-tree", tree).decode(
        "utf-8", "surrogateescape"
    )
    entries = [entry.split("\t", 1) for entry in listed.split("\0") if entry]
    blobs = {name: about.split() for about, name in entries}
    files = {n: (mode, digest) for n, (mode, kind, digest) in blobs.items() if kind == "blob"}
    contents = dict(zip(files, _read_blobs(place, [d for _, d in files.values()]), strict=True))
    for name, (mode, _) in files.items():
        if mode == "120000":
            target = os.path.normpath(os.path.join(os.path.dirname(name), contents[name].decode()))
            if target in contents:
                contents[name] = contents[target]
    return contents


def clone(url: str, revision: str | None) -> Path:
    """Return a bare copy of a remote repository that holds a revision, kept in the cache.

    Raises:
        GitError: it cannot be reached, or lacks the revision.
    """
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    name = hashlib.sha256(url.encode()).hexdigest()[:16]
    copy = Path(base) / "skilldyno" / "skills" / f"{name}.git"
    if not copy.is_dir():
        copy.parent.mkdir(parents=True, exist_ok=True)
        _run(copy.parent, "clone", "--quiet", "--mirror", "--", url, str(copy))
    # A commit never changes; a branch may have moved since.
    elif revision is None or not _holds_commit(copy, revision):
        _run(copy, "fetch", "--quiet", "--prune", "origin")
    return copy


def _holds_commit(copy: Path, revision: str) -> bool:
    if len(revision) < 7 or not set(revision) <= set("0123456789abcdef"):
        return False
    found = subprocess.run(
        [*_GIT, "cat-file", "-e", f"{revision}^{{commit}}"],
        cwd=copy,
        capture_output=True,
        check=False,
    )
    return found.returncode == 0


def _read_blobs(place: Path, digests: list[str]) -> list[bytes]:
    given = "".join(f"{digest}\n" for digest in digests).encode()
    output = _run(place, "cat-file", "--batch", given=given)
    blobs: list[bytes] = []
    at = 0
    for _ in digests:
        end = output.index(b"\n", at)
        size = int(output[at:end].split()[2])
        blobs.append(output[end + 1 : end + 1 + size])
        at = end + size + 2
    return blobs


def _run(place: Path, *arguments: str, given: bytes | None = None) -> bytes:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            [*_GIT, *arguments],
            cwd=place,
            input=given,
            capture_output=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError as error:
        raise GitError("there is no git on the PATH: install it.") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise GitError(f"git {arguments[0]} failed: {said[-1] if said else 'no such revision'}.")
    return done.stdout
