"""build.toml: what the builder accepts is accepted, and each of its refusals is one sentence."""

import re
import sys
import types

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
        WHOLE.replace("edition = 5\n", "").replace('{ cuda = "2.9" }', '"2.9"'),
        GENERAL
        + "source = 'https://github.com/a/b'\nupstream = 'git@github.com:a/b.git'\n"
        + "kernel-depends = [{ repo-id = 'a/b', version = 1 }]\n"
        + "[general.hub]\nrepo-id = 'a/b'\n[general.cuda]\nminver = '12.8'\n[torch]\n",
    ],
)
def test_what_the_builder_accepts_has_no_problem(text: str):
    assert build_toml_problems(text) == []
    read = read_build_toml(text)
    assert read.general.name == "my-kernel"
    assert read.general.edition == 5


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


def mend(text: str, sentence: str) -> str:
    """Do what a sentence says, and nothing else."""
    if "`kernel-builder update-build`" in sentence:
        added = [each for each in re.findall("`([^`]+)`", sentence) if " = " in each]
        return text.replace("[general]", "\n".join(["[general]", *added]))
    found = re.match(r"line (\d+): .*; (write|add|remove)(?: `([^`]*)`)?", sentence)
    assert found is not None, sentence
    number, verb, words = int(found[1]), found[2], found[3]
    lines = text.split("\n")
    if verb == "add":
        lines.insert(number, words)
    else:
        lines[number - 1 : number] = [words] if verb == "write" else []
    return "\n".join(lines)


# Each has the faults of an example that was published: in kernel-skill at 0685297 (its two
# repositories, its Skill and its guides) and in the Skills of huggingface/kernels at 8ac69fc5.
OLD_KERNEL = """
# for one GPU
[general]
name = "ltx_kernels"
backends = ["cuda"]

[general.cuda]

[torch]
src = ["torch-ext/torch_binding.cpp"]

[kernel.rmsnorm]
backend = "cuda"
src = ["kernel_src/rmsnorm.cu"]
cuda-capabilities = ["9.0"]
"""
PUBLISHED = {
    "two repositories of an older Skill": OLD_KERNEL.replace(
        'src = ["k', 'depends = []\nsrc = ["k'
    ),
    "the Skill and its guides": OLD_KERNEL,
    "a Skill for XPUs": OLD_KERNEL.replace('backend = "cuda"', 'backend = "triton"'),
    "a Skill for Triton": GENERAL.replace('"cuda", "rocm"', '"triton"'),
    "no license": GENERAL.replace('license = "Apache-2.0"\n', "") + TORCH + KERNEL,
    "a kernel without depends and src": GENERAL + TORCH + '[kernel.cpu_one]\nbackend = "cpu"\n',
    "two frameworks": GENERAL + "[torch]\n[torch-noarch]\n",
    "underscores for dashes": WHOLE.replace("cuda-capabilities", "cuda_capabilities"),
    "a later edition": WHOLE.replace("edition = 5", "edition = 6"),
    "edition 5 without saying so": WHOLE.replace("edition = 5\n", ""),
    "a version in quotes": WHOLE.replace("version = 1", 'version = "1"'),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_mistake_is_mended_by_doing_what_the_sentences_say(name: str):
    text = PUBLISHED[name]
    problems = build_toml_problems(text)
    assert problems
    for _ in range(12):
        if not problems:
            break
        text = mend(text, problems[0])
        problems = build_toml_problems(text)
    assert problems == [], text
    assert read_build_toml(text).general.edition == 5


def test_a_file_of_version_3_says_how_to_migrate_it():
    text = '[general]\nname = "my-kernel"\nbackends = ["cuda"]\n' + KERNEL
    (problem,) = build_toml_problems(text + '[torch]\nsrc = ["a.cpp"]\n')
    assert "`kernel-builder update-build`" in problem
    assert build_toml_problems(mend(text, problem) + '[torch]\nsrc = ["a.cpp"]\n') == []
    (noarch,) = build_toml_problems(text)
    assert "add `edition = 5`, `version = 1`" in noarch
    assert "a section `[torch-noarch]`" in noarch


def test_the_builders_own_parser_has_the_last_word_where_it_is_installed(monkeypatch):
    def refuse(folder: str):
        raise ValueError(f"Cannot parse build configuration in `{folder}`: no such dependency")

    parser = types.SimpleNamespace(Build=types.SimpleNamespace(open=refuse))
    monkeypatch.setitem(sys.modules, "kernels_data", parser)
    (problem,) = build_toml_problems(WHOLE)
    assert problem.endswith("in `the repository`: no such dependency")
    monkeypatch.setitem(sys.modules, "kernels_data", types.SimpleNamespace(Version=str))
    assert build_toml_problems(WHOLE) == []
