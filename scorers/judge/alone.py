"""The lock by which all judges of a user take turns at measuring."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from .build import cache_folder


@contextmanager
def alone_on_this_machine() -> Iterator[None]:
    """Hold the lock that all judges of this user share, so that none disturbs another's clock."""
    with open(cache_folder().parent / "measuring.lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
