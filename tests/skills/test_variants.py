"""Variants: controls that hold nothing of the Skill, and parts that add up to it."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skilldyno.skills.markdown import read_markdown
from skilldyno.skills.sections import ablate, parts_of
from skilldyno.skills.sham import sham_message, shared_code
from skilldyno.skills.skill import SHIPPED_SKILLS, Skill, SkillError, load_skill, make_skill
from skilldyno.skills.tokens import estimate_tokens
from skilldyno.skills.variants import VariantError, ablation_choices, make_variant

HEADER = "---\nname: my-skill\ndescription: d\n---\n"
BODY = """
# Mine
Be fast.

## One
First.

### Deeper
```cuda
## not a heading
for (int i = 0; i < n; ++i) { y[i] = x[i]; }
```

## Two
Second.
## Two
Third.
"""


def skill_of(body: str, **references: str) -> Skill:
    files = {f"references/{name}.md": text.encode() for name, text in references.items()}
    return make_skill({"SKILL.md": (HEADER + body).encode(), **files}, "my-skill", "here")


def shipped() -> list[Skill]:
    return [load_skill(path.parent) for path in sorted(SHIPPED_SKILLS.glob("*/SKILL.md"))]


def test_parts_are_sections_and_references_in_order():
    skill = skill_of(BODY, b="Beta", a="Alpha " * 50)
    names = ["introduction", "one", "two", "two-2"]
    assert [part.name for part in parts_of(skill)] == [*names, "references/a.md", "references/b.md"]
    # What is not delivered cannot have helped.
    assert [part.name for part in parts_of(skill, budget=60)] == [*names, "references/b.md"]


def test_without_takes_one_part_out_and_only_leaves_it_alone():
    skill = skill_of(BODY, a="Alpha")
    without = ablate(skill, "without", "one")
    assert without.body == "\n# Mine\nBe fast.\n\n## Two\nSecond.\n## Two\nThird.\n"
    assert "references/a.md" in without.contents
    only = ablate(skill, "only", "two-2")
    assert only.body == "## Two\nThird.\n"
    assert set(only.contents) == {"SKILL.md"}
    reference = ablate(skill, "only", "references/a.md")
    assert (reference.body, set(reference.references)) == ("", {"references/a.md"})
    assert "references/a.md" not in ablate(skill, "without", "references/a.md").contents
    assert len({s.fingerprint for s in (skill, without, only, reference)}) == 4


def test_sections_add_up_to_the_body():
    for skill in [*shipped(), skill_of(BODY)]:
        sections = [part for part in parts_of(skill) if not part.is_reference]
        bodies = "".join(ablate(skill, "only", part.name).body for part in sections)
        assert bodies.split() == skill.body.split()


def test_parts_that_there_are_not_are_one_sentence():
    with pytest.raises(SkillError, match=r"has no part 'three'; it has introduction, one, two"):
        ablate(skill_of(BODY), "without", "three")
    with pytest.raises(VariantError, match="cannot be taken apart"):
        ablation_choices(skill_of("# Mine\nBe fast.\n"))
    with pytest.raises(VariantError, match="There is no variant 'placebo'"):
        make_variant(None, "placebo")
    with pytest.raises(VariantError, match="The variant 'sham' needs a Skill"):
        make_variant(None, "sham")


def test_ablations_say_what_they_are_of():
    skill = skill_of(BODY, a="Alpha")
    choices = ablation_choices(skill)
    assert len(choices) == 10
    variant = make_variant(skill, "without:references/a.md")
    assert variant.name == f"{skill.variant} without references/a.md"
    assert variant.about == {
        "ablation": {
            "of": skill.variant,
            "mode": "without",
            "part": "references/a.md",
            "tokens": estimate_tokens("Alpha"),
        }
    }
    assert variant.message is not None
    assert "Alpha" not in variant.message
    assert len({make_variant(skill, choice).message for choice in choices}) == 10


def outline(text: str) -> tuple[list[int], int]:
    """The levels of the headings, and the number of fenced blocks."""
    # A tag right above a heading would make one block of HTML of both.
    document = read_markdown(text.replace(">\n", ">\n\n"))
    return [heading.level for heading in document.headings], len(document.blocks)


def assert_inert(skill: Skill) -> None:
    sham, real = sham_message(skill), skill.system_message()
    assert sham == sham_message(skill)
    assert abs(estimate_tokens(sham) - estimate_tokens(real)) <= 0.02 * estimate_tokens(real) + 2
    assert outline(sham) == outline(real)
    assert shared_code(skill, sham) == set()


def test_sham_has_the_length_and_shape_of_the_skill_and_none_of_its_code():
    with_code = skill_of(BODY, a=BODY * 9)
    for skill in [*shipped(), with_code]:
        assert_inert(skill)
    # The measure itself sees code that is there.
    assert shared_code(with_code, with_code.system_message())


def test_shams_of_two_skills_differ():
    assert sham_message(skill_of(BODY)) != sham_message(skill_of(f"{BODY}\n"))


LINES = st.lists(
    st.sampled_from(["# A", "## B", "- item of x[i]", "", "```cpp", "```", "int a = 0;", "Fast."]),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(LINES)
def test_sham_holds_for_any_text(lines: list[str]):
    skill = skill_of("\n".join(lines))
    sham, real = sham_message(skill), skill.system_message()
    assert abs(estimate_tokens(sham) - estimate_tokens(real)) <= 0.02 * estimate_tokens(real) + 2
    assert shared_code(skill, sham) == set()


def test_prompt_is_three_sentences():
    message = make_variant(None, "prompt").message
    assert message is not None
    assert len(re.findall(r"[.!?](?:\s|$)", message)) == 3


def test_estimate_counts_prose_as_words_and_code_as_marks():
    assert estimate_tokens("") == 0
    assert estimate_tokens("The cat sat.") == 4
    assert estimate_tokens("x[i] += y[i];") > estimate_tokens("the cat sat")


def test_variants_of_a_loaded_folder_do_not_touch_it(tmp_path: Path):
    folder = tmp_path / "my-skill"
    folder.mkdir()
    (folder / "SKILL.md").write_text(HEADER + BODY)
    ablate(load_skill(folder), "without", "one")
    assert (folder / "SKILL.md").read_text() == HEADER + BODY
    assert [path.name for path in folder.iterdir()] == ["SKILL.md"]
