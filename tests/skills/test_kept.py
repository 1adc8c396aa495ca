"""A Skill's files in a log: the same Skill comes out, or a reason."""

from pathlib import Path

import pytest

from skilldyno.skills.kept import KEPT_BYTES, keep_files, kept_skill
from skilldyno.skills.skill import SHIPPED_SKILLS, Skill, load_skill
from skilldyno.skills.source import SkillError


def record(skill: Skill) -> dict[str, object]:
    return {"name": skill.name, "source": skill.source, "files": keep_files(skill)}


def write(folder: Path, **files: bytes) -> Skill:
    folder.mkdir()
    (folder / "SKILL.md").write_bytes(b"---\nname: one\ndescription: On kernels.\n---\r\n# One\n")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return load_skill(folder)


def test_the_same_skill_comes_out(tmp_path: Path):
    for skill in (
        load_skill(SHIPPED_SKILLS / "cuda-hopper"),
        write(tmp_path / "one", picture=b"\x89PNG\xff\x00", marked=b"\xef\xbb\xbftext\r\n"),
    ):
        kept = kept_skill(record(skill))
        assert kept is not None
        assert kept.contents == skill.contents
        assert kept.fingerprint == skill.fingerprint
        assert kept.variant == skill.variant
        assert kept.system_message() == skill.system_message()


def test_large_skills_and_names_that_json_cannot_hold_are_not_kept(tmp_path: Path):
    large = write(tmp_path / "large", data=b"x" * KEPT_BYTES)
    assert keep_files(large) is None
    assert kept_skill(record(large)) is None
    assert keep_files(write(tmp_path / "odd", **{"caf\udce9": b"x"})) is None


@pytest.mark.parametrize(
    "files",
    [{"SKILL.md": {"base64": "no base64!"}}, {"SKILL.md": {}}, {"other.md": "x"}, ["SKILL.md"]],
)
def test_what_makes_no_skill_is_refused(files: object):
    with pytest.raises(SkillError, match="the log"):
        kept_skill({"name": "one", "files": files})
