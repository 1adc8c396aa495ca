"""SK3xx: scripts that parse, and code blocks that build."""

import ast
import json
import os
import re
import shutil
import subprocess
import tempfile
import textwrap
import tomllib
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import yaml

from ...tasks.build_toml import build_toml_problems
from ..markdown import Block, read_markdown
from ..skill import Skill
from .rule import Finding, Rule

_SCRIPT: Final = Rule("SK301", "script or data file that does not parse", "error")
_PYTHON: Final = Rule("SK302", "Python block that does not compile", "error")
_CPP: Final = Rule("SK303", "C++ block that does not build", "error")
_CUDA: Final = Rule("SK304", "CUDA block that does not build", "error")
_TOML: Final = Rule("SK305", "TOML block that does not parse", "error")
_BUILD_TOML: Final = Rule("SK306", "build.toml that the builder refuses", "error")
RULES: Final = (_SCRIPT, _PYTHON, _CPP, _CUDA, _TOML, _BUILD_TOML)

_SECONDS: Final = 60
_LABELS: Final = {
    **dict.fromkeys(("cuda", "cu", "cuda-cpp"), "cuda"),
    **dict.fromkeys(("cpp", "c++", "cc", "cxx"), "cpp"),
}
_COMMANDS: Final = {
    "cpp": ("g++", "-std=c++17", "-fopenmp", "-fsyntax-only", "block.cpp"),
    "cuda": (
        "nvcc",
        "-std=c++17",
        "-gencode=arch=compute_90a,code=compute_90a",
        "-ptx",
        "-o",
        "block.ptx",
        "block.cu",
    ),
}
_SUFFIX: Final = {"cpp": "cpp", "cuda": "cu"}
_MISSING_HEADER: Final = re.compile(r"fatal error: (\S+): No such file")
_ERROR: Final = re.compile(r"^block\.cu?p*[:(](\d+)[:),].*?error\s?:?\s(.*)$", re.MULTILINE)
_DEVICE: Final = re.compile(r"__global__|__device__")
_NOTEBOOK: Final = re.compile(r"^\s*([%!]|>>> )", re.MULTILINE)
_GENERAL: Final = re.compile(r"^\[general\]", re.MULTILINE)


@dataclass(frozen=True)
class BuiltBlocks:
    """What building gave: findings, and the blocks that could not be built, by reason."""

    findings: tuple[Finding, ...]
    unbuilt: dict[str, int]


def blocks_of(skill: Skill) -> Iterator[tuple[str, Block]]:
    """Yield the fenced blocks of all Markdown files, each with its path."""
    for path, text in skill.texts.items():
        if path.endswith(".md"):
            for block in read_markdown(text).blocks:
                yield path, block


def check(skill: Skill) -> Iterator[Finding]:
    """Check scripts and data files, and the blocks that need no compiler."""
    for path, text in skill.texts.items():
        if (reason := _parse_error(path, text)) is not None:
            yield _SCRIPT.at(path, reason[0], f"it does not parse: {reason[1]}")
        if PurePosixPath(path).name == "build.toml" and _parse_error(path, text) is None:
            for problem in build_toml_problems(text):
                yield _BUILD_TOML.at(path, 1, problem)
    for path, block in blocks_of(skill):
        if block.label in ("python", "py", "python3") and not _NOTEBOOK.search(block.text):
            if (reason := _python_error(textwrap.dedent(block.text))) is not None:
                yield _PYTHON.at(path, block.line + reason[0] - 1, reason[1])
        elif block.label == "toml":
            yield from _toml_findings(path, block)


def _toml_findings(path: str, block: Block) -> Iterator[Finding]:
    if (reason := _parse_error("block.toml", block.text)) is not None:
        yield _TOML.at(path, block.line, reason[1])
    elif _GENERAL.search(block.text):
        for problem in build_toml_problems(block.text):
            yield _BUILD_TOML.at(path, block.line, problem)


def _parse_error(path: str, text: str) -> tuple[int, str] | None:
    """Return the line and reason why a file does not parse by its ending, if it does not."""
    match PurePosixPath(path).suffix:
        case ".py":
            return _python_error(text)
        case ".sh":
            return _shell_error(text)
        case ".json":
            loads, faults = json.loads, ValueError
        case ".toml":
            loads, faults = tomllib.loads, tomllib.TOMLDecodeError
        case ".yaml" | ".yml":
            loads, faults = lambda t: list(yaml.safe_load_all(t)), (yaml.YAMLError, ValueError)
        case _:
            return None
    try:
        loads(text)
    except faults as error:
        return 1, " ".join(str(error).split())
    return None


def _python_error(text: str) -> tuple[int, str] | None:
    try:
        with warnings.catch_warnings():
            # Odd escapes in a Skill's strings are not this process's concern.
            warnings.simplefilter("ignore")
            compile(text, "block", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    # A null byte.
    except ValueError as error:
        return 1, str(error)
    return None


def _shell_error(text: str) -> tuple[int, str] | None:
    if shutil.which("bash") is None:
        return None
    done = subprocess.run(
        ["bash", "-n"], input=text, text=True, capture_output=True, check=False, timeout=_SECONDS
    )
    if done.returncode == 0:
        return None
    first = done.stderr.strip().partition("\n")[0]
    line = re.search(r"line (\d+)", first)
    return int(line.group(1)) if line else 1, first.removeprefix("bash: ")


def build_blocks(skill: Skill) -> BuiltBlocks:
    """Build the C++ and CUDA blocks that are whole source files, which is those with an #include.

    C++ is checked by `g++ -fsyntax-only`, CUDA is compiled to PTX for compute_90a.  A block that
    needs a header which is not on this machine cannot be judged.
    """
    whole: list[tuple[str, Block, str]] = []
    unbuilt: Counter[str] = Counter()
    for path, block in blocks_of(skill):
        language = _LABELS.get(block.label)
        if language == "cpp" and _DEVICE.search(block.text):
            language = "cuda"
        if language is None:
            continue
        if "#include" not in block.text:
            unbuilt["fragments without an #include"] += 1
        elif shutil.which(_COMMANDS[language][0]) is None:
            unbuilt[f"no {_COMMANDS[language][0]} on the PATH"] += 1
        else:
            whole.append((path, block, language))
    findings: list[Finding] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        logs = pool.map(lambda each: _build(each[1].text, each[2]), whole)
        for (path, block, language), log in zip(whole, logs, strict=True):
            if log is None:
                continue
            if (header := _MISSING_HEADER.search(log)) is not None:
                unbuilt[f"need {header.group(1)}, which is not here"] += 1
                continue
            found = _ERROR.search(log)
            line, reason = (int(found[1]), found[2]) if found else (1, log.strip()[:200])
            rule = _CPP if language == "cpp" else _CUDA
            findings.append(rule.at(path, block.line + line - 1, reason))
    return BuiltBlocks(tuple(findings), dict(unbuilt))


def _build(text: str, language: str) -> str | None:
    """Return what the compiler says of a source file that it refuses, else None."""
    with tempfile.TemporaryDirectory(prefix="skilldyno-lint-") as folder:
        (Path(folder) / f"block.{_SUFFIX[language]}").write_text(text, encoding="utf-8")
        try:
            done = subprocess.run(
                _COMMANDS[language],
                cwd=folder,
                env={**os.environ, "LC_ALL": "C"},
                capture_output=True,
                text=True,
                check=False,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return f"it did not build within {_SECONDS} s"
    return None if done.returncode == 0 else done.stderr + done.stdout
