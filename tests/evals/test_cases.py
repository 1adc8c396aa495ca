"""`skilldyno cases`: upskill's cases and evals.json, run and exported as upskill keeps its runs."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from skilldyno.evals.cases import CasesError, load_cases, skill_cases
from skilldyno.results.upskill_runs import export_runs
from skilldyno.skills.skill import load_skill

OFFLINE = {**os.environ, "PYTHONPATH": str(Path(__file__).parent / "offline")}
UPSKILL: list[dict[str, Any]] = [
    {"input": "Greet", "expected": {"contains": ["HELLO", "world"]}},
    {
        "input": "Greet the file",
        "context": {"files": {"name.txt": "Ann"}},
        "expected": {"contains": "hello"},
        "output_file": None,
        "validator": None,
        "validator_config": None,
    },
    {"input": "Refuse", "expected": {"contains": ["absent"]}},
]
EVALS = {
    "skill_name": "my-skill",
    "evals": [
        {
            "id": 7,
            "prompt": "Greet",
            "expected_output": "A greeting",
            "files": ["assets/name.txt"],
            "assertions": ["It names Ann"],
        }
    ],
}


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    """A Skill as upskill writes it, cases and all."""
    folder = tmp_path / "my-skill"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "name.txt").write_text("Ann")
    header = "name: my-skill\ndescription: Greets: politely\nuser-invocable: false"
    text = f"---\n{header}\n---\n\n# Greet\n"
    (folder / "SKILL.md").write_text(text)
    meta = {"metadata": {"version": "1.0", "generated_by": "sonnet"}, "tests": UPSKILL}
    (folder / "skill_meta.json").write_text(json.dumps(meta))
    return folder


def run(**arguments: Any) -> EvalLog:
    def answer(*_: object) -> ModelOutput:
        output = ModelOutput.from_content("mockllm/model", "Hello, World")
        output.usage = ModelUsage(input_tokens=3, output_tokens=5, total_tokens=8)
        return output

    folder = arguments.pop("log_dir")
    model = get_model("mockllm/model", custom_outputs=answer, memoize=False)
    (log,) = inspect_eval(
        skill_cases(**arguments), model=model, log_dir=str(folder), display="none"
    )
    assert log.status == "success", log.error
    return log


def scores(log: EvalLog) -> list[Any]:
    return [s.scores["answer_contains"].value for s in log.samples or [] if s.scores]


def test_a_skill_that_upskill_made_loads_with_its_cases(skill: Path):
    loaded = load_skill(skill)
    assert loaded.description == "Greets: politely"
    assert set(loaded.files) == {"SKILL.md", "skill_meta.json", "assets/name.txt"}
    assert [case.contains for case in load_cases(skill)] == [
        ("HELLO", "world"),
        ("hello",),
        ("absent",),
    ]
    assert load_cases(skill)[1].prompt == "Greet the file\n\n```name.txt\nAnn\n```"


@pytest.mark.parametrize("data", [UPSKILL, {"cases": UPSKILL}, {"tests": UPSKILL}])
def test_answers_are_searched_as_upskill_does(data: Any, skill: Path, tmp_path: Path):
    (tmp_path / "cases.json").write_text(json.dumps(data))
    log = run(cases=str(tmp_path / "cases.json"), log_dir=tmp_path / "logs")
    assert scores(log) == [1, 1, 0]
    assert (log.eval.metadata or {})["variant"] == "none"
    with_skill = run(cases=str(skill), skill=str(skill), log_dir=tmp_path / "logs")
    assert scores(with_skill) == [1, 1, 0]
    assert (with_skill.samples or [])[0].messages[0].role == "system"


def test_assertions_in_words_need_a_grader(skill: Path, tmp_path: Path):
    (skill / "evals").mkdir()
    (skill / "evals" / "evals.json").write_text(json.dumps(EVALS))
    (case,) = load_cases(skill)
    assert case.id == "7"
    assert case.assertions == ("It names Ann", "The answer is like this: A greeting")
    assert "```assets/name.txt\nAnn\n```" in case.prompt
    (sample,) = run(cases=str(skill), log_dir=tmp_path / "logs").samples or []
    assert sample.scores
    assert sample.scores["answer_contains"].value != sample.scores["answer_contains"].value
    assert "name a grader" in (sample.scores["answer_contains"].explanation or "")


def test_assertions_in_words_are_graded_by_the_grader(skill: Path, tmp_path: Path, monkeypatch):
    (skill / "evals.json").write_text(json.dumps({"evals": [{**EVALS["evals"][0], "files": []}]}))
    # The mock model counts tokens with a tokenizer from the network.
    monkeypatch.setattr("tiktoken.get_encoding", lambda name: Bytes())
    log = run(cases=str(skill), grader="mockllm/model", log_dir=tmp_path / "logs")
    (sample,) = log.samples or []
    # The mock grader gives no grade, which is no pass.
    assert scores(log) == [0]
    assert "mockllm/model" in sample.model_usage


class Bytes:
    """Stands in for a tokenizer: a token a byte."""

    def encode(self, text: str, **_: object) -> list[int]:
        return list(text.encode())


def test_a_validator_of_upskill_is_not_scored(tmp_path: Path):
    case = {**UPSKILL[0], "validator": "hf_eval_yaml"}
    (tmp_path / "cases.json").write_text(json.dumps([case]))
    (sample,) = run(cases=str(tmp_path / "cases.json"), log_dir=tmp_path / "logs").samples or []
    assert sample.scores
    assert "hf_eval_yaml" in (sample.scores["answer_contains"].explanation or "")
    assert sample.scores["answer_contains"].value != 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "holds no case"),
        ('{"other": 1}', "holds no case"),
        ('[{"prompt": "x"}]', "holds something else than cases"),
        ("7", "holds something else than cases"),
        ('{"evals": [{"id": 1, "prompt": "x", "files": ["no"]}]}', "names no, which is not there"),
    ],
)
def test_bad_cases_are_one_sentence(text: str, words: str, tmp_path: Path):
    (tmp_path / "cases.json").write_text(text)
    with pytest.raises(CasesError) as caught:
        load_cases(tmp_path / "cases.json")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(CasesError, match=r"has no evals\.json and no skill_meta\.json"):
        load_cases(tmp_path)


def test_version_follows_the_cases_and_the_skill(skill: Path):
    first = skill_cases(str(skill)).version
    assert skill_cases(str(skill), skill=str(skill)).version != first
    meta = json.loads((skill / "skill_meta.json").read_text())
    meta["tests"][0]["input"] = "Greet again"
    (skill / "skill_meta.json").write_text(json.dumps(meta))
    assert skill_cases(str(skill)).version != first


def test_runs_are_exported_in_the_layout_of_upskill(skill: Path, tmp_path: Path):
    arguments = {"cases": str(skill), "skill": str(skill), "log_dir": tmp_path / "logs"}
    logs = [run(**arguments), run(**arguments, variant="none")]
    batch = export_runs(logs, tmp_path / "runs")
    assert batch.parent == tmp_path / "runs"
    results = [json.loads((batch / f"run_{n}" / "run_result.json").read_text()) for n in (1, 2)]
    assert [result["run_type"] for result in results] == ["baseline", "with_skill"]
    for number, result in enumerate(results, 1):
        assert result["metadata"]["run_number"] == number
        assert result["metadata"]["batch_id"] == batch.name
        assert result["skill_name"] == "my-skill"
        assert (result["assertions_passed"], result["assertions_total"]) == (2, 3)
        assert result["passed"] is True
        assert result["stats"]["total_tokens"] == 24
    summary = json.loads((batch / "batch_summary.json").read_text())
    assert (summary["total_runs"], summary["passed_runs"]) == (2, 2)
    assert summary["results"] == results


def test_command_runs_both_arms_and_exports(skilldyno, skill: Path, tmp_path: Path):
    command = ["cases", str(skill), "-m", "mockllm/model", "--log-dir", str(tmp_path / "logs")]
    done = skilldyno(*command, "--export", str(tmp_path / "runs"), "--json", env=OFFLINE)
    assert done.returncode == 0, done.stderr
    arms = json.loads(done.stdout)["arms"]
    assert {arm["variant"] for arm in arms} == {"none", load_skill(skill).variant}
    assert {arm["scored"] for arm in arms} == {3}
    assert len(list((tmp_path / "runs").glob("*/run_*/run_result.json"))) == 2
    assert skilldyno("cases", str(tmp_path), "-m", "mockllm/model").returncode == 2
