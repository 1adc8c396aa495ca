"""How often the rank intervals of a leaderboard hold, over boards drawn from a known truth.

    python benchmarks/ranks.py --replicates 400 --write docs/leaderboard.md

All Skills of a board tie, which is the hardest: any order that is claimed is wrong.  The effects of
K Skills on T ops are drawn by three laws: normal around an effect of the op; log-normal, whose
long tail is that of rare large speedups; and shares of three samples that are correct, with ops
that are mostly easy.  Beside max-T, Bonferroni's intervals are counted, which are wider.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.stats
from tabulate import tabulate

from skilldyno.results.statistics import simultaneous_intervals

SEED = 20_261_129
SIZES = [(skills, ops) for skills in (3, 10) for ops in (8, 20, 40)]

FloatArray = npt.NDArray[np.float64]
Law = Callable[[np.random.Generator, int, int], FloatArray]


def normal(rng: np.random.Generator, skills: int, ops: int) -> FloatArray:
    """Effects of shape (K, T)."""
    return rng.normal(size=(skills, ops)) + rng.normal(size=ops)


def skewed(rng: np.random.Generator, skills: int, ops: int) -> FloatArray:
    """The same with a long tail."""
    return rng.lognormal(size=(skills, ops))


def shares(rng: np.random.Generator, skills: int, ops: int) -> FloatArray:
    """Shares of three samples."""
    return rng.binomial(3, rng.beta(0.8, 0.4, size=ops), size=(skills, ops)) / 3


LAWS: dict[str, Law] = {"normal": normal, "long tail": skewed, "shares of 3": shares}


def holds(law: Law, skills: int, ops: int, replicates: int) -> list[float]:
    """Share of boards on which no order is claimed, by max-T and by Bonferroni, and the widths."""
    rng = np.random.default_rng(SEED)
    pairs = list(combinations(range(skills), 2))
    bonferroni = scipy.stats.t.ppf(1 - 0.025 / len(pairs), ops - 1)
    held, narrower = np.zeros(2), 0.0
    for _ in range(replicates):
        effects = law(rng, skills, ops)
        differences = np.array([effects[a] - effects[b] for a, b in pairs])
        found = simultaneous_intervals(differences, np.zeros(len(pairs)))
        half = bonferroni * scipy.stats.sem(differences, axis=1)
        held += [
            not np.any((found.low > 0) | (found.high < 0)),
            not np.any(np.abs(found.estimate) > half),
        ]
        narrower += float(
            np.nanmean((found.high - found.low) / 2 / np.where(half > 0, half, np.nan))
        )
    return [*(held / replicates), narrower / replicates]


def main() -> None:
    """Count, print, and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--replicates", type=int, default=400)
    parser.add_argument("--write", type=Path, help="a page with the marks of the table in it")
    chosen = parser.parse_args()
    rows = [
        [name, skills, ops, *(f"{each:.3f}" for each in holds(law, skills, ops, chosen.replicates))]
        for name, law in LAWS.items()
        for skills, ops in SIZES
    ]
    headers = ["effects", "K", "T", "max-T holds", "Bonferroni holds", "width, of Bonferroni's"]
    table = tabulate(rows, headers, tablefmt="github", disable_numparse=True)
    print(table)
    if chosen.write is not None:
        page = chosen.write.read_text(encoding="utf-8")
        marked = re.compile(r"(<!-- ranks -->\n).*?(<!-- /ranks -->)", re.DOTALL)
        page = marked.sub(lambda found: f"{found[1]}{table}\n{found[2]}", page)
        chosen.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
