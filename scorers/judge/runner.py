"""The process that holds the candidate, and nothing worth stealing.

Standard library only: this file and `seccomp.py` are copied into the sandbox and started there.
It greets the judge, is told what to load, confines itself, loads the candidate and then makes the
calls that it is asked for, one message at a time.  What it reports is only a claim.

Messages travel over a SOCK_SEQPACKET pair whose descriptor is the first argument; the arena's
descriptor arrives with the first message.
"""

import ctypes
import json
import mmap
import os
import resource
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import seccomp

MESSAGE = 1 << 17


def limit_resources(setup):
    """Bound memory, output and descriptors for the rest of this process's life."""
    for kind, amount in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, setup["output_bytes"]),
        (resource.RLIMIT_AS, setup["memory_bytes"]),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (amount, amount))


def main():
    """Serve the judge until it closes the connection."""
    # With its parent dead nobody would ever stop this process (prctl 1 is PR_SET_PDEATHSIG).
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
    control = socket.socket(fileno=int(sys.argv[1]))
    control.send(b"hello")
    message, descriptors, _, _ = socket.recv_fds(control, MESSAGE, 1)
    setup = json.loads(message)
    arena = mmap.mmap(descriptors[0], setup["arena_bytes"], mmap.MAP_SHARED | mmap.MAP_POPULATE)
    os.close(descriptors[0])
    base = ctypes.addressof(ctypes.c_char.from_buffer(arena))
    limit_resources(setup)
    trampoline = ctypes.CDLL(setup["trampoline"]).skilldyno_call
    trampoline.restype = None
    if setup["confine"]:
        seccomp.confine()
    kernel = getattr(ctypes.CDLL(setup["library"]), setup["function"])
    scalars = (ctypes.c_double * max(1, len(setup["scalars"])))(*setup["scalars"])
    tensors = setup["tensors"]
    control.send(b"ready")
    while True:
        message = control.recv(MESSAGE)
        if not message:
            return
        sequence, calls, dims_count, _, _ = struct.unpack_from("<QIIII", message)
        dims = (ctypes.c_int64 * dims_count).from_buffer_copy(message, 24)
        offsets = (ctypes.c_int64 * (calls * tensors)).from_buffer_copy(
            message, 24 + 8 * dims_count
        )
        nanoseconds = (ctypes.c_int64 * calls)()
        trampoline(
            kernel,
            ctypes.c_void_p(base),
            offsets,
            dims,
            scalars,
            ctypes.c_int64(calls),
            nanoseconds,
        )
        control.send(struct.pack("<Q", sequence) + bytes(nanoseconds))


if __name__ == "__main__":
    main()
