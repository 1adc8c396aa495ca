"""Prompts taken out and completions brought back: nothing lost, nothing taken for another."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inspect_ai.log import list_eval_logs, read_eval_log

from skilldyno.evals.completions import read_completions
from skilldyno.evals.eval_skills import EvalRequest
from skilldyno.evals.exported import Prompt, grid_prompts, load_export, write_export
from skilldyno.evals.recording import Recording, load_recording, write_recording
from skilldyno.results.table import read_rows
from skilldyno.skills.skill import SHIPPED_SKILLS
from skilldyno.tasks.errors import UsageError

SKILL = SHIPPED_SKILLS / "cpu-kernels"


def request(suite: Path, skill: Path = SKILL) -> EvalRequest:
    return EvalRequest(skills=(str(skill),), suite=str(suite), prompt=True)


@pytest.fixture
def prompts(suite: Path) -> list[Prompt]:
    """The prompts of three variants, for two operations each."""
    return grid_prompts(request(suite))[0]


def jsonl_line(prompt: Prompt, completion: str, stop: str = "stop") -> str:
    row = {"id": prompt.id, "completion": completion, "stop_reason": stop}
    return json.dumps({**row, "input_tokens": 7, "output_tokens": 9})


def batch_line(prompt: Prompt, completion: str, stop: str = "stop") -> str:
    choice = {"message": {"role": "assistant", "content": completion}, "finish_reason": stop}
    usage = {"prompt_tokens": 7, "completion_tokens": 9}
    response = {"status_code": 200, "body": {"choices": [choice], "usage": usage}}
    return json.dumps({"custom_id": prompt.id, "response": response, "error": None})


def write_answers(form: str, folder: Path, answers: list[tuple[Prompt, str]]) -> Path:
    """Write completions as each format's users would, and say where."""
    if form == "markdown":
        for prompt, completion in answers:
            (folder / f"{prompt.id}.md").write_bytes(completion.encode())
        return folder
    line = jsonl_line if form == "jsonl" else batch_line
    path = folder / "answers.jsonl"
    path.write_text("\n".join(line(*answer) for answer in answers), encoding="utf-8")
    return path


# What JSON can hold and UTF-8 files cannot, half a surrogate pair, is for the JSON formats alone.
UNICODE = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\r\n\u2028\x85`"))


@pytest.mark.parametrize("form", ["jsonl", "openai-batch", "markdown"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_completions_come_back_as_they_were(form, data, prompts, tmp_path_factory):
    texts = UNICODE if form == "markdown" else UNICODE | st.text()
    completions = data.draw(st.lists(texts, min_size=len(prompts), max_size=len(prompts)))
    folder = tmp_path_factory.mktemp("answers")
    answers = list(zip(prompts, completions, strict=True))
    found = read_completions([write_answers(form, folder, answers)], prompts, {})
    assert {id: each.completion for id, each in found.taken.items()} == {
        prompt.id: completion for prompt, completion in answers
    }
    assert [found.unknown, found.duplicates, found.unusable, found.missing] == [[]] * 4

    keys = {p.id: (p.variant.name, p.eval_task, p.epoch) for p in prompts}
    kept = {keys[id]: each for id, each in found.taken.items()}
    recording = Recording(folder / "kept.jsonl", "m", {"s": "f"}, kept)
    write_recording(recording, "a test")
    assert load_recording(str(recording.path)) == recording


@settings(deadline=None)
@given(lines=st.lists(st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps)))
def test_no_line_is_dropped_whatever_it_holds(lines, tmp_path_factory):
    path = tmp_path_factory.mktemp("lines") / "answers.jsonl"
    text = "\n".join(lines).encode("utf-8", "replace").decode()
    path.write_bytes(text.encode())
    found = read_completions([path], [], {})
    assert len(found.unusable) == sum(1 for line in text.split("\n") if line.strip())


def test_export_writes_every_prompt_in_every_format(skilldyno, suite, tmp_path):
    folder = tmp_path / "out"
    command = ["prompts", "export", str(SKILL), "-o", str(folder), "--suite", str(suite), "--sham"]
    for options in ([], ["--format", "openai-batch", "-m", "m"], ["--format", "markdown"]):
        done = skilldyno(*command, *options)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("6 prompts in ")
    rows = [json.loads(line) for line in (folder / "prompts.jsonl").open()]
    assert {row["variant"] for row in rows} == {"none", "sham", "cpu-kernels@b0e781"}
    assert [len(row["messages"]) for row in rows] == [1, 1, 2, 2, 2, 2]
    batch = [json.loads(line) for line in (folder / "batch.jsonl").open()]
    assert [each["body"]["messages"] for each in batch] == [row["messages"] for row in rows]
    for row, each in zip(rows, batch, strict=True):
        assert each["custom_id"] == row["id"]
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", row["id"])
        file = (folder / "prompts" / f"{row['id']}.md").read_text()
        assert file == "\n\n".join(m["content"] for m in row["messages"]) + "\n"
    other = skilldyno(*command, "--prompt")
    assert other.returncode == 2
    assert "holds the prompts of another grid" in other.stderr


def test_partial_imports_resume_and_list_what_they_do_not_take(skilldyno, suite, tmp_path):
    folder, asked = tmp_path / "out", request(suite)
    prompts = write_export(asked, folder, "jsonl", None)
    first = tmp_path / "first.jsonl"
    lines = [
        jsonl_line(prompts[0], "one"),
        jsonl_line(prompts[0], "one"),
        jsonl_line(prompts[0], "another"),
        jsonl_line(prompts[1], "```cpp\nint x", "max_tokens"),
        jsonl_line(replace(prompts[2], id="of-another-grid"), "two"),
        json.dumps({"custom_id": prompts[3].id, "error": {"message": "rate limit"}}),
        json.dumps({"id": prompts[4].id}),
        "{",
    ]
    first.write_text("\n".join(lines))
    command = ["prompts", "import", str(folder), "-m", "lab/model-1", "--judge", "pack"]
    done = skilldyno(*command, str(first), "--json")
    assert done.returncode == 1
    assert "are missing" in done.stderr
    assert json.loads(done.stdout) == {
        "taken": sorted(p.id for p in prompts[:2]),
        "unknown": ["first.jsonl:5: of-another-grid"],
        "duplicates": [
            f"first.jsonl:2: {prompts[0].id}, the same text",
            f"first.jsonl:3: {prompts[0].id}, another text than is kept",
        ],
        "unusable": [
            f'first.jsonl:6: the request of {prompts[3].id} failed: {{"message": "rate limit"}}',
            f"first.jsonl:7: {prompts[4].id} has no completion",
            "first.jsonl:8: is not valid JSON: Expecting property name enclosed in double quotes: "
            "line 1 column 2 (char 1)",
        ],
        "truncated": [prompts[1].id],
        "missing": [p.id for p in prompts[2:]],
    }

    rest = tmp_path / "rest"
    rest.mkdir()
    write_answers("markdown", rest, [(p, f"answer {p.id}") for p in prompts[2:]])
    done = skilldyno(*command, str(rest))
    assert done.returncode == 0, done.stderr
    assert "6 of 6 completions, 2 of them from earlier imports" in done.stderr
    outputs = {}
    for info in list_eval_logs(str(folder / "logs")):
        log = read_eval_log(info)
        assert log.status == "success"
        assert log.eval.model == "recorded/lab/model-1"
        for sample in log.samples or []:
            key = ((log.eval.metadata or {})["variant"], sample.id, sample.epoch)
            outputs[key] = (sample.output.completion, sample.output.stop_reason)
    expected = [("one", "stop"), ("```cpp\nint x", "max_tokens")]
    expected += [(f"answer {p.id}", "stop") for p in prompts[2:]]
    assert outputs == {
        (p.variant.name, p.eval_task, p.epoch): e for p, e in zip(prompts, expected, strict=True)
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "{answers}"], "nowhere has no grid.json"),
        (["{folder}", "absent.jsonl"], r"absent.jsonl cannot be read"),
        (["{folder}", "{folder}"], "holds no .md file"),
        (["{folder}", "{answers}"], "there is no completion for a prompt of"),
    ],
)
def test_bad_imports_are_refused(skilldyno, suite, arguments, words, tmp_path):
    folder, answers = tmp_path / "out", tmp_path / "answers.jsonl"
    write_export(request(suite), folder, "jsonl", None)
    answers.write_text("{}\n")
    given_ = [each.format(folder=folder, answers=answers) for each in arguments]
    done = skilldyno("prompts", "import", *given_, "-m", "m")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_batch_needs_the_name_of_a_model(skilldyno, tmp_path):
    done = skilldyno("prompts", "export", str(SKILL), "-o", "x", "--format", "openai-batch")
    assert done.returncode == 2
    assert "--model" in done.stderr


def test_edited_skill_is_not_taken_for_the_exported_one(suite, tmp_path):
    skill, folder = tmp_path / "my-skill", tmp_path / "out"
    skill.mkdir()
    (skill / "SKILL.md").write_text("---\nname: my-skill\ndescription: d\n---\nOne.\n")
    write_export(request(suite, skill), folder, "jsonl", None)
    assert len(load_export(folder, unsafe=False)[1]) == 6
    (skill / "SKILL.md").write_text("---\nname: my-skill\ndescription: d\n---\nTwo.\n")
    with pytest.raises(UsageError, match="was exported with other contents"):
        load_export(folder, unsafe=False)


@pytest.mark.alone
def test_round_trip_gives_the_verdicts_of_the_replay(
    skilldyno: Callable[..., Any], suite: Path, resumed_run: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    command = ["prompts", "export", str(SKILL), "-o", str(folder), "--suite", str(suite)]
    assert skilldyno(*command).returncode == 0
    recording = load_recording("claude-cpp")
    rows = [json.loads(line) for line in (folder / "prompts.jsonl").open()]
    answers = folder / "answers.jsonl"
    with answers.open("w") as file:
        for row in rows:
            variant = row["variant"].partition("@")[0]
            found = recording.completion(variant, row["eval_task"], row["epoch"])
            file.write(json.dumps({**row, "completion": found.completion}) + "\n")
    done = skilldyno("prompts", "import", str(folder), str(answers), "-m", "claude")
    assert done.returncode == 0, done.stderr
    before, after = read_rows([resumed_run.folder]), read_rows([folder / "logs"])
    same = ["variant", "eval_task", "epoch", "candidate", "answer", "verdict"]
    assert before[same].equals(after[same])
