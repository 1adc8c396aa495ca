"""The Python package of an exported kernel: one typed function, outputs first."""

import textwrap
from typing import Any

from ...tasks.operation import Operation
from ...tasks.tensor import Scalar
from .signature import Signature, TensorArgument

_WIDTH = 88


def package_values(operation: Operation, signature: Signature) -> dict[str, Any]:
    """Return what the templates of the package need beside what all templates do."""
    tensors = [f"{each.name}: torch.Tensor" for each in signature.arguments]
    dims = [f"{each.name}: int" for each in signature.untold]
    keywords = [
        f"{each.name}: Optional[int] = None" if each.index else f"{each.name}: int"
        for each in signature.untold
    ]
    scalars = [f"{each.name}: {each.type}" for each in signature.scalars]
    defaults = [
        f"{given} = {_value(each)}" for given, each in zip(scalars, signature.scalars, strict=True)
    ]
    outputs = [each.name for each in signature.outputs]
    returned = "torch.Tensor" if len(outputs) == 1 else f"tuple[{_repeated(len(outputs))}]"
    parameters = [*tensors, *defaults, *(["*", *keywords] if keywords else [])]
    lines = [f"def {operation.name}(", *(f"    {each}," for each in parameters)]
    return {
        "summary": f"The operation {operation.name}, as a kernel that writes into its outputs.",
        "python_signature": "\n".join([*lines, f") -> {returned}:"]),
        "docstring": _docstring(operation, signature, outputs),
        "op_parameters": ", ".join(tensors + scalars + dims),
        "forwarded": ", ".join(signature.names),
        "returned": ", ".join(outputs),
        "python_call": ", ".join(
            [each.name for each in signature.called] + [each.name for each in signature.scalars]
        ),
    }


def _docstring(operation: Operation, signature: Signature, outputs: list[str]) -> str:
    said = textwrap.wrap(operation.description.replace("\\", "\\\\"), _WIDTH)
    lines = [*said, "", "All tensors are contiguous, and outputs overlap nothing.", "", "Args:"]
    lines += [f"    {each.name}: {_about(each)}" for each in signature.arguments]
    lines += [f"    {each.name}: a scalar, judged at {_value(each)}." for each in signature.scalars]
    lines += [
        f"    {each.name}: a dim that no shape tells"
        + (f"; by default one more than the largest of {each.index}." if each.index else ".")
        for each in signature.untold
    ]
    lines += ["", "Returns:", f"    {', '.join(outputs)}."]
    return "\n".join(f"    {line}" if line and at else line for at, line in enumerate(lines))


def _about(tensor: TensorArgument) -> str:
    role = "written" if tensor.output else "read"
    return f"{role}; {tensor.dtype} of shape [{', '.join(tensor.shape)}]."


def _value(scalar: Scalar) -> str:
    return repr(float(scalar.value) if scalar.type == "float" else int(scalar.value))


def _repeated(count: int) -> str:
    return ", ".join(["torch.Tensor"] * count)
