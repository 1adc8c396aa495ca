"""What an executor is: candidates go in, evidence comes out, wherever the judges are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from ...tasks.errors import UsageError
from ...tasks.hardware import HardwareProfile
from ...tasks.language import Kind, Language
from ..evidence import Evidence

Listener = Callable[[dict[str, Any]], None]


class JudgeError(Exception):
    """The judge refused a job or cannot be kept alive: the harness's fault, never a candidate's."""


class JudgeAddressError(UsageError):
    """A place to judge at that is unknown or cannot be reached."""


class Executor(Protocol):
    """Has candidates judged; what is above it knows nothing of processes, GPUs and nodes."""

    def hardware(self, name: str, language: Language, kind: Kind | None = None) -> HardwareProfile:
        """The profile of a name, or with `auto` one of the machines that there are.

        Raises:
            HardwareError: no machine is of this profile, or has one for the language.
        """
        ...

    def submit(self, job: dict[str, Any]) -> Future[Evidence]:
        """Hand over a job, as `make_job` makes it; its `id` must be unique among those under way.

        Returns:
            A future with the evidence, or with a JudgeError.
        """
        ...

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with each event, for progress bars.

        Events are `built` with `id` and `seconds`, and `evidence` with the whole record.
        """
        ...

    def unsubscribe(self, listener: Listener) -> None:
        """Stop calling `listener`."""
        ...

    def close(self) -> None:
        """End the judges; jobs under way end in a JudgeError, and the next job starts anew."""
        ...
