"""The gate strip: a change, its bounds, no change and the margin, on one line of text."""

import math

from .decide import Criterion

WIDTH = 23
_HALF = WIDTH // 2


def strip(criterion: Criterion) -> str:
    """Draw a criterion from twice its margin below to as much above, no change in the middle.

    `┃` is the margin, `│` no change, `●` the change and `─` what lies within its bounds; an arrow
    stands where a bound lies outside.  A PASS is a line that does not reach `┃`.

    Args:
        criterion: The criterion.

    Returns:
        23 characters.
    """
    unit = 1.0 if criterion.unit == "points" else 0.0
    scale = abs(_linear(criterion.margin, unit)) * 2 / _HALF

    def place(value: float) -> int:
        return round(_linear(value, unit) / scale) + _HALF

    low, high = place(criterion.lower), place(criterion.upper)
    cells = ["·"] * WIDTH
    for at in range(max(0, low), min(WIDTH - 1, high) + 1):
        cells[at] = "─"
    cells[place(criterion.margin)] = "┃"
    cells[_HALF] = "┼" if cells[_HALF] == "─" else "│"
    cells[min(WIDTH - 1, max(0, place(criterion.estimate)))] = "●"
    if low < 0:
        cells[0] = "◀"
    if high >= WIDTH:
        cells[-1] = "▶"
    return "".join(cells)


def _linear(value: float, unit: float) -> float:
    return value if unit else math.log(value)
