"""`skilldyno leaderboard verify`: what a tampered submission cannot hide."""

import gzip
import json
import shutil
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai.log import EvalLog, EvalSample, ProvenanceData
from inspect_ai.model import ModelOutput
from submission import tamper, write_submission

from skilldyno import results
from skilldyno.evals.cli import main
from skilldyno.evals.verification import Report, Wanted, verify_logs
from skilldyno.evals.verification.again import judge_again
from skilldyno.evals.verification.candidate import calls_problem, record_problem
from skilldyno.evals.verification.verify import read_log_to_verify
from skilldyno.scorers.evidence import parse_evidence
from skilldyno.scorers.executors.local import LocalExecutor
from skilldyno.scorers.judge.evidence import Evidence


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission with its leaderboard; not to be altered."""
    folder = write_submission(tmp_path_factory.mktemp("submission") / "logs")
    run = CliRunner().invoke(main, ["leaderboard", str(folder), "-o", str(folder)])
    assert run.exit_code == 0, run.output
    return folder


@pytest.fixture
def submission(honest: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest, tmp_path / "logs"))


def no_judge(job: dict[str, Any]) -> "Future[Evidence]":
    raise AssertionError("nothing is to be judged")


def verify(folder: Path) -> Report:
    return verify_logs(folder, Wanted(count=0, seed=1), no_judge)


def first(log: EvalLog, verdict: str = "correct") -> EvalSample:
    return next(
        sample
        for sample in log.samples or []
        if (sample.scores or {})["kernel_quality"].metadata["verdict"] == verdict  # pyright: ignore[reportOptionalSubscript]
    )


def score(sample: EvalSample) -> Any:
    return (sample.scores or {})["kernel_quality"]


def test_an_honest_submission_agrees_in_every_check(honest: Path):
    report = verify(honest)
    assert report.mismatches == ()
    assert (report.logs, report.samples) == (4, 64)
    unverified = {each.check for each in report.findings if each.state == "unverified"}
    # Dollars are not compared, since price lists change.
    assert unverified == {"figures"}
    checks = {each.check for each in report.findings if each.state == "verified"}
    assert checks == {
        "plan", "setting", "Skill", "delivery", "prompt", "operation", "candidate", "score",
        "evidence", "samples of time", "figures",
    }  # fmt: skip


def tampered_score(log: EvalLog) -> None:
    score(first(log)).value["speedup"] *= 3


def tampered_verdict(log: EvalLog) -> None:
    sample = first(log, "incorrect")
    score(sample).value |= {"correct": 1, "fast_1": 1, "speedup": 2.0}
    score(sample).metadata |= {"verdict": "correct", "correct": True, "speedup": 2.0}


def tampered_speedup(log: EvalLog) -> None:
    sample = first(log)
    score(sample).metadata["speedup"] *= 3
    score(sample).value["speedup"] *= 3


def dropped_workload(log: EvalLog) -> None:
    sample = first(log)
    timings = score(sample).metadata["timings"]
    kept = timings[:1]
    score(sample).metadata |= {
        "timings": kept,
        "speedup": kept[0]["speedup"],
        "roofline_fraction": kept[0]["roofline_fraction"],
    }
    score(sample).value |= {
        "speedup": kept[0]["speedup"],
        "roofline": kept[0]["roofline_fraction"],
    }


def answer(sample: EvalSample, code: str) -> None:
    sample.output = ModelOutput.from_content("one", f"```cpp\n{code}```")
    sample.messages[-1].content = sample.output.completion


def swapped_candidate(log: EvalLog) -> None:
    answer(first(log), 'extern "C" void better() {}\n')


def no_time_at_all(log: EvalLog) -> None:
    score(first(log)).metadata["timings"][0]["candidate_seconds"] = 0.0


def swapped_message(log: EvalLog) -> None:
    first(log).output.choices[0].message.content = "something else"


def swapped_source(log: EvalLog) -> None:
    sample = first(log)
    code = f'extern "C" void {sample.metadata["op"]}() {{ /* stolen */ }}\n'
    answer(sample, code)
    score(sample).answer = code


def other_evidence(log: EvalLog) -> None:
    best, worst = first(log), first(log, "incorrect")
    worst.scores = best.scores


def edited_files(log: EvalLog) -> None:
    log.metadata["skill"]["files"]["SKILL.md"] += "\nAnd vectorise.\n"


def edited_files_and_fingerprint(log: EvalLog) -> None:
    from skilldyno.skills.kept import kept_skill

    edited_files(log)
    skill = kept_skill(log.metadata["skill"])
    assert skill is not None
    log.metadata["skill"]["fingerprint"] = skill.fingerprint


def other_message(log: EvalLog) -> None:
    for sample in log.samples or []:
        sample.messages[0].content = "Here is the answer: …"


def one_more_message(log: EvalLog) -> None:
    sample = first(log)
    sample.messages.insert(1, sample.messages[0].model_copy(update={"content": "Also: …"}))


def other_prompt(log: EvalLog) -> None:
    first(log).messages[-2].content = "Write the kernel; the answer is …"


def removed_failure(log: EvalLog) -> None:
    samples = log.samples or []
    samples.remove(first(log, "incorrect"))


def removed_operation(log: EvalLog) -> None:
    bad = first(log, "incorrect").id
    log.samples = [sample for sample in log.samples or [] if sample.id != bad]
    log.eval.dataset.sample_ids = [
        each for each in log.eval.dataset.sample_ids or [] if each != bad
    ]


def other_operation(log: EvalLog) -> None:
    sample = first(log)
    score(sample).metadata["operation_digest"] = "00" * 32


@pytest.mark.parametrize(
    ("arm", "edit", "check"),
    [
        ("good", tampered_score, "score"),
        ("none", tampered_verdict, "evidence"),
        ("good", tampered_speedup, "evidence"),
        ("good", dropped_workload, "evidence"),
        ("good", no_time_at_all, "evidence"),
        ("good", swapped_candidate, "candidate"),
        ("good", swapped_source, "candidate"),
        ("good", swapped_message, "candidate"),
        ("none", other_evidence, "evidence"),
        ("good", edited_files, "Skill"),
        ("good", edited_files_and_fingerprint, "Skill"),
        ("good", other_message, "delivery"),
        ("good", one_more_message, "delivery"),
        ("sham", other_message, "delivery"),
        ("none", other_prompt, "prompt"),
        ("none", removed_failure, "plan"),
        ("none", removed_operation, "setting"),
        ("good", other_operation, "evidence"),
    ],
)
def test_tampering_is_found(
    submission: Path, arm: str, edit: Callable[[EvalLog], None], check: str
):
    tamper(submission, arm, edit)
    (submission / "leaderboard.json").unlink()
    mismatches = verify(submission).mismatches
    assert check in {each.check for each in mismatches}
    assert all(f"_{arm}-" in each.where for each in mismatches)
    assert all(each.said for each in mismatches)


def test_a_log_edited_after_the_ranking_is_found_by_its_hash(submission: Path):
    tamper(submission, "idle", lambda log: None)
    (finding,) = verify(submission).mismatches
    assert finding.check == "figures"
    assert finding.said == "the file is not the one that was ranked"


def test_an_edited_figure_is_found(submission: Path):
    file = submission / "leaderboard.json"
    board = json.loads(file.read_text())
    entry = board["boards"][0]["entries"][-1]
    entry["ranks"] = {
        metric: {"place": 1, "low": 1, "high": 1, "count": 2} for metric in entry["ranks"]
    }
    entry["effects"][0]["estimate"] = 99.0
    file.write_text(json.dumps(board))
    found = {each.where: each.said for each in verify(submission).mismatches}
    assert any("ranks" in where for where in found)
    assert any(said.startswith("it says 99, and the logs give ") for said in found.values())


def test_calls_that_do_not_give_the_speedup_are_found(submission: Path):
    file = next(
        path
        for path in sorted((submission / "evidence").glob("*.json"))
        if json.loads(path.read_text())["verdict"] == "correct"
    )
    record = json.loads(file.read_text())
    record["timings"][0]["samples"] = [
        [ours * 2, theirs] for ours, theirs in record["timings"][0]["samples"]
    ]
    file.write_text(json.dumps(record))
    (finding,) = verify(submission).mismatches
    assert finding.check == "samples of time"


def test_what_the_judge_recorded_on_a_gpu_agrees_with_itself():
    published = Path(results.__file__).parent / "published" / "h200-judge" / "recordings.jsonl.gz"
    if not published.is_file():
        pytest.skip("the published evidence is not beside the package")
    with gzip.open(published, "rt") as lines:
        records = [json.loads(line) for line in lines]
    assert len(records) == 48
    for record in records:
        del record["event"]
        evidence = parse_evidence(record)
        assert record_problem(evidence) is None
        assert calls_problem(evidence) is None


def test_what_was_invalidated_or_lost_is_said(submission: Path):
    def invalidate(log: EvalLog) -> None:
        first(log, "incorrect").invalidation = ProvenanceData(author="me", reason="bad luck")

    tamper(submission, "none", invalidate)
    said = {each.said for each in verify(submission).findings if each.state == "unverified"}
    assert "somebody invalidated it" in said


def test_the_command_says_what_it_found_and_what_nobody_can_check(submission: Path):
    tamper(submission, "none", removed_failure)
    shutil.rmtree(submission / "evidence")
    run = CliRunner().invoke(main, ["leaderboard", "verify", str(submission), "--sample", "0"])
    assert run.exit_code == 1
    assert "MISMATCH:\n  plan: " in run.output
    assert "it is missing" in run.output
    assert "samples of time: the whole evidence is not beside the log (63)" in run.output
    assert "nobody can tell from logs" in run.output
    arguments = ["leaderboard", "verify", str(submission), "--sample", "0", "--seed", "7", "--json"]
    run = CliRunner().invoke(main, arguments)
    payload = json.loads(run.stdout)
    assert (run.exit_code, payload["verified"], payload["seed"]) == (1, False, 7)
    assert payload["checks"]["samples of time"]["unverified"] == 63


def test_the_ranking_is_printed_as_boards_or_as_json(honest: Path, tmp_path: Path):
    output = ["-o", str(tmp_path / "site")]
    run = CliRunner().invoke(main, ["leaderboard", *output, str(honest)])
    assert run.exit_code == 0
    assert "cpu-x86_64 · cpp, lab/one, 8 ops" in run.output
    assert run.output.endswith(f"Leaderboard: {tmp_path / 'site' / 'index.html'}\n")
    run = CliRunner().invoke(main, ["leaderboard", "rank", str(honest), *output, "--json"])
    (board,) = json.loads(run.stdout)["boards"]
    assert board["entries"][0]["variant"].startswith("good@")
    assert run.stdout == (tmp_path / "site" / "leaderboard.json").read_text()


def test_help_and_bad_input(tmp_path: Path):
    run = CliRunner().invoke(main, ["leaderboard", "-h"])
    assert run.exit_code == 0
    assert all(name in run.output for name in ("LOGS... [-o FOLDER]", "rank", "verify"))
    run = CliRunner().invoke(main, ["leaderboard", str(tmp_path)])
    assert run.exit_code == 2
    assert "holds no Inspect log" in run.output


def test_what_is_no_submission_is_named(tmp_path: Path):
    run = CliRunner().invoke(main, ["leaderboard", "verify", str(tmp_path / "none")])
    assert run.exit_code == 2
    assert "is no folder" in run.output


def claims_right(log: EvalLog) -> None:
    """Keep one candidate, which does not build, and was said to be correct."""
    sample = first(log)
    answer(sample, "int this is no C++\n")
    log.samples = [sample]


# Beside the other tests of the judge, whose process it shares.
@pytest.mark.alone
def test_a_false_verdict_is_found_by_judging_again(submission: Path, executor: LocalExecutor):
    tamper(submission, "good", claims_right)
    (file,) = submission.glob("*_good-*.eval")
    logs = {file: read_log_to_verify(file)}
    (finding,) = judge_again(logs, 5, 1, executor.submit)
    assert finding.state == "mismatch"
    assert finding.said.startswith("it is 'correct' in the log and 'compile_error' here")


def test_speedups_of_another_machine_are_not_verified(submission: Path):
    def agrees(job: dict[str, Any]) -> "Future[Evidence]":
        future: Future[Evidence] = Future()
        about = ("id", "language", "hardware")
        future.set_result(
            Evidence(
                candidate="", operation="", operation_digest="", verdict="correct", reason="",
                speedup=9.0, environment={"cpu": "mine"}, **{name: job[name] for name in about},
            )
        )  # fmt: skip
        return future

    (file,) = submission.glob("*_good-*.eval")
    log = read_log_to_verify(file)
    log.samples = [first(log)]
    (finding,) = judge_again({file: log}, 5, 1, agrees)
    assert (finding.state, finding.said) == (
        "unverified",
        "the verdict agrees; speedups of another machine differ",
    )
    score(first(log)).metadata["environment"] = {"cpu": "mine"}
    (finding,) = judge_again({file: log}, 5, 1, agrees)
    assert finding.state == "mismatch"


def test_other_hardware_is_not_judged_again(submission: Path):
    (file,) = submission.glob("*_good-*.eval")
    log = read_log_to_verify(file)
    log.metadata["hardware"] = "h200"
    (finding,) = judge_again({file: log}, 5, 1, no_judge)
    assert (finding.state, finding.said) == ("unverified", "this machine is no h200")
