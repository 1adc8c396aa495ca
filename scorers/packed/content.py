"""What a pack holds: its jobs by their content, the key that signs, and the machines it is for."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .records import canonical, job_digest

_DESCRIPTION = "pack.json"
_JOBS = "jobs.jsonl"
_OBJECTS = "objects/"
_SHARED = ("source", "operation")


class PackError(Exception):
    """A pack that is damaged, or cannot run here; one sentence."""


@dataclass(frozen=True)
class Machine:
    """How the machine of one hardware profile is told: by torch's name of its GPU, or as a CPU."""

    kind: str
    gpu: str | None
    architecture: str | None


@dataclass(frozen=True)
class Pack:
    """Jobs by their digests, with the judge's digest and, where evidence is signed, id and key."""

    jobs: dict[str, dict[str, Any]]
    judge: str
    machines: dict[str, Machine]
    id: str | None = None
    key: str | None = None


def write_content(archive: zipfile.ZipFile, pack: Pack) -> None:
    """Add a pack's content to an archive: each source and each operation once."""
    objects: dict[str, bytes] = {}
    lines: list[bytes] = []
    for digest, job in pack.jobs.items():
        held = {name: _put(objects, job[name]) for name in _SHARED}
        rest = {name: value for name, value in job.items() if name not in _SHARED}
        lines.append(canonical({"digest": digest, "objects": held, "job": rest}))
    description = {
        "id": pack.id,
        "key": pack.key,
        "judge": pack.judge,
        "machines": {name: vars(machine) for name, machine in pack.machines.items()},
    }
    write_entry(archive, _DESCRIPTION, canonical(description))
    write_entry(archive, _JOBS, b"".join(line + b"\n" for line in lines))
    for digest, content in objects.items():
        write_entry(archive, _OBJECTS + digest, content)


def _put(objects: dict[str, bytes], value: Any) -> str:
    content = canonical(value)
    digest = hashlib.sha256(content).hexdigest()
    objects[digest] = content
    return digest


def write_entry(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add one file; equal packs are equal files, since no time is kept."""
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def read_pack(file: Path) -> Pack | None:
    """Read a pack; None where it holds the judge alone.

    Raises:
        PackError: its content is not as it was packed.
    """
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        if _DESCRIPTION not in names:
            return None
        try:
            description = json.loads(archive.read(_DESCRIPTION))
            jobs = _read_jobs(archive, description["judge"])
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise PackError(f"{file.name} is damaged ({error}): copy it here again") from error
    machines = {name: Machine(**told) for name, told in description["machines"].items()}
    return Pack(jobs, description["judge"], machines, description["id"], description["key"])


def _read_jobs(archive: zipfile.ZipFile, judge: str) -> dict[str, dict[str, Any]]:
    shared: dict[str, Any] = {}
    jobs: dict[str, dict[str, Any]] = {}
    for line in archive.read(_JOBS).splitlines():
        entry = json.loads(line)
        for digest in entry["objects"].values():
            if digest not in shared:
                shared[digest] = json.loads(archive.read(_OBJECTS + digest))
        job = {**entry["job"], **{name: shared[at] for name, at in entry["objects"].items()}}
        if job_digest(job, judge) != entry["digest"]:
            raise ValueError(f"the job {job.get('id')} is not what it was")
        jobs[entry["digest"]] = job
    return jobs


def by_digest(jobs: Sequence[dict[str, Any]], judge: str) -> dict[str, dict[str, Any]]:
    """Jobs by their digests; of equal ones the first."""
    found: dict[str, dict[str, Any]] = {}
    for job in jobs:
        found.setdefault(job_digest(job, judge), job)
    return found
