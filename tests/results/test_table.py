"""Rows from real Inspect logs."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai import Task, eval  # noqa: A004
from inspect_ai.dataset import Sample
from inspect_ai.log import ProvenanceData, invalidate_samples, read_eval_log, write_eval_log
from inspect_ai.model import ModelOutput, ModelUsage
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from synthetic_logs import JUDGE, OPS, SKILL, Outcome, always, evidence, write_log

from skilldyno.results.compare import Places, compare_logs
from skilldyno.results.errors import (
    DuplicateSamplesError,
    ForeignLogError,
    MissingPathError,
    MixedSelectionError,
    NoLogsError,
    UnjudgedLogError,
    UnreadableLogError,
)
from skilldyno.results.logs import read_header, read_summaries
from skilldyno.results.statistics import compare
from skilldyno.results.table import SCHEMA, read_rows
from skilldyno.results.terminal import render
from skilldyno.tasks.errors import UsageError


def read(paths: Sequence[str | Path]) -> Any:
    return read_rows(paths)


def test_every_sample_is_a_row_with_the_documented_columns(tmp_path: Path):
    write_log(tmp_path / "run")
    log = write_log(tmp_path / "run", variant=SKILL, judge=always(Outcome(speedup=3.2)))
    rows = read([tmp_path])
    assert list(rows.columns) == [column.name for column in SCHEMA]
    assert len(rows) == 48
    row = rows[(rows["variant"] == SKILL) & (rows["op"] == "rms_norm")].iloc[1]
    assert row["run"] == str(tmp_path / "run")
    assert row["log"] == str(log)
    assert row["model"] == "recorded/claude"
    assert row["eval_task"] == "rms_norm/cpu-x86_64/cpp"
    assert row["epoch"] == 2
    assert (row["status"], row["verdict"], row["correct"], row["compiled"]) == (
        "scored",
        "correct",
        1,
        1,
    )
    assert (row["speedup"], row["speedup_low"]) == pytest.approx((3.2, 3.2 * 0.97))
    assert row["roofline_fraction"] == pytest.approx(0.352)
    assert (row["input_tokens"], row["output_tokens"]) == (400, 1200)
    assert (row["skill_tokens"], row["skill_fingerprint"]) == (812, "3f" * 32)
    assert row["judge_digest"] == JUDGE
    assert row["isolation"] == "bubblewrap"
    assert row["judge_seconds"] == pytest.approx(3.5)
    assert row["answer"].startswith('extern "C"')
    assert row["evidence"]["timings"][0]["pairs"] == 12
    assert (row["intensity"], row["achieved_rate"]) == pytest.approx((13 / 17, 4.16e10))
    assert (row["flags"], row["environment"]["bandwidth"]) == ([], 5.1e10)
    assert row["packages"] == {"inspect_ai": "0.3.285"}
    assert np.isnan(row["cost"])
    assert rows["skill_fingerprint"].iloc[-1] == ""


def test_compat_is_the_share_of_archs_that_a_candidate_builds_for(tmp_path: Path):
    builds: dict[str, bool | None] = {"sm_80": False, "sm_90a": True, "sm_100a": None}

    def judge(op: str, epoch: int) -> Outcome:
        if op == "rope":
            return Outcome("no_code", reason="no code", source="")
        return Outcome("incorrect", builds=builds) if op == "softmax" else Outcome(builds=builds)

    write_log(tmp_path, judge=judge, compile_for=builds, epochs=1)
    better: dict[str, bool | None] = {**builds, "sm_80": True}
    write_log(
        tmp_path,
        variant=SKILL,
        judge=always(Outcome(builds=better)),
        compile_for=builds,
        epochs=1,
    )
    rows = read([tmp_path])
    share = rows[rows["variant"] == "none"].set_index("op")["compat"]
    assert share["rope"] == 0
    assert share["softmax"] == share["layer_norm"] == 0.5
    comparison = compare(rows)
    found = comparison.contrast("compat", SKILL)
    assert found in comparison.shown
    assert found.estimate == pytest.approx(100 * (7 * 0.5 + 1) / 8)
    assert "\ncompat " in render(comparison)


def test_compat_is_shown_only_where_archs_were_asked_for(tmp_path: Path):
    write_log(tmp_path)
    write_log(tmp_path, variant=SKILL)
    rows = read([tmp_path])
    assert rows["compat"].isna().all()
    assert "compat" not in render(compare(rows))


def test_what_the_harness_lost_is_missing_not_zero(tmp_path: Path):
    def judge(op: str, epoch: int) -> Outcome:
        if op == "rope":
            return Outcome("infra_error", reason="the GPU fell off the bus")
        if op == "softmax":
            return Outcome(error="TimeoutError: the judge did not answer\ntraceback")
        return Outcome()

    rows = read([write_log(tmp_path, judge=judge, epochs=1)]).set_index("op")
    lost, raised = rows.loc["rope"], rows.loc["softmax"]
    assert (lost["status"], lost["verdict"]) == ("unscored", "infra_error")
    assert lost["reason"] == "the GPU fell off the bus"
    assert (raised["status"], raised["verdict"]) == ("errored", "infra_error")
    assert raised["reason"] == "TimeoutError: the judge did not answer"
    assert raised["evidence"] == {}
    for row in (lost, raised):
        assert np.isnan(row["correct"])
        assert np.isnan(row["speedup"])


def test_a_wrong_candidate_has_no_speedup(tmp_path: Path):
    rows = read([write_log(tmp_path, judge=always(Outcome("incorrect")), epochs=1)])
    assert (rows["correct"] == 0).all()
    assert (rows["compiled"] == 1).all()
    assert rows["speedup"].isna().all()


def test_a_candidate_without_code_has_no_source(tmp_path: Path):
    log = write_log(tmp_path, judge=always(Outcome("no_code", source="")), epochs=1)
    rows = read([log])
    assert set(rows["answer"]) == {""}
    assert set(rows["candidate"]) == {""}
    assert (rows["compiled"] == 0).all()


def test_invalidated_samples_are_missing(tmp_path: Path):
    path = write_log(tmp_path, epochs=1)
    log = read_eval_log(path)
    assert log.samples
    log.samples[0].uuid = "one"
    edited = invalidate_samples(log, ["one"], ProvenanceData(author="me", reason="bad prompt"))
    write_eval_log(edited, str(path))
    rows = read([path])
    assert (rows["status"] == "unscored").sum() == 1
    assert "invalidated: bad prompt" in set(rows["reason"])


def test_only_the_newest_attempt_at_a_task_counts(tmp_path: Path):
    write_log(
        tmp_path, task_id="same", status="error", ops=OPS[:3], created="2025-01-01T00:00:00+00:00"
    )
    write_log(tmp_path, task_id="same", status="cancelled", ops=(), created="2025-01-02T00:00:00Z")
    newest = write_log(tmp_path, task_id="same", created="2025-01-03T00:00:00+00:00")
    rows = read([tmp_path])
    assert len(rows) == 24
    assert set(rows["log"]) == {str(newest)}


def test_a_failed_attempt_does_not_replace_an_older_success(tmp_path: Path):
    success = write_log(tmp_path, task_id="same", created="2025-01-01T00:00:00+00:00")
    write_log(
        tmp_path, task_id="same", status="started", ops=(), created="2025-01-02T00:00:00+00:00"
    )
    assert set(read([tmp_path])["log"]) == {str(success)}


def test_an_unfinished_log_gives_the_samples_it_has(tmp_path: Path):
    rows = read([write_log(tmp_path, status="cancelled", ops=OPS[:3])])
    assert len(rows) == 9
    assert set(rows["log_status"]) == {"cancelled"}


def test_a_log_given_twice_is_read_once(tmp_path: Path):
    log = write_log(tmp_path)
    assert len(read([log, tmp_path, str(log)])) == 24


def test_folders_may_have_spaces_and_percent_signs(tmp_path: Path):
    write_log(tmp_path / "my run 100%25")
    assert len(read([tmp_path / "my run 100%25"])) == 24


def refusal(paths: list[Path], error: type[UsageError]) -> str:
    with pytest.raises(error) as caught:
        read(paths)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_missing_path(tmp_path: Path):
    assert refusal([tmp_path / "gone"], MissingPathError) == (
        f"{tmp_path / 'gone'} does not exist: give a log file, or a folder with logs."
    )


def test_folder_without_logs(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("x")
    assert refusal([tmp_path], NoLogsError) == (
        f"{tmp_path} holds no Inspect log: give the folder that `skilldyno eval` wrote to."
    )
    assert "No log was given" in refusal([], NoLogsError)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" * 9, "half"])
def test_damaged_log(tmp_path: Path, content: bytes | str):
    path = write_log(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if isinstance(content, str) else content)
    assert f"{path} is not a readable Inspect log" in refusal([path], UnreadableLogError)


REPLACING = """
import itertools, os, shutil, sys
log, *versions = sys.argv[1:]
for version in itertools.cycle(versions):
    shutil.copyfile(version, f"{log}.next")
    os.replace(f"{log}.next", log)
"""


def test_log_of_a_run_under_way_is_read_whole(tmp_path: Path):
    versions = {
        write_log(tmp_path / name, ops=OPS[:count], epochs=1): count
        for name, count in (("a", 1), ("b", len(OPS)))
    }
    log = tmp_path / "log.eval"
    shutil.copyfile(next(iter(versions)), log)
    words = [sys.executable, "-c", REPLACING, str(log), *map(str, versions)]
    with subprocess.Popen(words) as run:
        while len(read_summaries(log)) == 1:
            assert run.poll() is None
        found = {len(read_summaries(log)) for _ in range(200)}
        assert {read_header(log).eval.task for _ in range(200)} == {"kernel_skill"}
        assert run.poll() is None
        run.kill()
    assert found == set(versions.values())


def test_log_damaged_inside(tmp_path: Path):
    path = write_log(tmp_path)
    content = bytearray(path.read_bytes())
    for index in range(100, len(content) // 2):
        content[index] ^= 0x55
    path.write_bytes(bytes(content))
    assert "is not a readable Inspect log" in refusal([path], UnreadableLogError)


def test_log_without_samples(tmp_path: Path):
    path = write_log(tmp_path, ops=(), status="error")
    assert f"{path} holds no samples" in refusal([path], UnreadableLogError)


def test_log_of_another_task(tmp_path: Path):
    path = write_log(tmp_path, metadata={"author": "someone"})
    assert refusal([path], ForeignLogError) == (
        f"{path} is a log of the task kernel_skill, not of skilldyno's: "
        "move it out of the selection."
    )


def test_log_with_other_evidence(tmp_path: Path):
    path = write_log(tmp_path, epochs=1)
    log = read_eval_log(path)
    for sample in log.samples or []:
        assert sample.scores
        sample.scores["kernel_quality"].metadata = {"schema": 7}
    write_eval_log(log, str(path))
    assert "holds evidence of schema 7, and this version reads 1" in refusal(
        [path], ForeignLogError
    )


def test_log_that_nobody_judged(tmp_path: Path):
    path = write_log(tmp_path, scored=False)
    assert f"run `skilldyno score {path}` first" in refusal([path], UnjudgedLogError)


def test_the_same_samples_in_two_logs(tmp_path: Path):
    first, second = write_log(tmp_path / "a", epochs=1), write_log(tmp_path / "b", epochs=1)
    message = refusal([tmp_path], DuplicateSamplesError)
    assert str(first) in message
    assert str(second) in message
    assert "cross_entropy/cpu-x86_64/cpp, epoch 1, of recorded/claude with none" in message
    assert "give only one of the two logs" in message


def test_two_judges(tmp_path: Path):
    write_log(tmp_path)
    write_log(tmp_path, variant=SKILL, judge_digest="cd" * 32)
    message = refusal([tmp_path], MixedSelectionError)
    assert "abababababab" in message
    assert "cdcdcdcdcdcd" in message
    assert "--mix" in message
    mixed = compare_logs([tmp_path], Places(tmp_path / "report.html"), mix=True)
    assert "judged by 2 versions of the judge, mixed by request" in mixed.text
    assert "mixed by request" in mixed.reports[0].read_text(encoding="utf-8")


def test_each_hardware_profile_is_compared_by_itself(tmp_path: Path):
    for hardware, speedup in (("cpu-x86_64", 3.0), ("h200", 5.0)):
        write_log(tmp_path, hardware=hardware)
        judge = always(Outcome(speedup=speedup))
        write_log(tmp_path, variant=SKILL, hardware=hardware, judge=judge)
    compared = compare_logs([tmp_path], Places(tmp_path / "report.html"))
    found = {
        each.hardware: each.contrast("conditional_speedup", SKILL).estimate
        for each in compared.comparisons
    }
    assert found == pytest.approx({"cpu-x86_64": 1.5, "h200": 2.5})
    names = [report.name for report in compared.reports]
    assert names == ["report-cpu-x86_64-cpp.html", "report-h200-cpp.html"]
    assert [each["hardware"] for each in compared.to_json()["strata"]] == ["cpu-x86_64", "h200"]


def test_two_definitions_of_an_op(tmp_path: Path):
    write_log(tmp_path)
    write_log(tmp_path, variant=SKILL, op_digest="11" * 32)
    assert "has another definition in" in refusal([tmp_path], MixedSelectionError)


@solver
def replay() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.output = ModelOutput.from_content("label", "```cpp\nvoid f() {}\n```")
        state.output.usage = ModelUsage(input_tokens=7, output_tokens=11, total_tokens=18)
        return state

    return solve


@scorer(metrics={"*": [mean()]}, name="kernel_quality")
def kernel_quality() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        if state.epoch == 1 and state.metadata["op"] == "rope":
            return Score.unscored(
                reason="infra_error", metadata=evidence(Outcome("infra_error", reason="lost"))
            )
        found = evidence(Outcome(speedup=1.5))
        value = {"compiled": 1, "correct": 1, "fast_1": 1, "speedup": 1.5, "roofline": 0.2}
        return Score(value=value, answer="void f() {}", metadata=found)

    return score


def test_logs_of_an_evaluation_that_ran(tmp_path: Path):
    identity = {"hardware": "cpu-x86_64", "language": "cpp", "op_digest": "0d", "family": "norm"}
    tasks = [
        Task(
            name=f"kernel_skill_{variant[:4]}",
            dataset=[
                Sample(id=f"{op}/cpu-x86_64/cpp", input="?", metadata={"op": op, **identity})
                for op in OPS
            ],
            solver=replay(),
            scorer=kernel_quality(),
            epochs=2,
            metadata={
                "variant": variant,
                "skill": None,
                "delivery": "inline",
                "suite": "demo",
                "hardware": "cpu-x86_64",
                "language": "cpp",
                "judge_digest": JUDGE,
            },
        )
        for variant in ("none", SKILL)
    ]
    logs = eval(tasks, model="mockllm/model", log_dir=str(tmp_path), display="none")
    assert [log.status for log in logs] == ["success", "success"]
    rows = read([tmp_path])
    assert len(rows) == 32
    assert rows["verdict"].value_counts().to_dict() == {"correct": 30, "infra_error": 2}
    assert set(rows["input_tokens"]) == {7}
    compared = compare_logs([tmp_path], Places(tmp_path / "report.html"))
    correct = compared.comparisons[0].contrast("correct", SKILL)
    assert (correct.infra_failures, correct.dropped_samples) == (2, 0)
    assert correct.saturated
    assert correct.summary() in compared.text
    assert compared.text.endswith(f"Report: {tmp_path / 'report.html'}")
    assert compared.to_json()["report"] == str(tmp_path / "report.html")
    assert correct.summary() in (tmp_path / "report.html").read_text(encoding="utf-8")
