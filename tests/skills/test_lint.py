"""Lint: nothing found in a clean Skill, and for a planted defect its rule and no other."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from skilldyno.skills.lint import RULES, lint_skill
from skilldyno.skills.lint.facts import gpu_facts
from skilldyno.skills.skill import SHIPPED_SKILLS, Skill, load_skill, make_skill
from skilldyno.tasks.hardware import load_profile

DOCUMENTATION = SHIPPED_SKILLS.parent / "docs" / "lint.md"
FENCE = "```"
NO_NVCC = shutil.which("nvcc") is None

CLEAN = {
    "SKILL.md": f"""---
name: my-skill
description: Writes kernels for the H100.
license: MIT
---
# Mine
Run scripts/benchmark.py and scripts/check.py; see [the notes](references/h100.md).

{FENCE}cpp
#include <cstdint>
extern "C" void twice(const float* x, float* y, int64_t n) {{
    for (int64_t i = 0; i < n; ++i) y[i] = 2 * x[i];
}}
{FENCE}
""",
    "references/h100.md": f"""# H100

| figure | value |
| --- | --- |
| shared memory per SM | 228 KB |
| memory bandwidth | 3.35 TB/s |
| L2 cache | 50 MB |
| SMs | 132 |
| compute capability | 9.0 |

Twice is 1.9x faster than PyTorch eager on an H100 at 4096x4096.

{FENCE}toml
[general]
name = "my-kernel"
version = 1
edition = 5
license = "Apache-2.0"
backends = ["cuda"]

[torch]
src = ["torch-ext/torch_binding.cpp"]

[kernel.twice]
backend = "cuda"
depends = ["torch"]
src = ["twice.cu"]
{FENCE}
""",
    "scripts/benchmark.py": "print(1)\n",
    "scripts/check.py": "from torch.testing import assert_close\n",
}

Files = dict[str, str]
Defect = Callable[[Files], None]


def replaced(path: str, old: str, new: str) -> Defect:
    def plant(files: Files) -> None:
        assert old in files[path]
        files[path] = files[path].replace(old, new)

    return plant


def appended(text: str, path: str = "references/h100.md") -> Defect:
    def plant(files: Files) -> None:
        files[path] += f"\n{text}\n"

    return plant


def block(label: str, text: str) -> Defect:
    return appended(f"{FENCE}{label}\n{text}\n{FENCE}")


def renamed_to_notes(files: Files) -> None:
    files["references/notes.md"] = files.pop("references/h100.md").replace("# H100", "# Notes")
    replaced("SKILL.md", "references/h100.md", "references/notes.md")(files)
    replaced("references/notes.md", "Twice is", "Doubling is")(files)


REFERENCE = """def layer(x, weight, eps):
    v = x.float()
    return (v * torch.rsqrt(v.pow(2).mean(-1, keepdim=True) + eps) * weight.float()).to(x.dtype)
"""

DEFECTS: dict[str, list[Defect]] = {
    "SK101": [
        replaced("SKILL.md", "name: my-skill\n", "name: [my-skill\n"),
        replaced("SKILL.md", "---\nname", "name"),
    ],
    "SK102": [
        replaced("SKILL.md", "license: MIT", "tags: fast"),
        replaced("SKILL.md", "name: my-skill", "name: other"),
        replaced("SKILL.md", "Writes kernels for the H100.", f"For the H100. {'d' * 1024}"),
    ],
    "SK103": [appended("line\n" * 500, "SKILL.md"), appended("many words " * 2600, "SKILL.md")],
    "SK201": [
        appended("See [more](references/absent.md)."),
        appended("![plot](../assets/plot.png)", "SKILL.md"),
        lambda files: files.update({"manifest.txt": "SKILL.md\nabsent.md\n"}),
    ],
    "SK202": [lambda files: files.update({"references/lost.md": "# Lost\n"})],
    "SK301": [
        appended("def f(:", "scripts/benchmark.py"),
        lambda files: files.update({"scripts/check.sh": "if true; then", "README.md": "check.sh"}),
        lambda files: files.update({"assets/a.json": "{", "README.md": "a.json"}),
        lambda files: files.update({"assets/a.yaml": "a: [", "README.md": "a.yaml"}),
    ],
    "SK302": [block("python", "for x in y\n    pass")],
    "SK303": [block("cpp", "#include <cstdint>\nint f() { return undefined; }")],
    "SK304": [
        block("cuda", "#include <cuda_runtime.h>\n__global__ void f(float* x) { y[0] = 1; }"),
        block("cpp", "#include <cstdint>\n__global__ void f(float* x) { x[0] = 1 }"),
    ],
    "SK305": [block("toml", "[section\nkey = 1")],
    "SK306": [
        replaced("references/h100.md", 'license = "Apache-2.0"\n', ""),
        replaced("references/h100.md", "version = 1\n", ""),
        replaced("references/h100.md", "[torch]\nsrc", "[general.hub]\nsrc"),
        lambda files: files.update({"build.toml": "[general]\n", "README.md": "See build.toml."}),
    ],
    "SK401": [
        replaced("references/h100.md", "228 KB", "192 KB"),
        replaced("references/h100.md", "3.35 TB/s", "4.8 TB/s"),
        replaced("references/h100.md", "| 132 |", "| 108 |"),
        replaced("references/h100.md", "| 50 MB |", "| 40 MB |"),
        replaced("references/h100.md", "| 9.0 |", "| 8.0 |"),
        appended("The A100 has 192 KB of shared memory per SM."),
        appended("| | A100 | H100 |\n| --- | --- | --- |\n| Shared Mem/SM | 164 KB | 192 KB |"),
        appended("Build for the H100 by -arch=sm_80."),
    ],
    "SK402": [
        appended("## Speed\nIt is 2.5x faster than eager PyTorch at 4096x4096."),
        appended("## Speed\nOn an H100 a 40% speedup at 4096x4096."),
        appended("## Speed\nA speedup of 2x over cuBLAS on the H100."),
    ],
    "SK501": [replaced("SKILL.md", 'extern "C" void', "void")],
    "SK502": [
        lambda files: files.update({"scripts/time.py": files.pop("scripts/benchmark.py")}),
    ],
    "SK503": [replaced("scripts/check.py", "assert_close", "make_tensor")],
    "SK504": [renamed_to_notes],
    "SK505": [replaced("references/h100.md", "[general]\n", "[other]\n")],
    "SK601": [block("python", REFERENCE)],
    "SK602": [
        appended("Try M = 384, N = 2560 too."),
        appended("Odd sizes such as 37x1001 matter."),
    ],
}


def lint(files: Files) -> list[tuple[str, str]]:
    report = lint_skill(skill_of(files))
    assert report.unbuilt == {}
    return [(finding.rule.code, finding.message) for finding in report.findings]


def skill_of(files: Files) -> Skill:
    contents = {path: text.encode() for path, text in files.items()}
    return make_skill(contents, "my-skill", "here")


def test_a_clean_skill_has_no_finding():
    assert lint(CLEAN) == []


@pytest.mark.parametrize(
    ("code", "defect"), [(code, defect) for code, defects in DEFECTS.items() for defect in defects]
)
def test_a_planted_defect_gives_its_finding_and_no_other(code: str, defect: Defect):
    if code == "SK304" and NO_NVCC:
        pytest.skip("there is no nvcc here")
    files = dict(CLEAN)
    defect(files)
    if code == "SK502":
        files["SKILL.md"] = files["SKILL.md"].replace("benchmark.py", "time.py")
    found = lint(files)
    assert found
    assert {each for each, _ in found} == {code}, found
    assert all(
        message and not message.endswith(".") and "\n" not in message for _, message in found
    )


def test_an_operation_that_is_held_out_may_not_be_named(tmp_path: Path, monkeypatch):
    (tmp_path / "holdout.toml").write_text(
        'name = "holdout"\ndescription = "Held out."\noperations = ["rope"]\n'
        'hardware = "cpu-x86_64"\nlanguage = "cpp"\nepochs = 1\n'
    )
    named = CLEAN | {"scripts/check.py": f"{CLEAN['scripts/check.py']}rope = 1\n"}
    assert lint(named) == []
    monkeypatch.setattr("skilldyno.tasks.suite.SUITES", tmp_path)
    assert [code for code, _ in lint(named)] == ["SK603"]


def test_every_rule_is_planted_and_documented_with_an_example():
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert set(codes) == {*DEFECTS, "SK603"}
    text = DOCUMENTATION.read_text()
    for rule in RULES:
        heading = f"## {rule.code}: {rule.name}\n"
        assert heading in text
        section = text.split(heading)[1].split("\n## ")[0]
        assert f"{rule.level}" in section
        assert "Example" in section


def test_figures_agree_with_the_profile():
    profile, facts = load_profile("h200"), gpu_facts()["H200"]
    assert facts["bandwidth"] == [4800]
    assert facts["multiprocessors"] == [profile.multiprocessors]
    assert profile.caches["l2"] / 2**20 in facts["l2"]
    assert profile.arch.removeprefix("sm_").rstrip("a") == facts["arch"].replace(".", "")


def test_code_that_cannot_be_judged_here_is_counted_and_no_finding():
    files = dict(CLEAN)
    block("cuda", "__global__ void f(float* x) { ... }")(files)
    block("cpp", "#include <absent/absent.h>\nint x;")(files)
    block("python", "%timeit f(x)")(files)
    report = lint_skill(skill_of(files))
    assert report.findings == ()
    assert report.unbuilt == {
        "fragments without an #include": 1,
        "need absent/absent.h, which is not here": 1,
    }


@pytest.mark.parametrize("skill", sorted(p.parent for p in SHIPPED_SKILLS.glob("*/SKILL.md")))
def test_shipped_skills_have_no_finding_and_are_strictly_valid(skill: Path):
    report = lint_skill(load_skill(skill, strict=True))
    assert [(f.rule.code, f.path, f.line, f.message) for f in report.findings] == []
    assert report.unbuilt.keys() <= ({"no nvcc on the PATH"} if NO_NVCC else set())


def test_command_exits_1_on_errors_and_0_on_warnings(skilldyno, tmp_path: Path):
    folder = write(tmp_path, CLEAN | {"references/lost.md": "# Lost\n"})
    done = skilldyno("lint", str(folder))
    assert done.returncode == 0
    first, last = done.stdout.splitlines()
    assert first.startswith("references/lost.md:1: warning SK202 file that is never mentioned: ")
    assert last.endswith("0 errors, 1 warning; the rules are in docs/lint.md")
    (folder / "SKILL.md").write_text("# No header\n")
    assert skilldyno("lint", str(folder)).returncode == 1
    assert skilldyno("lint", str(tmp_path / "absent")).returncode == 2


def test_command_speaks_json_and_github(skilldyno, tmp_path: Path):
    folder = write(tmp_path, CLEAN | {"references/lost.md": "# Lost: 100 %\n"})
    (report,) = json.loads(skilldyno("lint", str(folder), "--json").stdout)["skills"]
    assert report["fingerprint"] == load_skill(folder).fingerprint
    assert (report["errors"], report["warnings"]) == (0, 1)
    assert report["findings"][0]["code"] == "SK202"
    done = skilldyno("lint", str(folder), "--format", "github")
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"::warning file={folder}/references/lost.md,line=1,title=SK202 ")


def write(parent: Path, files: Files) -> Path:
    folder = parent / "my-skill"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder
