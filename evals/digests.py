"""The digests in a log's header: what arms must share to be compared, and what an arm is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

# Rises with whatever makes scores incomparable with earlier ones.
COMPARABILITY = 1


def setting_digest(
    judge: str,
    asked: Iterable[tuple[str, str]],
    archs: Iterable[str],
    working: dict[str, Any] | None,
) -> str:
    """What arms must share to be compared: judge, archs, operations, prompts, agents' budget.

    Args:
        judge: The judge's digest.
        asked: Digest of the operation and prompt of each eval task.
        archs: What CUDA is built for besides.
        working: What logs say of agent mode; None in single mode.
    """
    digest = hashlib.sha256(judge.encode())
    for operation, prompt in asked:
        digest.update(operation.encode())
        digest.update(prompt.encode())
    digest.update("".join(archs).encode())
    if working is not None:
        digest.update(repr(working).encode())
    return digest.hexdigest()


def task_version(setting: str, delivery: str, content: str, message: str | None) -> str:
    """The version of an arm's Inspect task.

    Inspect does not look into files that a task reads: an edited Skill, op or judge must show in
    the version, or a resumed run would mix old and new.

    Args:
        setting: The setting's digest.
        delivery: How the variant reaches the model.
        content: What identifies the variant: the Skill's fingerprint, or else the message.
        message: The system message of inline delivery, if there is one.
    """
    parts = (setting, delivery, content, message or "")
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{COMPARABILITY}-{digest[:12]}"
