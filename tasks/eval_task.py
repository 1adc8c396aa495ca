"""Eval tasks: an operation paired with hardware and a language, which is what a prompt asks."""

from dataclasses import dataclass

from .errors import UsageError
from .hardware import HardwareProfile
from .language import Language
from .operation import Operation


class EvalTaskError(UsageError):
    """A pairing of operation, hardware and language that cannot be asked."""


@dataclass(frozen=True)
class EvalTask:
    """An operation to be written in one language for one kind of hardware.

    Raises:
        EvalTaskError: the hardware has no toolchain for the language, or the operation does not
            come in it.
    """

    operation: Operation
    hardware: HardwareProfile
    language: Language

    def __post_init__(self) -> None:
        """Refuse a pairing that nothing could judge."""
        if self.language not in self.hardware.toolchain:
            raise EvalTaskError(
                f"Hardware '{self.hardware.name}' has no toolchain for '{self.language}';"
                f" it has one for {', '.join(self.hardware.toolchain)}."
            )
        if not self.operation.comes_in(self.language, self.hardware.kind):
            raise EvalTaskError(
                f"Operation '{self.operation.name}' is not asked for in '{self.language}';"
                f" it is in {', '.join(self.operation.languages)}."
            )

    @property
    def id(self) -> str:
        """The operation, the hardware and the language, such as `rms_norm/cpu-x86_64/cpp`."""
        return f"{self.operation.name}/{self.hardware.name}/{self.language}"
