"""What goes into a KernelBench problem's Model and what comes out, found without computing it."""

from __future__ import annotations

import inspect
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

REQUIRED: Final = ("Model", "get_inputs", "get_init_inputs")

# Relative and scaled, as operations have them: a plain float32 sum may be off by 1e-4, and a 10-bit
# mantissa is by more; of a shorter float, the final rounding and as much again.
TOLERANCES: Final = {
    "float64": (1e-4, 1e-4),
    "float32": (1e-4, 1e-4),
    "bfloat16": (2**-7, 1e-4),
    "float16": (2**-10, 1e-4),
    "int64": (0.0, 0.0),
    "int32": (0.0, 0.0),
    "int16": (0.0, 0.0),
    "int8": (0.0, 0.0),
    "uint8": (0.0, 0.0),
    "bool": (0.0, 0.0),
}


@dataclass(frozen=True)
class Form:
    """One tensor: its name, dtype, concrete shape and bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int


@dataclass(frozen=True)
class Forms:
    """Inputs and outputs of a Model, and the scalars that `get_inputs` gives.

    `arguments` are the names of inputs and scalars in calling order.
    """

    arguments: tuple[str, ...]
    inputs: tuple[Form, ...]
    scalars: dict[str, int | float]
    outputs: tuple[Form, ...]


@lru_cache(maxsize=1024)
def find_forms(text: str) -> Forms:
    """Execute a problem's text and call its Model on tensors that hold nothing.

    Only the Model's parameters are computed, as its constructor does.

    Raises:
        ValueError: it is no problem, or not one that can be judged; the message says why.
    """
    # Stdout is for results, and a problem may print.
    with redirect_stdout(sys.stderr):
        return _find_forms(text)


def _find_forms(text: str) -> Forms:
    import torch

    names: dict[str, Any] = {"__name__": "problem"}
    _attempt("be executed", lambda: exec(compile(text, "problem.py", "exec"), names))  # noqa: S102
    if missing := [name for name in REQUIRED if not callable(names.get(name))]:
        raise ValueError(f"it defines no {missing[0]}; a problem has {', '.join(REQUIRED)}")
    with torch.no_grad(), torch.random.fork_rng():
        initial = _attempt("give its get_init_inputs", lambda: list(names["get_init_inputs"]()))
        model = _attempt("make its Model", lambda: names["Model"](*initial).to("meta"))
        with torch.device("meta"):
            given = _attempt("give its get_inputs", lambda: list(names["get_inputs"]()))
            given = [v.to("meta") if isinstance(v, torch.Tensor) else v for v in given]
            versions = [v._version for v in given if isinstance(v, torch.Tensor)]
            result = _attempt("run its Model on what get_inputs gives", lambda: model(*given))
    called = dict(zip(_argument_names(names["Model"], len(given)), given, strict=True))
    inputs = {k: v for k, v in called.items() if isinstance(v, torch.Tensor)}
    if [v._version for v in inputs.values()] != versions:
        raise ValueError("its Model writes to its inputs, which must stay as they are")
    if not inputs:
        raise ValueError("its get_inputs gives no tensor")
    return Forms(
        arguments=tuple(called),
        inputs=tuple(_form(name, value) for name, value in inputs.items()),
        scalars={k: _scalar(k, v) for k, v in called.items() if k not in inputs},
        outputs=_outputs(result),
    )


def _attempt(what: str, step: Any) -> Any:
    try:
        return step()
    except Exception as error:
        reason = " ".join(str(error).split()) or "no message"
        raise ValueError(f"it cannot {what}: {type(error).__name__}: {reason}") from error


def _argument_names(model: Any, count: int) -> list[str]:
    found = [
        parameter.name
        for parameter in list(inspect.signature(model.forward).parameters.values())[1:]
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return [*found[:count], *(f"input{index}" for index in range(len(found), count))]


def _form(name: str, value: Any) -> Form:
    dtype = str(value.dtype).removeprefix("torch.")
    if dtype not in TOLERANCES:
        raise ValueError(f"its tensor {name} is {dtype}; there may be {', '.join(TOLERANCES)}")
    if value.numel() == 0:
        raise ValueError(f"its tensor {name} is empty")
    return Form(name, dtype, tuple(value.shape), value.numel() * value.element_size())


def _scalar(name: str, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(
            f"its get_inputs gives {name} as {type(value).__name__}; there may be tensors, integers"
            " and floats"
        )
    return value


def _outputs(result: Any) -> tuple[Form, ...]:
    found = _leaves(result)
    if not found:
        raise ValueError("its Model returns nothing")
    if len(found) == 1:
        return (_form("out", found[0]),)
    return tuple(_form(f"out{index}", value) for index, value in enumerate(found))


def _leaves(result: Any) -> list[Any]:
    import torch

    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in _leaves(part)]
    raise ValueError(
        f"its Model returns {type(result).__name__}; there may be tensors, and tuples and lists of"
        " them"
    )
