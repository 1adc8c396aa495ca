"""Calls behind the gate, in whichever process makes them: a runner's, or the baseline's.

Standard library only, and no import of this package: this file is copied beside the runner.
"""

import ctypes

CLOSING_SECONDS = 0.5


class GatedCalls:
    """The gate's library, with device memory and the page that opens the gate."""

    def __init__(self, setup, page):
        """Map the judge's device memory.

        Args:
            setup: the fields `gate` (the library) and `ipc` (the memory's handle).
            page: the address of the page of host memory that the judge shares.
        """
        self.library = ctypes.CDLL(setup["gate"])
        self.library.skilldyno_open.restype = ctypes.c_void_p
        self.library.skilldyno_stream.restype = ctypes.c_void_p
        self.library.skilldyno_finish.restype = ctypes.c_int64
        self.library.skilldyno_closed.argtypes = [ctypes.c_int64, ctypes.c_double]
        handle = bytes.fromhex(setup["ipc"])
        self.base = self.library.skilldyno_open(handle, ctypes.c_void_p(page))
        self.stream = self.library.skilldyno_stream()

    def make(self, request, call, stream, report_closed):
        """Make the calls of a request; at a gate, all but the last are warm calls.

        Args:
            request: what the judge asks for.
            call: makes one call on a slot; it only queues work.
            stream: the stream that `call` queues on.
            report_closed: is told, once the last call is queued, whether the gate could close.

        Returns:
            Nanoseconds of each call: of the one behind the gate by the device's clock, else 0.
        """
        *warm, last = request.slots()
        for slot in warm:
            call(slot)
        if not request.gate:
            call(last)
            self.library.skilldyno_settle()
            return [0] * request.calls
        self.library.skilldyno_settle()
        on, number = ctypes.c_void_p(stream), ctypes.c_int64(request.gate)
        begin = ctypes.c_void_p(self.base + request.slot_begin)
        self.library.skilldyno_gate(number, begin, ctypes.c_int64(request.slot_bytes), on)
        self.library.skilldyno_begin(on)
        call(last)
        self.library.skilldyno_end(on)
        report_closed(bool(self.library.skilldyno_closed(number, CLOSING_SECONDS)))
        return [*[0] * len(warm), self.library.skilldyno_finish()]

    def close(self):
        """Give the judge's memory back."""
        self.library.skilldyno_close(ctypes.c_void_p(self.base))

    def record(self, call, slot, setup):
        """Make one call and tell what it ran on the GPU.

        Returns:
            A line a launch, nanoseconds and name; empty where CUPTI cannot record here.
        """
        if setup["recorder"] is None:
            return b""
        recorder = ctypes.CDLL(setup["recorder"])
        recorder.skilldyno_recorded.restype = ctypes.c_char_p
        if recorder.skilldyno_record(setup["cupti"].encode()) != 0:
            return b""
        call(slot)
        self.library.skilldyno_settle()
        return recorder.skilldyno_recorded()
