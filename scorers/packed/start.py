"""The pack as a program: `python3 jobs.pyz` judges what is packed, and writes signed evidence."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import runpy
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from ..judge.build import require_compiler
from ..judge.errors import MachineError
from .content import Machine, Pack, PackError, read_pack
from .judges import Judges, Place
from .records import EvidenceFile, EvidenceFileError, is_signed, read_records, sign

_OK, _INCOMPLETE, _REFUSED, _INTERRUPTED = 0, 1, 2, 130
_PARENT = __name__.rsplit(".", 2)[0]


def main(file: Path) -> int:
    """Do what the arguments of the process say, and return its exit code.

    Args:
        file: the pack itself.
    """
    arguments = _parse(file.name)
    if arguments.probe is not None:
        sys.argv = [str(file), *([arguments.probe] if arguments.probe else [])]
        runpy.run_module(f"{_PARENT}.judge.probe", run_name="__main__", alter_sys=True)
        return _OK
    if arguments.devices:
        print("\n".join(_gpus_of_torch()))
        return _OK
    try:
        pack = None if arguments.serve else read_pack(file)
        if pack is None:
            sys.argv = [str(file)]
            runpy.run_module(f"{_PARENT}.judge", run_name="__main__", alter_sys=True)
            return _OK
        return _judge(file, pack, Path(arguments.out), arguments.gpus)
    except (PackError, MachineError, EvidenceFileError) as error:
        print(f"error: {error}", file=sys.stderr)
        return _REFUSED
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from here", file=sys.stderr)
        return _INTERRUPTED


def _parse(name: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f"python3 {name}",
        description="Judges the kernels that are packed in here, on this machine.",
        epilog="Exit codes: 0 all judged, 1 some are not, 2 bad input or the wrong machine, 130 "
        "interrupted.  Killed or interrupted, the same command goes on from where it was.",
    )
    parser.add_argument(
        "--out",
        default="evidence.jsonl",
        metavar="FILE",
        help="add the evidence to this file (evidence.jsonl); what it holds is not judged again",
    )
    parser.add_argument(
        "--gpus",
        default="all",
        help="`all` GPUs that the jobs are for, or numbers such as 0,1; one judge each",
    )
    parser.add_argument(
        "--devices", action="store_true", help="judge nothing, and print the GPUs that torch sees"
    )
    parser.add_argument(
        "--probe",
        nargs="?",
        const="",
        choices=["", "cpu", "gpu"],
        metavar="DEVICE",
        help="judge nothing, and print this machine's measured bandwidth and rates as JSON",
    )
    parser.add_argument(
        "--serve",
        action="store_true",
        help="judge jobs from stdin, one JSON object a line, and write events to stdout; so does "
        "a pack without jobs",
    )
    return parser.parse_args()


def _judge(file: Path, pack: Pack, out: Path, gpus: str) -> int:
    evidence = EvidenceFile(out)
    if evidence.half_written:
        print(f"{out}: the last line was half written, and is judged again", file=sys.stderr)
    done = _done(out, pack)
    left = {digest: job for digest, job in pack.jobs.items() if digest not in done}
    if not left:
        print(f"all {len(pack.jobs)} candidates have evidence in {out}", file=sys.stderr)
        return _OK
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, str(file.absolute())]
    places = _places(pack, left, gpus, [*command, "--devices"], environment)
    # A CPU's measurements and a GPU's would disturb each other.
    turns = [[p for p in places if (p.gpu is None) is on_cpu] for on_cpu in (False, True)]
    shares = [_for(turn, left) for turn in turns]
    here = set().union(*shares)
    elsewhere = Counter(job["hardware"] for digest, job in left.items() if digest not in here)
    for name, count in sorted(elsewhere.items()):
        print(f"{count} candidates are left for a machine with {name}", file=sys.stderr)
    progress = _Progress(evidence, pack, len(here))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for turn, jobs in zip(turns, shares, strict=True):
        Judges([*command, "--serve"], environment, turn, progress.add, progress.say).judge(jobs)
    if missing := len(here) - progress.judged:
        progress.say(
            f"{missing} of {len(pack.jobs)} candidates are not judged: the same command goes on "
            "with them"
        )
    return _INCOMPLETE if missing or elsewhere else _OK


def _for(places: list[Place], jobs: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    hardware = frozenset[str]().union(*(place.hardware for place in places))
    return {digest: job for digest, job in jobs.items() if job["hardware"] in hardware}


def _done(out: Path, pack: Pack) -> set[str]:
    done: set[str] = set()
    for line in read_records(out):
        record = line.record
        if record.get("pack") != pack.id:
            raise PackError(f"{out} holds evidence of another pack: name another file by --out")
        if pack.key is not None and not is_signed(record, pack.key):
            raise PackError(
                f"{out}:{line.number} was changed after it was written: remove the line, and the "
                "candidate is judged again"
            )
        if record["verdict"] != "infra_error":
            done.add(record["job"])
    return done


def _places(
    pack: Pack,
    jobs: dict[str, dict[str, Any]],
    gpus: str,
    devices: list[str],
    environment: dict[str, str],
) -> list[Place]:
    """Where the jobs are judged: this machine's CPU, and those of its GPUs that they are for.

    Raises:
        PackError: no device here is one that they are for, or torch is missing.
        MachineError: the compiler that they need is.
    """
    wanted = {name: pack.machines[name] for name in {job["hardware"] for job in jobs.values()}}
    for package in ("torch", "numpy"):
        if importlib.util.find_spec(package) is None:
            raise PackError(
                f"{sys.executable} has no {package}: run the pack by a Python with torch and numpy"
            )
    places: list[Place] = []
    for_cpu = frozenset(name for name, machine in wanted.items() if _is_this_cpu(machine))
    if for_cpu:
        places.append(Place(for_cpu))
    names: list[str] = []
    if any(machine.kind == "gpu" for machine in wanted.values()):
        said = subprocess.run(devices, env=environment, capture_output=True, text=True, check=False)
        if said.returncode != 0:
            raise PackError(f"torch does not start here: {said.stderr.strip()[-300:]}")
        names = said.stdout.split("\n")[:-1] if said.stdout.strip() else []
        places += _gpu_places(names, wanted, gpus)
    if not places:
        seen = " and ".join(sorted(set(names))) or f"no GPU but a CPU ({platform.machine()})"
        raise PackError(
            f"these candidates are for {_told(wanted)}, and this machine has {seen}: run the pack "
            "on such a machine"
        )
    for device in sorted({"cpu" if place.gpu is None else "gpu" for place in places}):
        require_compiler(device)
    return places


def _gpu_places(names: list[str], wanted: dict[str, Machine], gpus: str) -> list[Place]:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    numbers = visible.split(",") if visible else [str(at) for at in range(len(names))]
    try:
        chosen = range(len(names)) if gpus == "all" else [int(number) for number in gpus.split(",")]
        places: list[Place] = []
        for at in dict.fromkeys(chosen):
            fitting = frozenset(name for name, m in wanted.items() if m.gpu == names[at])
            if fitting:
                places.append(Place(fitting, numbers[at]))
            elif gpus != "all":
                raise PackError(f"GPU {at} is the {names[at]}, and {_told(wanted)} is wanted")
    except (ValueError, IndexError) as error:
        raise PackError(
            f"--gpus is {gpus!r}, and torch sees {len(names)} GPUs: give all, or some such as 0,1"
        ) from error
    return places


def _is_this_cpu(machine: Machine) -> bool:
    return (platform.system(), platform.machine()) == ("Linux", machine.architecture)


def _told(machines: dict[str, Machine]) -> str:
    told = (f"{name} ({m.gpu or m.architecture})" for name, m in sorted(machines.items()))
    return " and ".join(told)


def _gpus_of_torch() -> list[str]:
    import torch

    return [torch.cuda.get_device_name(at) for at in range(torch.cuda.device_count())]


class _Progress:
    """Signs and keeps evidence as it comes, and says on stderr how far it is."""

    def __init__(self, evidence: EvidenceFile, pack: Pack, total: int) -> None:
        self.judged = 0
        self._evidence = evidence
        self._pack = pack
        self._total = total
        self._begin = time.monotonic()

    def add(self, digest: str, evidence: dict[str, Any]) -> None:
        """Write one record."""
        record = {**evidence, "job": digest}
        if self._pack.key is not None:
            record["pack"] = self._pack.id
            record["signature"] = sign(record, self._pack.key)
        self._evidence.append(record)
        if evidence["verdict"] == "infra_error":
            self.say(f"{evidence['id']}: infra_error: {evidence['reason']}")
            return
        self.judged += 1
        seconds = time.monotonic() - self._begin
        left = seconds / self.judged * (self._total - self.judged)
        self.say(
            f"{self.judged} of {self._total} judged, {60 * self.judged / seconds:.1f} a minute, "
            f"{_time(left)} left: {evidence['id']} {evidence['verdict']}"
        )

    def say(self, sentence: str) -> None:
        """Print a line."""
        print(sentence, file=sys.stderr, flush=True)


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
