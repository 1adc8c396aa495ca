"""KernelBench problems: a Model in PyTorch, to be replaced by a faster ModelNew.

A problem's text defines `Model`, `get_inputs` and `get_init_inputs`.  Source of the format:
https://github.com/ScalingIntelligence/KernelBench.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from .errors import UsageError
from .language import Kind, Language
from .problem_forms import TOLERANCES, Form, Forms, find_forms

_MOST_BYTES: Final = 100_000


class ProblemError(UsageError):
    """A KernelBench problem, or a set of them, that cannot be read or judged."""


@dataclass(frozen=True)
class Problem:
    """One KernelBench problem, which a ModelNew solves.

    Attributes:
        name: that of its file, without the ending.
        text: the source of the file; the judge executes it, so the user must trust it.
        family: `kernelbench`, with the level where it is known.
    """

    name: str
    text: str
    family: str = "kernelbench"

    @property
    def languages(self) -> tuple[Language, ...]:
        """The one language of a ModelNew."""
        return ("torch",)

    def comes_in(self, language: Language, kind: Kind) -> bool:
        """Tell whether it can be asked for in a language, on either kind of hardware."""
        return language == "torch" and kind in ("cpu", "gpu")

    @property
    def digest(self) -> str:
        """The SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def forms(self) -> Forms:
        """What goes into its Model and comes out.

        Raises:
            ProblemError: it is no problem, or not one that can be judged; one sentence.
        """
        if len(self.text.encode()) > _MOST_BYTES:
            raise ProblemError(f"{self.name} has more than {_MOST_BYTES} bytes: name a problem.")
        try:
            return find_forms(self.text)
        except ValueError as error:
            raise ProblemError(f"{self.name} is no problem to judge: {error}.") from error

    def judge_spec(self, language: Language, kind: Kind) -> dict[str, Any]:
        """Return everything that the judge needs, as an operation without dims.

        The roofline counts every input read and every output written once, and no arithmetic.

        Args:
            language: `torch`.
            kind: the kind of hardware, any.

        Raises:
            ProblemError: the problem cannot be judged, or the language is another.
        """
        if language not in self.languages:
            raise ProblemError(f"{self.name} is a KernelBench problem, solved in torch alone.")
        forms = self.forms
        tensors = (*forms.inputs, *forms.outputs)
        workload = {
            "name": "get_inputs",
            "dims": {},
            "shapes": [list(form.shape) for form in tensors],
            "bytes": sum(form.nbytes for form in tensors),
            "operations": 0,
            "visible": True,
            "timed": True,
        }
        return {
            "name": self.name,
            "function": "ModelNew",
            "digest": self.digest,
            "library": "allowed",
            "tensors": [*map(_input_spec, forms.inputs), *map(_output_spec, forms.outputs)],
            "dims": [],
            "scalars": [
                {"name": name, "type": type(value).__name__, "value": value}
                for name, value in forms.scalars.items()
            ],
            "reference": self.text,
            "rate": "float32",
            "distributions": ["normal"],
            "workloads": [workload],
            "arguments": list(forms.arguments),
        }


def _input_spec(form: Form) -> dict[str, Any]:
    return {"name": form.name, "role": "input", "dtype": form.dtype}


def _output_spec(form: Form) -> dict[str, Any]:
    relative, scaled = TOLERANCES[form.dtype]
    return {
        "name": form.name,
        "role": "output",
        "dtype": form.dtype,
        "relative": relative,
        "scaled": scaled,
    }
