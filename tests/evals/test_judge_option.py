"""`--judge`: where candidates are judged."""

from pathlib import Path

from click.testing import CliRunner
from inspect_ai.log import list_eval_logs, read_eval_log

from skilldyno.evals.cli import main


def run(*arguments: str):
    return CliRunner().invoke(main, arguments)


def test_a_place_that_is_none_is_refused_before_anything_runs():
    done = run("eval", "skills/cpu-kernels", "-m", "recorded/claude", "--judge", "moon")
    assert done.exit_code == 2
    assert done.stderr == (
        "error: --judge 'moon' is no place to judge at: give local, ray, ray://HOST:PORT or pack\n"
    )


def test_judged_later_the_logs_hold_completions_alone(suite: Path, tmp_path: Path):
    logs = tmp_path / "logs"
    done = run(
        *("eval", "skills/cpu-kernels", "-m", "recorded/claude", "--recording", "claude-cpp"),
        *("--suite", str(suite), "--judge", "pack", "--log-dir", str(logs)),
    )
    assert done.exit_code == 0, done.output
    assert "to be judged by `skilldyno pack` or `skilldyno score`" in done.stderr
    samples = [s for info in list_eval_logs(str(logs)) for s in read_eval_log(info).samples or []]
    assert len(samples) == 4
    assert all(sample.output.completion and not sample.scores for sample in samples)
    scored = run("score", str(logs), "--judge", "pack")
    assert scored.exit_code == 2
    assert "--judge pack scores nothing: use `skilldyno pack`" in scored.stderr
