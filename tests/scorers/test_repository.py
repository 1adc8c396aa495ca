"""Kernel repositories: files from a completion or a folder, and what no repository may hold."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skilldyno.scorers.candidate import extract_candidate, read_repository
from skilldyno.scorers.extension import extension_of
from skilldyno.scorers.job import RefusedError, make_job
from skilldyno.scorers.judge.job import parse_job
from skilldyno.scorers.repository import File, Repository, RepositoryError, repository_of
from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.hardware import load_profile

RECORDINGS = Path(__file__).parents[2] / "evals" / "recordings"
MANIFEST = """[general]
name = "dyno-rms-norm"
version = 1
edition = 5
license = "Apache-2.0"
backends = ["cpu", "cuda"]

[torch]
src = ["torch-ext/torch_binding.cpp", "torch-ext/torch_binding.h"]

[kernel.on_cpu]
backend = "cpu"
depends = ["torch"]
include = ["cpu"]
cxx-flags = ["-mavx2", "-fopenmp"]
src = ["cpu/rms_norm.cpp"]

[kernel.on_gpu]
backend = "cuda"
depends = ["torch"]
cuda-capabilities = ["8.0", "9.0a"]
cuda-flags = ["-use_fast_math", "-Xptxas", "-O3"]
src = ["cuda/rms_norm.cu"]
"""
FILES = {
    "build.toml": MANIFEST,
    "torch-ext/torch_binding.cpp": "// binding\n",
    "torch-ext/torch_binding.h": "#pragma once\n",
    "torch-ext/dyno_rms_norm/__init__.py": "",
    "cpu/rms_norm.cpp": "// cpu\n",
    "cuda/rms_norm.cu": "// cuda\n",
}


def repository(**changed: str) -> Repository:
    files = FILES | {"build.toml": changed.pop("manifest", MANIFEST)} | changed
    return Repository(tuple(File(path, text) for path, text in files.items()))


def completion(*files: tuple[str, str]) -> str:
    return "\n\n".join(f"```text {path}\n{text}```" for path, text in files)


def refusal(text: str) -> str:
    candidate = extract_candidate(text, "torch-ext", "rms_norm")
    assert candidate.source is not None
    with pytest.raises(RefusedError) as caught:
        make_job(
            id="one",
            source=candidate.source,
            operation=load_operation("rms_norm"),
            hardware=load_profile("cpu-x86_64"),
            language="torch-ext",
        )
    return str(caught.value)


def test_the_files_of_a_completion_are_its_blocks_with_a_path():
    text = f"Here it is.\n\n{completion(*FILES.items())}\n\n```sh\nnix build\n```\n"
    candidate = extract_candidate(text, "torch-ext", "rms_norm")
    assert candidate.source == repository().text
    assert candidate.build_toml == MANIFEST
    assert read_repository(candidate.source or "") == repository()


@pytest.mark.parametrize(
    "info",
    [
        "cpp a/b.cpp",
        'cpp title="a/b.cpp"',
        "cpp path=a/b.cpp",
        "cpp:a/b.cpp",
        "a/b.cpp",
    ],
)
def test_a_path_is_taken_from_the_info_string(info: str):
    assert read_repository(f"```{info}\nint x;\n```\n").paths == ("a/b.cpp",)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=200))
def test_any_text_of_a_file_survives(text: str):
    written = Repository((File("a.md", text), File("b.cpp", "```\n````x\n")))
    (first, second) = read_repository(written.text).files
    assert first.text in (text, text + "\n")
    assert second.text == "```\n````x\n"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("../outside.cpp", "leaves the repository"),
        ("a/../../b.cpp", "leaves the repository"),
        ("/etc/passwd", "is absolute"),
        ("C:/x.cpp", "is absolute"),
        ("a//b.cpp", "is not one that a repository can have"),
        ("./a.cpp", "is not one that a repository can have"),
        ("-wrapper", "is not one that a repository can have"),
        ("a/" + "b" * 300 + ".cpp", "is not one that a repository can have"),
        ("build.toml", "is there twice"),
        ("cpu", "is a file and the folder of cpu/rms_norm.cpp"),
    ],
)
def test_a_path_that_no_repository_has_is_the_candidates_fault(path: str, words: str):
    assert words in refusal(completion(*FILES.items(), (path, "x\n")))


def test_ten_thousand_files_are_too_many_and_a_large_one_too_large():
    many = [(f"src/file_{number}.cpp", "") for number in range(10_000)]
    assert "has 10000 files: 200 are the most" in refusal(completion(*many))
    assert "4 MiB" in refusal(completion(*FILES.items(), ("big.md", "x" * (5 << 20) + "\n")))


def test_a_folder_is_read_without_builds_hidden_files_and_pictures(tmp_path: Path):
    repository().write(tmp_path)
    for path in ("build/torch/x.py", ".git/config", "result/y.py", ".gitignore"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff\xfe")
    assert repository_of(tmp_path) == repository()
    (tmp_path / "link.cpp").symlink_to("/etc/passwd")
    with pytest.raises(RepositoryError, match=r"link\.cpp is a symbolic link: put the file itself"):
        repository_of(tmp_path)


def test_every_recorded_repository_has_a_plan():
    lines = (RECORDINGS / "claude-kernel-repos.jsonl").read_text().splitlines()
    assert len(lines) == 40
    for row in map(json.loads, lines):
        candidate = extract_candidate(row["completion"], row["language"], row["op"])
        assert candidate.found == "files"
        assert not candidate.truncated
        read = read_repository(candidate.source or "")
        assert row["completion"].count("```") == 2 * len(read.files)
        plan = extension_of(read, load_profile(row["hardware"]))
        assert plan["package"] == f"dyno_{row['op']}"
        assert {"g++", "nvcc"} >= {each["compiler"] for each in plan["compilations"]}


def test_no_file_is_no_code():
    candidate = extract_candidate("```cpp\nint x;\n```", "torch-ext", "rms_norm")
    assert candidate.source is None
    assert "no fenced block has a path" in candidate.note


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'src = ["cpu/rms_norm.cpp"]',
            'src = ["rms_norm.cpp"]',
            "kernel.on_cpu.src has 'rms_norm.cpp', which is not in the repository: write one of",
        ),
        (
            '["cpu", "cuda"]',
            '["cuda"]',
            'kernel.on_cpu is for cpu, which general.backends does not have: add "cpu"',
        ),
        ("dyno-rms-norm", "my-norm", "there is no torch-ext/my_norm/__init__.py"),
        ('include = ["cpu"]', 'include = ["../.."]', "kernel.on_cpu.include has '../..'"),
        ('"-mavx2"', '"-fplugin=x.so"', "kernel.on_cpu.cxx-flags has '-fplugin=x.so'"),
        ('"-mavx2"', '"-wrapper"', "kernel.on_cpu.cxx-flags has '-wrapper'"),
        ('"-mavx2"', '"-o/etc/passwd"', "kernel.on_cpu.cxx-flags has '-o/etc/passwd'"),
        ('"-mavx2"', '"-Wl,-rpath,/x"', "kernel.on_cpu.cxx-flags has '-Wl,-rpath,/x'"),
        (
            'depends = ["torch"]\ninclude',
            'depends = ["torch", "cutlass_3_6"]\ninclude',
            "depends on cutlass_3_6",
        ),
        ("version = 1\n", "", "line 1: the key 'general.version' is missing; add `version = 1`"),
        ("[torch]", "[torch-noarch]", "the key 'torch-noarch.src' is unknown"),
    ],
)
def test_a_manifest_that_is_not_of_its_repository_is_refused(old: str, new: str, words: str):
    assert MANIFEST.replace(old, new) != MANIFEST
    assert words in refusal(repository(manifest=MANIFEST.replace(old, new, 1)).text)


def test_without_a_manifest_it_is_refused():
    text = completion(*(file for file in FILES.items() if file[0] != "build.toml"))
    assert refusal(text) == "there is no build.toml: add one at the root of the repository"


@pytest.mark.parametrize(
    ("capabilities", "archs"),
    [
        ('["8.0", "9.0a"]', ["sm_90a"]),
        ('["8.0", "9.0", "9.0a"]', ["sm_90a"]),
        ('["9.0"]', ["sm_90"]),
        ('["8.0", "8.6+PTX"]', ["compute_86"]),
        ('["8.0", "8.6"]', ["sm_80"]),
    ],
)
def test_a_kernel_is_compiled_for_the_capability_that_would_run_here(capabilities, archs):
    manifest = MANIFEST.replace('["8.0", "9.0a"]', capabilities)
    plan = extension_of(repository(manifest=manifest), load_profile("h200"))
    (binding, kernel) = plan["compilations"]
    assert kernel["archs"] == archs
    assert kernel["flags"] == ["-use_fast_math", "-Xptxas", "-O3"]
    assert binding["compiler"] == "g++"
    assert plan["backend"] == "cuda"
    assert plan["package"] == "dyno_rms_norm"


def test_without_capabilities_it_is_plain_and_claims_the_oldest_and_the_newest():
    manifest = MANIFEST.replace('cuda-capabilities = ["8.0", "9.0a"]\n', "")
    plan = extension_of(repository(manifest=manifest), load_profile("h200"))
    assert plan["compilations"][1]["archs"] == ["sm_90"]
    assert plan["claimed_archs"] == ["sm_75", "sm_121"]


def test_a_capability_that_is_none_is_refused():
    manifest = MANIFEST.replace('["8.0", "9.0a"]', '["99999.0"]')
    with pytest.raises(RepositoryError, match=r"has '99999\.0', for which kernel-builder builds"):
        extension_of(repository(manifest=manifest), load_profile("h200"))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "cuda-flags",
            'cuda-minver = "11.8"\ncuda-flags',
            "is for 9.0a, which CUDA has since 12.0",
        ),
        (
            "[torch]",
            '[torch]\nminver = "2.6"\nstable-abi = "2.9"',
            "stable-abi needs 2.9: raise it",
        ),
        ("[torch]", '[torch]\nminver = "2.9"\nmaxver = "2.8"', "no version is both"),
    ],
)
def test_metadata_that_does_not_agree_with_itself_is_named(old: str, new: str, problem: str):
    assert extension_of(repository(), load_profile("h200"))["problems"] == []
    manifest = MANIFEST.replace(old, new, 1)
    (found,) = extension_of(repository(manifest=manifest), load_profile("h200"))["problems"]
    assert problem in found


def test_the_judge_reads_the_plan():
    job = make_job(
        id="one",
        source=repository().text,
        operation=load_operation("rms_norm"),
        hardware=load_profile("cpu-x86_64"),
        language="torch-ext",
    )
    parsed = parse_job(json.loads(json.dumps(job)))
    assert parsed.device == "cpu"
    assert parsed.extension is not None
    kernel = parsed.extension.compilations[1]
    assert kernel.flags == ("-mavx2", "-fopenmp")
    assert kernel.include == ("cpu",)
    assert re.fullmatch("[0-9a-f]{64}", parsed.candidate)
