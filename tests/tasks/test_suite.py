"""Suites: the demo, the user's own, and what is refused."""

from pathlib import Path

import pytest

from skilldyno.tasks.catalogue import load_operations, operation_names
from skilldyno.tasks.errors import UsageError
from skilldyno.tasks.suite import SUITES, SuiteError, load_suite, suite_names

DEMO = (SUITES / "demo.toml").read_text()


def test_the_demo_suite():
    assert "demo" in suite_names()
    suite = load_suite("demo")
    assert suite.epochs == 3
    assert set(suite.operations) <= set(operation_names())
    tasks = suite.eval_tasks()
    assert [task.id for task in tasks][:2] == [
        "rms_norm/cpu-x86_64/cpp",
        "layer_norm/cpu-x86_64/cpp",
    ]
    assert len({task.id for task in tasks}) == 8


def test_the_shipped_suites_and_what_is_held_out():
    sizes = {"smoke": 4, "demo": 8, "core": 20, "holdout": 10}
    suites = {name: load_suite(name) for name in (*sizes, "full")}
    assert {name: len(suites[name].operations) for name in sizes} == sizes
    asked = {o.name for o in load_operations() if "cuda" in o.languages}
    assert set(suites["full"].operations) == asked
    assert not set(suites["holdout"].operations) & set(suites["core"].operations)
    assert not set(suites["holdout"].operations) & set(suites["demo"].operations)


def test_a_suite_of_the_users_own(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(DEMO.replace("epochs = 3", "epochs = 1"))
    assert load_suite(str(path)).epochs == 1


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("epochs = 3", "epochs = ", "this is not valid TOML; mend it: "),
        ("epochs = 3", "epochs = 0", "the field 'epochs' is 0, but it should be greater than 0."),
        ("epochs", "epoch", "the field 'epoch' is unknown; did you mean 'epochs'? allowed: desc"),
        ("epochs = 3", "epochs = 3\nseed = 1", "the field 'seed' is unknown; allowed: description"),
        ('"cpp"', '"c++"', "the field 'language' is 'c++', but it should be 'cpp', 'cuda', 'trit"),
        ('"cpp"', '"cuda"', "Hardware 'cpu-x86_64' has no toolchain for 'cuda'; it has one for c"),
        ('"rope"', '"ropes"', "There is no operation 'ropes'; did you mean rope or rope_3d"),
        ('"rope"', '"softmax"', "the field 'operations' has 'softmax' twice; remove one."),
        ("cpu-x86_64", "cpu", "There is no hardware profile 'cpu'; "),
    ],
)
def test_a_mistake_in_a_suite_is_one_sentence(
    tmp_path: Path, before: str, after: str, message: str
):
    path = tmp_path / "mine.toml"
    path.write_text(DEMO.replace(before, after, 1))
    with pytest.raises(SuiteError) as caught:
        load_suite(str(path))
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, UsageError)


def test_a_star_is_every_operation_in_the_language(tmp_path: Path):
    path = tmp_path / "all.toml"
    listed = DEMO[DEMO.index("operations = [") : DEMO.index("]") + 1]
    path.write_text(DEMO.replace(listed, 'operations = ["*"]'))
    named = [o.name for o in load_operations() if "cpp" in o.languages]
    assert load_suite(str(path)).operations == tuple(named)


def test_unknown_suites():
    with pytest.raises(
        SuiteError, match=r"There is no suite 'demos'; did you mean demo or demo-h200\?"
    ):
        load_suite("demos")
    with pytest.raises(SuiteError, match=r"absent\.toml: there is no such file; create it"):
        load_suite("absent.toml")
