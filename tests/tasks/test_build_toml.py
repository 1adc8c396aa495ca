"""build.toml: what the builder accepts is accepted, and each of its refusals is one sentence."""

import pytest

from skilldyno.tasks.build_toml import BuildTomlError, build_toml_problems, read_build_toml
from skilldyno.tasks.errors import UsageError

GENERAL = """
[general]
name = "my-kernel"
version = 1
edition = 5
license = "Apache-2.0"
backends = ["cuda", "rocm"]
"""
TORCH = """
[torch]
src = ["torch-ext/torch_binding.cpp"]
stable-abi = { cuda = "2.9" }
"""
KERNEL = """
[kernel.mine]
backend = "cuda"
depends = ["torch", "cutlass_3_6"]
cuda-capabilities = ["9.0a"]
src = ["mine.cu"]
"""
WHOLE = GENERAL + TORCH + KERNEL


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        GENERAL + "[torch-noarch]\ncuda_capabilities = ['9.0']\n",
        GENERAL
        + "[tvm-ffi]\nsrc = ['binding.cpp']\n[kernel.x]\nbackend='cpu'\ndepends=[]\nsrc=[]\n",
        WHOLE.replace("edition = 5\n", ""),
        GENERAL
        + "source = 'https://github.com/a/b'\nupstream = 'git@github.com:a/b.git'\n"
        + "kernel-depends = [{ repo-id = 'a/b', version = 1 }]\n"
        + "[general.hub]\nrepo-id = 'a/b'\n[general.cuda]\nminver = '12.8'\n[torch]\n",
    ],
)
def test_what_the_builder_accepts_has_no_problem(text: str):
    assert build_toml_problems(text) == []
    assert read_build_toml(text).general.name == "my-kernel"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('license = "Apache-2.0"\n', "", "the key 'general.license' is missing"),
        ("version = 1\n", "", "the key 'general.version' is missing"),
        ("version = 1\n", "version = '1'\n", "the key 'general.version' is '1': it should be"),
        ("edition = 5", "edition = 6", "the key 'general.edition' is 6: it should be 5"),
        ("my-kernel", "my_kernel", "the key 'general.name' is 'my_kernel': it should match"),
        ('"rocm"]', '"triton"]', "the key 'general.backends.1' is 'triton': it should be"),
        ("[torch]", "[torch-noarch]", "the key 'torch-noarch.src' is unknown"),
        (TORCH, "", "[torch-noarch] and [tvm-ffi] must be: there is none"),
        (TORCH, f"{TORCH}[torch-noarch]\n", "must be: there are torch, torch-noarch"),
        ('depends = ["torch", "cutlass_3_6"]\n', "", "the key 'kernel.mine.depends' is missing"),
        ('backend = "cuda"\n', "", "the key 'kernel.mine.backend' is missing"),
        ('backend = "cuda"', 'backend = "triton"', "the key 'kernel.mine.backend' is 'triton'"),
        ("cuda-capabilities", "cuda_capabilities", "'kernel.mine.cuda_capabilities' is unknown"),
        ("[kernel.mine]", "[extra]\n[kernel.mine]", "the key 'extra' is unknown"),
        ("[general]", "[general", "this is not valid TOML"),
    ],
)
def test_what_the_builder_refuses_is_named(old: str, new: str, problem: str):
    text = WHOLE.replace(old, new)
    assert text != WHOLE
    assert any(problem in each for each in build_toml_problems(text)), build_toml_problems(text)
    with pytest.raises(BuildTomlError, match=r"^build\.toml: .*\.$") as caught:
        read_build_toml(text)
    assert isinstance(caught.value, UsageError)


def test_every_problem_is_named_at_once():
    text = GENERAL.replace("version = 1\n", "").replace('license = "Apache-2.0"\n', "")
    assert len(build_toml_problems(text)) == 3
    dependency = GENERAL + "kernel-depends = [{ repo-id = 'a/b' }]\n[torch]\n"
    (problem,) = build_toml_problems(dependency)
    assert "exactly one of 'version' and 'revision'" in problem
