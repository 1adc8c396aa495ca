"""Details of candidates in the page or in files beside it: packed, loaded when one is opened."""

import base64
import hashlib
import os
import shutil
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .details import detail
from .visible import visible_json

CHUNK = 64
"""Candidates whose details are loaded together."""

MOST_INSIDE = 1_200_000
"""Characters of details that a page holds itself; a page with more than that is slow to open."""

_LEVEL = 4


@dataclass(frozen=True)
class Attachments:
    """The details of all candidates.

    Attributes:
        chunks: Base64 of deflated JSON, each a list of `CHUNK` candidates' details.
        digest: Of them all, by which a page knows its own.
    """

    chunks: tuple[str, ...]
    digest: str

    @property
    def inside(self) -> bool:
        """They fit into the page."""
        return sum(map(len, self.chunks)) <= MOST_INSIDE


def attach(samples: Sequence[Any]) -> Attachments:
    """Pack details, so that nothing in them can be taken for markup or for script, nor hides.

    Args:
        samples: Rows of `read_rows`, their columns as attributes, as `gather_candidates` orders
            them.
    """
    parts = [samples[start : start + CHUNK] for start in range(0, len(samples), CHUNK)]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        chunks = tuple(threads.map(_pack, parts))
    return Attachments(chunks, hashlib.sha256("".join(chunks).encode()).hexdigest()[:12])


def _pack(part: Sequence[Any]) -> str:
    details = [detail(sample) for sample in part]
    packed = zlib.compress(visible_json(details).encode(), _LEVEL)
    return base64.b64encode(packed).decode()


def folder_beside(page: Path) -> Path:
    """Where the attachments of a page are that does not hold them itself."""
    return page.with_name(f"{page.stem}-candidates")


def write_beside(attachments: Attachments, page: Path) -> None:
    """Write attachments beside their page, or remove those of an earlier, larger one.

    Args:
        attachments: What to write, each chunk a script that hands it to the page: a page from
            file:// may load scripts, and nothing else.
        page: The page.
    """
    folder = folder_beside(page)
    if attachments.inside:
        _remove(folder)
        return
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    try:
        for number, chunk in enumerate(attachments.chunks):
            call = f'skilldynoDetails("{attachments.digest}",{number},"{chunk}")\n'
            (draft / f"{number}.js").write_text(call, encoding="ascii")
        _remove(folder)
        draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _remove(folder: Path) -> None:
    # Only what was written here: the folder's name could be another's.
    for file in folder.glob("*.js"):
        file.unlink()
    if folder.is_dir():
        folder.rmdir()
