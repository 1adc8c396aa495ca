"""`skilldyno hardware`: what is known of machines, and what this one measures."""

import json
import os
import subprocess
import sys
import tomllib

import pytest

from skilldyno.scorers.pack import write_pack
from skilldyno.tasks.hardware import profile_names, read_profile


def test_list_holds_every_profile(skilldyno):
    listed = json.loads(skilldyno("hardware", "list", "--json").stdout)
    assert tuple(each["name"] for each in listed) == profile_names()
    printed = skilldyno("hardware", "list").stdout
    assert all(f"\n{name} " in printed for name in profile_names())


def test_show_has_every_field_and_the_ridge(skilldyno):
    shown = json.loads(skilldyno("hardware", "show", "h200", "--json").stdout)
    assert shown["ridge"]["bfloat16"] == pytest.approx(989.4 / 4.8, rel=0.2)
    printed = skilldyno("hardware", "show", "t4").stdout
    assert "Tesla T4" in printed
    assert "-gencode=arch=compute_75,code=sm_75" in printed
    assert "no bfloat16" in printed
    assert "Source of memory, memory_bandwidth: secondary: sysrqmts.com/en/gpus/" in printed
    assert "nominal" in printed


def test_match_names_a_profile_for_each_language(skilldyno):
    done = skilldyno("hardware", "match", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["cpp"] == "cpu-x86_64"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "h300"), "There is no hardware profile 'h300'; did you mean h200"),
        (("probe", "--write", "profile.json"), "profile.json does not end in .toml"),
        (("probe", "--write", "missing/a.toml"), "missing is no folder"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(arguments, words, skilldyno, tmp_path):
    done = skilldyno("hardware", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert words in done.stderr


@pytest.mark.alone
def test_probe_writes_measured_figures_beside_the_nominal_ones(skilldyno, tmp_path):
    file = tmp_path / "here.toml"
    found = json.loads(
        skilldyno("hardware", "probe", "--device", "cpu", "--write", str(file), "--json").stdout
    )
    assert found["memory_bandwidth"] > 1e8
    assert set(found["rates"]) == {"float32"}
    profile = read_profile(file)
    assert profile.measured is not None
    assert profile.measured.memory_bandwidth == pytest.approx(found["memory_bandwidth"], rel=1e-3)
    assert str(profile.measured.date) == found["date"]
    assert profile.toolchain["cpp"].compiler == "g++"
    assert set(tomllib.loads(file.read_text())["measured"]["spread"]) == set(found["spread"])


@pytest.mark.alone
def test_the_packed_judge_probes_without_a_compiler(tmp_path):
    packed = write_pack(tmp_path / "jobs.pyz", [])
    done = subprocess.run(
        [sys.executable, str(packed), "--probe", "cpu"],
        env={"PATH": str(tmp_path), "HOME": os.environ["HOME"]},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["device"] == "cpu"
    assert found["rates"]["float32"] > 1e8
    assert found["absent"] == {"streaming_copy": "there is no g++"}
