"""What a run may spend, and what it has spent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from inspect_ai.model import ModelUsage

from ..results.prices import Prices, PricesError
from ..results.usage import usage_cost
from ..tasks.errors import RunError


class CostLimitError(RunError):
    """A run that would spend more than it may."""


class Budget:
    """Adds up what completions cost, against a limit."""

    def __init__(self, limit: float | None, prices: Prices, spent: float = 0.0) -> None:
        """Begin.

        Args:
            limit: dollars, or None for any.
            prices: what tokens cost.
            spent: dollars that earlier starts of the run have spent.
        """
        self._limit = limit
        self._prices = prices
        self._spent = spent

    def require_prices(self, models: Iterable[str]) -> None:
        """Refuse a limit on what has no price.

        Raises:
            PricesError: there is a limit, and no price of one of the models.
        """
        if self._limit is None:
            return
        for model in models:
            if self._prices.of(model) is None:
                raise PricesError(
                    f"--cost-limit needs the price of {model}, which is in no list: give it in a "
                    "file by --prices."
                )

    def require_rest(self) -> None:
        """Refuse to spend more where the limit is reached.

        Raises:
            CostLimitError: it is.
        """
        if self._limit is not None and self._spent >= self._limit:
            raise CostLimitError(
                f"the limit of ${self._limit:g} is reached (${self._spent:.4g} spent): "
                "raise --cost-limit to go on"
            )

    def add(self, usages: Mapping[str, ModelUsage]) -> None:
        """Count what one sample used, by model."""
        for model, usage in usages.items():
            cost = usage_cost(model, usage, self._prices)
            self._spent += 0.0 if math.isnan(cost) else cost
