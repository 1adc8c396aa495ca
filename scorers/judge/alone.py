"""The locks by which the judges of a user take turns at measuring."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from .build import cache_folder


@contextmanager
def alone_on(device: str) -> Iterator[None]:
    """Hold what all judges of this user share, so that none disturbs another's clock.

    A CPU's measurement has the machine to itself.  Those of several GPUs go on side by side, one a
    GPU, but beside none of the CPU.
    """
    if device == "cpu":
        with _holding("measuring.lock", fcntl.LOCK_EX):
            yield
    else:
        with (
            _holding("measuring.lock", fcntl.LOCK_SH),
            _holding(f"measuring-{gpu_name() or 'none'}.lock", fcntl.LOCK_EX),
        ):
            yield


@contextmanager
def beside_other_builds() -> Iterator[None]:
    """Hold what builds share: none goes on while a CPU's measurement has the machine to itself."""
    with _holding("measuring.lock", fcntl.LOCK_SH):
        yield


@contextmanager
def alone_in_starting() -> Iterator[None]:
    """Hold what judges share while a process of theirs makes its CUDA context.

    The driver makes one after another, whichever GPUs they are for: two at a time both end late.
    """
    with _holding("starting.lock", fcntl.LOCK_EX):
        yield


def gpu_name() -> str:
    """What tells the GPU of this process from all others; empty where there is none."""
    # Its import takes seconds, and builds do without.
    import torch

    if not torch.cuda.is_available():
        return ""
    return f"GPU-{torch.cuda.get_device_properties(0).uuid}"


@contextmanager
def _holding(name: str, how: int) -> Iterator[None]:
    with open(cache_folder().parent / name, "w", encoding="utf-8") as file:
        fcntl.flock(file, how)
        yield
