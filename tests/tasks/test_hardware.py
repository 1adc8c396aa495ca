"""Hardware profiles: the figures, the machine at hand, and what is refused."""

import platform
from pathlib import Path

import pytest

from skilldyno.tasks.errors import UsageError
from skilldyno.tasks.hardware import (
    PROFILES,
    Ceiling,
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
    assert len(profile_names()) >= 13
    assert tuple(profile.name for profile in load_profiles()) == profile_names()
    machines = [str(profile.machine) for profile in load_profiles()]
    assert len(set(machines)) == len(machines)


@pytest.mark.parametrize("name", [name for name in profile_names() if name != "cpu-x86_64"])
def test_a_gpu_has_figures_with_sources_and_a_target_that_agree(name: str):
    profile = load_profile(name)
    assert profile.memory_bandwidth
    assert profile.shared_memory
    assert profile.caches["l1"] >= 2**15
    assert profile.sources
    # A tensor core is faster in a shorter type, and a dense rate is never below that of float32.
    rates = profile.rates
    assert rates["float32"] <= rates["float16"] <= rates.get("float8", float("inf"))
    assert rates.get("bfloat16", rates["float16"]) == rates["float16"]
    ridge = profile.ridge("float16")
    found = profile.measured or profile
    assert ridge == pytest.approx(found.rates["float16"] / (found.memory_bandwidth or 0))
    if "cuda" in profile.toolchain:
        target = profile.arch.removeprefix("sm_")
        flag = f"-gencode=arch=compute_{target},code=sm_{target}"
        assert flag in profile.toolchain["cuda"].flags
        assert profile.cuda


def test_turing_has_neither_bfloat16_nor_tfloat32_nor_float8():
    assert set(load_profile("t4").rates) == {"float32", "float16", "int8"}
    assert load_profile("t4").ridge("bfloat16") is None


def test_a_measured_ceiling_comes_before_a_nominal_one(tmp_path: Path):
    path = tmp_path / "l4.toml"
    measured = (
        '[measured]\nmachine = "NVIDIA L4"\ndate = 2025-02-03\ntorch = "2.6.0"\nrepeats = 15\n'
        "memory_bandwidth = 250e9\n[measured.rates]\nfloat32 = 25e12\n"
    )
    path.write_text((PROFILES / "l4.toml").read_text() + measured)
    profile = read_profile(path)
    assert profile.ceiling("float32") == Ceiling(value=25e12, measured=True)
    assert profile.ceiling("float16") == Ceiling(value=121e12, measured=False)
    assert profile.ridge("float32") == pytest.approx(100)


def test_a_gpu_that_nvidia_smi_does_not_see_is_no_machine(gpus):
    gpus("AMD Instinct MI300X")
    profile = load_profile("mi300x")
    assert (profile.arch, tuple(profile.toolchain)) == ("gfx942", ("triton",))
    with pytest.raises(
        HardwareError, match=r"'mi300x' .* is told by its name alone, and the judge"
    ):
        require_this_machine(profile)


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
    assert str(caught.value).startswith(
        "No hardware profile for 'cuda' is of this machine, which has no NVIDIA GPU that nvidia-smi"
        " sees; there are: a100-80g, a10g, "
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
    with pytest.raises(HardwareError, match="no hardware profile 'zzz'; there are: a100-80g, "):
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
        ('gpu = "', 'gpu = "x"\narchitecture = "', "exactly one of 'gpu', 'architecture' and"),
        ('cuda = "12.0"', 'cuda = "12"', "the field 'cuda' is '12', but"),
        ("l2 =", "l4 =", "the field 'caches.l4' is 'l4', but it should be 'l1', 'l2' or 'l3'"),
        (
            "repeats =",
            "repeat =",
            "the field 'measured.repeat' is unknown; did you mean 'repeats'?",
        ),
        ('arch = "', 'ach = "', "the field 'ach' is unknown; did you mean 'arch'? allowed: arch, "),
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
