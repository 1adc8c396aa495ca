"""Inspect logs as the evaluation writes them, with invented outcomes."""

import hashlib
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalError,
    EvalLog,
    EvalSample,
    EvalSpec,
    EvalStatus,
    write_eval_log,
)
from inspect_ai.model import ModelOutput, ModelUsage
from inspect_ai.scorer import Score

OPS = (
    "cross_entropy",
    "layer_norm",
    "linear_gelu",
    "quant_int8",
    "rms_norm",
    "rope",
    "silu_mul",
    "softmax",
)
SKILL = "cpu-kernels@3f9a1c"
JUDGE = "ab" * 32
_numbers = itertools.count()


@dataclass(frozen=True)
class Outcome:
    """What the judge found; `error` instead means that the sample raised."""

    verdict: str = "correct"
    speedup: float = 2.0
    reason: str = "correct on every workload"
    source: str = 'extern "C" void rms_norm() {}\n'
    build_log: str = "warning: unused variable"
    error: str | None = None
    isolation: str = "bubblewrap"
    output_tokens: int = 1200
    builds: dict[str, bool | None] | None = None


Judgement = Callable[[str, int], Outcome]


def always(outcome: Outcome) -> Judgement:
    return lambda op, epoch: outcome


def write_log(
    folder: Path,
    *,
    variant: str = "none",
    model: str = "recorded/claude",
    ops: Iterable[str] = OPS,
    epochs: int = 3,
    judge: Judgement | None = None,
    judge_digest: str = JUDGE,
    op_digest: str = "0d" * 32,
    hardware: str = "cpu-x86_64",
    language: str = "cpp",
    task_id: str | None = None,
    status: EvalStatus = "success",
    created: str = "2025-01-01T00:00:00+00:00",
    metadata: dict[str, Any] | None = None,
    scored: bool = True,
    compile_for: Iterable[str] = (),
) -> Path:
    """Write the log of one arm; one that holds samples only if `ops` is not empty."""
    number = next(_numbers)
    judge = judge or always(Outcome())
    named = variant not in ("none", "sham", "prompt")
    skill = {"name": "cpu-kernels", "fingerprint": "3f" * 32, "tokens": 812} if named else None
    about = {
        "variant": variant,
        "skill": skill,
        "delivery": "inline",
        "suite": "demo",
        "hardware": hardware,
        "language": language,
        "judge_digest": judge_digest,
    }
    identity: dict[str, Any] = {"hardware": hardware, "language": language, "op_digest": op_digest}
    if compile_for:
        identity["compile_for"] = list(compile_for)
    log = EvalLog(
        status=status,
        eval=EvalSpec(
            created=created,
            task="kernel_skill",
            task_id=task_id or f"task{number:04}",
            model=model,
            dataset=EvalDataset(),
            config=EvalConfig(epochs=epochs),
            packages={"inspect_ai": "0.3.285"},
            metadata=about if metadata is None else metadata,
        ),
        samples=[
            _sample({"op": op, "family": "norm", **identity}, epoch, judge(op, epoch), scored)
            for op in ops
            for epoch in range(1, epochs + 1)
        ],
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"2025-01-01T00-00-00+00-00_kernel-skill_log{number:04}.eval"
    write_eval_log(log, str(path))
    return path


def _sample(identity: dict[str, Any], epoch: int, outcome: Outcome, scored: bool) -> EvalSample:
    output = ModelOutput.from_content("label", f"```cpp\n{outcome.source}```")
    output.usage = ModelUsage(
        input_tokens=400,
        output_tokens=outcome.output_tokens,
        total_tokens=400 + outcome.output_tokens,
    )
    sample = EvalSample(
        id=f"{identity['op']}/{identity['hardware']}/{identity['language']}",
        epoch=epoch,
        input="Write the kernel.",
        target="",
        output=output,
        metadata=identity,
    )
    if outcome.error is not None:
        sample.error = EvalError(message=outcome.error, traceback="", traceback_ansi="")
    elif scored:
        judged = score(outcome)
        judged.metadata = (judged.metadata or {}) | {
            "operation": identity["op"],
            "operation_digest": identity["op_digest"],
            "hardware": identity["hardware"],
            "language": identity["language"],
        }
        sample.scores = {"kernel_quality": judged}
    return sample


def score(outcome: Outcome) -> Score:
    found = evidence(outcome)
    about = {
        "answer": outcome.source or None,
        "explanation": f"{outcome.verdict}: {outcome.reason}",
        "metadata": found,
    }
    if outcome.verdict == "infra_error":
        return Score.unscored(reason="infra_error", **about)
    value = {
        "compiled": int(found["compiled"]),
        "correct": int(found["correct"]),
        "fast_1": int(found["correct"] and outcome.speedup > 1),
        "speedup": found["speedup"] or 0.0,
        "roofline": found["roofline_fraction"] or 0.0,
    }
    return Score(value=value, **about)


def evidence(outcome: Outcome) -> dict[str, Any]:
    correct = outcome.verdict == "correct"
    compiled = outcome.verdict not in ("no_code", "compile_error", "infra_error")
    status = "pass" if correct else "fail"
    return {
        "schema": 1,
        "verdict": outcome.verdict,
        "reason": outcome.reason,
        "candidate": hashlib.sha256(outcome.source.encode()).hexdigest() if outcome.source else "",
        "compiled": compiled,
        "correct": correct,
        "speedup": outcome.speedup if correct else None,
        "speedup_low": outcome.speedup * 0.97 if correct else None,
        "speedup_high": outcome.speedup * 1.03 if correct else None,
        "ambiguous": correct and abs(outcome.speedup - 1) < 0.03,
        "roofline_fraction": min(0.95, 0.11 * outcome.speedup) if correct else None,
        "baseline": "eager",
        "build": {
            "command": "g++ -O3 -march=native -fopenmp kernel.cpp",
            "seconds": 1.2,
            "cached": False,
            "log": outcome.build_log,
            "binary": "b1" * 32,
        }
        if outcome.verdict != "no_code"
        else None,
        "builds": {
            arch: {"ok": ok, "log": "" if ok else "error: no such instruction"}
            for arch, ok in (outcome.builds or {}).items()
        },
        "checks": [
            {
                "workload": "M=512,N=4096",
                "distribution": distribution,
                "visible": True,
                "status": status,
                "error": 0.03 if correct else 41.0,
                "detail": "" if correct else "element 17 is 0.5, not 0.25",
            }
            for distribution in ("normal", "heavy_tail")
        ]
        if compiled
        else [],
        "timings": [_timing(outcome.speedup)] if correct else [],
        "flags": ["reads the clock"] if outcome.verdict == "flagged" else [],
        "isolation": {"level": outcome.isolation, "network": False},
        "environment": {
            "torch": "2.13.0",
            "compiler": "g++ 12.2.0",
            "cpu": "AMD EPYC",
            "threads": 2,
            "bandwidth": 5.1e10,
            "float32": 1.2e11,
            "seed": 7,
        },
        "seconds": {"build": 1.2, "check": 0.4, "time": 1.9},
        "output": "",
    }


def _timing(speedup: float) -> dict[str, Any]:
    return {
        "workload": "M=512,N=4096",
        "candidate_seconds": 1e-3 / speedup,
        "baseline_seconds": 1e-3,
        "speedup": speedup,
        "speedup_low": speedup * 0.97,
        "speedup_high": speedup * 1.03,
        "pairs": 12,
        "ambiguous": False,
        "roofline_seconds": 1.1e-4,
        "roofline_fraction": min(0.95, 0.11 * speedup),
        "bound_seconds": 1.1e-4,
        "achieved_bandwidth": 1.7e7 * speedup * 1e3,
        "achieved_rate": 1.3e7 * speedup * 1e3,
        "baselines": {"eager": speedup},
    }
