"""A real model in this process: a weak one, through the whole of a grid."""

import json
from typing import Any

import pytest
from inspect_ai.model import ChatMessageUser, GenerateConfig, get_model
from inspect_ai.tool import ToolInfo

from skilldyno.evals.local_weights import WeightsError, local_weights
from skilldyno.results.table import read_rows

pytest.importorskip("xllamacpp", reason="needs the extra 'local'")

MODEL = "local/smollm2-135m"


def test_a_weak_model_goes_from_prompt_to_report(skilldyno, suite, tmp_path):
    # One operation, and a short Skill: to read the prompt of each arm takes the most time.
    suite.write_text(suite.read_text().replace(', "quant_int8"', ""))
    skill, run = tmp_path / "fast", tmp_path / "run"
    skill.mkdir()
    (skill / "SKILL.md").write_text("---\nname: fast\ndescription: d\n---\nUse AVX2.\n")
    words = ["eval", str(skill), "-m", MODEL, "--suite", str(suite)]
    words += ["--language", "cpp", "--epochs", "2", "-G", "max_tokens=40"]
    done = skilldyno(*words, "--log-dir", str(run), "--json")
    assert done.returncode == 0, done.stderr
    assert "cost about $0.00" in done.stderr
    found = json.loads(done.stdout)
    assert found["samples"] == 4
    assert set(found["verdicts"]) <= {"no_code", "compile_error", "runtime_error", "incorrect"}
    rows: Any = read_rows([run])
    assert set(rows["status"]) == {"scored"}
    assert rows["output_tokens"].between(1, 40).all()
    assert (rows["input_tokens"] > 200).all()
    assert (rows["model_seconds"] > 0).all()
    assert set(rows["cost"]) == {0}
    assert rows["reasoning_tokens"].isna().all()
    assert (run / "report.html").stat().st_size > 10_000
    # Epochs are samples of their own: no seed is set.
    assert rows["answer"].nunique() > 1 or set(rows["answer"]) == {""}


@pytest.mark.anyio
async def test_what_a_provider_must_stand():
    model = get_model(MODEL, config=GenerateConfig(max_tokens=16))
    long = await model.generate("tensor " * 9000)
    assert long.stop_reason == "model_length"
    assert long.usage is not None
    assert long.usage.input_tokens > 8192
    tool = ToolInfo(name="look_up", description="Looks a word up.")
    answer = await model.generate([ChatMessageUser(content="Look up the word kernel.")], [tool])
    assert answer.stop_reason in ("stop", "max_tokens", "tool_calls")


def test_weights_must_be_there_and_be_gguf(tmp_path):
    with pytest.raises(WeightsError, match=r"give its file by -M path=FILE\.gguf"):
        local_weights("nobody", None)
    with pytest.raises(WeightsError, match=r"absent\.gguf cannot be read"):
        local_weights("nobody", str(tmp_path / "absent.gguf"))
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF and more")
    assert local_weights("nobody", str(file)) == file
