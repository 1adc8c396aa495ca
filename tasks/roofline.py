"""The least time that an operation needs on a hardware profile, by the profile's ceilings."""

from typing import Any, Final

from .hardware import HardwareProfile, Rate
from .language import DType

_RATE_OF_DTYPE: Final[dict[DType, Rate]] = {
    "float32": "float32",
    "bfloat16": "bfloat16",
    "float16": "float16",
    "float8_e4m3fn": "float8",
    "int8": "int8",
}


def roofline_seconds(
    workload: dict[str, Any], dtype: DType, profile: HardwareProfile
) -> float | None:
    """Return the larger of bytes and operations over the profile's ceilings.

    Source: Williams, Waterman and Patterson, Communications of the ACM 52(4), 2009.

    Args:
        workload: one of `Operation.judge_spec`, with its bytes and operations.
        dtype: what the operations are counted in.
        profile: the hardware.

    Returns:
        Seconds, or None where the profile gives no bandwidth or no rate.
    """
    memory = profile.ceiling("memory_bandwidth")
    rate = profile.ceiling(_RATE_OF_DTYPE[dtype])
    if memory is None or rate is None:
        return None
    return max(workload["bytes"] / memory.value, workload["operations"] / rate.value)
