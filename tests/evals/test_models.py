"""Any provider: turns, resuming, limits, and what is said when a model fails."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, model_server

from skilldyno.evals.grid import samples_done

MODEL = "openai-api/fake/m"
PROSE = "I would rather not."
PRICES = f"""
[[price]]
models = ["{MODEL}"]
input = 10
cache_read = 1
output = 100
source = "a test"
seen = 2026-01-01
"""


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    folder = tmp_path / "my-skill"
    folder.mkdir()
    (folder / "SKILL.md").write_text("---\nname: my-skill\ndescription: d\n---\nUse ZEBRAS.\n")
    return folder


@pytest.fixture
def command(skill: Path, suite: Path, tmp_path: Path) -> list[str]:
    """Two arms of two operations, three times: 12 samples."""
    words = ["eval", str(skill), "-m", MODEL, "--suite", str(suite), "--epochs", "3"]
    return [*words, "--log-dir", str(tmp_path / "run")]


def environment(server: ModelServer) -> dict[str, str]:
    return {**os.environ, **server.environment}


def errors(done: "subprocess.CompletedProcess[str]") -> list[str]:
    assert "Traceback" not in done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("error: ")]


def skilled(request: dict[str, Any]) -> bool:
    return "ZEBRAS" in json.dumps(request["messages"])


def test_arms_take_turns_and_the_report_has_the_cost(skilldyno, command, tmp_path):
    (tmp_path / "prices.toml").write_text(PRICES)
    words = [*command, "-G", "max_connections=1", "-G", "temperature=0.5", "--json"]
    words += ["--prices", str(tmp_path / "prices.toml")]
    with model_server(lambda number: (200, PROSE)) as server:
        done = skilldyno(*words, env=environment(server))
    assert done.returncode == 0, done.stderr
    assert len(server.requests) == 12
    assert {request["temperature"] for request in server.requests} == {0.5}
    lead = 0
    for request in server.requests:
        lead += 1 if skilled(request) else -1
        assert abs(lead) <= 2
    assert "12 samples, about " in done.stderr
    assert "estimates only, under 8 ops" in done.stderr

    found = json.loads(done.stdout)
    without = next(arm["cost"] for arm in found["arms"] if arm["variant"] == "none")
    each = (60 * 10 + 40 * 1 + 20 * 100) / 1e6
    assert without["dollars"] == pytest.approx(6 * each)
    assert (without["input_tokens"], without["cached_tokens"]) == (100, 40)
    assert (without["output_tokens"], without["reasoning_tokens"]) == (20, 5)
    assert without["dollars_per_correct"] is None
    assert without["model_seconds"] > 0
    assert found["taxes"][0]["dollars"] == pytest.approx(0)
    assert found["verdicts"] == {"no_code": 12}
    assert [each["op"] for each in found["arms"][0]["by_op"]] == ["quant_int8", "rms_norm"]
    assert found["arms"][0]["by_op"][0]["pass_at"] == {"1": 0, "2": 0, "3": 0}
    assert found["arms"][0]["by_op"][0]["best_of"] == {"1": 1, "2": 1, "3": 1}


def test_a_killed_run_asks_for_what_is_missing_and_no_more(skilldyno, command, tmp_path):
    run = tmp_path / "run"
    start = "from skilldyno.evals.cli import main; main()"
    resume = [*command, "-G", "max_connections=2"]
    # Without the current folder: a checkout's own metadata would hide that it is installed.
    words = [sys.executable, "-P", "-c", start, *resume]
    with model_server(lambda number: (200, PROSE), delay=0.3) as server:
        first = subprocess.Popen(
            words, env=environment(server), start_new_session=True, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 120
        while samples_done(run) < 3:
            assert time.monotonic() < deadline
            assert first.poll() is None
            time.sleep(0.05)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        kept, asked = samples_done(run), len(server.requests)
        assert 3 <= kept < 12
        second = skilldyno(*resume, env=environment(server))
        assert second.returncode == 0, second.stderr
        assert len(server.requests) - asked == 12 - kept
        third = skilldyno(*resume, env=environment(server))
        assert third.returncode == 0, third.stderr
        assert len(server.requests) - asked == 12 - kept
    assert samples_done(run) == 12


def test_a_failed_half_is_finished_by_the_same_command(skilldyno, command, tmp_path):
    def fails_later(number: int) -> tuple[int, str]:
        return (200, PROSE) if number <= 6 else (400, "out of credits")

    with model_server(fails_later) as server:
        done = skilldyno(*command, "-G", "max_connections=1", env=environment(server))
        assert done.returncode == 1
        (line,) = errors(done)
        assert "out of credits" in line
        assert "6 of 12 samples are missing" in line
        assert "the same command goes on from there" in line
        asked = len(server.requests)
        assert asked <= 6 + 3
    with model_server(lambda number: (200, PROSE)) as server:
        done = skilldyno(*command, "-G", "max_connections=1", env=environment(server))
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == 6
        done = skilldyno(*command, "-G", "temperature=1", env=environment(server))
        assert done.returncode == 2
        assert "with other settings: give the same -G and -M" in errors(done)[0]
        assert len(server.requests) == 6


@pytest.mark.parametrize(
    ("status", "said", "hint"),
    [
        (401, "Incorrect API key", "check the key"),
        (404, "no such model", "check the name"),
        (429, "slow down", "max_connections"),
    ],
)
def test_what_a_provider_refuses_is_one_line(skilldyno, command, status, said, hint):
    with model_server(lambda number: (status, said)) as server:
        words = [*command, "-G", "max_connections=1", "-G", "max_retries=0"]
        done = skilldyno(*words, env=environment(server))
    assert done.returncode == 1
    (line,) = errors(done)
    assert MODEL in line
    assert str(status) in line
    assert said in line
    assert hint in line
    # Three failures in a row, and the provider's client may try each three times.
    assert len(server.requests) <= 9


def test_a_server_that_hangs_is_left_at_the_limit(skilldyno, command):
    words = [*command, "-G", "attempt_timeout=1", "-G", "max_retries=0"]
    with model_server(lambda number: (200, PROSE), delay=8) as server:
        done = skilldyno(*words, env=environment(server))
    assert done.returncode == 1
    (line,) = errors(done)
    assert "did not answer in time" in line


def test_a_dead_server_is_said_before_anything_is_asked(skilldyno, command):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    dead = {"FAKE_API_KEY": "a-key", "FAKE_BASE_URL": f"http://127.0.0.1:{port}/v1"}
    done = skilldyno(*command, env={**os.environ, **dead})
    assert done.returncode == 2
    assert errors(done) == [
        f"error: The server of {MODEL} at 127.0.0.1:{port} does not answer "
        "(Connection refused): start it first."
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-m", "openai-api/nokey/m"], "No NOKEY_API_KEY defined in the environment."),
        (["-m", "nobody/m"], "The model nobody/m cannot be used: Model API nobody of model"),
        (["-m", "mockllm/m", "-G", "temprature=1"], "-G temprature: there is no such setting"),
        (["-m", "mockllm/m", "-G", "max_tokens=many"], "-G max_tokens: Input should be a valid"),
        (["-m", "mockllm/m", "-M", "path"], "'path' is not of the form NAME=VALUE."),
        (["-m", "mockllm/m", "--cost-limit", "1"], "--cost-limit needs the price of mockllm/m"),
        (["-m", "mockllm/m", "--prices", "absent.toml"], "absent.toml cannot be read"),
        (
            ["-m", "mockllm/m", "--language", "triton"],
            "No hardware profile for 'triton' is",
        ),
        (["-m", "local/another"], "give its file by -M path=FILE.gguf"),
        (["-m", "local/another", "-M", "path={skill}/SKILL.md"], "SKILL.md is no GGUF file"),
    ],
)
def test_what_cannot_be_asked_is_one_line(skilldyno, skill, suite, tmp_path, words, said):
    given = [word.format(skill=skill) for word in words]
    run = ["--suite", str(suite), "--log-dir", str(tmp_path / "run")]
    done = skilldyno("eval", str(skill), *given, *run)
    assert done.returncode == 2
    (line,) = errors(done)
    assert said in line


@pytest.mark.parametrize(
    ("text", "verdict"), [("", "no_code"), ("```cpp\n" + "int x;\n" * 30_000, "compile_error")]
)
def test_what_no_model_should_say_is_judged_all_the_same(skilldyno, command, text, verdict):
    with model_server(lambda number: (200, text)) as server:
        words = [*command, "--epochs", "1", "--json"]
        done = skilldyno(*words, env=environment(server))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdicts"] == {verdict: 4}


def test_a_cost_limit_stops_the_run_and_counts_what_was_spent_before(skilldyno, command, tmp_path):
    (tmp_path / "prices.toml").write_text(PRICES)
    words = [*command, "-G", "max_connections=1", "--prices", str(tmp_path / "prices.toml")]
    # A sample costs $0.00264: the fifth one passes the limit.
    limited = [*words, "--cost-limit", "0.0106"]
    with model_server(lambda number: (200, PROSE)) as server:
        done = skilldyno(*limited, env=environment(server))
        assert done.returncode == 1
        (line,) = errors(done)
        assert "the limit of $0.0106 is reached ($0.0132 spent)" in line
        assert "7 of 12 samples are missing" in line
        assert len(server.requests) == 5
        assert skilldyno(*limited, env=environment(server)).returncode == 1
        assert len(server.requests) == 5
        done = skilldyno(*words, "--cost-limit", "1", env=environment(server))
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == 12


def test_the_plan_of_a_dry_run_asks_nothing(skilldyno, command, tmp_path):
    done = skilldyno(*command, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert (plan["ops"], plan["epochs"]) == (2, 3)
    (model,) = plan["models"]
    assert (model["model"], model["samples"], model["dollars"]) == (MODEL, 12, None)
    assert model["output_tokens"] == 12 * 2400
    assert model["input_tokens"] > 12 * 300
    assert plan["detectable"] > 0
    priced = skilldyno(*command, "--dry-run", "-m", "anthropic/claude-opus-4-5-20251101")
    assert "cost about $" in priced.stdout
    assert f"{MODEL}: 12 samples" in priced.stdout
    assert "cost unknown" in priced.stdout
