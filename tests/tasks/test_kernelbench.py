"""KernelBench problems: where they are read from, what is found in them, and what is refused."""

from pathlib import Path

import pytest
from datasets import Dataset
from kernelbench_problems import LINEAR, SORTED

from skilldyno.tasks.catalogue import load_operation
from skilldyno.tasks.eval_task import EvalTask, EvalTaskError
from skilldyno.tasks.hardware import load_profile
from skilldyno.tasks.kernelbench import load_problems, problem_suite, read_problem
from skilldyno.tasks.problem import Problem, ProblemError
from skilldyno.tasks.prompt import write_prompt

FILES = {"2_Linear.py": LINEAR, "10_Sorted it.py": SORTED, "notes.py": "not = a problem"}


def write_files(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("where", ["", "level3", "KernelBench/level3"])
def test_a_folder_of_files_is_read_in_the_order_of_their_numbers(where, tmp_path):
    write_files(tmp_path / "set" / where)
    problems = load_problems(str(tmp_path / "set"), level=3)
    assert [p.name for p in problems] == ["2_Linear", "10_Sorted_it"]
    assert [p.text for p in problems] == [LINEAR, SORTED]
    assert {p.family for p in problems} == {"kernelbench-3"}


def test_a_dataset_is_read_by_datasets(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    rows = {"code": [SORTED, LINEAR], "name": ["10_Sorted.py", "2_Linear"], "level": [2, 2]}
    (tmp_path / "set" / "data").mkdir(parents=True)
    Dataset.from_dict(rows).to_parquet(
        str(tmp_path / "set" / "data" / "level_2-00000-of-00001.parquet")
    )
    problems = load_problems(str(tmp_path / "set"), level=2)
    assert [(p.name, p.text) for p in problems] == [("2_Linear", LINEAR), ("10_Sorted", SORTED)]


@pytest.mark.parametrize(
    ("chosen", "names"), [("10", ["10_Sorted_it"]), (" 2, 10-10", ["2_Linear", "10_Sorted_it"])]
)
def test_problems_are_chosen_by_number(chosen, names, tmp_path):
    folder = write_files(tmp_path / "set")
    assert [p.name for p in load_problems(str(folder), chosen=chosen)] == names


@pytest.mark.parametrize(
    ("source", "chosen", "words"),
    [
        ("set", "3", "There is no problem '3'; there are: 10, 2 in "),
        ("set", "two", "give numbers such as 1,19,23-25"),
        ("empty", None, "cannot be read as KernelBench problems of level 1: name a folder of"),
        ("missing.py", None, "cannot be read as text"),
    ],
)
def test_a_set_that_is_not_there_is_refused(source, chosen, words, tmp_path):
    write_files(tmp_path / "set")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ProblemError) as refused:
        load_problems(str(tmp_path / source), chosen=chosen)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_only_python_files_are_problems(tmp_path):
    with pytest.raises(ProblemError, match=r"does not end in \.py"):
        read_problem(tmp_path / "1_problem.txt")


def test_forms_are_found_without_computing():
    spec = Problem("2_Linear", LINEAR).judge_spec("torch", "gpu")
    assert spec["arguments"] == ["x", "scale"]
    assert spec["scalars"] == [{"name": "scale", "type": "float", "value": 1.5}]
    (workload,) = spec["workloads"]
    assert workload["shapes"] == [[16, 64], [16, 32]]
    assert workload["bytes"] == 4 * (16 * 64 + 16 * 32)
    assert [t["dtype"] for t in spec["tensors"]] == ["float32", "float32"]
    assert spec["tensors"][1]["relative"] == spec["tensors"][1]["scaled"] == 1e-4


def test_nested_outputs_are_taken_in_order():
    spec = Problem("10_Sorted", SORTED).judge_spec("torch", "cpu")
    found = [(t["name"], t["dtype"], t.get("scaled")) for t in spec["tensors"]]
    assert found == [
        ("x", "float32", None),
        ("mask", "bool", None),
        ("out0", "float32", 1e-4),
        ("out1", "int64", 0.0),
        ("out2", "float32", 1e-4),
    ]
    assert spec["workloads"][0]["shapes"][2:] == [[8, 33], [8, 33], []]


def test_huge_inputs_take_no_memory():
    text = LINEAR.replace("torch.rand(16, 64)", "torch.rand(2**40, 64)")
    assert Problem("huge", text).forms.inputs[0].nbytes == 2**48


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def Model(:", "cannot be executed: SyntaxError"),
        ("import no_such_package", "No module named 'no_such_package'"),
        (LINEAR.replace("get_init_inputs", "init_inputs"), "defines no get_init_inputs"),
        (LINEAR.replace("[64, 32]", "[64]"), "cannot make its Model: TypeError"),
        (LINEAR.replace("16, 64", "16, 65"), "cannot run its Model on what get_inputs gives"),
        (LINEAR.replace("1.5]", "'1.5']").replace(" * scale", ""), "gives scale as str"),
        (LINEAR.replace("1.5]", "True]"), "gives scale as bool"),
        (LINEAR.replace("16, 64", "0, 64"), "its tensor x is empty"),
        (LINEAR.replace("torch.relu(", "torch.view_as_complex("), "cannot run its Model"),
        (LINEAR.replace("torch.relu(self.first(x))", "self.first(x.zero_())"), "writes to its inp"),
        (LINEAR.replace(" * scale", ".to(torch.cfloat)"), "its tensor out is complex64"),
        (LINEAR.replace("return self", "return {}, self"), "its Model returns dict"),
        (LINEAR.replace("return self", "return None, self"), "its Model returns NoneType"),
        (LINEAR.replace("return self", "return () and self"), "its Model returns nothing"),
        (SORTED.replace("torch.randn(8, 33), torch.rand(8, 33) > 0.2", ""), "cannot run its Mo"),
        (LINEAR + "#" * 100_000, "has more than 100000 bytes"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_one_sentence(text, words):
    with pytest.raises(ProblemError) as refused:
        _ = Problem("1_problem", text).forms
    assert words in str(refused.value)
    assert str(refused.value).startswith("1_problem ")
    assert "\n" not in str(refused.value)


def test_a_problem_is_solved_in_torch_alone():
    hardware = load_profile("h200")
    with pytest.raises(EvalTaskError, match="is not asked for in 'triton'; it is in torch"):
        EvalTask(Problem("2_Linear", LINEAR), hardware, "triton")
    with pytest.raises(EvalTaskError, match="'rms_norm' is not asked for in 'torch'"):
        EvalTask(load_operation("rms_norm"), hardware, "torch")


@pytest.mark.parametrize(
    ("hardware", "words"), [("h200", "load_inline"), ("cpu-x86_64", "nothing can be compiled")]
)
def test_the_prompt_shows_the_problem_and_asks_for_model_new(hardware, words, tmp_path):
    folder = write_files(tmp_path / "set")
    suite = problem_suite(str(folder), 1, "2")
    (problem,) = suite.asked()
    task = EvalTask(problem, load_profile(hardware), suite.language)
    prompt = write_prompt(task)
    assert task.id == f"2_Linear/{hardware}/torch"
    assert LINEAR.strip() in prompt
    assert "class `ModelNew(torch.nn.Module)`" in prompt
    assert words in prompt
    assert load_profile(hardware).description in prompt
