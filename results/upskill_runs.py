"""Results in the layout in which upskill keeps its runs, for its `runs` and `plot` commands."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalSample


def export_runs(logs: Iterable[EvalLog], folder: Path) -> Path:
    """Write logs of the task `skill_cases` as one batch of upskill's runs.

    One log is one run: `BATCH/run_N/` with run_metadata.json and run_result.json, and
    `BATCH/batch_summary.json` beside them. The variant `none` is a run of the type `baseline`,
    everything else `with_skill`; a run passed if more than half of its cases did.

    Args:
        logs: with their samples.
        folder: upskill's folder of runs; the batch is named by the time of the first log.

    Returns:
        The folder of the batch.
    """
    ordered = sorted(logs, key=lambda log: ((log.eval.metadata or {})["variant"] != "none",))
    created = datetime.fromisoformat(min(log.eval.created for log in ordered))
    batch = created.strftime("%Y_%m_%d_%H_%M")
    results = [_result(log, batch, number) for number, log in enumerate(ordered, 1)]
    for result in results:
        place = folder / batch / f"run_{result['metadata']['run_number']}"
        place.mkdir(parents=True, exist_ok=True)
        _write(place / "run_metadata.json", result["metadata"])
        _write(place / "run_result.json", result)
    models = sorted({result["metadata"]["model"] for result in results})
    summary = {
        "batch_id": batch,
        "model": ", ".join(models),
        "task": results[0]["metadata"]["task"],
        "total_runs": len(results),
        "passed_runs": sum(result["passed"] for result in results),
        "results": results,
    }
    _write(folder / batch / "batch_summary.json", summary)
    return folder / batch


def _result(log: EvalLog, batch: str, number: int) -> dict[str, Any]:
    metadata, samples = log.eval.metadata or {}, log.samples or []
    passed = sum(_passed(sample) for sample in samples)
    baseline = metadata["variant"] == "none"
    skill = metadata.get("skill") or {}
    return {
        "metadata": {
            "model": log.eval.model,
            "task": str(metadata.get("cases", log.eval.task)),
            "batch_id": batch,
            "run_number": number,
            "timestamp": datetime.fromisoformat(log.eval.created).replace(tzinfo=None).isoformat(),
        },
        "stats": _stats(samples),
        "passed": passed > len(samples) / 2,
        "assertions_passed": passed,
        "assertions_total": len(samples),
        "error_message": None,
        "session_id": None,
        "session_history_file": None,
        "run_type": "baseline" if baseline else "with_skill",
        "skill_name": skill.get("name"),
    }


def _passed(sample: EvalSample) -> bool:
    return any(score.value == 1 for score in (sample.scores or {}).values())


def _stats(samples: list[EvalSample]) -> dict[str, Any]:
    usages = [usage for sample in samples for usage in sample.model_usage.values()]
    tokens_in = sum(usage.input_tokens for usage in usages)
    tokens_out = sum(usage.output_tokens for usage in usages)
    seconds = sum(sample.total_time or 0.0 for sample in samples)
    return {
        "conversation_span_ms": 1000 * seconds,
        "llm_time_ms": 1000 * sum(sample.working_time or 0.0 for sample in samples),
        "turns": len(samples),
        "input_tokens": tokens_in,
        "output_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
