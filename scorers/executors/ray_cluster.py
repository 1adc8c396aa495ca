"""Judges on the nodes of a Ray cluster: builds as tasks, measurements as actors.

A candidate is built on any node of its profile, and what was built travels as bytes to the node
that measures it, where it counts if that node's own build would have the same key.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ...tasks.hardware import HardwareError, HardwareProfile, Seen, load_profile, load_profiles
from ...tasks.language import Kind, Language
from ..pack import write_pack
from . import node as node_code
from . import process as process_code
from .executor import JudgeAddressError, Listener
from .fleet import Fleet, PlaceLost
from .line import Place

try:
    import ray
    from ray import cloudpickle
    from ray.exceptions import ActorUnschedulableError, NodeDiedError, RayActorError, RayError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
except ImportError as error:
    raise JudgeAddressError(
        "--judge ray needs Ray, which is not installed: pip install 'skilldyno[ray]'"
    ) from error

_LOOK_SECONDS = 60.0
_RESTARTS = 3
# One that is measured, one that waits for it, and one that the judge may have to build itself.
_ROOM = 3
_MEASURING_CORES = 4
_BUILDS_A_CORE = 2
_LOST = (RayActorError, ActorUnschedulableError, NodeDiedError)


@dataclass
class _Node:
    """A node of the cluster, with the profiles that it is of."""

    id: str
    resources: dict[str, float]
    profiles: tuple[str, ...]
    places: list[RayPlace] = field(default_factory=list)
    building: int = 0

    @property
    def cores(self) -> int:
        return int(self.resources.get("CPU", 0))

    @property
    def free_cores(self) -> int:
        """On which nothing is built, besides those that are set aside for judges."""
        return max(1, self.cores - sum(place.cores for place in self.places)) - self.building

    @property
    def pin(self) -> NodeAffinitySchedulingStrategy:
        return NodeAffinitySchedulingStrategy(self.id, soft=False)

    def places_of(self, profile: HardwareProfile) -> int:
        """How many candidates it can measure at a time: one a GPU, or one."""
        return int(self.resources.get("GPU", 0)) if profile.kind == "gpu" else 1

    def actor_options(self, profile: HardwareProfile) -> dict[str, Any]:
        """What Ray is to set aside for a judge."""
        gpus = int(self.resources.get("GPU", 0))
        spared = min(_MEASURING_CORES, self.cores // gpus - 1) if gpus else 0
        declared = profile.name in self.resources
        return {
            "num_gpus": 1 if profile.kind == "gpu" else 0,
            # On a CPU the judge itself keeps builds and measurements apart.
            "num_cpus": max(0, spared) if profile.kind == "gpu" else 0,
            "resources": {profile.name: 1e-3} if declared else None,
            "scheduling_strategy": self.pin,
            "max_concurrency": _ROOM + 1,
            "max_restarts": _RESTARTS,
            "max_task_retries": _RESTARTS,
        }


class RayPlace:
    """A judge on a node, as an actor that is bound to it."""

    room = _ROOM

    def __init__(self, profile: HardwareProfile, node: _Node, packed: Any) -> None:
        options = node.actor_options(profile)
        self.hardware = profile.name
        self.cores = options["num_cpus"]
        self.name = f"{node.id[:12]}/{profile.name}/{len(node.places)}"
        self._node = node
        self._actor: Any = ray.remote(node_code.NodeJudge).options(**options).remote()
        self._packed = packed
        node.places.append(self)

    def ready(self) -> Future[None]:
        """A future that is done when the judge's actor runs."""
        return self._actor.ready.remote().future()

    def judge(self, job: dict[str, Any], build: Any) -> Future[dict[str, Any]]:
        """See Place."""
        answer: Future[dict[str, Any]] = Future()

        def hand_on(done: Future[dict[str, Any]]) -> None:
            error = done.exception()
            if error is None:
                answer.set_result(done.result())
            elif isinstance(error, _LOST):
                answer.set_exception(PlaceLost(f"{self.name} is lost: {error}"))
            else:
                # Of what went wrong on the node, without its traceback.
                answer.set_exception(getattr(error, "cause", None) or error)

        self._actor.judge.remote(self._packed, job, build).future().add_done_callback(hand_on)
        return answer

    def forget(self) -> None:
        """Let its node be given another judge."""
        if self in self._node.places:
            self._node.places.remove(self)

    def close(self) -> None:
        """See Place."""
        self.forget()
        ray.kill(self._actor)


class RayCluster:
    """The nodes of a cluster, each with the hardware profiles that it is of."""

    def __init__(self, address: str | None, packed: bytes | None = None) -> None:
        """Remember where the cluster is, and the judge as `write_pack` writes it."""
        self._address = address
        self._packed = packed or _packed_judge()
        self._nodes: dict[str, _Node] = {}
        self._is_ours = False
        self._judge: Any = None
        self._starting = threading.Lock()
        self._unbuilt: defaultdict[str, deque[tuple[dict[str, Any], Future[tuple[float, Any]]]]]
        self._unbuilt = defaultdict(deque)

    @property
    def builds_ahead(self) -> int:
        """See Machines."""
        return max(_ROOM, _BUILDS_A_CORE * sum(node.cores for node in self._nodes.values()))

    def hardware(self, name: str, language: Language, kind: Kind | None) -> HardwareProfile:
        """See Executor.

        Raises:
            JudgeAddressError: the cluster cannot be reached.
        """
        self._look()
        there = Counter(profile for node in self._nodes.values() for profile in node.profiles)
        if name != "auto" and load_profile(name).name in there:
            return load_profile(name)
        fits = [p for p in load_profiles() if language in p.languages and kind in (None, p.kind)]
        found = [p for p in fits if p.name in there]
        if name == "auto" and found:
            return min(found, key=lambda profile: (profile.kind == "cpu", -there[profile.name]))
        held = ", ".join(f"{number} of {each}" for each, number in sorted(there.items()))
        what = f"with '{name}'" if name != "auto" else f"for '{language}'"
        raise HardwareError(
            f"No node of the Ray cluster is one {what}; of its {len(self._nodes)} nodes there are: "
            f"{held or 'none of a known profile'}. Start Ray on such a machine, or name another."
        )

    def open(self, hardware: str, opened: Callable[[Place], None], tell: Listener) -> None:
        """See Machines."""
        self._look()
        profile = load_profile(hardware)
        for node in self._nodes.values():
            if hardware not in node.profiles:
                continue
            there = sum(1 for place in node.places if place.hardware == hardware)
            for _ in range(node.places_of(profile) - there):
                place = RayPlace(profile, node, self._judge)
                place.ready().add_done_callback(partial(_come_up, place, opened))
        self._start_builds(hardware)

    def build(self, job: dict[str, Any]) -> Future[tuple[float, Any]]:
        """See Machines."""
        built: Future[tuple[float, Any]] = Future()
        self._unbuilt[job["hardware"]].append((job, built))
        self._start_builds(job["hardware"])
        return built

    def _start_builds(self, hardware: str) -> None:
        """Give cores that are free what was asked for first; Ray keeps no order of its tasks."""
        unbuilt = self._unbuilt[hardware]
        while True:
            with self._starting:
                nodes = [node for node in self._nodes.values() if hardware in node.profiles]
                node = max(nodes, key=lambda node: node.free_cores, default=None)
                if not unbuilt or (node is not None and node.free_cores < 1):
                    return
                job, built = unbuilt.popleft()
                if node is not None:
                    node.building += 1
            if node is None:
                built.set_exception(PlaceLost(f"no node has {hardware}"))
                continue
            try:
                self._build_at(node, job, built)
            # This may be a thread of Ray's, where it would be lost.
            except Exception as error:
                with self._starting:
                    node.building -= 1
                built.set_exception(error)

    def _build_at(self, node: _Node, job: dict[str, Any], built: Future[tuple[float, Any]]) -> None:
        task: Any = ray.remote(node_code.build)
        pinned = task.options(scheduling_strategy=node.pin, num_returns=2)
        seconds, files = pinned.remote(self._judge, job)

        def hand_on(done: Future[float]) -> None:
            with self._starting:
                node.building -= 1
            error = done.exception()
            if error is None:
                built.set_result((done.result(), files))
            else:
                built.set_exception(error)
            self._start_builds(job["hardware"])

        # The files are not waited for: they go from node to node.
        seconds.future().add_done_callback(hand_on)

    def close(self) -> None:
        """See Machines."""
        if self._is_ours:
            ray.shutdown()
        self._unbuilt.clear()
        self._nodes, self._judge, self._is_ours = {}, None, False

    def _connect(self) -> None:
        self._is_ours = not ray.is_initialized()
        if self._is_ours:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            try:
                ray.init(self._address, log_to_driver=False, logging_level=logging.ERROR)
            except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
                where = self._address or os.environ.get("RAY_ADDRESS", "this machine")
                first = str(error).strip().partition("\n")[0]
                raise JudgeAddressError(
                    f"--judge: no Ray cluster answers at {where} ({first}): start one by `ray start"
                    " --head`, name another address, or set RAY_AUTH_MODE=token if it wants a token"
                ) from error
        for module in (node_code, process_code):
            cloudpickle.register_pickle_by_value(module)
        self._judge = ray.put(self._packed)

    def _look(self) -> None:
        """Connect, forget nodes that died, and ask new ones what they are."""
        if self._judge is None:
            self._connect()
        alive = {node["NodeID"]: node for node in ray.nodes() if node["Alive"]}
        nodes = {id: node for id, node in self._nodes.items() if id in alive}
        # A head without cores was started to manage, not to work.
        new = {
            id: node
            for id, node in alive.items()
            if id not in nodes and node["Resources"].get("CPU", 0) >= 1
        }
        names = {profile.name for profile in load_profiles()}
        declared = {id: names & set(node["Resources"]) for id, node in new.items()}
        seen = _see([id for id in new if not declared[id]])
        for id, node in new.items():
            if not declared[id] and id not in seen:
                continue
            resources = node["Resources"]
            profiles = declared[id] or _profiles_of(seen[id], resources)
            nodes[id] = _Node(id, resources, tuple(sorted(profiles)))
        self._nodes = nodes


class RayExecutor(Fleet):
    """Judges on the nodes of a Ray cluster; connects when it is first asked for anything."""

    def __init__(self, address: str | None, packed: bytes | None = None) -> None:
        """Remember where the cluster is.

        Args:
            address: `ray://HOST:PORT`; None finds the cluster that this machine is in, and starts
                one here where there is none.
            packed: the judge as `write_pack` writes it; by default this version's.
        """
        super().__init__(RayCluster(address, packed))


def _packed_judge() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_pack(Path(folder) / "judge.pyz").read_bytes()


def _come_up(place: RayPlace, opened: Callable[[Place], None], done: Future[None]) -> None:
    if done.exception() is None:
        opened(place)
    else:
        # Its node died, or has no room for it: the next look at the nodes tries again.
        place.forget()


def _see(ids: list[str]) -> dict[str, Seen]:
    """Ask nodes what they are; those that do not answer in time are left out."""
    look = ray.remote(node_code.look)
    asked = {
        id: look.options(
            num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(id, soft=False)
        ).remote()
        for id in ids
    }
    if asked:
        ray.wait(list(asked.values()), num_returns=len(asked), timeout=_LOOK_SECONDS)
    seen = {}
    for id, answer in asked.items():
        try:
            seen[id] = Seen(**ray.get(answer, timeout=0))
        except RayError:
            # It died or is slow: it is asked again at the next look.
            continue
    return seen


def _profiles_of(seen: Seen, resources: dict[str, float]) -> set[str]:
    fits = [profile for profile in load_profiles() if profile.machine.is_one(seen)]
    # Ray gives any of a node's GPUs, so they must all be of the profile.
    alike = len(set(seen.gpus)) == 1 and resources.get("GPU", 0) >= 1
    return {profile.name for profile in fits if profile.kind == "cpu" or alike}
