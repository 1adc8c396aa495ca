"""What the measuring scripts share: the judge as a child process, records on disk, tables.

Standard library only: the scripts run on a GPU machine that has Python, torch, triton and the CUDA
toolkit, and nothing of this package but the packed judge.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gzip
import hashlib
import json
import os
import queue
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

Record = dict[str, Any]

C_TYPES = {"float": ctypes.c_float, "int": ctypes.c_int64}


class Judge:
    """A judge process: jobs in, events out, each with the second at which it came."""

    def __init__(self, judge: Path, cache: Path) -> None:
        """Start the judge with its builds, and PyTorch's and Triton's, kept in `cache`."""
        cache.mkdir(parents=True, exist_ok=True)
        kept = {
            "XDG_CACHE_HOME": cache,
            "TORCHINDUCTOR_CACHE_DIR": cache / "inductor",
            "TRITON_CACHE_DIR": cache / "triton",
        }
        self.begin = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, str(judge)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **{name: str(folder) for name, folder in kept.items()}},
            text=True,
            encoding="utf-8",
        )
        self._events: queue.Queue[Record | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put({**json.loads(line), "at": time.monotonic() - self.begin})
        self._events.put(None)

    def submit(self, jobs: Iterable[Record]) -> None:
        """Hand over jobs, and say that there are no others."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            for job in jobs:
                self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.close()

    def events(self, seconds: float) -> Iterator[Record]:
        """The events as they come, until the judge ends or `seconds` have passed."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                print(f"stopped: the judge was not done within {seconds:.0f} s", file=sys.stderr)
                return
            if event is None:
                return
            if event["event"] == "refused":
                print(f"refused {event['id']}: {event['reason']}", file=sys.stderr)
            yield event

    def close(self) -> None:
        """End the judge, should it still run; its children die with it."""
        self.process.kill()
        self.process.wait()


def judge_all(judge: Path, jobs: list[Record], cache: Path, seconds: float) -> list[Record]:
    """Have a fresh judge judge some jobs; its evidence records in the order in which they came."""
    running = Judge(judge, cache)
    running.submit(jobs)
    found = [shortened(e) for e in running.events(seconds) if e["event"] == "evidence"]
    running.close()
    return found


def shortened(evidence: Record) -> Record:
    """An evidence record without the compiler's log, whose content `resources` holds."""
    if evidence["build"] and evidence["verdict"] != "compile_error":
        evidence["build"]["log"] = ""
    return evidence


def library_of(evidence: Record, cache: Path) -> Path:
    """The very library that the judge built and timed, from its cache."""
    digest = evidence["build"]["binary"]
    for file in (cache / "skilldyno" / "builds").glob("*.so"):
        if hashlib.sha256(file.read_bytes()).hexdigest() == digest:
            return file
    raise FileNotFoundError(f"{cache} holds no build with the digest {digest}")


def read_records(path: Path) -> list[Record]:
    """The records of a .jsonl or .jsonl.gz file; none where there is no such file."""
    if not path.exists():
        return []
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write a .jsonl or .jsonl.gz file."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def run(
    document: str | None, measure: Callable[[Any], bool], report: Callable[[Path], str]
) -> None:
    """A script's command line: measure, print the report, exit 1 where it is not as expected."""
    parser = argparse.ArgumentParser(description=document)
    parser.add_argument("--judge", type=Path, required=True, help="the packed judge")
    parser.add_argument(
        "--bundle", type=Path, required=True, help="the folder that bundle.py wrote"
    )
    parser.add_argument("--out", type=Path, required=True, help="where records are written")
    parser.add_argument("--seconds", type=float, default=600.0, help="the budget")
    parser.add_argument("--kernelbench", type=Path, help="a checkout of KernelBench")
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "h200-judge", help="of builds"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    options.deadline = time.monotonic() + options.seconds
    expected = measure(options)
    print(report(options.out), flush=True)
    sys.exit(0 if expected else 1)


def remaining(options: Any) -> float:
    """Seconds that are left of a script's budget."""
    return options.deadline - time.monotonic()


def fresh_folder() -> Path:
    """An empty folder for caches that must be cold."""
    return Path(tempfile.mkdtemp(prefix="h200-judge-"))


def tool(name: str, *patterns: str) -> str | None:
    """A program on the PATH, or where the toolkit puts it."""
    found = shutil.which(name)
    if found is not None:
        return found
    places = [place for pattern in patterns for place in sorted(Path("/").glob(pattern))]
    return str(places[-1]) if places else None


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; its first column is aligned to the left, the others to the right."""
    lines = [" | ".join(headers), " | ".join(["---", *["---:"] * (len(headers) - 1)])]
    lines += [" | ".join(str(cell) for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def section(title: str, script: str, files: Sequence[str], *parts: str) -> str:
    """A section of the report: what it is made by and from, then its parts."""
    evidence = ", ".join(f"[{name}]({name})" for name in files)
    source = f"Made by `benchmarks/h200_judge/{script}` from {evidence}."
    return "\n\n".join([f"## {title}", source, *(part for part in parts if part)])


def microseconds(seconds: float) -> str:
    """A time with four significant digits."""
    return f"{seconds * 1e6:.4g}"


def variation(values: Sequence[float]) -> float:
    """The coefficient of variation, with the standard deviation of a sample."""
    return statistics.stdev(values) / statistics.fmean(values) if len(values) > 1 else float("nan")
