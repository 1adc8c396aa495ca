"""Logs to rows: one row for each sample."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.scorer import Score

from .errors import (
    DuplicateSamplesError,
    ForeignLogError,
    MixedSelectionError,
    UnjudgedLogError,
    UnreadableLogError,
)
from .kept_rows import keep_rows, rows_of_log
from .logs import read_header, read_samples, select_logs
from .measured import best_share
from .prices import Prices, load_prices
from .record import Record
from .usage import sample_usage

_SCORERS = ("kernel_quality", "repository_quality")
EVIDENCE_SCHEMA = 1


@dataclass(frozen=True)
class Column:
    """One column of the rows.

    Attributes:
        name: Its name.
        dtype: Its pandas dtype; `str` columns hold "" where a value is missing, `float` NaN.
        meaning: What it says.
    """

    name: str
    dtype: str
    meaning: str


SCHEMA: tuple[Column, ...] = (
    Column("run", "str", "folder of the log: one invocation"),
    Column("log", "str", "path of the log"),
    Column("log_status", "str", "Inspect's status: success, error, cancelled or started"),
    Column("model", "str", "model, by Inspect's name"),
    Column("variant", "str", "what the model was given: none, sham, prompt, or a Skill@revision"),
    Column("skill_fingerprint", "str", "digest of the Skill's content; empty without a Skill"),
    Column("skill_tokens", "float", "tokens that the Skill adds to the prompt"),
    Column("delivery", "str", "how the variant reached the model"),
    Column("mode", "str", "single, one completion, or agent, a model that works with tools"),
    Column("suite", "str", "the selection of eval tasks"),
    Column("eval_task", "str", "sample id: op/hardware/language"),
    Column("op", "str", "operation, the cluster of the statistics"),
    Column("family", "str", "kind of operation"),
    Column("hardware", "str", "hardware profile"),
    Column("language", "str", "language of the candidate"),
    Column("epoch", "int64", "repetition, from 1"),
    Column("status", "str", "scored, unscored (infra_error) or errored (the sample raised)"),
    Column("verdict", "str", "the judge's verdict; infra_error unless status is scored"),
    Column("reason", "str", "one sentence on the verdict"),
    Column("manifest", "float", "1 if build.toml was accepted, else 0; NaN but for torch-ext"),
    Column("loaded", "float", "1 if the package was imported, else 0; NaN but for torch-ext"),
    Column("compiled", "float", "1 if the candidate built, else 0; NaN unless scored"),
    Column(
        "compat",
        "float",
        "share of the archs asked for that it builds for, or claims to; NaN if none",
    ),
    Column("correct", "float", "1 if correct on every workload, else 0; NaN unless scored"),
    Column("speedup", "float", "baseline time / candidate time, geometric mean over workloads"),
    Column("speedup_low", "float", "lower bound of the 95 % interval of speedup"),
    Column("speedup_high", "float", "upper bound"),
    Column(
        "ambiguous", "bool", "the timing stayed too noisy for the interval that the judge asks for"
    ),
    Column("roofline_fraction", "float", "least possible time / candidate time"),
    Column(
        "intensity", "float", "operations a byte, geometric mean over workloads; NaN if none count"
    ),
    Column("achieved_rate", "float", "operations a second, likewise"),
    Column("best_share", "float", "best known time / candidate time; NaN where one is not known"),
    Column("speed_baseline", "str", "what speedup is over: eager, compile or best"),
    Column("input_tokens", "float", "prompt tokens of the sample, cached ones included"),
    Column("cached_tokens", "float", "those of them that the provider's cache had"),
    Column("output_tokens", "float", "completion tokens of the sample, reasoning included"),
    Column("reasoning_tokens", "float", "those of them that are reasoning; NaN if not told"),
    Column("cost", "float", "dollars by a price list or the provider; NaN if no price is known"),
    Column("model_seconds", "float", "time of the model for its answer; an agent's last turn"),
    Column(
        "activated", "float", "1 if the model opened its Skill, else 0; NaN if it had none to open"
    ),
    Column("opened", "str", "files of the Skill that the model was shown, separated by commas"),
    Column("judge_calls", "float", "calls of the judge by an agent; NaN in single mode"),
    Column("best_after", "object", "best speedup after each measurement of an agent (list)"),
    Column("stopped_by", "str", "the budget that ended an agent's work; empty if none did"),
    Column("candidate", "str", "SHA-256 of the source; empty without code"),
    Column("op_digest", "str", "digest of the operation's definition"),
    Column("judge_digest", "str", "digest of the judge that gave the verdict"),
    Column("isolation", "str", "how the candidate was confined while it ran"),
    Column("judge_seconds", "float", "time spent on building, checking and timing"),
    Column("flags", "object", "what the judge found against the candidate's integrity (list)"),
    Column("environment", "object", "the judge's record of its machine (dict)"),
    Column("answer", "str", "source of the candidate; empty without code"),
    Column("evidence", "object", "the judge's record (mapping); empty where nothing was judged"),
    Column("packages", "object", "versions of the packages that ran the evaluation (dict)"),
)
"""Every column of `read_rows`, in order."""


def read_rows(
    paths: Iterable[str | Path], *, mix: bool = False, prices: Prices | None = None
) -> pd.DataFrame:
    """Read logs into one row for each sample.

    Args:
        paths: Log files, or folders that hold some. Of several attempts at one task only one is
            read: see `select_logs`.
        mix: Accept verdicts of several versions of the judge.
        prices: What tokens cost; by default the shipped list.

    Returns:
        The columns of `SCHEMA`, sorted by model, variant, eval task and epoch.

    Raises:
        UsageError: A path is missing, a log is damaged, empty, foreign or not judged yet, a
            sample occurs twice, or the logs come from several definitions of an op or, unless
            mixed, several judges.
    """
    known = prices or load_prices()
    files = select_logs(paths)
    keep_rows(files, known, _make_rows)
    parts = [rows_of_log(file, known, _make_rows) for file in files]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.sort_values(["model", "variant", "eval_task", "epoch"], ignore_index=True)
    _refuse_duplicates(rows)
    if not mix:
        refuse_judges(rows)
    refuse_definitions(rows)
    return rows


def _make_rows(file: Path, prices: Prices) -> pd.DataFrame:
    records = _log_records(file, prices)
    rows = pd.DataFrame(records, columns=[column.name for column in SCHEMA])
    return rows.astype({column.name: column.dtype for column in SCHEMA})


def _log_records(file: Path, prices: Prices) -> list[dict[str, Any]]:
    log = read_header(file)
    metadata = log.metadata
    if not {"variant", "hardware", "language", "judge_digest"} <= metadata.keys():
        raise ForeignLogError(
            f"{file} is a log of the task {log.eval.task}, not of skilldyno's: "
            "move it out of the selection."
        )
    skill = metadata.get("skill") or {}
    shared = {
        "run": str(file.parent),
        "log": str(file),
        "log_status": log.status,
        "model": log.eval.model,
        "variant": metadata["variant"],
        "skill_fingerprint": skill.get("fingerprint", ""),
        "skill_tokens": _number(skill.get("tokens")),
        "delivery": metadata.get("delivery", ""),
        "mode": metadata.get("mode", "single"),
        "suite": metadata.get("suite", ""),
        "packages": log.eval.packages,
    }
    records: list[dict[str, Any]] = []
    judged = False
    for sample in read_samples(file):
        judged = judged or bool(sample.scores or sample.error)
        records.append(shared | _sample_record(log, sample, prices))
    if not records:
        raise UnreadableLogError(
            f"{file} holds no samples: run the command that wrote it again to resume it, "
            "or move it out of the selection."
        )
    if not judged:
        raise UnjudgedLogError(
            f"The candidates of {file} have not been judged: run `skilldyno score {file}` first."
        )
    return records


def score_in(sample: EvalSample) -> Score | None:
    """The judge's score of a sample, if there is one."""
    scores = sample.scores or {}
    return next((scores[name] for name in _SCORERS if name in scores), None)


def _sample_record(log: EvalLog, sample: EvalSample, prices: Prices) -> dict[str, Any]:
    names = ("op", "family", "hardware", "language", "op_digest")
    identity = {name: sample.metadata.get(name, "") for name in names}
    score = score_in(sample)
    judged = _judged(log, sample, score) if score is not None else _errored(log, sample)
    if sample.invalidation is not None:
        judged |= _missing("unscored", f"invalidated: {sample.invalidation.reason or 'no reason'}")
    used = sample_usage(sample, log.eval.model, prices)
    return {
        "eval_task": str(sample.id),
        "epoch": sample.epoch,
        **identity,
        **used,
        **_attempt(log, score),
        **judged,
    }


def _attempt(log: EvalLog, score: Score | None) -> dict[str, Any]:
    recorded = ((score.metadata if score is not None else None) or {}).get("attempt") or {}
    at_work = bool(recorded) and log.metadata.get("mode") == "agent"
    return {
        "activated": _number(recorded.get("activated")),
        "opened": ",".join(recorded.get("opened", ())),
        "judge_calls": float(len(recorded["judge_calls"])) if at_work else math.nan,
        "best_after": recorded.get("best_after", []),
        "stopped_by": recorded.get("stopped_by") or "",
    }


def _judged(log: EvalLog, sample: EvalSample, score: Score) -> dict[str, Any]:
    evidence = score.metadata or {}
    if evidence.get("schema") != EVIDENCE_SCHEMA:
        raise ForeignLogError(
            f"{log.location} holds evidence of schema {evidence.get('schema')}, and this version "
            f"reads {EVIDENCE_SCHEMA}: judge it again by `skilldyno score {log.location}`."
        )
    environment = evidence.get("environment") or {}
    record = {
        "status": "scored",
        "verdict": evidence["verdict"],
        "reason": evidence["reason"],
        **_steps(evidence),
        "compiled": float(evidence["compiled"]),
        "compat": _compat(evidence, sample),
        "correct": float(evidence["correct"]),
        "speedup": _number(evidence["speedup"]),
        "speedup_low": _number(evidence["speedup_low"]),
        "speedup_high": _number(evidence["speedup_high"]),
        "ambiguous": bool(evidence["ambiguous"]),
        "roofline_fraction": _number(evidence["roofline_fraction"]),
        **_achieved(evidence.get("timings") or ()),
        "best_share": best_share(
            sample.metadata.get("hardware", ""),
            sample.metadata.get("op_digest", ""),
            evidence.get("timings") or (),
        ),
        "speed_baseline": evidence["baseline"] or "",
        "candidate": evidence["candidate"],
        "judge_digest": environment.get("judge_digest") or log.metadata["judge_digest"],
        "isolation": (evidence.get("isolation") or {}).get("level", ""),
        "judge_seconds": float(sum((evidence.get("seconds") or {}).values())),
        "flags": evidence.get("flags") or [],
        "environment": environment,
        "answer": score.answer or "",
        "evidence": Record.pack(evidence),
    }
    if evidence["verdict"] == "infra_error" or _is_nan(score.value):
        record |= _missing("unscored", evidence["reason"])
    return record


def _steps(evidence: dict[str, Any]) -> dict[str, float]:
    passed = {step["name"]: float(step["passed"] is True) for step in evidence.get("steps", ())}
    return {name: passed.get(name, math.nan) for name in ("manifest", "loaded")}


def _achieved(timings: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Operations a byte and a second, geometric means over the workloads that count both."""
    counted = [
        (math.log(rate), math.log(bandwidth))
        for rate, bandwidth in (
            (timing.get("achieved_rate") or 0.0, timing.get("achieved_bandwidth") or 0.0)
            for timing in timings
        )
        if rate > 0 and bandwidth > 0
    ]
    if not counted:
        return {"intensity": math.nan, "achieved_rate": math.nan}
    rate, bandwidth = (sum(each) / len(counted) for each in zip(*counted, strict=True))
    return {"intensity": math.exp(rate - bandwidth), "achieved_rate": math.exp(rate)}


def _compat(evidence: dict[str, Any], sample: EvalSample) -> float:
    steps = {step["name"]: step["passed"] for step in evidence.get("steps", ())}
    if "compat" in steps:
        return float(steps["compat"] is True)
    if not sample.metadata.get("compile_for"):
        return math.nan
    if evidence["verdict"] == "no_code":
        return 0.0
    known = [
        build["ok"] for build in evidence.get("builds", {}).values() if build["ok"] is not None
    ]
    return sum(known) / len(known) if known else math.nan


def _errored(log: EvalLog, sample: EvalSample) -> dict[str, Any]:
    message = sample.error.message if sample.error else "no score was written"
    return {
        "ambiguous": False,
        "speed_baseline": "",
        "candidate": "",
        "judge_digest": log.metadata["judge_digest"],
        "isolation": "",
        "flags": [],
        "environment": {},
        "answer": "",
        "evidence": Record.pack({}),
        **_missing("errored", message.strip().partition("\n")[0]),
    }


def _missing(status: str, reason: str) -> dict[str, Any]:
    numbers = (
        "manifest",
        "loaded",
        "compiled",
        "compat",
        "correct",
        "speedup",
        "speedup_low",
        "speedup_high",
    )
    return {
        "status": status,
        "verdict": "infra_error",
        "reason": reason,
        "roofline_fraction": math.nan,
        "intensity": math.nan,
        "achieved_rate": math.nan,
        "best_share": math.nan,
        **dict.fromkeys(numbers, math.nan),
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _refuse_duplicates(rows: pd.DataFrame) -> None:
    seen: dict[tuple[str, ...], str] = {}
    names = ("model", "variant", "eval_task", "epoch", "mode")
    cells = rows[list(names)].astype(str).itertuples(index=False, name=None)
    for cell, log in zip(cells, rows["log"], strict=True):
        if cell in seen:
            model, variant, eval_task, epoch, _ = cell
            where = f"{eval_task}, epoch {epoch}, of {model} with {variant}"
            raise DuplicateSamplesError(
                f"{seen[cell]} and {log} both hold {where}: give only one of the two logs."
                if seen[cell] != log
                else f"{log} holds {where} twice: move the log out of the selection."
            )
        seen[cell] = log


def refuse_judges(rows: pd.DataFrame) -> None:
    """Refuse rows of several versions of the judge, whose verdicts and times may differ.

    Raises:
        MixedSelectionError: There are several.
    """
    judges = dict(zip(rows["judge_digest"], rows["log"], strict=True))
    if len(judges) > 1:
        named = " and ".join(f"{digest[:12]} in {log}" for digest, log in judges.items())
        raise MixedSelectionError(
            f"The logs were judged by {len(judges)} versions of the judge ({named}): "
            "judge them all by one with `skilldyno score`, or accept it with --mix."
        )


def refuse_definitions(rows: pd.DataFrame) -> None:
    """Refuse rows of several definitions of an op, which ask for different things.

    Raises:
        MixedSelectionError: There are several.
    """
    definitions: dict[str, tuple[str, str]] = {}
    for task, digest, log in zip(rows["eval_task"], rows["op_digest"], rows["log"], strict=True):
        known, known_log = definitions.setdefault(task, (digest, log))
        if digest != known:
            raise MixedSelectionError(
                f"{task} has another definition in {known_log} than in {log}: compare logs of "
                "one version of the suite."
            )
