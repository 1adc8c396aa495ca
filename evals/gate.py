"""`skilldyno gate`: did this Skill edit make it worse?"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import click
import pandas as pd

from ..results.gate import (
    GateResult,
    Margin,
    count_false_alarms,
    gate_rows,
    parse_margins,
)
from ..results.gate.junit import Policy, junit_xml
from ..results.gate.text import markdown, render_false_alarms, render_gate
from ..results.logs import logs_in
from ..results.payload import plain
from .gate_arm import GateArmError, LoggedArm, RunArm, up_to
from .recording import load_recording

EXIT_CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3}


@dataclass(frozen=True)
class GateOptions:
    """What the command line says beside the arms.

    Attributes:
        models: Names of models that run Skills.
        suite: The suite that they run.
        hardware: A profile, or "auto".
        recording: A recording in a model's place, if any.
        epochs: Epochs of the last look.
        batch: Epochs between looks.
        margins: As `parse_margins` reads them.
        policy: What INCONCLUSIVE counts as.
        log_dir: Where runs are kept.
        mix: Accept verdicts of several versions of the judge.
    """

    models: tuple[str, ...]
    suite: str
    hardware: str
    recording: str | None
    epochs: int
    batch: int
    margins: tuple[str, ...]
    policy: Policy
    log_dir: Path
    mix: bool

    def arm(self, reference: str) -> LoggedArm | RunArm:
        """What an argument of the command means.

        Raises:
            GateArmError: It is a Skill, and no model or recording is given.
        """
        logged = _logged(reference)
        if logged is not None:
            return logged
        models = self.models
        if self.recording is not None:
            models = (f"recorded/{load_recording(self.recording).model}",)
        if not models:
            raise GateArmError(
                f"{reference} holds no logs, so it is run as a Skill: name a model with -m, or a "
                "recording with --recording."
            )
        skill = None if reference == "none" else reference
        return RunArm(skill, models, self.suite, self.hardware, self.recording, self.log_dir)


def gate_command(
    old: str,
    new: str,
    options: GateOptions,
    *,
    junit: Path | None,
    markdown_file: Path | None,
    as_json: bool,
) -> int:
    """Gate a new arm against an old one, and print the decision.

    Returns:
        The exit code: 0 PASS, 1 FAIL, 3 INCONCLUSIVE, the last one by the policy.

    Raises:
        UsageError: An arm, a margin or the logs are not usable.
        UngatedRunError: A run ended early.
    """
    margins = parse_margins(options.margins)
    arms = options.arm(old), options.arm(new)
    for arm in arms:
        if isinstance(arm, RunArm):
            arm.require_usable()
    result = _sequential(*arms, margins, options)
    if junit is not None:
        junit.write_text(junit_xml(result, options.policy), encoding="utf-8")
    if markdown_file is not None:
        markdown_file.write_text(markdown(result), encoding="utf-8")
    if as_json:
        said = dataclasses.asdict(result) | {"summary": result.summary()}
        click.echo(json.dumps(plain(said)))
    else:
        click.echo(render_gate(result))
    if result.verdict == "INCONCLUSIVE":
        return {"inconclusive": 3, "pass": 0, "fail": 1}[options.policy]
    return EXIT_CODES[result.verdict]


def self_test_command(reference: str, options: GateOptions, *, as_json: bool) -> int:
    """Gate an arm against itself, and print how often the gate would cry wolf.

    A Skill is run twice, which is once with twice the epochs; both arms are drawn from its samples.

    Returns:
        The exit code: 0 if false alarms keep to their 5 %, else 1.
    """
    arm = options.arm(reference)
    if isinstance(arm, LoggedArm):
        alarms = count_false_alarms(arm.rows(options.mix), parse_margins(options.margins))
    else:
        rows = arm.rows(2 * options.epochs)
        alarms = count_false_alarms(rows, parse_margins(options.margins), options.epochs)
    if as_json:
        said = dataclasses.asdict(alarms) | {
            "verdict": alarms.verdict,
            "summary": alarms.summary(),
        }
        click.echo(json.dumps(said))
    else:
        click.echo(render_false_alarms(alarms))
    return EXIT_CODES[alarms.verdict]


def looks(epochs: int, batch: int) -> list[int]:
    """The numbers of epochs at which a sequential gate looks: every batch, and the last."""
    return [*range(batch, epochs, batch), epochs]


def _sequential(
    old: LoggedArm | RunArm,
    new: LoggedArm | RunArm,
    margins: tuple[Margin, ...],
    options: GateOptions,
) -> GateResult:
    if isinstance(old, LoggedArm) and isinstance(new, LoggedArm):
        # What was paid for is used whole, in one look.
        return gate_rows(old.rows(options.mix), new.rows(options.mix), margins, mix=options.mix)
    for epochs in looks(options.epochs, options.batch)[:-1]:
        result = gate_rows(
            _up_to(old, epochs, options.mix),
            _up_to(new, epochs, options.mix),
            margins,
            final=False,
            mix=options.mix,
        )
        if result.verdict != "INCONCLUSIVE":
            return result
        click.echo(f"undecided after {epochs} of {options.epochs} epochs", err=True)
    rows = [_up_to(arm, options.epochs, options.mix) for arm in (old, new)]
    return gate_rows(rows[0], rows[1], margins, mix=options.mix)


def _up_to(arm: LoggedArm | RunArm, epochs: int, mix: bool) -> pd.DataFrame:
    if isinstance(arm, RunArm):
        return arm.rows(epochs)
    return up_to(arm.rows(mix), epochs)


def _logged(reference: str) -> LoggedArm | None:
    path, _, variant = reference.partition("@")
    for named, chosen in ((reference, ""), (path, variant)):
        place = Path(named)
        holds_logs = place.is_file() and place.suffix in (".eval", ".json")
        if holds_logs or logs_in(place):
            return LoggedArm(place, chosen)
    return None
