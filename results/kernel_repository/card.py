"""The card of an exported kernel: what it does, and the evidence for it."""

from typing import Any, Final

import numpy as np

from .kernel import JudgedKernel
from .signature import Signature

_OVER: Final = {
    "eager": "eager PyTorch",
    "compile": "torch.compile",
    "best": "the fastest library call known",
}
_BUILDS: Final = {True: "yes", False: "no", None: "not known"}


def card_values(kernel: JudgedKernel, signature: Signature, module: str) -> dict[str, Any]:
    """Return what the card's template needs beside what all templates do."""
    evidence, hardware = kernel.evidence, kernel.eval_task.hardware
    others = _other_baselines(evidence)
    return {
        "hardware": hardware,
        "description": kernel.operation.description,
        "usage": _usage(signature, module, hardware.kind),
        "origin": _origin(kernel),
        "headline": headline(evidence),
        "timings": [_timing(each, others) for each in evidence["timings"]],
        "others": [_OVER.get(each, each) for each in others],
        "baseline": _OVER.get(evidence["baseline"], evidence["baseline"]),
        "ceilings": _ceilings(evidence),
        "checks": _checks(evidence),
        "builds": [(arch, _BUILDS[said["ok"]]) for arch, said in evidence["builds"].items()],
        "provenance": _provenance(kernel),
    }


def headline(evidence: dict[str, Any]) -> str:
    """Say the speedup with its interval and baseline, and how much of the roofline is reached."""
    others = [
        f"{_mean(evidence, name):.2f}x over {_OVER.get(name, name)}"
        for name in _other_baselines(evidence)
    ]
    text = (
        f"{evidence['speedup']:.2f}x [{evidence['speedup_low']:.2f},"
        f" {evidence['speedup_high']:.2f}] over"
        f" {_OVER.get(evidence['baseline'], evidence['baseline'])}"
    )
    if others:
        text += f" ({', '.join(others)})"
    if evidence["roofline_fraction"] is not None:
        text += f"; {100 * evidence['roofline_fraction']:.0f} % of the roofline"
    noisy = " The timing stayed noisy." if evidence["ambiguous"] else ""
    return f"{text}.{noisy}"


def _other_baselines(evidence: dict[str, Any]) -> list[str]:
    timings = evidence["timings"]
    named = dict.fromkeys(name for each in timings for name in each["baselines"])
    return [
        name
        for name in named
        if name != evidence["baseline"] and all(name in each["baselines"] for each in timings)
    ]


def _mean(evidence: dict[str, Any], baseline: str) -> float:
    return float(np.exp(np.mean([np.log(t["baselines"][baseline]) for t in evidence["timings"]])))


def _timing(timing: dict[str, Any], others: list[str]) -> list[str]:
    interval = f"[{timing['speedup_low']:.2f}, {timing['speedup_high']:.2f}]"
    return [
        f"`{timing['workload']}`",
        f"{timing['candidate_seconds'] * 1e6:.4g} us",
        f"{timing['baseline_seconds'] * 1e6:.4g} us",
        f"{timing['speedup']:.2f}x {interval}",
        f"{100 * timing['roofline_fraction']:.0f} %",
        *(f"{timing['baselines'][name]:.2f}x" for name in others),
    ]


def _ceilings(evidence: dict[str, Any]) -> str:
    bandwidth = evidence["environment"].get("bandwidth")
    by = (
        f"measured on the same machine: its memory gave {bandwidth / 1e9:.4g} GB/s"
        if bandwidth
        else "of the hardware profile"
    )
    return f"The roofline is the least time by ceilings {by}."


def _checks(evidence: dict[str, Any]) -> str:
    checks = evidence["checks"]
    workloads, distributions = ({c[key] for c in checks} for key in ("workload", "distribution"))
    return (
        f"In {len(checks)} checks over {len(workloads)} workloads and {len(distributions)}"
        " distributions of inputs every output was within the operation's tolerance, and no byte"
        " beside the outputs was written"
    )


def _origin(kernel: JudgedKernel) -> str:
    if not kernel.model:
        return "a file"
    return f"the model `{kernel.model}`, given `{kernel.variant}`,"


def _usage(signature: Signature, module: str, kind: str) -> str:
    device = "cpu" if kind == "cpu" else "cuda"
    lines = [f"# {each.name}: {each.dtype}, [{', '.join(each.shape)}]" for each in signature.inputs]
    lines += [
        f"{each.name} = torch.empty({', '.join(each.shape)}, dtype=torch.{each.dtype},"
        f' device="{device}")'
        for each in signature.outputs
    ]
    untold = [f"{each.name}={each.name}" for each in signature.untold]
    given = [*(each.name for each in (*signature.arguments, *signature.scalars)), *untold]
    return "\n".join([*lines, f"{module}.{signature.function}({', '.join(given)})"])


def _provenance(kernel: JudgedKernel) -> list[tuple[str, str]]:
    evidence = kernel.evidence
    environment, build = evidence["environment"], evidence["build"] or {}
    hashes = {
        "candidate, SHA-256": kernel.digest,
        "operation, SHA-256 of its definition": evidence["operation_digest"],
        "judge, SHA-256": environment.get("judge_digest"),
        "binary, SHA-256": build.get("binary"),
        "Skill, fingerprint": kernel.skill_fingerprint,
    }
    said = {
        "built by": build.get("command"),
        "compiler": environment.get("compiler"),
        "torch": environment.get("torch"),
        "machine": environment.get("gpu") or environment.get("cpu"),
        "isolation": (evidence["isolation"] or {}).get("level"),
    }
    return [(what, f"`{value}`") for what, value in (hashes | said).items() if value]
