"""An operation's signature as an exported function has it: outputs, then inputs, then scalars.

What the caller does not pass, the dims, is told by the shapes of the tensors.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ...tasks.language import DType, SourceLanguage
from ...tasks.operation import Operation
from ...tasks.tensor import C_TYPES, Scalar, Tensor
from .kernel import ExportError

_AT_TYPES: Final[dict[DType, str]] = {
    "float32": "at::kFloat",
    "bfloat16": "at::kBFloat16",
    "float16": "at::kHalf",
    "float8_e4m3fn": "at::kFloat8_e4m3fn",
    "uint8": "at::kByte",
    "int8": "at::kChar",
    "int32": "at::kInt",
    "int64": "at::kLong",
}


@dataclass(frozen=True)
class TensorArgument:
    """A tensor of an exported function; `shape` is in expressions over the dims."""

    name: str
    output: bool
    dtype: DType
    at_type: str
    c_type: str
    shape: tuple[str, ...]


@dataclass(frozen=True)
class Dim:
    """A dim, and the extent that tells it: `value` over the tensor's size along an axis."""

    name: str
    tensor: str
    axis: int
    value: str

    def given(self, size: str) -> str:
        """The expression of the dim, with the size as the language at hand writes it."""
        return self.value.replace("SIZE", size)


@dataclass(frozen=True)
class UntoldDim:
    """A dim that no shape tells, and the tensor of indices below it, None where there is none."""

    name: str
    index: str | None


@dataclass(frozen=True)
class Signature:
    """The arguments of an exported function, and the conditions on the dims.

    `arguments` are in the order of the exported function, `called` in that of the candidate.
    `dims` are those that shapes tell, each computable from the earlier ones; the `untold` ones are
    arguments after the scalars. `exact` are the divisions without remainder that shapes ask for.
    """

    function: str
    arguments: tuple[TensorArgument, ...]
    called: tuple[TensorArgument, ...]
    dims: tuple[Dim, ...]
    untold: tuple[UntoldDim, ...]
    scalars: tuple[Scalar, ...]
    exact: tuple[tuple[str, str], ...]

    @property
    def outputs(self) -> tuple[TensorArgument, ...]:
        """The tensors that the function writes."""
        return tuple(each for each in self.arguments if each.output)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all the arguments, in the order of the exported function."""
        given = (*self.arguments, *self.scalars, *self.untold)
        return tuple(each.name for each in given)

    @property
    def inputs(self) -> tuple[TensorArgument, ...]:
        """The tensors that the function reads."""
        return tuple(each for each in self.arguments if not each.output)


def signature_of(operation: Operation, language: SourceLanguage) -> Signature:
    """Return the signature of an operation's exported function.

    Args:
        operation: what the kernel computes.
        language: of the candidate, by which the dtypes are chosen.
    """
    outputs = {each.name for each in operation.outputs}
    called = tuple(_argument(each, each.name in outputs, language) for each in operation.tensors)
    shapes = dict.fromkeys(extent for each in called for extent in each.shape)
    dims = _dims(operation, called)
    # A candidate in Triton takes tensors and scalars alone.
    taken = () if language == "triton" else operation.dims
    return Signature(
        function=operation.name,
        arguments=tuple(sorted(called, key=lambda each: not each.output)),
        called=called,
        dims=tuple(dims.values()),
        untold=tuple(_untold(operation, name) for name in taken if name not in dims),
        scalars=operation.scalars,
        exact=tuple(dict.fromkeys(pair for extent in shapes for pair in _divisions(extent))),
    )


def _untold(operation: Operation, name: str) -> UntoldDim:
    bounded = (each.name for each in operation.inputs if each.index_dim == name)
    return UntoldDim(name, next(bounded, None))


def _argument(tensor: Tensor, output: bool, language: SourceLanguage) -> TensorArgument:
    dtype = tensor.dtype[language]
    return TensorArgument(
        name=tensor.name,
        output=output,
        dtype=dtype,
        at_type=_AT_TYPES[dtype],
        # Triton's tensors have no type in C.
        c_type=C_TYPES.get(language, {}).get(dtype, ""),
        shape=tensor.shape,
    )


def _dims(operation: Operation, tensors: tuple[TensorArgument, ...]) -> dict[str, Dim]:
    found: dict[str, Dim] = {}
    # Plain extents first, since the others are solved by the dims that these tell.
    for plain in (True, False):
        for name in operation.dims:
            for tensor in tensors:
                for axis, extent in enumerate(tensor.shape):
                    if name in found or (plain and extent != name):
                        continue
                    value = _solved(ast.parse(extent, mode="eval").body, name, found, "SIZE")
                    if value is not None:
                        found[name] = Dim(name, tensor.name, axis, value)
    return found


def _solved(node: ast.expr, name: str, known: dict[str, Dim], value: str) -> str | None:
    """Solve `node == value` for one name; None where that cannot be done."""
    match node:
        case ast.Name(id=found):
            return value if found == name else None
        case ast.BinOp(left=left, op=op, right=right):
            inside = {True: (left, right), False: (right, left)}[_holds(left, name)]
            unknown, other = inside
            if _names(other) - known.keys() or not _holds(unknown, name):
                return None
            text = python_text(ast.unparse(other))
            match op:
                case ast.Mult():
                    return _solved(unknown, name, known, f"({value}) // ({text})")
                case ast.Add():
                    return _solved(unknown, name, known, f"({value}) - ({text})")
                case ast.Sub() if unknown is left:
                    return _solved(unknown, name, known, f"({value}) + ({text})")
                case ast.Div() if unknown is left:
                    return _solved(unknown, name, known, f"({value}) * ({text})")
    return None


def _holds(node: ast.expr, name: str) -> bool:
    return name in _names(node)


def _names(node: ast.expr) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _divisions(extent: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(extent, mode="eval")):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield python_text(ast.unparse(node.left)), python_text(ast.unparse(node.right))


class _Integers(ast.NodeTransformer):
    def visit_Div(self, node: ast.Div) -> ast.FloorDiv:
        return ast.FloorDiv()


def python_text(extent: str) -> str:
    """An expression over dims as Python computes it in integers."""
    return ast.unparse(_Integers().visit(ast.parse(extent, mode="eval")))


def python_tuple(shape: tuple[str, ...]) -> str:
    """A shape as a tuple in Python."""
    return f"({', '.join(python_text(extent) for extent in shape)}{',' if len(shape) == 1 else ''})"


def cpp_text(extent: str) -> str:
    """An expression over dims as C++ computes it.

    Raises:
        ExportError: it has a power, which C++ has no operator for.
    """
    text = python_text(extent)
    if "**" in text:
        raise ExportError(f"The extent '{extent}' cannot be written in C++: it has a power.")
    return text.replace("//", "/")
