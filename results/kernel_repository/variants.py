"""Build variants of a kernel, and the machines that they are for.

Source: docs/source/builder/build-variants.md and kernels/src/kernels/variants.py of
https://github.com/huggingface/kernels at 8ac69fc5.
"""

import platform
import re
from dataclasses import dataclass
from typing import Final, Self

from ...tasks.hardware import HardwareProfile

_VARIANT: Final = re.compile(
    r"torch(?P<stable>-stable-abi)?(?P<torch>\d{2,})(-cxx(?P<abi>11|98))?"
    r"-(?P<backend>[a-z]+?)(?P<version>\d+)?-(?P<cpu>[a-z0-9_]+)-(?P<system>[a-z]+)"
)
_NOARCH: Final = re.compile(r"torch-(?P<backend>[a-z]+)")
_BACKENDS: Final = {"cu": "cuda"}

_Version = tuple[int, int]


@dataclass(frozen=True)
class Variant:
    """A build variant, by the parts of its name; None where the name does not say."""

    name: str
    backend: str
    backend_version: _Version | None = None
    torch: _Version | None = None
    stable_abi: bool = False
    cpu: str | None = None
    system: str | None = None


@dataclass(frozen=True)
class Target:
    """The machine that a build is wanted for; None where any will do.

    `arch` is a CUDA capability or a ROCm arch.
    """

    name: str
    backend: str
    cpu: str
    system: str = "linux"
    backend_version: _Version | None = None
    torch: _Version | None = None
    arch: str | None = None

    @classmethod
    def of_profile(cls, profile: HardwareProfile) -> Self:
        """The machines of a hardware profile, with any version of torch and of its backend."""
        if profile.kind == "cpu":
            return cls(profile.name, "cpu", profile.machine.architecture or "x86_64")
        found = re.fullmatch(r"sm_(\d+)(\d)[af]?", profile.arch)
        if found is None:
            return cls(profile.name, "rocm", "x86_64", arch=profile.arch)
        return cls(profile.name, "cuda", "x86_64", arch=f"{found[1]}.{found[2]}")

    @classmethod
    def here(cls) -> Self:
        """This machine, with the torch that is installed."""
        import torch

        cpu, system = platform.machine(), platform.system().lower()
        version = _version("".join(torch.__version__.split(".")[:2]))
        toolkit = torch.version.cuda or torch.version.hip
        if toolkit is None:
            return cls("this machine", "cpu", cpu, system, torch=version)
        arch = None
        if torch.version.cuda is not None and torch.cuda.is_available():
            arch = "{}.{}".format(*torch.cuda.get_device_capability())
        return cls(
            "this machine",
            "cuda" if torch.version.cuda is not None else "rocm",
            cpu,
            system,
            (int(toolkit.split(".")[0]), int(toolkit.split(".")[1])),
            version,
            arch,
        )

    @property
    def variant(self) -> str:
        """The name of a build that is made there."""
        toolkit = "".join(str(part) for part in self.backend_version or ())
        backend = {"cuda": "cu"}.get(self.backend, self.backend) + toolkit
        torch = "".join(str(part) for part in self.torch or ())
        return f"torch{torch}-cxx11-{backend}-{self.cpu}-{self.system}"

    def takes(self, variant: Variant) -> bool:
        """Whether `kernels` would load the variant there, its archs aside."""
        if variant.backend not in (self.backend, "universal"):
            return False
        if variant.cpu is None:
            return True
        return (variant.cpu, variant.system) == (self.cpu, self.system) and (
            self._takes_torch(variant) and self._takes_backend(variant)
        )

    def takes_archs(self, archs: tuple[str, ...]) -> bool:
        """Whether one of the archs that a variant was built for runs there; none said is yes."""
        if self.arch is None or not archs:
            return True
        return any(_runs(built, self.arch) for built in archs)

    def _takes_torch(self, variant: Variant) -> bool:
        if self.torch is None or variant.torch is None:
            return True
        return variant.torch <= self.torch if variant.stable_abi else variant.torch == self.torch

    def _takes_backend(self, variant: Variant) -> bool:
        if self.backend_version is None or variant.backend_version is None:
            return True
        if self.backend != "cuda":
            return variant.backend_version == self.backend_version
        # A build by an earlier minor version of the same major one runs.
        major, minor = self.backend_version
        return variant.backend_version[0] == major and variant.backend_version[1] <= minor


def parse_variant(name: str) -> Variant | None:
    """Read the name of a build variant, such as `torch213-cxx11-cu130-x86_64-linux`.

    Returns:
        The variant; None where the name is of no form that torch loads.
    """
    if found := _NOARCH.fullmatch(name):
        return Variant(name, found["backend"])
    if (found := _VARIANT.fullmatch(name)) is None:
        return None
    return Variant(
        name=name,
        backend=_BACKENDS.get(found["backend"], found["backend"]),
        backend_version=_version(found["version"], split=-1) if found["version"] else None,
        torch=_version(found["torch"]),
        stable_abi=found["stable"] is not None,
        cpu=found["cpu"],
        system=found["system"],
    )


def _version(digits: str, split: int = 1) -> _Version:
    """Part run-together digits: torch has a major version of one, CUDA a minor one of one."""
    return int(digits[:split]), int(digits[split:] or 0)


def _runs(built: str, arch: str) -> bool:
    plain, plus, _ = built.partition("+PTX")
    if not re.fullmatch(r"\d+\.\d+[af]?", plain):
        return plain == arch
    major, minor = (int(part) for part in plain.rstrip("af").split("."))
    wanted = tuple(int(part) for part in arch.split("."))
    if plain[-1] in "af":
        return (major, minor) == wanted
    return (major == wanted[0] and minor <= wanted[1]) or bool(plus and (major, minor) <= wanted)
