"""KernelBench problems from the command line and as an Inspect task."""

import json
from pathlib import Path

import pytest
from inspect_ai import eval_set
from inspect_ai.log import list_eval_logs, read_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from kernelbench_problems import LINEAR, SORTED, model_new

from skilldyno.evals.kernel_skill import kernel_skill
from skilldyno.results.table import read_rows

SKILL = str(Path(__file__).parents[2] / "skills" / "cpu-kernels")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two problems and a ModelNew."""
    (tmp_path / "level1").mkdir()
    (tmp_path / "level1" / "1_Linear.py").write_text(LINEAR)
    (tmp_path / "level1" / "2_Sorted.py").write_text(SORTED)
    (tmp_path / "model_new.py").write_text(model_new("y[3, 4] += 1"))
    return tmp_path


@pytest.mark.alone
def test_a_model_new_is_judged_with_its_problem(folder, skilldyno):
    problem = folder / "level1" / "1_Linear.py"
    done = skilldyno("judge", str(folder / "model_new.py"), "--problem", str(problem), "--json")
    assert done.returncode == 1, done.stderr
    evidence = json.loads(done.stdout)
    assert (evidence["verdict"], evidence["operation"]) == ("incorrect", "1_Linear")
    assert "out[3,4] is" in evidence["reason"]
    assert "(1 of 512 elements are wrong)" in evidence["reason"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--problem", "level1/1_Missing.py"], "error: level1/1_Missing.py cannot be read as text"),
        (
            ["--problem", "model_new.py"],
            "error: model_new is no problem to judge: it defines no Mo",
        ),
        (["--problem", "level1/1_Linear.py", "--op", "rms_norm"], "Give one of --op and --problem"),
        (["--problem", "level1/1_Linear.py", "--language", "triton"], "neither --language nor"),
        ([], "Give one of --op and --problem"),
    ],
)
def test_what_cannot_be_judged_ends_with_exit_code_2(arguments, words, folder, skilldyno):
    done = skilldyno("judge", "model_new.py", *arguments, cwd=folder)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_eval_takes_problems_instead_of_a_suite(folder, skilldyno):
    arguments = ["eval", SKILL, "--kernelbench", str(folder), "--dry-run", "--json"]
    samples = {
        chosen: [arm["samples"] for arm in json.loads(done.stdout)["arms"]]
        for chosen in ("1-2", "2")
        if (done := skilldyno(*arguments, "--problems", chosen))
    }
    assert samples == {"1-2": [2, 2], "2": [1, 1]}


@pytest.mark.alone
def test_the_inspect_task_asks_judges_and_packs(folder, skilldyno):
    arm = kernel_skill(
        kernelbench=str(folder), level=1, problems="1", hardware="cpu-x86_64", judging="later"
    )
    answer = f"Faster:\n```python\n{model_new('')}```\n"
    logs = folder / "logs"

    def output(*_: object) -> ModelOutput:
        answered = ModelOutput.from_content("mockllm/model", answer)
        answered.usage = ModelUsage(input_tokens=3, output_tokens=5, total_tokens=8)
        return answered

    model = get_model("mockllm/model", custom_outputs=output, memoize=False)
    eval_set(arm, model=model, log_dir=str(logs), display="none")
    (log,) = [read_eval_log(info) for info in list_eval_logs(str(logs))]
    (sample,) = log.samples or []
    assert "class ModelNew" not in str(sample.input)
    assert LINEAR.strip() in str(sample.input)
    # Neither needs the problems any more.
    (folder / "level1" / "1_Linear.py").unlink()
    packed = skilldyno("pack", str(logs), "-o", str(folder / "jobs.pyz"))
    assert "1 candidate" in packed.stdout, packed.stderr
    done = skilldyno("score", str(logs))
    assert done.returncode == 0, done.stderr
    (row,) = read_rows([logs]).to_dict("records")
    assert (row["op"], row["family"], row["language"]) == ("1_Linear", "kernelbench-1", "torch")
    assert (row["verdict"], row["correct"]) == ("correct", True)
