"""What the judge and the processes that make calls say to one another.

Standard library only, and no import of this package: this file is copied beside the runner.
"""

import struct
from collections import namedtuple

MESSAGE_BYTES = 1 << 17
PAGE_BYTES = 4096
SETUP = b"setup "
RECORD = b"record "
READY = b"ready"
QUEUED, CROWDED = b"queued", b"crowded"

_HEAD = "<QIIIIIqqq"
_HEAD_BYTES = struct.calcsize(_HEAD)

Request = namedtuple("Request", "sequence dims slots warm keep function gate slot_begin slot_bytes")
"""One message's calls.

`slots` holds the offsets of the tensors, a tuple a call; the first `warm` calls are not timed.
`keep` and `function` are for the baseline: whether its outputs go into the slot, and which of its
functions is called.  `gate` is the number of the gate that the last call waits behind, or 0; the
slot of that call begins at `slot_begin` and has `slot_bytes`.
"""


def pack_request(request):
    """The bytes of a request."""
    width = len(request.slots[0])
    flat = [offset for slot in request.slots for offset in slot]
    head = struct.pack(
        _HEAD,
        request.sequence,
        len(request.slots),
        len(request.dims),
        request.warm,
        request.keep,
        request.function,
        request.gate,
        request.slot_begin,
        request.slot_bytes,
    )
    return head + struct.pack(f"<q{len(request.dims)}q{len(flat)}q", width, *request.dims, *flat)


def unpack_request(message):
    """The request of a message."""
    sequence, calls, dims_count, *rest = struct.unpack_from(_HEAD, message)
    (width,) = struct.unpack_from("<q", message, _HEAD_BYTES)
    place = _HEAD_BYTES + 8
    dims = struct.unpack_from(f"<{dims_count}q", message, place)
    flat = struct.unpack_from(f"<{calls * width}q", message, place + 8 * dims_count)
    slots = [flat[c * width : (c + 1) * width] for c in range(calls)]
    return Request(sequence, dims, slots, *rest)


def pack_answer(request, nanoseconds):
    """The bytes of the answer to a request: nanoseconds of each call."""
    return struct.pack(f"<Q{len(nanoseconds)}q", request.sequence, *nanoseconds)
