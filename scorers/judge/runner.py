"""The process that holds the candidate, and nothing worth stealing.

Standard library only: this file and those beside it are copied into the sandbox and started there.
It greets the judge, is told what to load, confines itself, loads the candidate when its turn has
come, and then makes the calls that it is asked for, one message at a time.  What it reports is only
a claim.

Messages travel over a SOCK_SEQPACKET pair whose descriptor is the first argument; the descriptor
of the memory to share arrives with the first message.  Further arguments are folders of packages:
where they are given, the candidate is Python, and torch is imported before the greeting.
What it is told to load says whether that is a Triton kernel or a KernelBench ModelNew.
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
from gated_calls import GatedCalls
from wire import (
    CROWDED,
    MESSAGE_BYTES,
    PAGE_BYTES,
    PREPARED,
    QUEUED,
    READY,
    RECORD,
    SETUP,
    map_shared,
    pack_answer,
    unpack_request,
)

# Of mount_setattr(2), which libc may lack.
MOUNT_SETATTR, MOUNT_ATTR_RDONLY, AT_RECURSIVE, AT_FDCWD = 442, 1, 0x8000, -100


def limit_resources(setup):
    """Bound memory, output and descriptors for the rest of this process's life.

    What the process has before it loads the candidate, like the judge's memory, is not counted.
    """
    memory = setup["memory_bytes"]
    if memory >= 0:
        with open("/proc/self/statm", encoding="ascii") as file:
            memory += int(file.read().split()[0]) * mmap.PAGESIZE
    # Where memory runs out all the same, this process goes first.
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")
    for kind, amount in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, setup["output_bytes"]),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, 1024),
    ):
        resource.setrlimit(kind, (amount, amount))


def make_files_private(scratch):
    """Make the whole file system read-only, but for one empty folder of this process's own."""
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = struct.pack("QQQQ", MOUNT_ATTR_RDONLY, 0, 0, 0)
    status = libc.syscall(MOUNT_SETATTR, AT_FDCWD, b"/", AT_RECURSIVE, attributes, len(attributes))
    if status == 0:
        status = libc.mount(b"tmpfs", scratch.encode(), b"tmpfs", 6, b"size=256m")  # nosuid, nodev
    if status != 0:
        raise OSError(ctypes.get_errno(), "the runner's file system could not be made private")


class HostCalls:
    """Calls of a native kernel on the host, between two clock reads of the trampoline."""

    def __init__(self, setup, descriptor):
        self._kept, self.address = map_shared(descriptor, setup["arena_bytes"])
        self.trampoline = ctypes.CDLL(setup["trampoline"]).skilldyno_call
        self.trampoline.restype = None
        scalars = [value for _, value in setup["scalars"]]
        self.scalars = (ctypes.c_double * max(1, len(scalars)))(*scalars)

    def load(self, setup):
        """Load the candidate."""
        self.kernel = getattr(ctypes.CDLL(setup["library"]), setup["function"])

    def make(self, request, _report_closed):
        """Make the calls of a request; the nanoseconds of each."""
        nanoseconds = (ctypes.c_int64 * request.calls)()
        self.trampoline(
            self.kernel,
            ctypes.c_void_p(self.address),
            request.offsets,
            (ctypes.c_int64 * len(request.dims))(*request.dims),
            self.scalars,
            ctypes.c_int64(request.calls),
            nanoseconds,
        )
        return bytes(nanoseconds)

    def record(self, _request, _setup):
        """Nothing, since nothing runs on a GPU."""
        return RECORD


class DeviceCalls:
    """Calls of a native kernel on a GPU, behind the gate."""

    def __init__(self, setup, descriptor):
        self._kept, page = map_shared(descriptor, PAGE_BYTES)
        self.gated = GatedCalls(setup, page)
        self.stream = self.gated.stream

    def load(self, setup):
        """Load the candidate."""
        kernel = getattr(ctypes.CDLL(setup["library"]), setup["function"])
        types = {"float": ctypes.c_float, "int": ctypes.c_int64}
        scalars = [types[kind](value) for kind, value in setup["scalars"]]
        base, stream = self.gated.base, ctypes.c_void_p(self.stream)

        def call(dims, offsets):
            pointers = [ctypes.c_void_p(base + offset) for offset in offsets]
            kernel(*pointers, *map(ctypes.c_int64, dims), *scalars, stream)

        self.call = call

    def make(self, request, report_closed):
        """Make the calls of a request; the nanoseconds of each."""
        return self.gated.make(
            request, lambda slot: self.call(request.dims, slot), self.stream, report_closed
        )

    def record(self, request, setup):
        """Make one call and tell what it ran on the GPU."""
        lines = self.gated.record(
            lambda slot: self.call(request.dims, slot), request.slots()[0], setup
        )
        return RECORD + lines[-MESSAGE_BYTES // 2 :]


def main():
    """Serve the judge until it closes the connection."""
    # With its parent dead nobody would ever stop this process (prctl 1 is PR_SET_PDEATHSIG).
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
    inherited = int(sys.argv[1])
    # Its number tells how many the judge has open, which is no candidate's business.
    control = socket.socket(fileno=os.dup(inherited))
    os.close(inherited)
    kinds, models = {"host": HostCalls, "device": DeviceCalls}, {}
    if sys.argv[2:]:
        sys.path += sys.argv[2:]
        # numpy's own team would idle beside torch's, and leave its threads no cores of their own.
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        from model_calls import HostModelCalls, device_model_calls
        from package_calls import HostPackageCalls
        from python_calls import python_calls

        models = {"host": HostModelCalls, "device": device_model_calls(DeviceCalls)}
        kinds = {"host": HostPackageCalls, "device": python_calls(DeviceCalls)}
    control.send(b"hello")
    message, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 1)
    setup = json.loads(message[len(SETUP) :])
    place = "device" if "ipc" in setup else "host"
    serving = (models if "problem" in setup else kinds)[place](setup, descriptors[0])
    limit_resources(setup)
    if setup["scratch"] is not None:
        make_files_private(setup["scratch"])
    if setup["confine"]:
        seccomp.confine(setup["permits"])
    control.send(PREPARED)
    # The second message says that the candidate's turn has come.
    if not control.recv(MESSAGE_BYTES):
        return
    serving.load(setup)
    control.send(READY)
    while True:
        message = control.recv(MESSAGE_BYTES)
        if not message:
            return
        if message.startswith(RECORD):
            control.send(serving.record(unpack_request(message[len(RECORD) :]), setup))
            continue
        request = unpack_request(message)
        nanoseconds = serving.make(
            request, lambda closed: control.send(QUEUED if closed else CROWDED)
        )
        control.send(pack_answer(request, nanoseconds))


if __name__ == "__main__":
    main()
