"""What a model's tokens cost: price lists, each figure with its source and date."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, ValidationError

from ..tasks.errors import UsageError

_SHIPPED = Path(__file__).parent / "prices.toml"
_SNAPSHOT = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")
_MILLION = 1e6


class PricesError(UsageError):
    """A price list that cannot be read, or lacks a model that needs a price."""


class Price(BaseModel):
    """Dollars for a million tokens.

    Attributes:
        models: Inspect's names of the models; one that ends in `*` stands for all that begin so.
        input: tokens of the prompt that no cache had.
        cache_read: tokens that a cache had; None for the price of any other.
        cache_write: tokens written to a cache; None for the price of any other.
        output: tokens of the completion, those of reasoning included.
        source: where the figures were seen.
        seen: when.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: Annotated[tuple[str, ...], Field(min_length=1)]
    input: NonNegativeFloat
    cache_read: NonNegativeFloat | None = None
    cache_write: NonNegativeFloat | None = None
    output: NonNegativeFloat
    source: Annotated[str, Field(min_length=1)]
    seen: date

    def cost(self, input: float, output: float, read: float = 0.0, write: float = 0.0) -> float:
        """Dollars for some tokens.

        Args:
            input: tokens of the prompt, those of the cache left out.
            output: tokens of the completion, those of reasoning included.
            read: tokens that a cache had.
            write: tokens written to a cache.
        """
        cache_read = self.input if self.cache_read is None else self.cache_read
        cache_write = self.input if self.cache_write is None else self.cache_write
        return (
            input * self.input + output * self.output + read * cache_read + write * cache_write
        ) / _MILLION


class _List(BaseModel):
    model_config = ConfigDict(extra="forbid")

    price: tuple[Price, ...]


@dataclass(frozen=True)
class Prices:
    """Price lists, the user's before the shipped one."""

    lists: tuple[tuple[Price, ...], ...]

    def of(self, model: str) -> Price | None:
        """The price of a model, by its name or by that without the date of a snapshot.

        Args:
            model: its name, by Inspect.

        Returns:
            The first that names it, or None: no price is known.
        """
        names = (model, _SNAPSHOT.sub("", model))
        for prices in self.lists:
            for name in names:
                for price in prices:
                    if any(_covers(pattern, name) for pattern in price.models):
                        return price
        return None

    def listed(self, model: str) -> Price | None:
        """The same by the user's list alone."""
        return Prices(self.lists[:-1]).of(model)

    def cost(
        self, model: str, input: float, output: float, read: float = 0.0, write: float = 0.0
    ) -> float:
        """Dollars for some tokens of a model, as `Price.cost` counts them; NaN without a price."""
        price = self.of(model)
        return math.nan if price is None else price.cost(input, output, read, write)


def load_prices(file: Path | None = None) -> Prices:
    """Read the shipped list of prices, and the user's if there is one.

    Args:
        file: a list of the user's, in TOML.

    Raises:
        PricesError: it cannot be read, or a field of it is wrong.
    """
    lists = (_read(file),) if file is not None else ()
    return Prices((*lists, _shipped()))


@lru_cache(maxsize=1)
def _shipped() -> tuple[Price, ...]:
    return _read(_SHIPPED)


def _read(file: Path) -> tuple[Price, ...]:
    try:
        return _List.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))).price
    except OSError as error:
        raise PricesError(
            f"{file} cannot be read ({error.strerror}): give a .toml file."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PricesError(f"{file} is not valid TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PricesError(
            f"{file}: the field {where}: {first['msg']}; docs/models.md has an example."
        ) from error


def _covers(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
