"""Ablation: parts with a known effect are found, and a run that is too small says so."""

import json
from pathlib import Path

import pytest
from synthetic_logs import JUDGE, OPS, Outcome, write_log

from skilldyno.results.ablation import ablate_logs
from skilldyno.results.errors import MissingArmError
from skilldyno.results.latest import latest_effect

SKILL = "cpu-kernels@3f9a1c"
RIGHT, WRONG = Outcome(), Outcome(verdict="incorrect")
MANY_OPS = tuple(f"op_{index:02}" for index in range(24))


def metadata(variant: str, ablation: dict | None = None, fingerprint: str = "3f" * 32) -> dict:
    named = variant not in ("none", "sham", "prompt")
    about = {
        "variant": variant,
        "skill": {"name": "s", "fingerprint": fingerprint, "tokens": 9} if named else None,
        "delivery": "inline",
        "suite": "demo",
        "hardware": "cpu-x86_64",
        "language": "cpp",
        "judge_digest": JUDGE,
    }
    return about | ({"ablation": ablation} if ablation else {})


def correct_in(share: float, ops: tuple[str, ...]):
    """Correct in the first so many of the ops' samples, spread over ops and epochs."""
    return lambda op, epoch: RIGHT if (ops.index(op) * 5 + epoch) % 10 < 10 * share else WRONG


def write_run(folder: Path, shares: dict[str, float], ops: tuple[str, ...] = MANY_OPS) -> Path:
    """Write arms by name: none, skill, and such as `without rules`."""
    for name, share in shares.items():
        mode, _, part = name.partition(" ")
        about = {"of": SKILL, "mode": mode, "part": part, "tokens": 500} if part else None
        variant = SKILL if name == "skill" else f"{SKILL} {name}" if part else name
        write_log(
            folder,
            metadata=metadata(variant, about, "ab" * 32 if part else "3f" * 32),
            ops=ops,
            epochs=5,
            judge=correct_in(share, ops),
        )
    return folder


WHOLE = {
    "none": 0.3,
    "skill": 0.9,
    "without rules": 0.3,
    "only rules": 0.9,
    "without check": 0.9,
    "only check": 0.3,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("whole"), WHOLE)


def test_the_part_that_helps_is_told_from_the_one_that_does_not(whole):
    (ablation,) = ablate_logs([whole])
    assert ablation.skill == SKILL
    correct = {(e.part, e.mode): e for e in ablation.effects if e.contrast.metric == "correct"}
    for mode in ("without", "only"):
        helps, idle = correct["rules", mode], correct["check", mode]
        assert helps.contrast.estimate == pytest.approx(60, abs=8)
        assert helps.contrast.p_holm < 0.001
        assert helps.per_1000_tokens[0] == pytest.approx(2 * helps.contrast.estimate)
        assert helps.per_1000_tokens[1] == pytest.approx(2 * helps.contrast.ci_low)
        assert idle.contrast.estimate == pytest.approx(0, abs=1e-9)
        assert not idle.contrast.detected
    assert {each.part for each in ablation.told} == {"rules"}
    text = "\n".join(ablation.findings())
    assert "rules helps beside the other parts: correctness" in text
    assert "rules helps by itself" in text
    assert "Correctness: too small to tell the other parts; a part must make a difference" in text


def test_holm_is_over_all_parts_and_modes(whole):
    (ablation,) = ablate_logs([whole])
    tested = [e.contrast for e in ablation.effects if e.contrast.metric == "correct"]
    assert {each.family for each in tested} == {4}
    for each in tested:
        assert each.p <= each.p_holm <= min(1, 4 * each.p) + 1e-12


def test_under_8_ops_it_is_too_small_to_tell(tmp_path):
    (ablation,) = ablate_logs([write_run(tmp_path, WHOLE, ops=OPS[:5])])
    assert ablation.told == ()
    assert ablation.findings() == [
        "Correctness: too small to tell, with 5 ops; 8 are the least to test",
        "Deployable speedup: too small to tell, with 5 ops; 8 are the least to test",
    ]


def test_arms_that_are_missing_are_named(tmp_path):
    partial = {name: share for name, share in WHOLE.items() if name != "none"}
    (ablation,) = ablate_logs([write_run(tmp_path, partial)])
    assert {each.mode for each in ablation.effects} == {"without"}
    assert ablation.findings()[-1] == (
        "Not tested, for their arms are missing: only rules, only check"
    )
    write_run(tmp_path / "plain", {"none": 0.3, "skill": 0.9})
    with pytest.raises(MissingArmError, match="has no ablation: run `skilldyno eval SKILL --abl"):
        ablate_logs([tmp_path / "plain"])


def test_command_prints_tables_and_one_json_object(skilldyno, whole, tmp_path):
    done = skilldyno("ablate", str(whole))
    assert done.returncode == 0, done.stderr
    assert "Correctness: what each part adds to the others" in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 250
    (skill,) = json.loads(skilldyno("ablate", str(whole), "--json").stdout)["skills"]
    assert skill["skill"] == SKILL
    assert len(skill["effects"]) == 8
    assert skilldyno("ablate", str(tmp_path / "absent")).returncode == 2


def test_the_latest_effect_is_of_the_newest_run_with_both_arms(tmp_path):
    assert latest_effect(tmp_path / "absent", "3f" * 32) is None
    for day, share in (("2025-01-01", 0.5), ("2025-03-01", 0.9), ("2025-02-01", 0.7)):
        for variant, level in (("none", 0.3), (SKILL, share)):
            write_log(
                tmp_path / day,
                metadata=metadata(variant),
                ops=MANY_OPS,
                epochs=5,
                judge=correct_in(level, MANY_OPS),
                created=f"{day}T00:00:00+00:00",
            )
    write_log(tmp_path / "alone", metadata=metadata(SKILL), created="2025-04-01T00:00:00+00:00")
    effect = latest_effect(tmp_path, "3f" * 32)
    assert effect is not None
    assert effect.startswith("+60.0 points of correctness [")
    assert effect.endswith("24 ops, 2025-03-01")
    assert latest_effect(tmp_path, "00" * 32) is None


def test_skills_lists_what_is_at_hand(skilldyno, tmp_path):
    folder = tmp_path / "skills" / "my-skill"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: my-skill\ndescription: d\ntags: x\n---\n# Mine\n")
    logs = ["--logs", str(tmp_path / "runs")]
    (listed,) = json.loads(skilldyno("skills", str(tmp_path), *logs, "--json").stdout)["skills"]
    assert listed["variant"].startswith("my-skill@")
    assert (listed["files"], listed["effect"]) == (1, None)
    assert "tags" in listed["forgiven"][0]
    table = skilldyno("skills", *logs).stdout
    assert "cpu-kernels@b0e781" in table
    empty = tmp_path / "empty"
    empty.mkdir()
    assert skilldyno("skills", str(empty)).returncode == 2
