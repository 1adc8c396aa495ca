"""Hardware profiles: the figures, the machine at hand, and what is refused."""

import platform
from pathlib import Path

import pytest

from skilldyno.tasks.errors import UsageError
from skilldyno.tasks.hardware import (
    PROFILES,
    HardwareError,
    detect_hardware,
    load_profile,
    load_profiles,
    profile_names,
    read_profile,
    require_this_machine,
)


@pytest.fixture
def gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that makes this machine's nvidia-smi print GPU names, or fail."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(*names: str, code: int = 0) -> None:
        script = tmp_path / "nvidia-smi"
        lines = "\n".join(f"echo '{name}'" for name in names)
        script.write_text(f"#!/bin/sh\n{lines}\nexit {code}\n")
        script.chmod(0o755)

    return install


@pytest.fixture
def x86_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "system", lambda: "Linux")


def test_the_profiles():
    assert profile_names() == ("cpu-x86_64", "h200")
    assert tuple(profile.name for profile in load_profiles()) == profile_names()


def test_the_h200_has_the_datasheet_figures():
    profile = load_profile("h200")
    assert (profile.kind, profile.arch, profile.multiprocessors) == ("gpu", "sm_90a", 132)
    assert profile.memory_bandwidth == 4.8e12
    assert profile.memory == 141e9
    assert profile.rates["bfloat16"] == 989.4e12
    assert profile.rates["float32"] == 67e12
    assert profile.caches["l2"] == 60 * 2**20
    assert profile.toolchain["cuda"].compiler == "nvcc"
    assert profile.sources


def test_the_cpu_has_no_nominal_figures():
    profile = load_profile("cpu-x86_64")
    assert profile.kind == "cpu"
    assert profile.memory_bandwidth is None
    assert not profile.rates
    assert profile.toolchain["cpp"].flags == ("-O3", "-march=native", "-fopenmp")


@pytest.mark.usefixtures("x86_linux")
def test_a_machine_without_a_gpu_is_the_cpu(gpus):
    assert detect_hardware().name == "cpu-x86_64"
    require_this_machine(load_profile("cpu-x86_64"))
    with pytest.raises(HardwareError) as caught:
        detect_hardware("cuda")
    assert str(caught.value) == (
        "No hardware profile for 'cuda' is of this machine, which has no NVIDIA GPU that nvidia-smi"
        " sees; there are: h200."
    )
    gpus(code=9)
    with pytest.raises(HardwareError, match="no NVIDIA GPU that nvidia-smi sees"):
        detect_hardware("cuda")


@pytest.mark.usefixtures("x86_linux")
def test_a_machine_with_an_h200_is_both(gpus):
    gpus("NVIDIA H200", "NVIDIA H200")
    assert detect_hardware("cuda").name == "h200"
    assert detect_hardware("triton").name == "h200"
    assert detect_hardware("cpp").name == "cpu-x86_64"
    require_this_machine(load_profile("h200"))


def test_another_gpu_is_named(gpus):
    gpus("NVIDIA GH200 480GB")
    with pytest.raises(HardwareError) as caught:
        require_this_machine(load_profile("h200"))
    assert str(caught.value) == (
        "Hardware 'h200' is not this machine, which has the GPU NVIDIA GH200 480GB;"
        " judge on such a machine, or name another profile."
    )


def test_another_architecture_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(HardwareError, match="which has a arm64 CPU under Darwin; there are: cpu-"):
        detect_hardware()


def test_unknown_profiles_are_answered_with_close_ones():
    with pytest.raises(HardwareError, match="no hardware profile 'zzz'; there are: cpu-x86_64, h2"):
        load_profile("zzz")
    with pytest.raises(HardwareError, match=r"'cpu-x86'; did you mean cpu-x86_64\?"):
        load_profile("cpu-x86")
    assert issubclass(HardwareError, UsageError)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('kind = "gpu"', 'kind = "gpu', "h200.toml: this is not valid TOML; mend it: "),
        ("memory_bandwidth", "bandwidth", "the field 'bandwidth' is unknown; did you mean"),
        ('kind = "gpu"', 'kind = "GPU"', "the field 'kind' is 'GPU', but it should be 'cpu' or 'g"),
        ('kind = "gpu"', 'kind = "cpu"', "'toolchain.cuda' is for 'gpu' hardware, but kind is 'cp"),
        ("4.8e12", '"fast"', "the field 'memory_bandwidth' is 'fast', but it should be a valid n"),
        ("bfloat16 =", "bf16 =", "the field 'rates.bf16' is 'bf16', but it should be 'float32',"),
        ('gpu = "', 'architecture = "', "the field 'machine.gpu' is missing; add it."),
        ('gpu = "', 'gpu = "x"\narchitecture = "', "exactly one of 'gpu' and 'architecture'"),
        ('name = "h200"', 'name = "h201"', "but it should be the file's name, 'h200'."),
        ('compiler = "nvcc"', "", "the field 'toolchain.cuda.compiler' is missing; add it."),
    ],
)
def test_a_mistake_in_a_profile_is_one_sentence(
    tmp_path: Path, before: str, after: str, message: str
):
    text = (PROFILES / "h200.toml").read_text()
    assert before in text
    path = tmp_path / "h200.toml"
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(HardwareError) as caught:
        read_profile(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
