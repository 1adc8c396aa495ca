"""The leaderboard as JSON."""

import dataclasses
from pathlib import PurePath
from typing import Any

from ..payload import contrast_json, plain
from ..statistics import PRIMARY
from .standings import Board, Entry, Leaderboard

SCHEMA = 1


def leaderboard_json(board: Leaderboard, logs: dict[str, str]) -> dict[str, Any]:
    """A leaderboard as a dictionary that `json.dumps` takes.

    Units are those of `comparison_json`; what is not known is null.

    Args:
        board: Result of `rank_skills`.
        logs: The SHA-256 of each log, by its path.

    Returns:
        `schema`, `samples`, `runs`, `judges`, `boards` and `logs`. A board has its stratum
        (`mode`, `hardware`, `language`), `model` ("pooled", or one), `models`, `speed_baseline`,
        `methods`, `notice`, `headline` and `entries`: Skills and controls by deployable speedup.
        An entry has its `ranks` by metric (`place`, `low`, `high`, `count`; null for controls and
        under 8 ops), `effects` and `against_sham` as in a comparison, `beside_sham`, `cost` and
        `tax`.
    """
    return {
        "schema": SCHEMA,
        "samples": board.samples,
        "runs": board.runs,
        "judges": list(board.judges),
        "boards": [_board(each) for each in board.boards],
        "logs": [
            {"log": "/".join(PurePath(path).parts[-2:]), "sha256": digest}
            for path, digest in sorted(logs.items())
        ],
    }


def _board(board: Board) -> dict[str, Any]:
    return {
        "mode": board.mode,
        "hardware": board.hardware,
        "language": board.language,
        "model": board.model,
        "models": list(board.models),
        "speed_baseline": board.speed_baseline,
        "methods": board.methods,
        "notice": board.notice,
        "headline": board.headline(),
        "entries": [_entry(each) for each in board.entries],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "variant": entry.variant,
        "fingerprint": entry.fingerprint,
        "tokens": plain(entry.tokens),
        "runs": entry.runs,
        "samples": entry.samples,
        "ranks": {
            metric: None if (rank := entry.ranks[metric]) is None else dataclasses.asdict(rank)
            for metric in PRIMARY
        },
        "beside_sham": entry.beside_sham,
        "effects": [contrast_json(each) for each in entry.effects],
        "against_sham": [contrast_json(each) for each in entry.against_sham],
        "cost": plain(dataclasses.asdict(entry.cost)),
        "tax": plain(dataclasses.asdict(entry.tax)),
    }
