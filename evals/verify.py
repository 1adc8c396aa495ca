"""`skilldyno leaderboard verify`: somebody's logs, checked."""

from __future__ import annotations

import dataclasses
import json
import secrets
from pathlib import Path

import click
from tabulate import tabulate

from ..results.dataset import datasets_without_logs
from ..results.errors import NoLogsError
from ..scorers.executors.local import local_executor
from ..tasks.errors import UsageError
from .progress import judging_progress
from .verification import Report, Wanted, verify_logs
from .verification.finding import CHECKS

_MOST_SHOWN = 12
_LIMITS = (
    "That a model wrote these completions, and that no run was left out, nobody can tell from logs."
)


class NotAFolderError(UsageError):
    """Something to verify that is no folder."""


class RowsAloneError(UsageError):
    """Published rows that came without the logs they were made from."""


def verify_command(
    folder: Path, count: int, seed: int | None, *, unsafe: bool, as_json: bool
) -> bool:
    """Check a folder of logs and print what was found.

    Args:
        folder: of logs.
        count: how many candidates to judge again.
        seed: of their draw; a fresh one by default, so that nobody knows it before.
        unsafe: judge without a sandbox where none works.
        as_json: print JSON.

    Returns:
        Whether nothing is amiss.

    Raises:
        UsageError: there are no logs, or one cannot be read.
    """
    if not folder.is_dir():
        raise NotAFolderError(f"{folder} is no folder: name the folder of a submission's logs.")
    wanted = Wanted(count, secrets.randbelow(1 << 32) if seed is None else seed, unsafe)
    try:
        with judging_progress(count, 0):
            report = verify_logs(folder, wanted, local_executor().submit)
    except NoLogsError as error:
        if datasets_without_logs(folder):
            raise RowsAloneError(
                f"{folder} holds rows without logs: nothing in it can be verified; get the logs."
            ) from error
        raise
    finally:
        local_executor().close()
    click.echo(json.dumps(_payload(report)) if as_json else _text(report))
    return not report.mismatches


def _payload(report: Report) -> dict[str, object]:
    return {
        "verified": not report.mismatches,
        "logs": report.logs,
        "samples": report.samples,
        "seed": report.seed,
        "checks": {
            check: {
                "meaning": CHECKS[check],
                **{state: report.counts(check)[state] for state in _STATES},
                "reasons": report.reasons(check),
            }
            for check in CHECKS
        },
        "mismatches": [dataclasses.asdict(each) for each in report.mismatches],
        "limits": _LIMITS,
    }


_STATES = ("verified", "mismatch", "unverified")


def _text(report: Report) -> str:
    rows = [
        [check, meaning, *(report.counts(check)[state] or "–" for state in _STATES)]
        for check, meaning in CHECKS.items()
    ]
    headers = ["check", "", *_STATES]
    align = ("left", "left", "right", "right", "right")
    parts = [
        f"{report.logs} logs, {report.samples} samples; judged again by seed {report.seed}",
        tabulate(rows, headers, disable_numparse=True, colalign=align),
    ]
    reasons = [
        f"  {check}: {reason} ({number})"
        for check in CHECKS
        for reason, number in report.reasons(check).items()
    ]
    if reasons:
        parts.append("\n".join(["Not verified:", *reasons]))
    wrong = [f"  {each.check}: {each.where}: {each.said}" for each in report.mismatches]
    if wrong:
        more = len(wrong) - _MOST_SHOWN
        shown = wrong[:_MOST_SHOWN] + ([f"  and {more} more; see --json"] if more > 0 else [])
        parts.append("\n".join(["MISMATCH:", *shown]))
    else:
        parts.append("Nothing disagrees.")
    parts.append(_LIMITS)
    return "\n\n".join(parts)
