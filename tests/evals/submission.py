"""A submission: the logs of one run as the evaluation writes them, with invented evidence."""

import hashlib
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from inspect_ai.dataset import Sample
from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalSample,
    EvalSpec,
    read_eval_log,
    write_eval_log,
)
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ModelOutput,
    ModelUsage,
)

from skilldyno.evals.kernel_skill import kernel_skill
from skilldyno.scorers.evidence import store
from skilldyno.scorers.judge.clock import geometric_mean_interval
from skilldyno.scorers.judge.evidence import Build, Check, Evidence, Timing
from skilldyno.scorers.kernel import candidate_job, score_of
from skilldyno.skills.skill import load_skill
from skilldyno.skills.variants import make_variant

EPOCHS = 2
ARMS = {"none": (0.25, 1.0), "sham": (0.25, 1.0), "good": (0.02, 1.5), "idle": (0.25, 1.0)}
"""The chance of a wrong kernel, and what the rest is faster by, of each arm."""

Edit = Callable[[EvalLog], None]


def write_skill(folder: Path, name: str, text: str) -> Path:
    (folder / name).mkdir(parents=True)
    head = f"---\nname: {name}\ndescription: On kernels, for a test.\n---\n"
    (folder / name / "SKILL.md").write_text(f"{head}\n# {name}\n\n{text}\n")
    return folder / name


def write_submission(folder: Path, models: Iterable[str] = ("lab/one",)) -> Path:
    """Write the logs of the arms none, sham and two Skills, with evidence beside them."""
    skills = {
        "good": write_skill(folder.parent / "skills", "good", "Count the bytes first."),
        "idle": write_skill(folder.parent / "skills", "idle", "Be excellent."),
    }
    for model in models:
        for arm in ARMS:
            skill = skills.get("good" if arm == "sham" else arm)
            variant = arm if arm in ("none", "sham") else "skill"
            _write_arm(folder, model, arm, variant, skill)
    return folder


def _write_arm(folder: Path, model: str, arm: str, variant: str, skill: Path | None) -> None:
    task = kernel_skill(
        skill=str(skill) if skill else None,
        variant=variant,
        hardware="cpu-x86_64",
        epochs=EPOCHS,
        judging="later",
    )
    made = make_variant(load_skill(str(skill)) if skill else None, variant)
    metadata = task.metadata or {}
    samples = [
        _sample(each, epoch, made.message)
        for each in task.dataset
        for epoch in range(1, EPOCHS + 1)
    ]
    for sample in samples:
        _judge(sample, model, metadata["variant"], ARMS[arm], folder)
    log = EvalLog(
        status="success",
        eval=EvalSpec(
            created="2026-01-01T00:00:00+00:00",
            task="kernel_skill",
            task_id=f"{arm}-{model}".replace("/", "-"),
            task_version=task.version,
            model=model,
            dataset=EvalDataset(sample_ids=[str(each.id) for each in task.dataset]),
            config=EvalConfig(epochs=EPOCHS),
            packages={"inspect_ai": "0.3.285"},
            metadata=metadata,
        ),
        samples=samples,
    )
    folder.mkdir(parents=True, exist_ok=True)
    name = f"2026-01-01T00-00-00+00-00_kernel-skill_{log.eval.task_id}.eval"
    write_eval_log(log, str(folder / name))


def _sample(asked: Sample, epoch: int, message: str | None) -> EvalSample:
    metadata = asked.metadata or {}
    code = f'// epoch {epoch}\nextern "C" void {metadata["op"]}() {{}}\n'
    output = ModelOutput.from_content("one", f"```cpp\n{code}```")
    output.usage = ModelUsage(input_tokens=400, output_tokens=900, total_tokens=1300)
    messages: list[ChatMessage] = [ChatMessageUser(content=str(asked.input))]
    if message is not None:
        messages.insert(0, ChatMessageSystem(content=message))
        output.usage.input_tokens += len(message) // 4
    messages.append(ChatMessageAssistant(content=output.completion))
    return EvalSample(
        id=str(asked.id),
        epoch=epoch,
        input=str(asked.input),
        target="",
        messages=messages,
        output=output,
        metadata=metadata,
    )


def _judge(
    sample: EvalSample, model: str, variant: str, chances: tuple[float, float], folder: Path
) -> None:
    made = candidate_job(
        sample_id=sample.id,
        epoch=sample.epoch,
        variant=variant,
        model_name=model.partition("/")[2],
        metadata=sample.metadata,
        completion=sample.output.completion,
    )
    assert made.job is not None
    draw = random.Random(made.job["id"] + model)
    evidence = _evidence(made.job, draw, *chances)
    store(evidence, folder / "evidence")
    sample.scores = {"kernel_quality": score_of(evidence, made.source)}


def _evidence(job: dict[str, Any], draw: random.Random, wrong: float, faster: float) -> Evidence:
    operation = job["operation"]
    fails = draw.random() < wrong
    workloads = [each for each in operation["workloads"] if each["timed"]]
    evidence = Evidence(
        id=job["id"],
        candidate=hashlib.sha256(job["source"].encode()).hexdigest(),
        operation=operation["name"],
        operation_digest=operation["digest"],
        hardware=job["hardware"],
        language=job["language"],
        verdict="incorrect" if fails else "correct",
        reason="1 of 4 checks failed" if fails else "right in all 4 verified calls",
        compiled=True,
        build=Build("g++ kernel.cpp", 1.0, False, "", "b1" * 32),
        checks=tuple(
            Check(each["name"], "normal", True, "fail" if fails else "pass", 0.1, "")
            for each in workloads
        ),
        isolation={"level": "bubblewrap"},
        environment={"judge_digest": "ab" * 32, "cpu": "a CPU of the laboratory", "threads": 2},
        seconds={"build": 1.0},
    )
    return evidence if fails else _timed(evidence, workloads, draw, faster)


def _timed(
    evidence: Evidence, workloads: list[dict[str, Any]], draw: random.Random, faster: float
) -> Evidence:
    # The same op is as hard for all.
    speed = faster * random.Random(evidence.operation).uniform(1.1, 2.5)
    timings = tuple(
        _timing(each["name"], speed * draw.uniform(0.9, 1.1), draw) for each in workloads
    )
    pairs = [[float(np.log(b / c)) for c, b in each.samples] for each in timings]
    found = geometric_mean_interval(pairs)
    return replace(
        evidence,
        correct=True,
        speedup=float(np.exp(found.estimate)),
        speedup_low=float(np.exp(found.low)),
        speedup_high=float(np.exp(found.high)),
        roofline_fraction=float(np.exp(np.mean(np.log([t.roofline_fraction for t in timings])))),
        timings=timings,
    )


def _timing(workload: str, speed: float, draw: random.Random) -> Timing:
    samples = tuple((1e-3 / speed * draw.uniform(0.98, 1.02), 1e-3) for _ in range(5))
    candidate = float(np.median([ours for ours, _ in samples]))
    ratios = [float(np.log(theirs / ours)) for ours, theirs in samples]
    speedup = float(np.exp(np.median(ratios)))
    return Timing(
        workload=workload,
        candidate_seconds=candidate,
        baseline_seconds=1e-3,
        speedup=speedup,
        speedup_low=speedup * 0.98,
        speedup_high=speedup * 1.02,
        pairs=5,
        ambiguous=False,
        roofline_seconds=1e-4,
        roofline_fraction=1e-4 / candidate,
        bound_seconds=candidate,
        achieved_bandwidth=1e9,
        achieved_rate=1e9,
        baselines={"eager": speedup},
        samples=samples,
    )


def tamper(folder: Path, arm: str, edit: Edit) -> None:
    """Edit the log of an arm."""
    (file,) = folder.glob(f"*_{arm}-*.eval")
    log = read_eval_log(str(file))
    edit(log)
    write_eval_log(log, str(file))
