"""The last measured effect of a Skill."""

from pathlib import Path

from .ablation import rows_of
from .logs import logs_in, read_header
from .statistics import Contrast, compare, wording
from .table import read_rows


def latest_effect(folder: Path, fingerprint: str) -> str | None:
    """Find the newest run with a Skill, and say its effect on correctness against `none`.

    Args:
        folder: where runs lie; each is the folder of its logs.
        fingerprint: of the Skill.

    Returns:
        Such as "+9.8 points of correctness [1.2, 18.4], 20 ops, 2026-01-31"; None if there is no
        finished run with it and with `none`.

    Raises:
        UsageError: the logs of that run cannot be compared.
    """
    arms: dict[Path, dict[str, str]] = {}
    created: dict[Path, str] = {}
    for file in logs_in(folder):
        log = read_header(file)
        metadata = log.eval.metadata or {}
        if log.status != "success" or "variant" not in metadata:
            continue
        run = file.parent
        whole = (metadata.get("skill") or {}).get("fingerprint") == fingerprint
        if whole and metadata.get("ablation") is None:
            created[run] = max(created.get(run, ""), log.eval.created)
            arms.setdefault(run, {})["skill"] = metadata["variant"]
        elif metadata["variant"] == "none":
            arms.setdefault(run, {})["none"] = "none"
    complete = [run for run in created if len(arms[run]) == 2]
    if not complete:
        return None
    newest = max(complete, key=created.__getitem__)
    rows = read_rows([newest])
    effect = compare(rows_of(rows, arms[newest].values())).contrast(
        "correct", arms[newest]["skill"]
    )
    return f"{_shown(effect)}, {created[newest][:10]}"


def _shown(effect: Contrast) -> str:
    amount = f"{wording.points(effect.estimate)} points of correctness"
    bounds = wording.interval(effect.ci_low, effect.ci_high, effect.unit)
    return f"{amount} {bounds}".strip() + f", {wording.count(effect.ops, 'op')}"
