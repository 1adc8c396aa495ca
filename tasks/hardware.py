"""Hardware profiles: the machine kinds that candidates are written for and judged on."""

import datetime
import os
import platform
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from .definition import Definition, name_unknown, read_definition
from .errors import UsageError
from .language import KIND_OF_LANGUAGE, Kind, Language, language_within

PROFILES: Final = Path(__file__).parent / "hardware"

Rate = Literal["float32", "tfloat32", "float16", "bfloat16", "float8", "float4", "int8"]
Measurable = Literal["memory_bandwidth", Rate]
Cache = Literal["l1", "l2", "l3"]

_QUERY_SECONDS: Final = 30


class HardwareError(UsageError):
    """A hardware profile that does not exist, is not well defined, or is not this machine."""


@dataclass(frozen=True)
class Seen:
    """What a machine is told by: what the kernel says of it, and the names of its NVIDIA GPUs."""

    system: str
    architecture: str
    gpus: tuple[str, ...]


class Machine(Definition):
    """How a profile's machine is told.

    An NVIDIA GPU is told by the name that nvidia-smi gives it, a CPU by the architecture that the
    kernel gives it. A GPU that nvidia-smi does not see has only its maker's name, `product`, which
    no machine is matched by.
    """

    gpu: str | None = None
    architecture: str | None = None
    product: str | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.gpu, self.architecture, self.product).count(None) != 2:
            raise ValueError("exactly one of 'gpu', 'architecture' and 'product' must be given")
        return self

    def is_one(self, seen: Seen) -> bool:
        """Whether a machine that was seen is of this kind, or has a GPU that is."""
        if self.product is not None:
            return False
        if self.gpu is not None:
            return self.gpu in seen.gpus
        return (seen.system, seen.architecture) == ("Linux", self.architecture)


class Toolchain(Definition):
    """The compiler of one language, with flags for optimisation and target, none for linking.

    `described` is what a prompt in the language says of the machine, instead of its description.
    """

    compiler: str
    flags: tuple[str, ...]
    described: str | None = None


class Measured(Definition):
    """What `skilldyno hardware probe` measured on one machine of the kind: medians of repeats.

    Units: bytes a second, dense operations a second. `spread` is the distance between the quartiles
    as a share of the median.
    """

    machine: str
    date: datetime.date
    torch: str
    repeats: PositiveInt
    memory_bandwidth: PositiveFloat
    rates: dict[Rate, PositiveFloat] = Field(default_factory=dict)
    spread: dict[Measurable, NonNegativeFloat] = Field(default_factory=dict)


class Ceiling(Definition):
    """One bound of a roofline: bytes or operations a second, and whether it was measured."""

    value: float
    measured: bool


class HardwareProfile(Definition):
    """One machine kind.

    Figures are nominal and may be absent, where the kind has no single one or no source was found;
    those under `measured` come from one machine. Units: `memory`, `shared_memory` (of one
    multiprocessor) and `caches` are bytes, `memory_bandwidth` bytes a second, `rates` dense
    operations a second. `cuda` is the first CUDA version whose compiler has the target.
    """

    name: str
    kind: Kind
    arch: str
    description: str
    machine: Machine
    toolchain: Annotated[dict[Language, Toolchain], Field(min_length=1)]
    memory: PositiveFloat | None = None
    memory_bandwidth: PositiveFloat | None = None
    multiprocessors: PositiveInt | None = None
    shared_memory: PositiveInt | None = None
    cuda: Annotated[str, Field(pattern=r"^\d+\.\d+$")] | None = None
    rates: dict[Rate, PositiveFloat] = Field(default_factory=dict)
    caches: dict[Cache, PositiveInt] = Field(default_factory=dict)
    measured: Measured | None = None
    sources: tuple[str, ...] = ()

    def ceiling(self, name: Measurable) -> Ceiling | None:
        """Return a bound of the roofline, the measured one where there is one."""
        if self.measured is not None:
            found = {"memory_bandwidth": self.measured.memory_bandwidth, **self.measured.rates}
            if name in found:
                return Ceiling(value=found[name], measured=True)
        nominal = {"memory_bandwidth": self.memory_bandwidth, **self.rates}.get(name)
        return None if nominal is None else Ceiling(value=nominal, measured=False)

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages of candidates for it: those of its compilers, and torch."""
        return (*self.toolchain, "torch")

    def ridge(self, rate: Rate) -> float | None:
        """Return the operations a byte above which arithmetic bounds, and memory no longer.

        Source: Williams, Waterman and Patterson, Communications of the ACM 52(4), 2009.
        """
        operations, memory = self.ceiling(rate), self.ceiling("memory_bandwidth")
        if operations is None or memory is None:
            return None
        return operations.value / memory.value

    @model_validator(mode="after")
    def _check_languages(self) -> Self:
        for language in self.toolchain:
            if language == "torch":
                raise ValueError(f"the field 'toolchain.{language}' is for no compiler; remove it")
            kind = KIND_OF_LANGUAGE[language_within(language, self.kind)]
            if kind != self.kind:
                raise ValueError(
                    f"the field 'toolchain.{language}' is for"
                    f" '{kind}' hardware, but kind is '{self.kind}'"
                )
        if (self.machine.architecture is None) != (self.kind == "gpu"):
            needed = "gpu" if self.kind == "gpu" else "architecture"
            raise ValueError(f"the field 'machine.{needed}' is missing; add it")
        return self


def profile_names() -> tuple[str, ...]:
    """Return the names of all the hardware profiles, sorted."""
    return tuple(sorted(path.stem for path in PROFILES.glob("*.toml")))


@lru_cache
def load_profile(name: str) -> HardwareProfile:
    """Read one hardware profile.

    Raises:
        HardwareError: there is no such profile, or its file is not well formed; one sentence.
    """
    if name not in profile_names():
        raise HardwareError(name_unknown("hardware profile", name, profile_names()))
    return read_profile(PROFILES / f"{name}.toml")


def load_profiles() -> tuple[HardwareProfile, ...]:
    """Read all the hardware profiles, sorted by name."""
    return tuple(load_profile(name) for name in profile_names())


def read_profile(path: Path) -> HardwareProfile:
    """Read a hardware profile from a TOML file.

    Raises:
        HardwareError: the file is missing or not well formed; one sentence.
    """
    profile = read_definition(path, HardwareProfile, HardwareError)
    if profile.name != path.stem:
        raise HardwareError(
            f"{path}: the field 'name' is '{profile.name}',"
            f" but it should be the file's name, '{path.stem}'."
        )
    return profile


def detect_hardware(language: Language = "cpp", kind: Kind | None = None) -> HardwareProfile:
    """Return the profile of this machine, for candidates in one language.

    A GPU machine has a CPU too: `cpp` always means the CPU, `cuda` and `triton` the GPU, and
    `torch` and `torch-ext` the GPU where there is one, unless a kind is given.

    Raises:
        HardwareError: no profile is of this machine; the sentence says what was found.
    """
    profiles = [p for p in load_profiles() if language in p.languages and kind in (None, p.kind)]
    profiles.sort(key=lambda profile: profile.kind == "cpu")
    found = next((profile for profile in profiles if _is_this_machine(profile)), None)
    if found is None:
        names = ", ".join(profile.name for profile in profiles)
        raise HardwareError(
            f"No hardware profile for '{language}' is of this machine, which has"
            f" {_seen(KIND_OF_LANGUAGE.get(language, 'cpu'))}; there are: {names}."
        )
    return found


def require_this_machine(profile: HardwareProfile) -> None:
    """Check that candidates for a profile can be judged on this machine.

    Raises:
        HardwareError: the profile is of another machine; one sentence.
    """
    if profile.machine.product is not None:
        raise HardwareError(
            f"Hardware '{profile.name}' ({profile.machine.product}) is told by its name alone, and"
            " the judge runs on CPUs and NVIDIA GPUs: generate for it, or name another profile."
        )
    if not _is_this_machine(profile):
        raise HardwareError(
            f"Hardware '{profile.name}' is not this machine, which has {_seen(profile.kind)};"
            " judge on such a machine, or name another profile."
        )


def gpus_of(profile: HardwareProfile) -> tuple[str, ...]:
    """Return this machine's GPUs of a profile, as CUDA_VISIBLE_DEVICES names them.

    Where that variable is set, they are those that it lists.

    Raises:
        HardwareError: nvidia-smi hangs.
    """
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return tuple(each.strip() for each in given.split(",") if each.strip())
    lines = [line.partition(", ") for line in _ask_nvidia_smi("uuid,name")]
    return tuple(uuid for uuid, _, name in lines if name == profile.machine.gpu)


def _is_this_machine(profile: HardwareProfile) -> bool:
    gpus = _gpu_names() if profile.machine.gpu is not None else ()
    return profile.machine.is_one(Seen(platform.system(), platform.machine(), gpus))


def _seen(kind: Kind) -> str:
    if kind == "cpu":
        return f"a {platform.machine()} CPU under {platform.system()}"
    names = _gpu_names()
    return (
        f"the GPU {' and '.join(sorted(set(names)))}"
        if names
        else "no NVIDIA GPU that nvidia-smi sees"
    )


def _gpu_names() -> tuple[str, ...]:
    return _ask_nvidia_smi("name")


def _ask_nvidia_smi(fields: str) -> tuple[str, ...]:
    """Return a line for each GPU; none where nvidia-smi is absent or finds no driver.

    Raises:
        HardwareError: nvidia-smi hangs.
    """
    try:
        query = subprocess.run(
            ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=_QUERY_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return ()
    except subprocess.TimeoutExpired as error:
        raise HardwareError(
            f"nvidia-smi did not answer in {_QUERY_SECONDS} seconds; check the GPU's driver."
        ) from error
    if query.returncode != 0:
        return ()
    return tuple(line.strip() for line in query.stdout.splitlines() if line.strip())
