"""What Inspect finds by its entry point: task, scorer, solvers, sandbox, label of recordings."""

from ..scorers.kernel import kernel_quality
from .agent import kernel_agent
from .bubblewrap import BubblewrapEnvironment
from .cases import answer_contains, skill_cases
from .kernel_skill import kernel_skill
from .models import recorded
from .solvers import deliver_by_tool, deliver_inline, note_activation, replay

__all__ = [
    "BubblewrapEnvironment",
    "answer_contains",
    "deliver_by_tool",
    "deliver_inline",
    "kernel_agent",
    "kernel_quality",
    "kernel_skill",
    "note_activation",
    "recorded",
    "replay",
    "skill_cases",
]
