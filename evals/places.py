"""Options that name what is written, refused before any work is done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class WritablePath(click.Path):
    """A file or folder to write; what is missing on the way to it is made later."""

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        """Say which of the two it may be, if it is there already."""
        super().__init__(path_type=Path, file_okay=file_okay, dir_okay=dir_okay)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """See click.Path.

        Raises:
            BadParameter: it cannot be written.
        """
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        there = next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())
        if there != path.absolute() and not there.is_dir():
            self.fail(f"{path} cannot be written, since {there} is no folder", param, ctx)
        if not os.access(there, os.W_OK):
            self.fail(f"{path} cannot be written: {there} is not yours to write to", param, ctx)
        return path
