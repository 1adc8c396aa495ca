"""Where Skills are read from: every way gives the same files, and so the same fingerprint."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from skilldyno.skills.skill import Skill, SkillError, load_skill

BODY = "---\nname: my-skill\ndescription: Writes kernels.\n---\n# Mine\n{text}\n"


def git(place: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=place, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose tag `old` and head hold two revisions of skills/my-skill."""
    repository = tmp_path / "repository"
    skill = repository / "skills" / "my-skill"
    (skill / "references").mkdir(parents=True)
    (skill / "references" / "ä b.md").write_text("Line\r\nendings stay.\n")
    (skill / "link.md").symlink_to("references/ä b.md")
    (repository / ".gitattributes").write_text("* text=auto\n*.txt export-ignore\n")
    (skill / "notes.txt").write_text("kept\n")
    git(tmp_path, "init", "-q", "-b", "main", str(repository))
    for revision in ("old", "new"):
        (skill / "SKILL.md").write_text(BODY.format(text=revision))
        git(repository, "add", "-A")
        git(repository, "commit", "-q", "-m", revision)
        git(repository, "tag", revision)
    return repository


def names(skill: Skill) -> set[str]:
    return set(skill.contents)


def test_a_git_revision_is_what_was_committed(repository: Path):
    folder = repository / "skills" / "my-skill"
    old, new = (load_skill(f"{folder}@{revision}") for revision in ("old", "HEAD"))
    assert (old.body.strip(), new.body.strip()) == ("# Mine\nold", "# Mine\nnew")
    assert names(old) == {"SKILL.md", "references/ä b.md", "link.md", "notes.txt"}
    assert old.contents["link.md"] == old.contents["references/ä b.md"]
    assert old.variant != new.variant
    (folder / "SKILL.md").write_text("not committed")
    assert load_skill(f"{folder}@HEAD").fingerprint == new.fingerprint


def test_a_remote_repository_gives_the_same(repository: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    url = f"git+file://{repository}"
    old = load_skill(f"{url}@old#skills/my-skill")
    assert old.fingerprint == load_skill(f"{repository}/skills/my-skill@old").fingerprint
    assert load_skill(f"{url}#skills/my-skill").body.strip() == "# Mine\nnew"
    (repository / "skills" / "my-skill" / "SKILL.md").write_text(BODY.format(text="newest"))
    git(repository, "commit", "-q", "-a", "-m", "newest")
    assert load_skill(f"{url}@main#skills/my-skill").body.strip() == "# Mine\nnewest"


def test_a_zip_gives_the_same_as_its_folder(tmp_path: Path):
    folder = tmp_path / "my-skill"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text(BODY.format(text="x"))
    (folder / "scripts" / "run.py").write_text("print(1)\n")
    for root in ("", "my-skill/", "outer/my-skill/"):
        with zipfile.ZipFile(tmp_path / "my-skill.zip", "w") as archive:
            for path in folder.rglob("*.*"):
                archive.write(path, f"{root}{path.relative_to(folder)}")
            archive.writestr(f"{root}.hidden", "x")
        zipped = load_skill(tmp_path / "my-skill.zip")
        assert zipped.fingerprint == load_skill(folder).fingerprint
        assert zipped.forgiven == ()


def test_a_hub_repository_is_read_from_its_cache(tmp_path: Path, monkeypatch):
    commit = "0" * 40
    cache = tmp_path / "hub" / "models--lab--skills"
    skill = cache / "snapshots" / commit / "my-skill"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text(BODY.format(text="hub"))
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    assert load_skill("hf://lab/skills#my-skill").body.strip() == "# Mine\nhub"
    assert load_skill(f"hf://lab/skills@{commit}#my-skill").name == "my-skill"
    with pytest.raises(SkillError, match="hf://lab/absent: the Hub does not give it"):
        load_skill("hf://lab/absent")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{repository}/skills/my-skill@absent", "no such revision"),
        ("{repository}/skills@HEAD", "has no SKILL.md"),
        ("{repository}/absent@HEAD", "there is no such folder"),
        ("git+file://{repository}@absent#skills/my-skill", "no such revision"),
        ("git+file://{repository}#skills/absent", "no such revision"),
        ("git+file://{repository}/absent", "git clone failed"),
        ("hf://", "give it as hf://OWNER/NAME"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(repository: Path, source, words, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(repository.parent / "cache"))
    with pytest.raises(SkillError) as caught:
        load_skill(source.format(repository=repository))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
