"""Expressions: integer arithmetic, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skilldyno.tasks.expression import ExpressionError, evaluate, names_in


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("7", 7),
        ("M", 12),
        ("M*N*size_x + N*size_x", 12 * 5 * 4 + 5 * 4),
        ("M - N*2", 2),
        ("M/4", 3),
        ("N//2", 2),
        ("2**N", 32),
        ("(M + N)*2", 34),
        ("-N + M", 7),
        (" M ", 12),
    ],
)
def test_arithmetic(expression: str, value: int):
    assert evaluate(expression, {"M": 12, "N": 5, "size_x": 4}) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("N/2", "in 'N/2', 5 is not divisible by 2"),
        ("M/(N - 5)", "'M/(N - 5)' divides by zero"),
        ("K*2", "in 'K*2', the name 'K' is unknown (known: M, N)"),
        ("M.real", "'M.real' is not allowed"),
        ("__import__('os')", "is not allowed"),
        ("M if N else 1", "is not allowed"),
        ("1.5*M", "'1.5' is not allowed"),
        ("True", "'True' is not allowed"),
        ("M %", "'M %' is not an arithmetic expression"),
        ("", "'' is not an arithmetic expression"),
        ("M\x00", "is not an arithmetic expression"),
        ("9**9**9", "is out of range"),
        ("2**-1", "is out of range"),
        ("M+" * 200 + "M", "is longer than 300 characters"),
    ],
)
def test_what_is_refused(expression: str, message: str):
    with pytest.raises(ExpressionError) as caught:
        evaluate(expression, {"M": 12, "N": 5})
    assert message in str(caught.value)


def test_names():
    assert names_in("M*N*size_x + (N - 1)") == {"M", "N", "size_x"}


@given(st.text(alphabet="MN0123456789+-*/() ", max_size=40))
def test_any_text_is_a_number_or_a_refusal(text: str):
    try:
        value = evaluate(text, {"M": 12, "N": 5})
    except ExpressionError:
        return
    assert isinstance(value, int)
