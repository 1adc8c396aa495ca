"""Which executor this process has its candidates judged by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .executor import Executor, JudgeAddressError
from .local import local_executor

LOCAL = "local"
PACK = "pack"
_chosen: Executor | None = None


@contextmanager
def judged_at(address: str) -> Iterator[None]:
    """Have candidates judged at an address while the body runs, and close the judges after it.

    Args:
        address: `local`, `ray` for the cluster that this machine is in or one of its own,
            `ray://HOST:PORT` for the cluster that listens there, or `pack`, where nothing is judged
            but what an agent asks for.

    Raises:
        JudgeAddressError: there is no such place, or it cannot be reached.
    """
    global _chosen
    before, _chosen = _chosen, open_executor(address)
    try:
        yield
    finally:
        _chosen.close()
        _chosen = before


def chosen_executor() -> Executor:
    """The executor of this process; its judges serve every sample."""
    return _chosen or local_executor()


def open_executor(address: str) -> Executor:
    """Return the executor of an address.

    Raises:
        JudgeAddressError: there is no such place, or it cannot be reached.
    """
    if address in (LOCAL, PACK):
        return local_executor()
    if address == "ray" or address.startswith("ray://"):
        # Its import takes a second, and it need not be installed.
        from .ray_cluster import RayExecutor

        return RayExecutor(None if address == "ray" else address)
    raise JudgeAddressError(
        f"--judge {address!r} is no place to judge at: give local, ray, ray://HOST:PORT or {PACK}"
    )
