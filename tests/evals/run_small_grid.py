"""Two arms of a small suite, replayed: what the demo is, small.  Arguments: FOLDER SUITE."""

import sys
from pathlib import Path

from inspect_ai.model import get_model

from skilldyno.evals.grid import run_grid
from skilldyno.evals.kernel_skill import kernel_skill
from skilldyno.skills.skill import SHIPPED_SKILLS

if __name__ == "__main__":
    folder, suite = Path(sys.argv[1]), sys.argv[2]
    arms = [
        kernel_skill(
            skill=skill,
            suite=suite,
            recording="claude-cpp",
            evidence_dir=str(folder / "evidence"),
        )
        for skill in (None, str(SHIPPED_SKILLS / "cpu-kernels"))
    ]
    run_grid(arms, [get_model("recorded/claude")], folder)
