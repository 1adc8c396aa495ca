"""`skilldyno hardware`: the profiles, which one this machine is, and what it measures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import click
from tabulate import tabulate

from ..tasks.errors import UsageError
from ..tasks.hardware import (
    PROFILES,
    Ceiling,
    HardwareError,
    HardwareProfile,
    Rate,
    detect_hardware,
    load_profile,
    load_profiles,
    read_profile,
)
from ..tasks.language import KIND_OF_LANGUAGE, Kind, Language

_FIRST_LANGUAGE: dict[Kind, Language] = {"cpu": "cpp", "gpu": "cuda"}
_MEASURED = "measured"


class ProfileFileError(UsageError):
    """A file that a measured profile cannot be written to."""


def list_command(*, as_json: bool) -> None:
    """Print every profile, one a line."""
    profiles = load_profiles()
    if as_json:
        click.echo(json.dumps([_described(profile) for profile in profiles]))
        return
    rows = [
        [
            profile.name,
            profile.arch,
            _count(profile.multiprocessors),
            _scaled(profile.memory, 1e9, "GB"),
            _scaled(profile.memory_bandwidth, 1e9, "GB/s"),
            _scaled(profile.rates.get("float32"), 1e12, ""),
            _scaled(profile.rates.get("bfloat16"), 1e12, ""),
            _scaled(profile.rates.get("float8"), 1e12, ""),
            ", ".join(profile.toolchain),
            "yes" if profile.measured else "",
        ]
        for profile in profiles
    ]
    headers = ["profile", "arch", "SMs", "memory", "bandwidth"]
    headers += ["fp32 T/s", "bf16 T/s", "fp8 T/s", "languages", _MEASURED]
    align = ("left", "left", *["right"] * 6, "left", "left")
    click.echo(tabulate(rows, headers, disable_numparse=True, colalign=align))
    click.echo(
        "Nominal, dense rates; – where no source was found or the kind has no single figure."
    )


def show_command(name: str, *, as_json: bool) -> None:
    """Print one profile whole, with its roofline.

    Raises:
        HardwareError: there is no such profile.
    """
    profile = load_profile(name)
    if as_json:
        click.echo(json.dumps(_described(profile)))
        return
    click.echo(f"{profile.name}: {profile.description}\n")
    click.echo(tabulate(_facts(profile), tablefmt="plain", disable_numparse=True))
    if roofline := _roofline(profile):
        headers = ["roofline", "T/s", "ridge, operations a byte", "from"]
        align = ("left", "right", "right", "left")
        click.echo()
        click.echo(tabulate(roofline, headers, disable_numparse=True, colalign=align))
    if measured := profile.measured:
        click.echo(f"\nMeasured on {measured.machine}, {measured.date}, torch {measured.torch}.")
    for source in profile.sources:
        click.echo(f"\nSource of {source}." if ":" in source else f"\n{source}")


def match_command(*, as_json: bool) -> None:
    """Print which profile this machine is, for each language.

    Raises:
        HardwareError: it is none, for any language.
    """
    found: dict[str, str | None] = {}
    reasons: list[str] = []
    for language in KIND_OF_LANGUAGE:
        try:
            found[language] = detect_hardware(language).name
        except HardwareError as error:
            found[language] = None
            reasons.append(str(error))
    if not any(found.values()):
        raise HardwareError(reasons[0])
    if as_json:
        click.echo(json.dumps(found))
        return
    for language, name in found.items():
        click.echo(f"{language:7} {name or '–'}")
    for reason in reasons:
        click.echo(reason, err=True)


def probe_command(device: Kind | None, file: Path | None, *, as_json: bool) -> None:
    """Measure this machine, print what was found, and write a profile with it if asked.

    Raises:
        UsageError: the file is of no use as a profile, or its folder does not exist.
        MachineError: there is no such device.
    """
    if file is not None:
        _require_writable(file)
    # It imports torch, which no other command here needs.
    from ..scorers.judge.probe import probe

    click.echo("measuring this machine, a few seconds …", err=True)
    found = probe(device)
    if file is not None:
        _write_profile(file, found)
        click.echo(f"{file} written", err=True)
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(f"{found['machine']}, torch {found['torch']}, {found['date']}")
    click.echo(_measured_table(found))
    for name, reason in found["absent"].items():
        click.echo(f"{name}: not measured: {reason}")


def _measured_table(found: dict[str, Any]) -> str:
    bandwidth, spread = found["memory_bandwidth"], found["spread"]
    rows = [["memory bandwidth", f"{bandwidth / 1e9:.4g} GB/s", spread["memory_bandwidth"], ""]]
    for name, rate in found["rates"].items():
        rows.append([name, f"{rate / 1e12:.4g} T/s", spread[name], f"{rate / bandwidth:.4g}"])
    shown = [[name, value, f"{100 * part:.1f} %", ridge] for name, value, part, ridge in rows]
    headers = [f"median of {found['repeats']}", "", "quartiles apart", "ridge, operations a byte"]
    align = ("left", "right", "right", "right")
    return tabulate(shown, headers, disable_numparse=True, colalign=align)


def _described(profile: HardwareProfile) -> dict[str, Any]:
    rates = {name: profile.ridge(name) for name in get_args(Rate)}
    ridges = {name: ridge for name, ridge in rates.items() if ridge is not None}
    return {**profile.model_dump(mode="json"), "ridge": ridges}


def _facts(profile: HardwareProfile) -> list[tuple[str, str]]:
    caches = [(f"{name.upper()} cache", _kib(size)) for name, size in profile.caches.items()]
    machine = profile.machine.gpu or profile.machine.architecture or profile.machine.product or ""
    facts = [
        ("kind", profile.kind),
        ("arch", profile.arch),
        ("machine", machine),
        ("multiprocessors", _count(profile.multiprocessors)),
        ("memory", _scaled(profile.memory, 1e9, "GB")),
        ("memory bandwidth", _scaled(profile.memory_bandwidth, 1e9, "GB/s")),
        ("shared memory a multiprocessor", _kib(profile.shared_memory)),
        *caches,
        ("CUDA", f"{profile.cuda} or newer" if profile.cuda else "–"),
    ]
    chains = [
        (f"{language} toolchain", " ".join((chain.compiler, *chain.flags)))
        for language, chain in profile.toolchain.items()
    ]
    return facts + chains


def _roofline(profile: HardwareProfile) -> list[tuple[str, str, str, str]]:
    memory = profile.ceiling("memory_bandwidth")
    if memory is None:
        return []
    rows = [("memory", f"{memory.value / 1e12:.4g}", "", _origin(memory))]
    for name in get_args(Rate):
        ceiling, ridge = profile.ceiling(name), profile.ridge(name)
        if ceiling is not None and ridge is not None:
            rows.append((name, f"{ceiling.value / 1e12:.4g}", f"{ridge:.4g}", _origin(ceiling)))
    return rows


def _origin(ceiling: Ceiling) -> str:
    return _MEASURED if ceiling.measured else "nominal"


def _count(value: int | None) -> str:
    return "–" if value is None else str(value)


def _scaled(value: float | None, unit: float, name: str) -> str:
    return "–" if value is None else f"{value / unit:.5g} {name}".strip()


def _kib(value: int | None) -> str:
    return "–" if value is None else f"{value / 1024:g} KiB"


def _skeleton(found: dict[str, Any]) -> str:
    """A profile of a GPU that no profile is of yet, without its measured tables."""
    if found["device"] == "cpu":
        raise ProfileFileError(
            "No profile is of this CPU's architecture, so there are no compiler flags to write;"
            " begin with a copy of cpu-x86_64.toml."
        )
    arch, name, count = found["arch"], found["machine"], found["multiprocessors"]
    target = f"-gencode=arch=compute_{arch.removeprefix('sm_')},code={arch}"
    lines = [
        'name = ""',
        'kind = "gpu"',
        f'arch = "{arch}"',
        f'description = "{name} ({arch}, {count} SMs)"',
        f"memory = {found['memory']}",
        f"multiprocessors = {count}",
        'sources = ["arch, memory, multiprocessors: what the driver reports"]',
        "\n[machine]",
        f'gpu = "{name}"',
        '\n[toolchain.cuda]\ncompiler = "nvcc"',
        f'flags = ["-O3", "{target}"]',
        '\n[toolchain.triton]\ncompiler = "triton"\nflags = []',
    ]
    return "\n".join(lines)


def _require_writable(file: Path) -> None:
    if file.suffix != ".toml":
        raise ProfileFileError(f"{file} does not end in .toml: give the name of a profile's file.")
    if not file.parent.is_dir():
        raise ProfileFileError(f"{file.parent} is no folder: make it, or name another file.")


def _write_profile(file: Path, found: dict[str, Any]) -> None:
    try:
        known = detect_hardware(_FIRST_LANGUAGE[found["device"]])
        text = (PROFILES / f"{known.name}.toml").read_text(encoding="utf-8")
    except HardwareError:
        text = _skeleton(found)
    text = re.sub(r"(?m)^name = .*$", f'name = "{file.stem}"', text, count=1)
    # Its tables end the file, so that a profile measured again differs in them alone.
    text = re.split(rf"(?m)^# .*\n\[{_MEASURED}\]|^\[{_MEASURED}\]", text)[0].rstrip("\n")
    file.write_text(f"{text}\n\n{_measured_text(found)}", encoding="utf-8")
    read_profile(file)


def _measured_text(found: dict[str, Any]) -> str:
    lines = [
        "# Written by `skilldyno hardware probe`: medians, in bytes and dense operations a second.",
        f"[{_MEASURED}]",
        f"machine = {json.dumps(found['machine'])}",
        f"date = {found['date']}",
        f"torch = {json.dumps(found['torch'])}",
        f"repeats = {found['repeats']}",
        f"memory_bandwidth = {found['memory_bandwidth']:.4g}",
        "",
        f"[{_MEASURED}.rates]",
        *(f"{name} = {rate:.4g}" for name, rate in found["rates"].items()),
        "",
        "# The distance between the quartiles, as a share of the median.",
        f"[{_MEASURED}.spread]",
        *(f"{name} = {part:.2g}" for name, part in found["spread"].items()),
    ]
    return "\n".join(lines) + "\n"
