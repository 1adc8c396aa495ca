"""The judge's record of a sample, packed while nobody looks at it."""

import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

_LEVEL = 1


class Record(Mapping[str, Any]):
    """A mapping that is kept as deflated JSON.

    Unpacked, the records of 20,000 samples would take half a gigabyte, and most are never read.

    Attributes:
        packed: the JSON, deflated.
    """

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        self.packed = packed

    @classmethod
    def pack(cls, record: Mapping[str, Any]) -> "Record":
        """Pack a record of values that JSON has."""
        return cls(zlib.compress(to_json(record, inf_nan_mode="constants"), _LEVEL))

    def __bool__(self) -> bool:
        # Asked of thousands, none of which is unpacked for it.
        return self.packed != _NOTHING

    def __getitem__(self, key: str) -> Any:
        return _unpack(self.packed)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(_unpack(self.packed))

    def __len__(self) -> int:
        return len(_unpack(self.packed))

    def __repr__(self) -> str:
        return repr(_unpack(self.packed))


_NOTHING = Record.pack({}).packed


# Whoever reads a record reads several fields of it before the next one.
@lru_cache(maxsize=8)
def _unpack(packed: bytes) -> dict[str, Any]:
    return from_json(zlib.decompress(packed))
