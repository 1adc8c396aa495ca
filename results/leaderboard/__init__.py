"""The leaderboard: Skills ranked by what they do to kernels."""

from .ranking import rank_skills
from .ranks import Rank
from .runs import read_runs, skill_sources
from .standings import LEADING, Board, Entry, Leaderboard, Skill

__all__ = [
    "LEADING",
    "Board",
    "Entry",
    "Leaderboard",
    "Rank",
    "Skill",
    "rank_skills",
    "read_runs",
    "skill_sources",
]
