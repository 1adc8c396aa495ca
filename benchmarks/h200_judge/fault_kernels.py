"""The faults: what each candidate does before it computes, and what the judge must say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

THEN_HONEST = ", then honest"

_OPENING = 'extern "C" void rms_norm('
_INCLUDES = """#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
"""
_DEVICE = """
__global__ void misbehave(volatile int* address, bool endless) {
    do *address = 1; while (endless);
}
"""
_FULL_DISK = """import tempfile

import triton
import triton.language as tl


@triton.jit
def normalise(x, weight, out, N, eps, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    at = tl.arange(0, BLOCK)
    value = tl.load(x + row * N + at, mask=at < N, other=0).to(tl.float32)
    by = tl.load(weight + at, mask=at < N, other=0).to(tl.float32)
    scale = tl.rsqrt(tl.sum(value * value) / N + eps)
    tl.store(out + row * N + at, (value * scale * by).to(tl.bfloat16), mask=at < N)


def rms_norm(x, weight, out, eps):
    for number in range(1 << 20):
        with open(f"{tempfile.gettempdir()}/{number}", "wb") as file:
            file.write(bytes(1 << 19))
    normalise[(x.shape[0],)](x, weight, out, x.shape[1], eps, triton.next_power_of_2(x.shape[1]))
"""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: what happens.
        before: statements of the host function, before the honest kernel is launched.
        verdicts: the verdicts that are right, as the judge's bounds or the machine's act first.
        words: what the reason must say, any of these.
        whole: the whole source, where it is no change of the honest kernel.
        by_driver: what the driver kills while the candidate runs: `runner`, `judge` or `all`.
    """

    name: str
    before: str
    verdicts: tuple[str, ...]
    words: tuple[str, ...] = ("",)
    whole: str = ""
    by_driver: str = ""

    @property
    def language(self) -> Literal["cuda", "triton"]:
        """The language of the source."""
        return "triton" if self.whole else "cuda"

    def source(self, honest: str) -> str:
        """The candidate's source, made from an honest one."""
        if self.whole:
            return self.whole
        head, _, rest = honest.partition(_OPENING)
        signature, _, body = rest.partition("{")
        return f"{_INCLUDES}{head}{_DEVICE}{_OPENING}{signature}{{\n    {self.before}{body}"


_ONCE = "static bool done = false; if (!done) {{ done = true; {} }}"
# Large pieces first, to be done within the budget of a call.
_EXHAUST = (
    "void* p; for (size_t size = 1 << 30; size >= 1 << 20; size /= 2)"
    " while (cudaMalloc(&p, size) == cudaSuccess) {}"
)
_SLEEP = _ONCE.format("sleep(2);")

FAULTS = (
    Fault("segfault", "*(volatile int*)8 = 1;", ("runtime_error",), ("SIGSEGV",)),
    Fault(
        "illegal access on the device",
        "misbehave<<<1, 1, 0, stream>>>((volatile int*)8, false);",
        ("runtime_error",),
        ("illegal memory access",),
    ),
    Fault(
        "endless loop on the host",
        "for (volatile int i = 0;; i = i + 1) {}",
        ("timeout",),
        ("no answer within",),
    ),
    Fault(
        "endless loop on the device",
        "misbehave<<<1, 1, 0, stream>>>((volatile int*)out, true);",
        ("timeout",),
        ("no answer within",),
    ),
    Fault("fork bomb", "while (fork() >= 0) {}", ("correct",)),
    Fault(
        "100 GB of output",
        _ONCE.format(
            "static char line[1 << 20]; memset(line, 'x', sizeof line);"
            " for (int i = 0; i < 100000; ++i) (void)!write(1, line, sizeof line);"
        ),
        ("correct",),
    ),
    Fault(
        "host memory exhausted",
        "for (;;) { char* p = (char*)malloc(1 << 28); if (!p) abort(); memset(p, 1, 1 << 28); }",
        ("timeout", "runtime_error"),
        ("no answer within", "SIGABRT", "SIGKILL"),
    ),
    Fault(
        "device memory exhausted",
        _EXHAUST,
        ("runtime_error",),
        ("out of memory",),
    ),
    Fault(
        "device memory exhausted and kept",
        _ONCE.format(_EXHAUST + " cudaGetLastError();"),
        ("correct", "runtime_error", "flagged"),
    ),
    Fault(
        "file written",
        'FILE* file = fopen("/tmp/full", "w");'
        " if (file) { while (fwrite(out, 1, 1, file) == 1) {} fclose(file); }",
        ("correct",),
    ),
    Fault("full disk", "", ("runtime_error",), ("No space left",), whole=_FULL_DISK),
    Fault("_exit(0)", "_exit(0);", ("runtime_error",), ("exit code 0",)),
    Fault("runner killed", _SLEEP, ("runtime_error",), ("SIGKILL",), by_driver="runner"),
    Fault("judge killed", _SLEEP, (), by_driver="judge"),
    Fault("whole program killed", _SLEEP, (), by_driver="all"),
)
