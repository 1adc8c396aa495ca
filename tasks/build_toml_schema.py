"""The schema of build.toml, the build file of a kernel repository.

It is that of edition 5. A file without an edition is of version 4, which has fewer keys and which
the builder upgrades when it loads it. Source: the Rust types under kernels-data/src/config of
https://github.com/huggingface/kernels at 8ac69fc5.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

EDITION: Final = 5
KEYS_OF_EDITION_5: Final = (
    *("general.kernel-depends", "general.tpu", "general.cuda.kernel-depends"),
    *("general.neuron.kernel-depends", "general.xpu.kernel-depends"),
)
"""What a file without an edition must not have; a table as torch.stable-abi is the sixth."""

Backend = Literal["cann", "cpu", "cuda", "metal", "neuron", "rocm", "tpu", "xpu"]
Dependency = Literal[
    "torch",
    "cutlass_2_10",
    "cutlass_3_5",
    "cutlass_3_6",
    "cutlass_3_8",
    "cutlass_3_9",
    "cutlass_4_0",
    "cutlass_4_4",
    "cutlass_4_5",
    "sycl_tla",
    "metal-cpp",
]
KernelName = Annotated[str, Field(pattern=r"^[a-z][-a-z0-9]*[a-z0-9]$")]
Version = Annotated[str, Field(pattern=r"^\d+(\.\d+)*$")]
GitUrl = Annotated[str, Field(pattern=r"^((git\+)?(https?|ssh)|git)://\S+$|^[^\s:/]+:[^\s/]\S*$")]


class _Table(BaseModel):
    """A table of build.toml: its keys are written with dashes, and unknown ones are refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=lambda name: name.replace("_", "-"),
    )


class KernelDependency(_Table):
    """A kernel of the Hub that this one needs, at a version or at a revision."""

    repo_id: str
    version: NonNegativeInt | None = None
    revision: str | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.version is None) == (self.revision is None):
            raise ValueError("exactly one of 'version' and 'revision' must be given")
        return self


class BackendGeneral(_Table):
    """What one backend needs beside the kernels."""

    kernel_depends: list[KernelDependency] | None = None
    python_depends: list[str] | None = None


class CudaGeneral(BackendGeneral):
    """What CUDA needs: bounds of its version, too."""

    minver: Version | None = None
    maxver: Version | None = None


class TpuGeneral(_Table):
    """What TPUs need."""

    python_depends: list[str] | None = None


class Hub(_Table):
    """Where the kernel is published."""

    repo_id: str | None = None
    branch: str | None = None


class General(_Table):
    """Name, version, license and backends of the kernel."""

    name: KernelName
    version: NonNegativeInt
    license: str
    backends: list[Backend]
    edition: Literal[5] | None = None
    upstream: GitUrl | None = None
    source: GitUrl | None = None
    hub: Hub | None = None
    kernel_depends: list[KernelDependency] | None = None
    python_depends: list[str] | None = None
    cuda: CudaGeneral | None = None
    neuron: BackendGeneral | None = None
    tpu: TpuGeneral | None = None
    xpu: BackendGeneral | None = None


class Torch(_Table):
    """A Torch extension with compiled bindings."""

    src: list[str] = []
    include: list[str] | None = None
    minver: Version | None = None
    maxver: Version | None = None
    pyext: list[str] | None = None
    stable_abi: Version | dict[Backend, Version] | None = None
    cxx_flags: list[str] | None = None


class TorchNoarch(_Table):
    """A Torch extension in Python alone, such as Triton kernels."""

    # The builder writes these two keys with underscores.
    model_config = ConfigDict(alias_generator=None)

    pyext: list[str] | None = None
    cuda_capabilities: list[str] | None = None
    rocm_archs: list[str] | None = None


class TvmFfi(_Table):
    """An extension by TVM FFI."""

    src: list[str]
    include: list[str] | None = None
    pyext: list[str] | None = None
    cxx_flags: list[str] | None = None


class _Sources(_Table):
    depends: list[Dependency]
    src: list[str]
    include: list[str] | None = None
    cxx_flags: list[str] | None = None


class CpuKernel(_Sources):
    """Sources for CPUs or for Metal."""

    backend: Literal["cpu", "metal"]


class CudaKernel(_Sources):
    """Sources for CUDA."""

    backend: Literal["cuda"]
    cuda_capabilities: list[str] | None = None
    cuda_flags: list[str] | None = None
    cuda_minver: Version | None = None


class RocmKernel(_Sources):
    """Sources for ROCm."""

    backend: Literal["rocm"]
    rocm_archs: list[str] | None = None
    hip_flags: list[str] | None = None


class XpuKernel(_Sources):
    """Sources for XPUs."""

    backend: Literal["xpu"]
    sycl_flags: list[str] | None = None


Kernel = Annotated[CpuKernel | CudaKernel | RocmKernel | XpuKernel, Field(discriminator="backend")]


class BuildToml(_Table):
    """A whole build.toml; exactly one of the three frameworks is there."""

    general: General
    torch: Torch | None = None
    torch_noarch: TorchNoarch | None = None
    tvm_ffi: TvmFfi | None = None
    kernel: dict[str, Kernel] = {}
