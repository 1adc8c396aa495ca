"""Why a process ended, in words."""

from __future__ import annotations

import re
import signal

KILLED = "it was ended by SIGKILL (Killed)"
"""What is said of a process that was killed, by itself or by something else on the machine."""


def epitaph(code: int, output: str) -> str:
    """Why a process ended: the signal, the error that it printed, or the exit code.

    Args:
        code: its exit code, negative for a signal.
        output: the tail of what it wrote to stdout and stderr.
    """
    number = -code if code < 0 else code - 128
    fault = re.findall(r"^CUDA error .*", output, re.M)
    if code == 3 and fault:
        return fault[-1]
    if code == 1 and "unshare: sigprocmask" in output:
        # What unshare says when it cannot end itself by the signal that ended its child.
        number = signal.SIGKILL
    # Not every number is a signal's: exit codes go up to 255.
    if number in set(signal.Signals):
        return f"it was ended by {signal.Signals(number).name} ({signal.strsignal(number)})"
    loading = re.findall(r"^(?:OSError|AttributeError|MemoryError).*", output, re.M)
    if code == 1 and loading:
        return f"it could not be loaded: {loading[-1]}"
    raised = re.findall(r"^[\w.]*(?:Error|Exception|Interrupt)\b.*", output, re.M)
    if code == 1 and raised:
        return f"it raised {raised[-1]}"
    return f"it ended its process with exit code {code} instead of returning"
