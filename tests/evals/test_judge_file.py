"""`skilldyno judge`: five kernels, five verdicts, each with its reason and exit code."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.alone

KERNELS = {
    "correct": ({}, 0, "right in all"),
    "incorrect": ({"after": "out[0] += 1;"}, 1, "elements are wrong"),
    "compile_error": ({"before": "nonsense;"}, 1, "‘nonsense’ was not declared"),
    "runtime_error": ({"before": "*(volatile int*)8 = 1;"}, 1, "Segmentation fault"),
    "timeout": ({"before": "for (volatile int i = 0;; ++i) {}"}, 1, "no answer within 10 s"),
}


@pytest.mark.parametrize("verdict", KERNELS)
def test_verdict_reason_and_exit_code(verdict, skilldyno, rms_norm, tmp_path):
    arguments, code, words = KERNELS[verdict]
    file = tmp_path / "kernel.cpp"
    file.write_text(rms_norm(**arguments))
    done = skilldyno("judge", str(file), "--op", "rms_norm", "--json")
    evidence = json.loads(done.stdout)
    assert evidence["verdict"] == verdict, evidence["reason"]
    assert words in evidence["reason"]
    assert done.returncode == code
    assert evidence["isolation"]["level"] in ("bubblewrap", "namespaces")


def test_terminal_output_holds_reason_and_log(skilldyno, rms_norm, tmp_path):
    file = tmp_path / "kernel.cpp"
    file.write_text(rms_norm("nonsense;"))
    done = skilldyno("judge", str(file), "--op", "rms_norm")
    assert done.stdout.startswith("compile_error: candidate.cpp:")
    assert done.stdout.count("nonsense") >= 2
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("missing.cpp", ["--op", "rms_norm"], "cannot be read"),
        ("kernel.txt", ["--op", "rms_norm"], "does not end in one of .cpp"),
        ("kernel.cpp", ["--op", "rms_nrom"], "rms_norm"),
        ("kernel.cpp", ["--op", "rms_norm", "--hardware", "h200"], "not this machine"),
        ("kernel.cpp", ["--op", "rms_norm", "--hardware", "cpu"], "cpu-x86_64"),
        ("kernel.cpp", ["--op", "rms_norm", "--language", "fortran"], "give one of cpp"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(name, arguments, words, skilldyno, tmp_path):
    if not name.startswith("missing"):
        Path(tmp_path / name).write_text("")
    done = skilldyno("judge", str(tmp_path / name), *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def test_no_compiler_is_one_sentence_and_exit_code_2(skilldyno, tmp_path):
    file = tmp_path / "kernel.cpp"
    file.write_text("")
    lonely = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    done = skilldyno("judge", str(file), "--op", "rms_norm", env=lonely)
    assert done.returncode == 2
    assert done.stderr == "error: there is no g++ on the PATH: install it (apt-get install g++)\n"
