"""Evidence as the package reads it: the judge's own record, validated when it arrives."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from .judge.evidence import SCHEMA, VERDICTS, Evidence
from .judge.steps import refused

__all__ = [
    "EvidenceError",
    "compact",
    "evidence_path",
    "evidence_schema",
    "no_code",
    "parse_evidence",
    "refused_before",
    "store",
]

_adapter = TypeAdapter(Evidence)


class EvidenceError(Exception):
    """A record that does not follow the evidence schema."""


def parse_evidence(data: dict[str, Any]) -> Evidence:
    """Validate a record that came from a judge.

    Raises:
        EvidenceError: it does not follow this version of the schema.
    """
    if data.get("schema") != SCHEMA or data.get("verdict") not in VERDICTS:
        raise EvidenceError(
            f"evidence of schema {data.get('schema')!r} with verdict {data.get('verdict')!r} "
            f"cannot be read: judge again with this version (schema {SCHEMA})"
        )
    try:
        return _adapter.validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise EvidenceError(f"evidence field {where}: {first['msg']}") from error


def evidence_schema() -> dict[str, Any]:
    """The JSON schema of an evidence record."""
    return _adapter.json_schema()


def no_code(
    *, id: str, operation: str, operation_digest: str, hardware: str, language: str, note: str
) -> Evidence:
    """The evidence of a completion that holds no kernel."""
    evidence = Evidence(
        id=id,
        candidate="",
        operation=operation,
        operation_digest=operation_digest,
        hardware=hardware,
        language=language,
        verdict="no_code",
        reason=note,
    )
    return refused(evidence) if language == "torch-ext" else evidence


def refused_before(
    *,
    id: str,
    operation: str,
    operation_digest: str,
    hardware: str,
    language: str,
    source: str,
    reason: str,
) -> Evidence:
    """The evidence of a kernel repository that is refused before anything is compiled."""
    return refused(
        Evidence(
            id=id,
            candidate=hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest(),
            operation=operation,
            operation_digest=operation_digest,
            hardware=hardware,
            language=language,
            verdict="compile_error",
            reason=reason,
        )
    )


def compact(evidence: Evidence) -> dict[str, Any]:
    """The record without its raw timing samples, as an Inspect score carries it."""
    record = evidence.to_dict()
    record["timings"] = [
        {key: value for key, value in timing.items() if key != "samples"}
        for timing in record["timings"]
    ]
    return record


def store(evidence: Evidence, folder: Path) -> Path:
    """Write the whole record, raw samples included, to a file named by the candidate's digest."""
    folder.mkdir(parents=True, exist_ok=True)
    path = evidence_path(evidence, folder)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(evidence.to_dict(), indent=1), encoding="utf-8")
    partial.replace(path)
    return path


def evidence_path(evidence: Evidence, folder: Path) -> Path:
    """Where `store` puts a record."""
    name = evidence.id.replace("/", "-").replace(":", "-")
    return folder / f"{name}-{evidence.candidate[:12] or 'none'}.json"
