"""What a compiler says of the kernels that it made: registers, shared memory, spills."""

from __future__ import annotations

import re
from typing import Any

_ENTRY = re.compile(r"Compiling entry function '([^']+)'")
_SPILLS = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
_USED = re.compile(r"Used (\d+) registers(?:.*?(\d+) bytes smem)?")

# The matrix instructions of SASS, by NVIDIA's list of instructions in "CUDA Binary Utilities".
TENSOR_CORE_INSTRUCTIONS = "HMMA|HGMMA|IMMA|IGMMA|QGMMA|BGMMA|DMMA|BMMA|QMMA|OMMA"


def ptxas_resources(log: str) -> tuple[dict[str, Any], ...]:
    """Registers a thread, bytes of static shared memory a block and bytes spilled, for each kernel.

    Args:
        log: what nvcc printed with `-Xptxas -v`.
    """
    found: list[dict[str, Any]] = []
    for line in log.splitlines():
        if entry := _ENTRY.search(line):
            found.append({"kernel": entry.group(1)})
        elif found and (spills := _SPILLS.search(line)):
            found[-1]["spilled_bytes"] = int(spills.group(1)) + int(spills.group(2))
        elif found and (used := _USED.search(line)):
            found[-1]["registers"] = int(used.group(1))
            found[-1]["shared_bytes"] = int(used.group(2) or 0)
    return tuple(found)
