"""Progress of a run on stderr: bars in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..scorers.executors.chosen import chosen_executor
from .turns import hearing_answers

_LINES = 6


@contextmanager
def judging_progress(total: int, done: int) -> Iterator[None]:
    """Show how many completions came, and how many were built and judged, while the body runs.

    Args:
        total: the samples of the run.
        done: those that an earlier start of the run has finished.
    """
    console = Console(stderr=True)
    bars = Progress(
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[last]}"),
        console=console,
        disable=not console.is_terminal,
    )
    answered = bars.add_task("answering", total=total, completed=done, last="", visible=False)
    built = bars.add_task("building", total=total, completed=done, last="")
    judged = bars.add_task("judging", total=total, completed=done, last="")
    # By id, since a candidate whose judging met a fault of the machine is built and judged again.
    seen: dict[str, set[str]] = {"built": set(), "evidence": set()}

    answers = done

    def count_answer() -> None:
        nonlocal answers
        answers += 1
        bars.update(answered, completed=answers, visible=True)
        say("answered", answers)

    def say(what: str, number: int) -> None:
        if not console.is_terminal and number % max(1, total // _LINES) == 0:
            print(f"{what} {number} of {total}", file=sys.stderr, flush=True)

    def show(event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind not in seen or event["id"] in seen[kind]:
            return
        seen[kind].add(event["id"])
        count = done + len(seen[kind])
        bar = built if kind == "built" else judged
        last = f"{event['id'].split(':')[0]}: {event['verdict']}" if kind == "evidence" else ""
        bars.update(bar, completed=count, last=last)
        say("built" if kind == "built" else "judged", count)

    chosen_executor().subscribe(show)
    try:
        with bars, hearing_answers(count_answer):
            yield
    finally:
        chosen_executor().unsubscribe(show)
