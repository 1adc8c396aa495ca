"""Measures this machine into the figures of a hardware profile, without a kernel to judge."""

from __future__ import annotations

import datetime
import json
import shutil
import sys
from typing import Any

import numpy as np
import torch

from .alone import alone_on
from .build import GXX, processor
from .ceilings import (
    BANDWIDTH,
    Clock,
    Work,
    device_clock,
    device_works,
    host_clock,
    host_works,
    measure,
)
from .errors import MachineError

REPEATS = 15
DEVICES = ("cpu", "gpu")


def probe(device: str | None = None) -> dict[str, Any]:
    """Measure memory bandwidth and matrix rates: medians of repeated runs, and their spread.

    Where two works tell of one ceiling, as reads and copies do of a CPU's memory, the faster one
    counts. A spread is the distance between the quartiles, as a share of the median.

    Args:
        device: one of `DEVICES`; by default the GPU where there is one.

    Returns:
        JSON-ready values: bandwidth in bytes a second, rates in operations a second by dtype, and
        under `absent` what could not be measured, and why.

    Raises:
        MachineError: there is no GPU that torch sees.
    """
    chosen = device or ("gpu" if torch.cuda.is_available() else "cpu")
    if chosen == "gpu" and not torch.cuda.is_available():
        raise MachineError("torch sees no GPU here: probe the CPU, or a machine with a GPU")
    with alone_on(chosen):
        if chosen == "gpu":
            works, absent = device_works()
            found = _medians(works, device_clock)
        else:
            absent = {} if shutil.which(GXX.name) else {"streaming_copy": "there is no g++"}
            found = _medians(host_works(), host_clock)
    medians = {name: median for name, (median, _) in found.items()}
    return {
        "device": chosen,
        "machine": torch.cuda.get_device_name() if chosen == "gpu" else processor(),
        "date": datetime.date.today().isoformat(),
        "torch": torch.__version__,
        "repeats": REPEATS,
        "memory_bandwidth": medians.pop(BANDWIDTH),
        "rates": medians,
        "spread": {_profile_name(name): spread for name, (_, spread) in found.items()},
        "absent": absent,
        **(_device_facts() if chosen == "gpu" else {}),
    }


def _medians(works: list[Work], clock: Clock) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for work in works:
        clock(work.run)
        low, median, high = np.percentile(measure(work, clock, REPEATS), (25, 50, 75))
        if median > found.get(work.ceiling, (0.0, 0.0))[0]:
            found[work.ceiling] = (float(median), float((high - low) / median))
    return found


def _profile_name(ceiling: str) -> str:
    return "memory_bandwidth" if ceiling == BANDWIDTH else ceiling


def _device_facts() -> dict[str, Any]:
    device: Any = torch.cuda.get_device_properties(0)
    return {
        "arch": f"sm_{device.major}{device.minor}" if torch.version.cuda else device.gcnArchName,
        "memory": device.total_memory,
        "multiprocessors": device.multi_processor_count,
    }


def main(arguments: list[str]) -> None:
    """Print what `probe` finds as one JSON object."""
    try:
        print(json.dumps(probe(*arguments)))
    except MachineError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
