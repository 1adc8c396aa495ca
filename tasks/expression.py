"""Integer expressions over named dims, as the TOML files write shapes and rooflines."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Final

_MAX_LENGTH: Final = 300
_MAX_BITS: Final = 256


class ExpressionError(ValueError):
    """An expression that cannot be read or evaluated; the message quotes it."""


def _exact_quotient(left: int, right: int) -> int:
    if left % right:
        raise ExpressionError(f"{left} is not divisible by {right}")
    return left // right


def _power(base: int, exponent: int) -> int:
    # Bounded before it is computed: 9**9**9 in a TOML file must not hang the reader.
    if exponent < 0 or max(base.bit_length(), 1) * exponent > _MAX_BITS:
        raise ExpressionError(f"the power {base}**{exponent} is out of range")
    return base**exponent


_BINARY: Final[dict[type[ast.operator], Callable[[int, int], int]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _exact_quotient,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: _power,
}


def _parse(expression: str) -> ast.expr:
    if len(expression) > _MAX_LENGTH:
        raise ExpressionError(
            f"the expression '{expression[:40]}…' is longer than {_MAX_LENGTH} characters"
        )
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise ExpressionError(f"'{expression}' is not an arithmetic expression") from error


def names_in(expression: str) -> frozenset[str]:
    """Return the names that an expression uses.

    Raises:
        ExpressionError: the text is not an expression.
    """
    return frozenset(n.id for n in ast.walk(_parse(expression)) if isinstance(n, ast.Name))


def evaluate(expression: str, names: Mapping[str, int]) -> int:
    """Return the integer value of an expression over named integers.

    Integers, names, parentheses and + - * / // ** are allowed. `/` is exact: a quotient with a
    remainder is an error, so that `D/2` refuses an odd D.

    Args:
        expression: such as `M*N*size_x + N*size_weight`.
        names: the value of every name.

    Raises:
        ExpressionError: another construct, an unknown name, a remainder, or a division by zero.
    """
    try:
        return _value(_parse(expression), names)
    except ZeroDivisionError as error:
        raise ExpressionError(f"'{expression}' divides by zero") from error
    except ExpressionError as error:
        raise ExpressionError(f"in '{expression}', {error}") from error


def _value(node: ast.expr, names: Mapping[str, int]) -> int:
    match node:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return value
        case ast.Name(id=name):
            if name not in names:
                raise ExpressionError(
                    f"the name '{name}' is unknown (known: {', '.join(sorted(names))})"
                )
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, names), _value(right, names))
        case _:
            raise ExpressionError(
                f"'{ast.unparse(node)}' is not allowed"
                " (integers, names, parentheses and + - * / // ** are)"
            )
