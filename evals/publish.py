"""`skilldyno leaderboard --push` and `skilldyno leaderboard pull`: results to and from the Hub."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import pandas as pd
from rich.console import Console

from ..results.dataset import require_free
from ..results.hub import require_token
from ..results.leaderboard import Leaderboard
from ..results.leaderboard.publication import write_publication
from ..results.publish import Pulled, pull_dataset, push_dataset
from ..results.statistics import wording
from ..tasks.errors import UsageError


class PublicationError(UsageError):
    """Options of publishing that do not go together."""


@dataclass(frozen=True)
class Publication:
    """Where a leaderboard is published, if at all.

    Attributes:
        repo_id: the dataset on the Hub.
        folder: a folder that gets the same instead, and then nothing is sent.
        logs: with the logs.
    """

    repo_id: str | None
    folder: Path | None
    logs: bool

    def __post_init__(self) -> None:
        """Refuse options that do nothing."""
        if self.logs and self.repo_id is None and self.folder is None:
            raise PublicationError("--logs is for publishing: give --push OWNER/NAME too.")

    def require_possible(self) -> None:
        """See that it can be published, before anything is read.

        Raises:
            UsageError: there is no token, or the folder holds something else.
        """
        if self.folder is not None:
            require_free(self.folder)
        elif self.repo_id is not None:
            require_token(f"push to {self.repo_id}")

    def publish(self, board: Leaderboard, rows: pd.DataFrame, *, quiet: bool) -> None:
        """Write or send it, and say so.

        Args:
            board: the leaderboard.
            rows: the rows that were ranked.
            quiet: say it on stderr.

        Raises:
            UsageError: something in it is a secret, or the Hub refuses.
        """
        if self.folder is not None:
            self._write(board, rows, self.folder)
            click.echo(_said(self.folder, self.repo_id), err=quiet)
        elif self.repo_id is not None:
            with TemporaryDirectory(prefix="skilldyno-") as place:
                self._write(board, rows, Path(place))
                address = push_dataset(Path(place), self.repo_id)
            click.echo(f"Published: {address}", err=quiet)

    def _write(self, board: Leaderboard, rows: pd.DataFrame, folder: Path) -> None:
        name = self.repo_id or "OWNER/NAME"
        with Console(stderr=True).status("writing rows, plots and the card"):
            write_publication(board, rows, folder, name=name, logs=self.logs)


def _said(folder: Path, repo_id: str | None) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    end = f", as it would be sent to {repo_id}" if repo_id is not None else ""
    return f"Dataset: {folder}, {wording.count(len(files), 'file')}, {size:.1f} MB{end}"


def pull_command(repositories: tuple[str, ...], output: Path, *, as_json: bool) -> None:
    """Fetch results, and say what came.

    Args:
        repositories: OWNER/NAME or OWNER/NAME@REVISION of each.
        output: the folder for them.
        as_json: print one JSON object.

    Raises:
        UsageError: one is not there, holds no results, or the Hub does not answer.
    """
    with Console(stderr=True).status("asking the Hub") as status:
        pulled = [
            pull_dataset(
                name,
                output,
                lambda file, number, total: status.update(f"fetching {number} of {total}: {file}"),
            )
            for name in repositories
        ]
    if as_json:
        click.echo(json.dumps({"pulled": [_described(each) for each in pulled]}))
        return
    for each in pulled:
        held = wording.count(each.logs, "log") if each.logs else "rows without logs"
        click.echo(f"{each.repo_id} at {each.revision[:12]}: {held}, in {each.folder}")
    click.echo(f"\nRank them with your own: skilldyno leaderboard results/runs {output}")


def _described(each: Pulled) -> dict[str, Any]:
    return {
        "repo_id": each.repo_id,
        "revision": each.revision,
        "folder": str(each.folder),
        "logs": each.logs,
        "files": list(each.files),
    }
