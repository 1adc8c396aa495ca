"""What Inspect finds by its entry point: tasks, scorers, solvers, sandboxes and providers."""

from ..scorers.kernel import kernel_quality, repository_quality
from .agent import kernel_agent
from .bubblewrap import BubblewrapEnvironment
from .cases import answer_contains, skill_cases
from .kernel_skill import kernel_skill
from .local_model import local
from .models import recorded
from .solvers import deliver_by_tool, deliver_inline, note_activation, replay
from .turns import in_turn

__all__ = [
    "BubblewrapEnvironment",
    "answer_contains",
    "deliver_by_tool",
    "deliver_inline",
    "in_turn",
    "kernel_agent",
    "kernel_quality",
    "kernel_skill",
    "local",
    "note_activation",
    "recorded",
    "replay",
    "repository_quality",
    "skill_cases",
]
