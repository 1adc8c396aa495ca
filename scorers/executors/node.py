"""What runs on a node of a Ray cluster, which has Python, torch and ray, and nothing of ours.

The judge comes as one packed file; this module and process.py come by value.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from .process import JudgeProcess

_QUERY = ("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
_QUERY_SECONDS = 30


def look() -> dict[str, Any]:
    """What a hardware profile is told by, as the fields of `Seen`."""
    try:
        query = subprocess.run(
            _QUERY, capture_output=True, text=True, timeout=_QUERY_SECONDS, check=False
        )
        names = query.stdout.splitlines() if query.returncode == 0 else []
    except (FileNotFoundError, subprocess.TimeoutExpired):
        names = []
    gpus = tuple(name.strip() for name in names if name.strip())
    return {"system": platform.system(), "architecture": platform.machine(), "gpus": gpus}


def build(packed: bytes, job: dict[str, Any]) -> tuple[float, dict[str, bytes]]:
    """Build a candidate on this node, for the cache of whichever node measures it."""
    return _judge_module(packed).build_ahead(job)


class NodeJudge:
    """A judge on this node, for one of its GPUs or for its CPU."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._process: JudgeProcess | None = None

    def ready(self) -> None:
        """Answer as soon as there is a place for this judge."""

    def judge(
        self, packed: bytes, job: dict[str, Any], files: dict[str, bytes] | None
    ) -> dict[str, Any]:
        """Judge a candidate; with the files of its build, it is built already.

        Returns:
            The judge's last event on it.
        """
        if files:
            _judge_module(packed).take_builds(files)
        with self._starting:
            if self._process is None:
                # Ray sets it to what an actor was promised; the baseline uses the whole machine.
                environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
                command = [sys.executable, str(_unpack(packed))]
                self._process = JudgeProcess(command, environment, lambda event: None)
        return self._process.judge(job).result()


def _judge_module(packed: bytes) -> Any:
    path = str(_unpack(packed))
    if path not in sys.path:
        sys.path.insert(0, path)
    from scorers.judge import builder  # pyright: ignore[reportMissingImports]

    return builder


def _unpack(packed: bytes) -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    path = Path(base) / "skilldyno" / f"judge-{hashlib.sha256(packed).hexdigest()[:16]}.pyz"
    if not path.exists() or path.read_bytes() != packed:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
        partial.write_bytes(packed)
        partial.replace(path)
    return path
