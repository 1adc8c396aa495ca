"""`skilldyno ops show`: one operation as a model is asked it, and as it is judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from tabulate import tabulate

from ..results.measured import Measurements, load_measurements
from ..results.payload import plain
from ..results.table import read_rows
from ..tasks.catalogue import load_operation
from ..tasks.errors import UsageError
from ..tasks.eval_task import EvalTask
from ..tasks.hardware import HardwareProfile, load_profile, load_profiles
from ..tasks.hub_kernels import hub_kernels
from ..tasks.language import KIND_OF_LANGUAGE, Kind, Language, SourceLanguage, language_within
from ..tasks.operation import Operation
from ..tasks.prompt import write_prompt
from ..tasks.roofline import roofline_seconds
from .list_ops import describe_operation
from .measured_ops import difficulty_table

_PROFILE_OF_KIND: Final[dict[Kind, str]] = {"cpu": "cpu-x86_64", "gpu": "h200"}


class UnknownLanguageError(UsageError):
    """A language that there is not, or that the hardware has no toolchain for."""


def show_op_command(
    name: str, hardware: str | None, language: str | None, logs: list[Path], *, as_json: bool
) -> None:
    """Print an operation's prompt, workloads, roofline times and measured difficulty.

    Args:
        name: of the operation.
        hardware: a profile's name, or None for one of the language's kind.
        language: or None for the operation's first that the hardware has a toolchain for.
        logs: whose samples tell how hard the operation was; by default what `ops measured` keeps.
        as_json: print one JSON object.

    Raises:
        UsageError: an operation, profile or language that cannot be paired, or logs that cannot be
            read.
    """
    operation = load_operation(name)
    eval_task = _pair(operation, hardware, language)
    workloads = _workloads(operation)
    known = load_measurements(eval_task.hardware.name)
    difficulty = _difficulty(operation, logs)
    if as_json:
        shown = {
            **describe_operation(operation),
            "eval_task": eval_task.id,
            "prompt": write_prompt(eval_task),
            "workloads": workloads,
            "best_known": [
                best.model_dump()
                for best in known.best
                if best.operation_digest == operation.digest
            ],
            "difficulty": difficulty
            or [each.model_dump() for each in known.difficulty if each.operation == operation.name],
        }
        click.echo(json.dumps(plain(shown)))
        return
    click.echo(write_prompt(eval_task))
    click.echo(f"\n{operation.name}: {operation.family}, {operation.tier}; {operation.source}")
    if there := hub_kernels().get(operation.name):
        named = ", ".join(f"{function} of {repo_id}" for repo_id, function in there.items())
        click.echo(f"On the Hub: {named}")
    click.echo(
        "What the judge runs, with the least time by each profile's ceilings, the measured ones"
        " where it has them:\n"
    )
    spoken = language_within(eval_task.language, eval_task.hardware.kind)
    shown = [w for w in workloads if w["language"] == spoken]
    click.echo(_workload_table(shown, known, operation))
    click.echo(
        "\n" + (_difficulty_text(difficulty) if logs else difficulty_table(known, operation.name))
    )


def _pair(operation: Operation, hardware: str | None, language: str | None) -> EvalTask:
    if language is not None:
        asked: tuple[Language, ...] = (*KIND_OF_LANGUAGE, "torch-ext")
        if language not in asked:
            raise UnknownLanguageError(
                f"--language {language!r} is unknown; give one of {', '.join(asked)}."
            )
        chosen: Language = next(each for each in asked if each == language)
        first = KIND_OF_LANGUAGE[language_within(chosen, "cpu")]
        profile = load_profile(hardware or _PROFILE_OF_KIND[first])
        return EvalTask(operation, profile, chosen)
    if hardware is None:
        first = operation.languages[0]
        return EvalTask(operation, load_profile(_PROFILE_OF_KIND[KIND_OF_LANGUAGE[first]]), first)
    profile = load_profile(hardware)
    for each in operation.languages:
        if each in profile.toolchain:
            return EvalTask(operation, profile, each)
    return EvalTask(operation, profile, operation.languages[0])


def _workloads(operation: Operation) -> list[dict[str, Any]]:
    """Every workload in every language, with seconds by profile; None where one has no ceiling."""
    profiles = load_profiles()
    return [
        {
            "language": language,
            "name": workload["name"],
            "use": _use(workload),
            "bytes": workload["bytes"],
            "operations": workload["operations"],
            "roofline_seconds": _by_profile(operation, language, workload, profiles),
        }
        for language in operation.languages
        for workload in operation.judge_spec(language, KIND_OF_LANGUAGE[language])["workloads"]
    ]


def _by_profile(
    operation: Operation,
    language: SourceLanguage,
    workload: dict[str, Any],
    profiles: tuple[HardwareProfile, ...],
) -> dict[str, float | None]:
    rate = operation.roofline.rate[language]
    return {
        profile.name: roofline_seconds(workload, rate, profile)
        for profile in profiles
        if language in profile.toolchain
    }


def _use(workload: dict[str, Any]) -> str:
    if workload["visible"]:
        return "visible"
    return "hidden, timed" if workload["timed"] else "hidden"


def _workload_table(
    workloads: list[dict[str, Any]], known: Measurements, operation: Operation
) -> str:
    profiles = list(workloads[0]["roofline_seconds"])
    rows = [
        [each["name"], each["use"], f"{each['bytes'] / 1e6:.4g}", f"{each['operations']:.3g}"]
        + [_microseconds(each["roofline_seconds"][profile]) for profile in profiles]
        for each in workloads
    ]
    headers = ["workload", "use", "MB", "operations", *(f"{profile} us" for profile in profiles)]
    best = [known.best_time(operation.digest, each["name"]) for each in workloads]
    if any(best):
        headers.append(f"best known on {known.hardware} us")
        for row, time in zip(rows, best, strict=True):
            row.append(_microseconds(time.seconds if time else None))
    align = ("left", "left", *["right"] * (len(headers) - 2))
    return tabulate(rows, headers, disable_numparse=True, colalign=align)


def _microseconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1e6:.3g}"


def _difficulty(operation: Operation, logs: list[Path]) -> list[dict[str, Any]]:
    """Of each arm: samples judged, how many were right, and their median share of the roofline."""
    if not logs:
        return []
    rows = read_rows(logs, mix=True)
    rows = rows[(rows["op"] == operation.name) & (rows["status"] == "scored")]
    found = []
    groups: Any = rows.groupby(["model", "variant", "hardware", "language"])
    for (model, variant, hardware, language), part in groups:
        right = part[part["correct"] == 1]
        found.append(
            {
                "model": model,
                "variant": variant,
                "hardware": hardware,
                "language": language,
                "samples": len(part),
                "correct": len(right),
                "roofline_fraction": float(np.median(right["roofline_fraction"]))
                if len(right)
                else None,
                "this_definition": set(part["op_digest"]) == {operation.digest},
            }
        )
    return found


def _difficulty_text(difficulty: list[dict[str, Any]]) -> str:
    if not difficulty:
        return "Measured difficulty: no sample of this operation is in those logs."
    rows = [
        [
            each["model"],
            each["variant"],
            f"{each['hardware']}/{each['language']}",
            f"{each['correct']}/{each['samples']}",
            "–"
            if each["roofline_fraction"] is None
            else f"{100 * each['roofline_fraction']:.0f} %",
            "" if each["this_definition"] else "of an earlier definition",
        ]
        for each in difficulty
    ]
    headers = ["model", "variant", "on", "correct", "of the roofline", ""]
    return "Measured difficulty:\n\n" + tabulate(rows, headers, disable_numparse=True)
