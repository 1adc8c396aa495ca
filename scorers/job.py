"""From a candidate to the job that a judge is given."""

from __future__ import annotations

from typing import Any

from ..tasks.hardware import HardwareProfile
from ..tasks.language import Language
from ..tasks.operation import Operation


def make_job(
    *,
    id: str,
    source: str,
    operation: Operation,
    hardware: HardwareProfile,
    language: Language,
    unsafe: bool = False,
) -> dict[str, Any]:
    """The job in the judge's schema, as JSON-ready values."""
    return {
        "id": id,
        "source": source,
        "language": language,
        "hardware": hardware.name,
        "flags": list(hardware.toolchain[language].flags),
        "operation": operation.judge_spec(language, hardware.kind),
        "settings": {"unsafe": unsafe},
    }
