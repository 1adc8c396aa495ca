"""A judge that sleeps as long as a real one works, for executors under simulation.

What it does with a job is in `job["settings"]["simulated"]`: seconds of `build`, of `set_up` where
the operation is another than the last one's, and of `measure`; a `verdict`; `dies`, where its
process ends instead of answering; and `broken_gpus`, on which every verdict is infra_error.  Its
evidence says in the reason, as JSON, where it was and how long it slept.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

from skilldyno.scorers.judge.evidence import SCHEMA

_MAIN = """
import json
import os
import sys
import time

last = None
for line in sys.stdin:
    job = json.loads(line)
    todo = job["settings"]["simulated"]
    operation = job["operation"]
    slept = todo.get("measure", 0) + (operation != last) * todo.get("set_up", 0)
    time.sleep(slept)
    last = operation
    where = {
        "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "node": os.environ.get("SIMULATED_NODE"),
        "cores": sorted(os.sched_getaffinity(0)),
        "pid": os.getpid(),
        "slept": slept,
    }
    if todo.get("dies"):
        os._exit(9)
    broken = where["gpu"] in todo.get("broken_gpus", [])
    evidence = {
        "event": "evidence",
        "schema": SCHEMA,
        "id": job["id"],
        "candidate": "0" * 64,
        "operation": operation["name"],
        "operation_digest": operation["digest"],
        "hardware": job["hardware"],
        "language": job["language"],
        "verdict": "infra_error" if broken else todo.get("verdict", "correct"),
        "reason": json.dumps(where),
        "compiled": True,
        "correct": True,
    }
    print(json.dumps(evidence), flush=True)
"""

_BUILDER = """
import time


def build_ahead(job):
    seconds = job["settings"]["simulated"].get("build", 0)
    time.sleep(seconds)
    return seconds, {}


def take_builds(files):
    pass
"""


def simulated_judge() -> bytes:
    """The judge as one file, as `write_pack` writes the real one."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("__main__.py", _MAIN.replace("SCHEMA", str(SCHEMA)))
        for package in ("scorers", "scorers/judge"):
            archive.writestr(f"{package}/__init__.py", "")
        archive.writestr("scorers/judge/builder.py", _BUILDER)
    return written.getvalue()


def simulated_job(id: str, op: str, hardware: str, **todo: Any) -> dict[str, Any]:
    """A job for it.

    Args:
        id: the job's.
        op: the operation's name.
        hardware: a profile's name.
        todo: what it is to do, as the module says.
    """
    return {
        "id": id,
        "operation": {"name": op, "digest": op},
        "hardware": hardware,
        "language": "cpp",
        "source": "",
        "settings": {"simulated": todo},
    }
