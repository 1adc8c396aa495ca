"""What the judge and the processes that make calls say to one another.

Standard library only, and no import of this package: this file is copied beside the runner.
"""

import ctypes
import mmap
import os
import struct
from collections import namedtuple

MESSAGE_BYTES = 1 << 17
PAGE_BYTES = 4096
SETUP = b"setup "
MACHINE = b"machine "
RECORD = b"record "
PREPARED, LOAD, READY = b"prepared", b"load", b"ready"
QUEUED, CROWDED = b"queued", b"crowded"

_HEAD = "<QIIIIIIqqq"
_HEAD_BYTES = struct.calcsize(_HEAD)

_FIELDS = "sequence dims width calls warm keep function gate slot_begin slot_bytes"


class Request(namedtuple("Request", _FIELDS + " offsets")):
    """One message's calls.

    `offsets` holds those of the tensors, `width` for each of the `calls`, as packed int64; the
    first `warm` calls are not timed.  `keep` and `function` are for the baseline: whether its
    outputs go into the slot, and which of its functions is called.  `gate` is the number of the
    gate that the last call waits behind, or 0; the slot of that call begins at `slot_begin` and has
    `slot_bytes`.
    """

    def slots(self):
        """The offsets of each call."""
        # Not done on the way: the host's short calls would wait for it.
        return list(struct.iter_unpack(f"<{self.width}q", self.offsets))


def pack_request(request):
    """The bytes of a request."""
    head = struct.pack(
        _HEAD,
        request.sequence,
        request.calls,
        len(request.dims),
        request.width,
        request.warm,
        request.keep,
        request.function,
        request.gate,
        request.slot_begin,
        request.slot_bytes,
    )
    return head + struct.pack(f"<{len(request.dims)}q", *request.dims) + request.offsets


def unpack_request(message):
    """The request of a message."""
    sequence, calls, dims_count, width, *rest = struct.unpack_from(_HEAD, message)
    dims = struct.unpack_from(f"<{dims_count}q", message, _HEAD_BYTES)
    offsets = message[_HEAD_BYTES + 8 * dims_count :]
    return Request(sequence, dims, width, calls, *rest, offsets)


def pack_offsets(slots):
    """The offsets of some calls, as a request holds them."""
    flat = [offset for slot in slots for offset in slot]
    return struct.pack(f"<{len(flat)}q", *flat)


def map_shared(descriptor, size):
    """Map memory that the judge shares: the mapping, and its address."""
    shared = mmap.mmap(descriptor, size, mmap.MAP_SHARED | mmap.MAP_POPULATE)
    os.close(descriptor)
    return shared, ctypes.addressof(ctypes.c_char.from_buffer(shared))


def pack_answer(request, nanoseconds):
    """The bytes of the answer to a request: nanoseconds of each call, packed or as a list."""
    if isinstance(nanoseconds, list):
        nanoseconds = struct.pack(f"<{len(nanoseconds)}q", *nanoseconds)
    return struct.pack("<Q", request.sequence) + nanoseconds
