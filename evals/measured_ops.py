"""`skilldyno ops measured`: the best times known and how hard each operation was, by profile."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from tabulate import tabulate

from ..results.measured import (
    Measurements,
    load_measurements,
    with_best,
    with_difficulty,
    write_measurements,
)
from ..results.table import read_rows
from ..scorers.evidence import EvidenceError, parse_evidence
from ..tasks.catalogue import load_operations
from ..tasks.errors import UsageError
from ..tasks.hardware import load_profile

_ENDINGS = (".jsonl", ".jsonl.gz")


class UnreadableEvidenceError(UsageError):
    """A file that should hold evidence, and does not."""


@dataclass(frozen=True)
class _Sample:
    """A judged sample: the judge's record, and whose it was (empty where nobody says)."""

    evidence: dict[str, Any]
    model: str
    variant: str

    @property
    def counted(self) -> dict[str, Any]:
        record = self.evidence
        names = ("operation", "operation_digest", "language", "correct", "roofline_fraction")
        return {
            **{name: record[name] for name in names},
            "model": self.model,
            "variant": self.variant,
        }


def measure_ops_command(files: list[Path], model: str | None) -> None:
    """Take best times and difficulty from results, and write them to the profiles' files.

    Args:
        files: folders of logs, logs, or files of evidence.
        model: whose candidates the files of evidence hold; None leaves them out of the difficulty.

    Raises:
        UsageError: a file cannot be read, or is of a profile that there is not.
    """
    by_hardware: defaultdict[str, list[_Sample]] = defaultdict(list)
    logs = [path for path in files if not path.name.endswith(_ENDINGS)]
    for sample in _from_logs(logs) if logs else ():
        by_hardware[sample.evidence["hardware"]].append(sample)
    for path in files:
        if path.name.endswith(_ENDINGS):
            for sample in _from_evidence(path, model):
                by_hardware[sample.evidence["hardware"]].append(sample)
    for hardware, samples in sorted(by_hardware.items()):
        known, new = load_measurements(hardware), ()
        if load_profile(hardware).kind == "gpu":
            known, new = with_best(known, [sample.evidence for sample in samples])
        known = with_difficulty(known, [s.counted for s in samples if s.model])
        path = write_measurements(known)
        click.echo(f"{hardware}: {len(samples)} samples, {len(new)} new best times, in {path}")


def _from_logs(logs: list[Path]) -> Iterator[_Sample]:
    rows = read_rows(logs, mix=True)
    scored: Any = rows[rows["status"] == "scored"]
    for row in scored.to_dict("records"):
        yield _Sample(row["evidence"], row["model"], row["variant"])


def _from_evidence(path: Path, model: str | None) -> Iterator[_Sample]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as file:
            records = [json.loads(line) for line in file if line.strip()]
        if not all(isinstance(record, dict) for record in records):
            raise EvidenceError("a line of it is no JSON object")
        for record in records:
            evidence = parse_evidence(
                {k: v for k, v in record.items() if k not in ("event", "at", "process")}
            )
            if evidence.verdict != "infra_error":
                _, _, variant = evidence.id.rpartition(":")
                yield _Sample(evidence.to_dict(), model or "", variant)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, EvidenceError) as error:
        raise UnreadableEvidenceError(
            f"{path} does not hold evidence ({error}): give the file that a packed judge wrote."
        ) from error


def show_measured_command(hardware: str, *, as_json: bool) -> None:
    """Print what is known of a profile, operation by operation.

    Raises:
        UsageError: an unknown profile, or a damaged file.
    """
    load_profile(hardware)
    known = load_measurements(hardware)
    if as_json:
        click.echo(json.dumps(known.model_dump()))
        return
    digests = {each.digest: each for each in load_operations()}
    rows = [
        [
            best.operation,
            best.workload,
            f"{best.seconds * 1e6:.4g}",
            f"{100 * best.roofline_fraction:.0f} %",
            best.language,
            best.source,
            "" if best.operation_digest in digests else "of an earlier definition",
        ]
        for best in known.best
    ]
    headers = ["operation", "workload", "us", "of the roofline", "language", "by", ""]
    click.echo(f"Best times known on {hardware}:\n")
    click.echo(tabulate(rows, headers, disable_numparse=True))
    click.echo("\n" + difficulty_table(known, None))


def difficulty_table(known: Measurements, operation: str | None) -> str:
    """How arms fared, at one operation or at all, as a table."""
    rows = [
        [
            each.operation,
            each.language,
            each.model,
            each.variant,
            f"{each.correct}/{each.samples}",
            "–" if each.roofline_fraction is None else f"{100 * each.roofline_fraction:.0f} %",
        ]
        for each in known.difficulty
        if operation in (None, each.operation)
    ]
    headers = ["operation", "language", "model", "variant", "correct", "of the roofline"]
    return "Measured difficulty:\n\n" + tabulate(rows, headers, disable_numparse=True)
