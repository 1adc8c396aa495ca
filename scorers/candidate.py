"""Candidates: the kernel in one completion, and where in it the kernel was found."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Literal

from ..tasks.language import Language
from .fences import Block, fenced_blocks
from .repository import MANIFEST, File, Repository, RepositoryError, path_in

Found = Literal["fence", "related_fence", "unlabelled_fence", "whole_text", "files", "nothing"]

_LABELS: Final[dict[Language, frozenset[str]]] = {
    "cpp": frozenset({"cpp", "c++", "cc", "cxx", "c"}),
    "cuda": frozenset({"cuda", "cu", "cuda-cpp", "cuda-c++"}),
    "triton": frozenset({"python", "py", "python3", "triton"}),
    "torch-ext": frozenset(),
}
_RELATED_LABELS: Final[dict[Language, frozenset[str]]] = {
    "cpp": frozenset(),
    "cuda": _LABELS["cpp"],
    "triton": frozenset(),
    "torch-ext": frozenset(),
}
_CODE_LINE: Final[dict[Language, re.Pattern[str]]] = {
    "cpp": re.compile(r'^[ \t]*(#[ \t]*include\b|extern[ \t]+"C")', re.MULTILINE),
    "cuda": re.compile(r'^[ \t]*(#[ \t]*include\b|extern[ \t]+"C")', re.MULTILINE),
    "triton": re.compile(r"^(import triton\b|from triton\b|@triton\.jit\b)", re.MULTILINE),
    "torch-ext": re.compile(r"(?!)"),
}

_STATEMENT_OR_BODY: Final = re.compile(r"[{;]")
_BUILD_GENERAL: Final = re.compile(r"^[ \t]*\[general\]", re.MULTILINE)


@dataclass(frozen=True)
class Candidate:
    """The kernel in one completion.

    Attributes:
        language: the language that was asked for.
        source: the source file, or None where the completion holds no code.
        build_toml: the text of a build.toml beside it, or None.
        found: how the source was found.
        truncated: whether the source ends with the completion, inside an open fence.
        note: one sentence on how it was found.
    """

    language: Language
    source: str | None
    build_toml: str | None
    found: Found
    truncated: bool
    note: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the source, in hexadecimal; empty where there is none."""
        if self.source is None:
            return ""
        # A completion may hold half of a surrogate pair, which strict UTF-8 refuses.
        return hashlib.sha256(self.source.encode("utf-8", "surrogatepass")).hexdigest()


def extract_candidate(
    completion: str, language: Language, function: str | None = None
) -> Candidate:
    """Find the kernel in a completion; never raises, whatever the completion holds.

    The rule: among the fenced blocks labelled with the language, the last that defines `function`;
    failing that, among those labelled with a related language (C++ where CUDA was asked for);
    failing that, among those without a label. Where no block defines it, or no function is given,
    the last block of the first of these groups that has any (an unlabelled one must look like
    code). Where there is none, the whole completion, if a line of it looks like code: for C++ and
    CUDA, it begins with `#include` or `extern "C"`; for Triton, with an import of triton or
    `@triton.jit`. A fence that is never closed ends with the completion.

    The source is the text as it stands between the fences, with every line ending made a line
    feed and the indentation of the fence removed from each line.

    Args:
        completion: what the model answered.
        language: the language that was asked for.
        function: the name of the function that was asked for.
    """
    text = completion.replace("\r\n", "\n").replace("\r", "\n")
    if language == "torch-ext":
        return _repository_candidate(text)
    blocks = [block for block in fenced_blocks(text) if block.content.strip()]
    build_toml = next((b.content for b in reversed(blocks) if _is_build_toml(b)), None)
    related = _RELATED_LABELS[language]
    groups: dict[Found, list[Block]] = {
        "fence": [b for b in blocks if b.label in _LABELS[language]],
        "related_fence": [b for b in blocks if b.label in related],
        "unlabelled_fence": [b for b in blocks if not b.label],
    }
    chosen = _choose(groups, language, function)
    if chosen is not None:
        found, block = chosen
        return Candidate(
            language=language,
            source=block.content,
            build_toml=build_toml,
            found=found,
            truncated=not block.closed,
            note=_note(found, block, len(groups[found])),
        )
    if not blocks and _CODE_LINE[language].search(text):
        note = "There is no fenced block; the whole completion is taken as code."
        return Candidate(language, text, None, "whole_text", False, note)
    note = f"There is no code in '{language}': {_labels_seen(blocks)}."
    return Candidate(language, None, build_toml, "nothing", False, note)


def read_repository(text: str) -> Repository:
    """Read the files of a text: its fenced blocks with a path in the info string.

    Raises:
        RepositoryError: they make no repository.
    """
    named = [(path_in(block.info), block.content) for block in fenced_blocks(text)]
    return Repository(tuple(File(path, content) for path, content in named if path is not None))


def _repository_candidate(text: str) -> Candidate:
    """The files in a completion; where they make no repository, its text says so to the judge."""
    blocks = [block for block in fenced_blocks(text) if path_in(block.info) is not None]
    if not blocks:
        note = "There is no file: no fenced block has a path in its info string."
        return Candidate("torch-ext", None, None, "nothing", False, note)
    try:
        repository = read_repository(text)
    except RepositoryError as error:
        return Candidate("torch-ext", text, None, "files", False, f"Refused: {error}.")
    return Candidate(
        language="torch-ext",
        source=repository.text,
        build_toml=repository.text_of(MANIFEST),
        found="files",
        truncated=not blocks[-1].closed,
        note=f"The repository has {len(repository.files)} files, of as many blocks.",
    )


def _choose(
    groups: dict[Found, list[Block]], language: Language, function: str | None
) -> tuple[Found, Block] | None:
    if function is not None:
        for found, blocks in groups.items():
            for block in reversed(blocks):
                if _defines(block.content, language, function):
                    return found, block
    for found, blocks in groups.items():
        for block in reversed(blocks):
            if found != "unlabelled_fence" or _CODE_LINE[language].search(block.content):
                return found, block
    return None


def _defines(source: str, language: Language, function: str) -> bool:
    """Tell whether source text holds the function's body, and not a declaration or a call."""
    name = re.escape(function)
    if language == "triton":
        return re.search(rf"^[ \t]*def[ \t]+{name}[ \t]*\(", source, re.MULTILINE) is not None
    for call in re.finditer(rf"\b{name}\s*\(", source):
        # What follows the name says what it is: a body opens before a statement ends.
        end = _STATEMENT_OR_BODY.search(source, call.end())
        if end is not None and end.group() == "{":
            return True
    return False


def _is_build_toml(block: Block) -> bool:
    if "build.toml" in block.info:
        return True
    return block.label == "toml" and _BUILD_GENERAL.search(block.content) is not None


def _note(found: Found, block: Block, count: int) -> str:
    where = {
        "fence": f"a block labelled '{block.label}'",
        "related_fence": f"a block labelled '{block.label}', there being none of the language",
        "unlabelled_fence": "a block without a label",
    }[found]
    which = f"one of {count} such" if count > 1 else "the only one"
    ending = "" if block.closed else ", cut off before its fence was closed"
    return f"The source is {where}, {which}{ending}."


def _labels_seen(blocks: list[Block]) -> str:
    if not blocks:
        return "the completion has no fenced block with text in it"
    labels = dict.fromkeys(f"'{block.label}'" if block.label else "no label" for block in blocks)
    return f"its fenced blocks have {', '.join(labels)}"
