"""What Inspect finds by its entry point: task, scorer, solvers and the label of recordings."""

from ..scorers.kernel import kernel_quality, repository_quality
from .cases import answer_contains, skill_cases
from .kernel_skill import kernel_skill
from .models import recorded
from .solvers import deliver_by_tool, deliver_inline, replay

__all__ = [
    "answer_contains",
    "deliver_by_tool",
    "deliver_inline",
    "kernel_quality",
    "kernel_skill",
    "recorded",
    "replay",
    "repository_quality",
    "skill_cases",
]
