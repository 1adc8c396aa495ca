"""What Inspect finds by its entry point: tasks, scorers, solvers and providers of models."""

from ..scorers.kernel import kernel_quality
from .cases import answer_contains, skill_cases
from .kernel_skill import kernel_skill
from .local_model import local
from .models import recorded
from .solvers import deliver_by_tool, deliver_inline, replay
from .turns import in_turn

__all__ = [
    "answer_contains",
    "deliver_by_tool",
    "deliver_inline",
    "in_turn",
    "kernel_quality",
    "kernel_skill",
    "local",
    "recorded",
    "replay",
    "skill_cases",
]
