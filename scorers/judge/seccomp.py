"""A system-call filter for the runner: threads yes; processes, sockets and file writes no.

The runner installs it on itself, without privileges, just before it loads the candidate, so it
holds at every isolation level.  Standard library only: this file is copied beside the runner.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL = 0x80000000
_AUDIT_ARCH_X86_64 = 0xC000003E
_X32_BIT = 0x40000000
_CLONE_THREAD = 0x00010000
_O_CREATE = 0o100
_O_WRITE_OR_CREATE = 0o1 | 0o2 | _O_CREATE

# Numbers of x86-64, from the kernel's arch/x86/entry/syscalls/syscall_64.tbl.
_DENIED = {
    "processes": (57, 58, 59, 322),
    "other processes": (62, 101, 129, 200, 297, 310, 311, 424, 434, 438, 440, 448),
    "scheduling of others": (141, 142, 144, 203, 251, 314),
    "sockets": (41, 42, 49, 50, 53, 288),
    "shared objects": (29, 30, 31, 64, 68, 71, 240, 241),
    "file system": (
        *(76, 82, 83, 84, 85, 86, 87, 88, 90, 92, 94, 132, 133, 188, 189, 197, 198, 235),
        *(258, 259, 260, 261, 263, 264, 265, 266, 268, 280, 316, 452),
    ),
    "administration": (
        *(155, 159, 161, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 175, 176, 179),
        *(227, 246, 248, 249, 250, 272, 298, 303, 304, 305, 308, 313, 320, 321, 323),
        *(425, 426, 427, 428, 429, 430, 431, 432, 433, 442),
    ),
}
DEVICES, COMPILERS = "devices", "compilers"
_FOR_COMPILERS = ("processes", "file system", "other processes")
_ABSENT = (435, 437)  # clone3 and openat2 hide their flags in memory: libc falls back from ENOSYS
_CLONE, _OPEN, _OPENAT, _TGKILL, _PRLIMIT64 = 56, 2, 257, 234, 302


def _load(offset: int) -> tuple[int, int, int, int]:
    return (0x20, 0, 0, offset)


def _argument(index: int) -> tuple[int, int, int, int]:
    return _load(16 + 8 * index)


def _equal(value: int, then: int, otherwise: int) -> tuple[int, int, int, int]:
    return (0x15, then, otherwise, value)


def _any_bit(mask: int, then: int, otherwise: int) -> tuple[int, int, int, int]:
    return (0x45, then, otherwise, mask)


def _return(action: int) -> tuple[int, int, int, int]:
    return (0x06, 0, 0, action)


def _program(pid: int, permits: Sequence[str]) -> bytes:
    denied = _return(_ERRNO | errno.EPERM)
    code = [
        _load(4),
        _equal(_AUDIT_ARCH_X86_64, 1, 0),
        _return(_KILL),
        _load(0),
        _any_bit(_X32_BIT, 0, 1),
        denied,
    ]
    compilers = COMPILERS in permits
    for group, numbers in _DENIED.items():
        if not (compilers and group in _FOR_COMPILERS):
            code += [part for number in numbers for part in (_equal(number, 0, 1), denied)]
    for number in _ABSENT:
        code += [_equal(number, 0, 1), _return(_ERRNO | errno.ENOSYS)]
    if not compilers:
        code += [_equal(_CLONE, 0, 4), _argument(0), _any_bit(_CLONE_THREAD, 1, 0), denied]
        code += [_return(_ALLOW)]
        forbidden = _O_CREATE if DEVICES in permits else _O_WRITE_OR_CREATE
        for number, index in ((_OPEN, 1), (_OPENAT, 2)):
            code += [_equal(number, 0, 4), _argument(index), _any_bit(forbidden, 0, 1)]
            code += [denied, _return(_ALLOW)]
    code += [_equal(_TGKILL, 0, 4), _argument(0), _equal(pid, 1, 0), denied, _return(_ALLOW)]
    code += [_equal(_PRLIMIT64, 0, 4), _argument(0), _equal(0, 1, 0), denied, _return(_ALLOW)]
    code += [_return(_ALLOW)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def supported() -> bool:
    """Whether this machine's architecture has a filter here."""
    return platform.machine() == "x86_64"


def confine(permits: Sequence[str]) -> None:
    """Install the filter on the calling thread and all threads that it starts.

    Args:
        permits: what it lets pass besides: `DEVICES` opens files for writing, as a GPU's driver
            does, and creates none; `COMPILERS` starts processes and writes files, for candidates
            that are compiled when they are first called, where the file system is private.

    Raises:
        OSError: the kernel refused the filter.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    program = _program(os.getpid(), permits)
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    descriptor = ctypes.create_string_buffer(header, len(header))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused PR_SET_NO_NEW_PRIVS")
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, descriptor, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused the system-call filter")
