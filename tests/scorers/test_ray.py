"""A Ray cluster of three nodes on this machine, of two hardware profiles."""

import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import list_eval_logs, read_eval_log
from recorded import record, unjudged_logs

from benchmarks.simulated_judge import simulated_job, simulated_judge
from skilldyno.evals.score import score_logs
from skilldyno.scorers import kernel
from skilldyno.scorers.job import make_job
from skilldyno.tasks import hardware
from skilldyno.tasks.hardware import HardwareError, load_profile

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'skilldyno[ray]'")
from ray.cluster_utils import Cluster  # noqa: E402

from skilldyno.scorers.executors.ray_cluster import RayExecutor  # noqa: E402

ROOT = Path(__file__).parents[2]
OURS, OTHER = "cpu-x86_64", "cpu-other"


@pytest.fixture
def two_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """A second profile, which this machine is only where it says so."""
    folder = shutil.copytree(hardware.PROFILES, tmp_path / "profiles")
    text = (folder / f"{OURS}.toml").read_text().replace(f'"{OURS}"', f'"{OTHER}"', 1)

    def be_seen_as(architecture: str) -> None:
        changed = text.replace('architecture = "x86_64"', f'architecture = "{architecture}"')
        (folder / f"{OTHER}.toml").write_text(changed)
        load_profile.cache_clear()

    be_seen_as("riscv64")
    monkeypatch.setattr(hardware, "PROFILES", folder)
    yield be_seen_as
    load_profile.cache_clear()


class Nodes:
    """The cluster, and its nodes by name: two of one profile, one of the other."""

    def __init__(self) -> None:
        # The head is asked what it is; the others say so.
        self.cluster = Cluster(initialize_head=True, head_node_args=self._options("first"))
        self.by_name = {
            "first": self.cluster.head_node,
            "second": self.cluster.add_node(**self._options("second"), resources={OURS: 1}),
            "third": self.cluster.add_node(**self._options("third"), resources={OTHER: 1}),
        }

    def _options(self, name: str) -> dict[str, Any]:
        return {
            "num_cpus": 1,
            "include_dashboard": False,
            "object_store_memory": 80 << 20,
            "env_vars": {**os.environ, "SIMULATED_NODE": name},
        }

    def id(self, name: str) -> str:
        return self.by_name[name].node_id

    def kill(self, name: str) -> None:
        self.cluster.remove_node(self.by_name[name], allow_graceful=False)

    def revive(self, name: str) -> None:
        self.by_name[name] = self.cluster.add_node(**self._options(name), resources={OURS: 1})


@pytest.fixture(scope="module")
def cluster() -> Iterator[Nodes]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    nodes = Nodes()
    os.environ["RAY_ADDRESS"] = str(nodes.cluster.address)
    yield nodes
    del os.environ["RAY_ADDRESS"]
    nodes.cluster.shutdown()


@pytest.mark.usefixtures("two_profiles")
def test_candidates_land_on_nodes_of_their_profile(cluster):
    executor = RayExecutor(None, simulated_judge())
    assert executor.hardware("auto", "cpp").name == OURS
    assert executor.hardware(OTHER, "cpp").name == OTHER
    built: list[str] = []
    executor.subscribe(lambda e: built.append(e["id"]) if e["event"] == "built" else None)
    # Long enough for the slower node to come up before the other has judged them all.
    submitted = [
        simulated_job(f"{profile}:{number}", "op", profile, measure=1.5, build=0.01)
        for number in range(8)
        for profile in (OURS, OTHER)
    ]
    evidence = [f.result(timeout=60) for f in [executor.submit(job) for job in submitted]]
    executor.close()
    found = Counter((e.hardware, json.loads(e.reason)["node"]) for e in evidence)
    assert set(found) == {(OURS, "first"), (OURS, "second"), (OTHER, "third")}
    assert sorted(built) == sorted(job["id"] for job in submitted)


@pytest.mark.usefixtures("two_profiles")
def test_what_is_built_first_is_what_is_needed_first(cluster):
    executor = RayExecutor(None, simulated_judge())
    built: list[str] = []
    executor.subscribe(lambda e: built.append(e["id"]) if e["event"] == "built" else None)
    submitted = [
        simulated_job(f"{number}", f"op{number % 4}", OTHER, build=0.1) for number in range(12)
    ]
    for future in [executor.submit(job) for job in submitted]:
        future.result(timeout=60)
    executor.close()
    assert [op for op, _ in groupby(int(id) % 4 for id in built)] == [0, 1, 2, 3]


@pytest.mark.usefixtures("two_profiles")
def test_hardware_that_no_node_has_is_named(cluster):
    executor = RayExecutor(None, simulated_judge())
    with pytest.raises(HardwareError, match=r"one with 'h200'; of its 3 nodes there are: 1 of cpu"):
        executor.hardware("h200", "cuda")
    executor.close()


@pytest.mark.usefixtures("two_profiles")
def test_a_node_that_dies_takes_no_candidate_with_it(cluster):
    executor = RayExecutor(None, simulated_judge())
    places: Counter[str] = Counter()
    first_of_second = threading.Event()

    def note(event: dict[str, Any]) -> None:
        if event["event"] == "evidence":
            places[event["id"]] += 1
            if event["environment"]["place"].startswith(cluster.id("second")[:12]):
                first_of_second.set()

    executor.subscribe(note)
    submitted = [simulated_job(f"job:{n}", "op", OURS, measure=0.8, build=0.4) for n in range(16)]
    futures = [executor.submit(job) for job in submitted]
    assert first_of_second.wait(timeout=60)
    cluster.kill("second")
    assert {future.result(timeout=120).verdict for future in futures} == {"correct"}
    assert places == {job["id"]: 1 for job in submitted}
    executor.close()
    cluster.revive("second")


def verdicts_in(*folders: Path) -> dict[tuple[str, int], tuple[str, str]]:
    """By hardware and epoch: the verdict, and the place where it was given."""
    found = {}
    for info in [info for folder in folders for info in list_eval_logs(str(folder))]:
        for sample in read_eval_log(info).samples or []:
            (score,) = (sample.scores or {}).values()
            record = score.metadata or {}
            place = record["environment"].get("place", "")
            found[record["hardware"], sample.epoch] = record["verdict"], place
    return found


def verdicts(found: dict[tuple[str, int], tuple[str, str]]) -> dict[tuple[str, int], str]:
    return {key: verdict for key, (verdict, _) in found.items()}


def test_the_table_is_the_local_one_though_a_node_dies(
    cluster, two_profiles, tmp_path, monkeypatch
):
    # Verdicts are in question and no times, which need a machine that is at rest.
    monkeypatch.setattr(kernel, "make_job", partial(make_job, until="check"))
    honest = (ROOT / "tests" / "honest" / "ops" / "topk.cpp").read_text()
    kernels = [
        honest.replace("= places[i];", "= 0;"),
        honest.replace("#pragma", "    __builtin_trap();\n#pragma"),
        honest.replace("partial_sort", "nonsense"),
        honest,
    ]
    assert len(set(kernels)) == 4
    kernels = [f"```cpp\n{source}\n```" for source in kernels]
    ours, other = (
        unjudged_logs(tmp_path / name, record(tmp_path, completions, op="topk", hardware=name))
        for name, completions in ((OURS, [*kernels, "I cannot."]), (OTHER, kernels[:2]))
    )

    def kill_in_mid_run() -> None:
        while not list((ours / "evidence").glob("*.json")):
            time.sleep(0.1)
        cluster.kill("second")

    killer = threading.Thread(target=kill_in_mid_run)
    killer.start()
    score_logs([ours, other], judge="ray")
    killer.join()
    found = verdicts_in(ours, other)
    landed = {
        hardware: place.split("/")[:2] for (hardware, _), (_, place) in found.items() if place
    }
    assert landed[OTHER] == [cluster.id("third")[:12], OTHER]
    assert landed[OURS][1] == OURS
    two_profiles("x86_64")
    score_logs([ours, other])
    assert verdicts(found) == verdicts(verdicts_in(ours, other))
    assert set(verdicts(found).values()) == {
        *("incorrect", "runtime_error", "compile_error", "correct", "no_code")
    }
