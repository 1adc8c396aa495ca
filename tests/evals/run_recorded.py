"""Runs of a recording in forks of one process, each to be killed at will.

Arguments: FOLDER RECORDING.  A line `start` on stdin begins a run or goes on with it, in a fork
whose process id is the answer; `wait` is answered by its exit code.
"""

import os
import sys
from pathlib import Path

from inspect_ai.model import get_model

from skilldyno.evals.grid import run_grid
from skilldyno.evals.kernel_skill import kernel_skill
from skilldyno.tasks.errors import RunError

folder, recording = Path(sys.argv[1]), Path(sys.argv[2])


def run() -> int:
    arms = [
        kernel_skill(
            variant=variant,
            suite=str(recording.with_suffix(".suite.toml")),
            recording=str(recording),
            evidence_dir=str(folder / "evidence"),
        )
        for variant in ("none", "prompt")
    ]
    try:
        run_grid(arms, [get_model("recorded/tests")], folder)
    except RunError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


child = 0
for line in sys.stdin:
    if line == "start\n":
        child = os.fork()
        if child == 0:
            os._exit(run())
        print(child, flush=True)
    else:
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
