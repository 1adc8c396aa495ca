"""Runs the skilldyno command in forks of one process that has imported what commands need.

Each line of stdin is a request in JSON: `arguments`, `environment`, `folder`, and the files
`stdout` and `stderr`.  The answer is the exit code, on a line.  A fork is a process of its own, as
the installed command is, without the seconds that its imports take.
"""

import json
import os
import runpy
import sys
from pathlib import Path

import inspect_ai  # noqa: F401

import skilldyno.evals.gate
import skilldyno.evals.kernel_skill
import skilldyno.results.compare  # noqa: F401
from skilldyno.evals.cli import main


def serve_one(request: dict) -> None:
    """Become the command, and end."""
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT, 0o600), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    for folder in request["environment"].get("PYTHONPATH", "").split(os.pathsep):
        if (Path(folder) / "sitecustomize.py").is_file():
            runpy.run_path(str(Path(folder) / "sitecustomize.py"))
    sys.argv = ["skilldyno", *request["arguments"]]
    main()


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        serve_one(json.loads(line))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
