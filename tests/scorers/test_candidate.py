"""Candidates: which part of a completion is the kernel."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skilldyno.scorers.candidate import extract_candidate
from skilldyno.tasks.language import Language

RECORDINGS = Path(__file__).parents[2] / "evals" / "recordings"
KERNEL = '#include <cstdint>\nextern "C" void f(int64_t n) {\n  (void)n;\n}\n'
OTHER = "int main() {\n  f(3);\n}\n"


def fenced(code: str, info: str = "cpp", fence: str = "```") -> str:
    return f"{fence}{info}\n{code}{fence}\n"


@pytest.mark.parametrize(
    "path", sorted(RECORDINGS.glob("claude-[ch]*.jsonl")), ids=lambda p: p.stem
)
def test_every_recorded_completion_has_a_candidate(path: Path):
    for line in path.read_text().splitlines():
        row = json.loads(line)
        candidate = extract_candidate(row["completion"], row["language"], row["op"])
        assert candidate.found == "fence"
        assert candidate.source is not None
        assert not candidate.truncated
        assert row["completion"].endswith(f"```{row['language']}\n{candidate.source}```\n")


@pytest.mark.parametrize(
    ("language", "info"),
    [
        ("cpp", "cpp"),
        ("cpp", "c++"),
        ("cpp", "CC"),
        ("cpp", "cxx"),
        ("cpp", "c"),
        ("cpp", "cpp title=kernel"),
        ("cpp", "cpp:kernel.cpp"),
        ("cpp", "kernel.cpp"),
        ("cpp", " {.cpp}"),
        ("cuda", "cuda"),
        ("cuda", "cu"),
        ("cuda", "src/kernel.cu"),
        ("triton", "python"),
        ("triton", "py"),
        ("triton", "triton"),
    ],
)
def test_labels_of_a_language(language: Language, info: str):
    candidate = extract_candidate(fenced(KERNEL, info), language)
    assert (candidate.source, candidate.found) == (KERNEL, "fence")


def test_cuda_falls_back_to_a_block_of_cpp_and_cpp_not_to_cuda():
    candidate = extract_candidate(fenced(KERNEL, "c++"), "cuda")
    assert (candidate.source, candidate.found) == (KERNEL, "related_fence")
    refused = extract_candidate(fenced(KERNEL, "cuda"), "cpp")
    assert (refused.source, refused.found) == (None, "nothing")
    assert refused.note == "There is no code in 'cpp': its fenced blocks have 'cuda'."


def test_a_label_of_the_language_wins_over_a_later_fallback():
    completion = fenced(KERNEL, "cuda") + fenced(OTHER, "cpp") + fenced(KERNEL + "\n", "")
    assert extract_candidate(completion, "cuda").source == KERNEL


@pytest.mark.parametrize("fence", ["```", "~~~", "````", "~~~~~"])
def test_fences_of_any_kind_and_length(fence: str):
    inner = KERNEL + "// ``` and ~~~ inside a line\n"
    assert extract_candidate(fenced(inner, fence=fence), "cpp").source == inner


def test_a_longer_fence_holds_a_shorter_one():
    inner = "// usage:\n```\nf(3)\n```\n" + KERNEL
    assert extract_candidate(fenced(inner, fence="````"), "cpp").source == inner


def test_prose_around_and_windows_line_endings():
    completion = f"Here it is:\n\n{fenced(KERNEL)}\nIt is fast.\n".replace("\n", "\r\n")
    assert extract_candidate(completion, "cpp").source == KERNEL


def test_an_indented_fence_loses_its_indentation():
    completion = "1. The kernel:\n\n" + "".join(
        f"   {line}\n" for line in fenced(KERNEL).splitlines()
    )
    assert extract_candidate(completion, "cpp").source == KERNEL


def test_the_last_block_that_defines_the_function_is_taken():
    declaration = 'extern "C" void f(int64_t n);\n'
    completion = fenced(OTHER) + fenced(KERNEL) + fenced(declaration) + fenced("f(3);\n")
    assert extract_candidate(completion, "cpp", "f").source == KERNEL
    assert extract_candidate(completion, "cpp").source == "f(3);\n"
    assert extract_candidate(completion, "cpp", "g").source == "f(3);\n"


def test_of_two_definitions_the_last_is_taken():
    better = KERNEL.replace("(void)n", "n++")
    assert extract_candidate(fenced(KERNEL) + fenced(better), "cpp", "f").source == better


def test_a_definition_in_an_unlabelled_block_beats_a_labelled_block_without_one():
    candidate = extract_candidate(fenced(KERNEL, "") + fenced(OTHER), "cpp", "f")
    assert (candidate.source, candidate.found) == (KERNEL, "unlabelled_fence")


def test_triton_definitions():
    code = "import triton\n\ndef f(x, out):\n    pass\n"
    completion = fenced(code, "python") + fenced("f(x, out)\n", "python")
    assert extract_candidate(completion, "triton", "f").source == code


def test_an_unlabelled_block_must_look_like_code():
    assert extract_candidate(fenced(KERNEL, ""), "cpp").found == "unlabelled_fence"
    assert extract_candidate(fenced("$ make\n", ""), "cpp").source is None


def test_a_fence_that_is_never_closed_is_truncated():
    candidate = extract_candidate("```cpp\n" + KERNEL.rstrip("}\n"), "cpp", "f")
    assert candidate.source == KERNEL.rstrip("}\n")
    assert candidate.truncated
    assert candidate.note.endswith("cut off before its fence was closed.")


def test_code_without_a_fence():
    candidate = extract_candidate(KERNEL, "cpp")
    assert (candidate.source, candidate.found) == (KERNEL, "whole_text")
    triton = extract_candidate("import triton\n", "triton")
    assert triton.found == "whole_text"


@pytest.mark.parametrize(
    "completion", ["", "I cannot do that.", "```cpp\n```", "```cpp", "Use `#include` here."]
)
def test_no_code_at_all(completion: str):
    candidate = extract_candidate(completion, "cpp", "f")
    assert (candidate.source, candidate.found, candidate.digest) == (None, "nothing", "")
    assert candidate.note


def test_a_build_toml_beside_the_kernel():
    build = '[general]\nname = "f"\n'
    for block in (fenced(build, "toml"), fenced(build, "toml build.toml"), fenced("", "toml")):
        candidate = extract_candidate(fenced(KERNEL) + block, "cpp", "f")
        assert candidate.source == KERNEL
        assert candidate.build_toml == (build if "general" in block else None)
    assert extract_candidate(fenced('[tool]\nx = "1"\n', "toml"), "cpp").build_toml is None


def test_the_digest_is_of_the_source_alone():
    digests = {
        extract_candidate(prose + fenced(KERNEL), "cpp").digest for prose in ("", "Some prose.\n")
    }
    assert len(digests) == 1
    assert len(digests.pop()) == 64


FENCES = ("```", "~~~", "````", "   ```", "\t~~~", "cpp", "cuda", "python", "toml", "build.toml")
BREAKS = ("\n", "\r\n", "\r", " ", "\t", "\x00", "\x0c", "\u2028", "\ud800")
CODE = ("#include <x>", 'extern "C" void f(', ") {", "}", ";", "def f(x):", "[general]")
PIECES = st.one_of(
    st.text(alphabet=st.characters(), max_size=20), st.sampled_from(FENCES + BREAKS + CODE)
)


@given(
    st.lists(PIECES, max_size=30).map("".join),
    st.sampled_from(["cpp", "cuda", "triton"]),
    st.sampled_from([None, "f", "a.b(", ""]),
)
def test_any_completion_is_survived_and_the_source_is_part_of_it(
    completion: str, language: Language, function: str | None
):
    candidate = extract_candidate(completion, language, function)
    assert (candidate.source is None) == (candidate.found == "nothing")
    assert candidate.note.endswith(".")
    if candidate.source is not None:
        assert candidate.source.strip()
        assert holds(completion.replace("\r\n", "\n").replace("\r", "\n"), candidate.source)


def holds(text: str, source: str) -> bool:
    """Tell whether the lines of a source stand together in a text, less some indentation."""
    have, want = text.split("\n"), source.removesuffix("\n").split("\n")
    return any(
        all(
            whole.endswith(line) and not whole.removesuffix(line).strip(" \t")
            for whole, line in zip(have[start : start + len(want)], want, strict=True)
        )
        for start in range(len(have) - len(want) + 1)
    )
