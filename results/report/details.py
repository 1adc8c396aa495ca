"""What the report shows of a candidate that is opened: the judge's record, and the source."""

from pathlib import Path
from typing import Any

from ..transcripts import transcript_url

_MOST_LAUNCHES = 12


def detail(sample: Any) -> dict[str, Any]:
    """Everything shown of one sample, as the page's script takes it.

    Args:
        sample: A row of `read_rows`, its columns as attributes.

    Returns:
        Texts, numbers and lists; what there is nothing of is left out.
    """
    evidence: dict[str, Any] = sample.evidence or {}
    log = Path(sample.log)
    build: dict[str, Any] = evidence.get("build") or {}
    found = {
        "reason": sample.reason,
        "candidate": sample.candidate,
        "isolation": sample.isolation,
        "log": log.name,
        "sample": sample.eval_task,
        "transcript": transcript_url(log, log.parent, sample.eval_task, sample.epoch),
        "flags": list(map(str, evidence.get("flags") or ())),
        "baseline": evidence.get("baseline") or "",
        "timings": [_timing(each) for each in evidence.get("timings") or ()],
        "checks": _checks(evidence.get("checks") or []),
        "steps": [
            [each["name"], each["passed"], each.get("detail") or ""]
            for each in evidence.get("steps") or ()
        ],
        "build": [build["command"], rounded(build["seconds"]), bool(build["cached"]), build["log"]]
        if build
        else [],
        "kernels": _kernels(evidence),
        "builds": [
            [arch, each["ok"], each["log"]] for arch, each in (evidence.get("builds") or {}).items()
        ],
        "work": _work(sample),
        "output": evidence.get("output") or "",
        "source": sample.answer,
    }
    return {name: value for name, value in found.items() if value}


def rounded(value: float | None) -> float | int | None:
    """Four digits, as more are neither shown nor sorted by; None where there is no number."""
    if value is None or value != value:
        return None
    short = float(f"{value:.4g}")
    return int(short) if short.is_integer() else short


def _timing(timing: dict[str, Any]) -> list[Any]:
    others = [
        [name, rounded(speedup)]
        for name, speedup in (timing.get("baselines") or {}).items()
        if name != "eager" or len(timing["baselines"]) > 1
    ]
    return [
        timing["workload"],
        rounded(timing["candidate_seconds"]),
        rounded(timing["baseline_seconds"]),
        *(rounded(timing[name]) for name in ("speedup", "speedup_low", "speedup_high")),
        bool(timing.get("ambiguous")),
        rounded(timing.get("roofline_fraction")),
        timing.get("pairs"),
        others,
    ]


def _checks(checks: list[dict[str, Any]]) -> dict[str, Any]:
    """Errors in units of the tolerance, a workload a line and a distribution a column."""
    if not checks:
        return {}
    distributions = sorted({check["distribution"] for check in checks})
    column = {name: index for index, name in enumerate(distributions)}
    lines: dict[str, list[Any]] = {}
    for check in checks:
        line = lines.setdefault(check["workload"], [bool(check["visible"]), [None] * len(column)])
        cell = [rounded(check["error"]), check["status"] == "pass"]
        line[1][column[check["distribution"]]] = cell
    failed = [check for check in checks if check["status"] != "pass"]
    return {
        "distributions": distributions,
        "lines": [[workload, *line] for workload, line in lines.items()],
        "passed": len(checks) - len(failed),
        "total": len(checks),
        "failures": [
            [check["workload"], check["distribution"], check.get("detail") or ""]
            for check in failed[:5]
        ],
    }


def _kernels(evidence: dict[str, Any]) -> list[list[Any]]:
    """What a call launched on a GPU: the kernel, its seconds, and whether it is the candidate's."""
    return [
        [each["kernel"], rounded(each["seconds"]), bool(each["authored"])]
        for each in (evidence.get("launches") or ())[:_MOST_LAUNCHES]
    ]


def _work(sample: Any) -> str:
    """What an agent did, and what of its Skill a model opened, in words."""
    said: list[str] = []
    if sample.opened:
        said.append(f"opened {sample.opened}")
    if sample.judge_calls == sample.judge_calls:
        said.append(f"asked the judge {sample.judge_calls:.0f} times")
    if sample.stopped_by:
        said.append(f"was stopped by its budget of {sample.stopped_by}")
    return ", ".join(said)
