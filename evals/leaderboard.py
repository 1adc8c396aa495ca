"""`skilldyno leaderboard`: Skills ranked by what they do, as a site."""

from __future__ import annotations

from pathlib import Path

import click

from ..results.leaderboard import rank_skills, read_runs, skill_sources
from ..results.leaderboard.site import log_digests, write_site
from ..results.leaderboard.text import render_boards
from ..results.prices import load_prices
from .publish import Publication


def leaderboard_command(
    logs: list[Path],
    output: Path,
    publication: Publication,
    *,
    mix: bool,
    prices: Path | None,
    as_json: bool,
) -> None:
    """Rank the Skills in logs, print the boards, write the site, and publish it where asked.

    Raises:
        UsageError: the logs or the prices cannot be read, or hold no Skill, or the Hub refuses.
    """
    publication.require_possible()
    rows = read_runs(logs, mix=mix, prices=load_prices(prices))
    board = rank_skills(rows, skill_sources(rows))
    index = write_site(board, output, log_digests(rows))
    if as_json:
        click.echo((output / "leaderboard.json").read_text(encoding="utf-8"), nl=False)
    else:
        click.echo(f"{render_boards(board)}\n\nLeaderboard: {index}")
    publication.publish(board, rows, quiet=as_json)
