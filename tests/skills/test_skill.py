"""Skills: what is read, what is refused, and what the fingerprint notices."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skilldyno.skills.skill import SHIPPED_SKILLS, Skill, SkillError, load_skill
from skilldyno.tasks.errors import UsageError

FRONTMATTER = "name: my-skill\ndescription: Writes kernels."


def write_skill(folder: Path, frontmatter: str = FRONTMATTER, **files: str | bytes) -> Path:
    """Write my-skill under a folder; files are given as references__a="text"."""
    skill = folder / "my-skill"
    skill.mkdir(exist_ok=True)
    (skill / "SKILL.md").write_text(f"---\n{frontmatter}\n---\n\n# Mine\nBe fast.\n")
    for name, content in files.items():
        path = skill / f"{name.replace('__', '/')}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return skill


def test_the_shipped_skill_loads():
    skill = load_skill(SHIPPED_SKILLS / "cpu-kernels")
    assert skill.name == "cpu-kernels"
    assert skill.description.startswith("Writes fast C++ kernels")
    assert skill.body.strip().startswith("# CPU kernels")
    assert skill.files == {"SKILL.md": (SHIPPED_SKILLS / "cpu-kernels/SKILL.md").stat().st_size}
    assert skill.forgiven == ()
    assert skill.variant == f"cpu-kernels@{skill.fingerprint[:6]}"
    assert len(skill.fingerprint) == 64


def test_the_recordings_name_the_fingerprint_of_the_shipped_skill():
    readme = SHIPPED_SKILLS.parent / "evals" / "recordings" / "README.md"
    assert load_skill(SHIPPED_SKILLS / "cpu-kernels").fingerprint in readme.read_text()


def test_extra_frontmatter_is_never_refused(tmp_path: Path):
    extra = "\nuser-invocable: true\ntags: [a, b]\nmetadata:\n  x: 2024-01-01\nlicense: MIT"
    assert load_skill(write_skill(tmp_path, FRONTMATTER + extra)).name == "my-skill"


def test_windows_line_endings_and_a_byte_order_mark_are_read(tmp_path: Path):
    skill = write_skill(tmp_path)
    text = (skill / "SKILL.md").read_text().replace("\n", "\r\n")
    (skill / "SKILL.md").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load_skill(skill).body == "\n# Mine\nBe fast.\n"


def test_a_relative_path_knows_its_folder_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(write_skill(tmp_path))
    assert load_skill(".").name == "my-skill"


FAULTS = [
    ("description: d", "Missing required field in frontmatter: name", "has no 'name'"),
    ("name: my-skill", "Missing required field in frontmatter: desc", "has no 'description'"),
    ("name: my-skill\ndescription: ''", "'description' must be a non-empty", "no 'description'"),
    ("name: My_Skill\ndescription: d", "'My_Skill' must be lowercase", "'My_Skill' is not 1 to 64"),
    ("name: my--skill\ndescription: d", "consecutive hyphens", "'my--skill' is not 1 to 64"),
    (f"name: {'a' * 65}\ndescription: d", "exceeds 64 character limit", "is not 1 to 64"),
    ("name: other\ndescription: d", "must match skill name 'other'", "is not the folder's name"),
    (f"name: my-skill\ndescription: {'d' * 1025}", "exceeds 1024", "has 1025 characters"),
    ("name: [", "Invalid YAML in frontmatter", "not valid YAML, and was read line by line"),
    ("name: my-skill\ndescription: a: b", "Invalid YAML", "not valid YAML"),
    ("- name", "must be a YAML mapping", "not a mapping"),
    (f"{FRONTMATTER}\ntags: x", "Unexpected fields in frontmatter: tags", "has the key tags"),
]


@pytest.mark.parametrize(("frontmatter", "refused", "forgiven"), FAULTS)
def test_faults_are_forgiven_and_named_or_strictly_refused(
    tmp_path: Path, frontmatter: str, refused: str, forgiven: str
):
    folder = write_skill(tmp_path, frontmatter)
    skill = load_skill(folder)
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", skill.name)
    assert any(forgiven in sentence for sentence in skill.forgiven), skill.forgiven
    assert skill.body.strip().startswith("# Mine")
    with pytest.raises(SkillError) as caught:
        load_skill(folder, strict=True)
    assert refused in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, UsageError)


def test_a_table_for_a_header_is_read(tmp_path: Path):
    folder = write_skill(tmp_path)
    table = "| name | my-skill |\n| --- | --- |\n| description | Says `a | b`. |\n| tags | x |\n"
    (folder / "SKILL.md").write_text(f"{table}\n# Mine\nBe fast.\n")
    skill = load_skill(folder)
    assert (skill.name, skill.description) == ("my-skill", "Says `a | b`.")
    assert skill.body == "\n# Mine\nBe fast.\n"
    assert [s.split(",")[0] for s in skill.forgiven] == [
        "the header is a Markdown table",
        "the header has the key tags",
    ]


def test_an_unquoted_description_is_read_as_upskill_writes_it(tmp_path: Path):
    skill = load_skill(write_skill(tmp_path, "name: my-skill\ndescription: Says: be fast"))
    assert skill.description == "Says: be fast"


def test_what_is_no_skill_folder_is_one_sentence(tmp_path: Path):
    with pytest.raises(SkillError, match=r"absent: there is no such folder; mend the path\."):
        load_skill(tmp_path / "absent")
    with pytest.raises(SkillError, match=r"the folder has no SKILL\.md; a Skill needs one\."):
        load_skill(tmp_path)
    skill = write_skill(tmp_path)
    with pytest.raises(SkillError, match=r"name the folder that holds SKILL\.md\."):
        load_skill(skill / "SKILL.md")
    (skill / "SKILL.md").write_text("# No YAML\n---\n")
    assert load_skill(skill).body == "# No YAML\n---\n"
    assert "there is no header" in load_skill(skill).forgiven[0]
    (skill / "SKILL.md").write_bytes(b"\xff\xfe")
    with pytest.raises(SkillError, match="not UTF-8 text; save it as UTF-8"):
        load_skill(skill)


def test_the_fingerprint_changes_with_any_file(tmp_path: Path):
    skill = write_skill(tmp_path, references__a="one")
    seen = {load_skill(skill).fingerprint}

    def changed(what: str) -> None:
        fingerprint = load_skill(skill).fingerprint
        assert fingerprint not in seen, what
        seen.add(fingerprint)

    (skill / "references" / "a.md").write_text("two")
    changed("an edited reference")
    (skill / "references" / "a.md").rename(skill / "references" / "b.md")
    changed("a renamed file")
    (skill / "scripts").mkdir()
    (skill / "scripts" / "run.sh").write_text("")
    changed("an empty script")
    (skill / "SKILL.md").write_text((skill / "SKILL.md").read_text() + " ")
    changed("a space more in SKILL.md")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "c.md").write_text("linked")
    (skill / "assets").symlink_to(tmp_path / "elsewhere")
    changed("a linked folder")
    (tmp_path / "elsewhere" / "c.md").write_text("edited")
    changed("an edited file behind a link")


def test_hidden_files_and_caches_are_no_part_of_a_skill(tmp_path: Path):
    skill = write_skill(tmp_path)
    before = load_skill(skill)
    for path in (".git/HEAD", "__pycache__/a.pyc", "references/.DS_Store"):
        (skill / path).parent.mkdir(exist_ok=True)
        (skill / path).write_text("x")
    after = load_skill(skill)
    assert after.fingerprint == before.fingerprint
    assert after.files == before.files


def test_a_link_back_to_the_skill_does_not_hang(tmp_path: Path):
    skill = write_skill(tmp_path)
    (skill / "references").symlink_to(skill)
    assert list(load_skill(skill).files) == ["SKILL.md"]


@given(st.dictionaries(st.sampled_from("abc"), st.binary(max_size=4), max_size=3))
def test_the_fingerprint_is_of_content_and_not_of_place(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
):
    skills = [
        load_skill(write_skill(tmp_path_factory.mktemp("skill"), FRONTMATTER, **files))
        for _ in range(2)
    ]
    assert skills[0].fingerprint == skills[1].fingerprint


def test_the_system_message_holds_the_body_and_the_references_in_order(tmp_path: Path):
    skill = load_skill(write_skill(tmp_path, references__b="Beta.", references__a="Alpha."))
    message = skill.system_message()
    assert message.index("Be fast.") < message.index("Alpha.") < message.index("Beta.")
    assert "name: my-skill" not in message
    assert "Left out" not in message
    assert skill.inline_references() == ("references/a.md", "references/b.md")


def test_references_beyond_the_budget_are_named_as_left_out(tmp_path: Path):
    skill: Skill = load_skill(
        write_skill(
            tmp_path, references__a="xxx " * 100, references__b="short", references__c=b"\xff\xff"
        )
    )
    message = skill.system_message(budget=50)
    assert "Be fast." in message
    assert "short" in message
    assert "xxx" not in message
    assert "Left out: references/a.md, references/c.md." in message
