"""The options that choose what a grid asks: its suite, its epochs and its variants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .cli_ops import ops_option


def grid_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a grid, but for the hardware."""
    for option in (
        click.option(
            "--inline-budget",
            type=click.IntRange(0),
            default=32_000,
            show_default=True,
            help="Estimated tokens up to which references are delivered inline.",
        ),
        click.option(
            "--ablate", is_flag=True, help="Add each SKILL without each part, and each alone."
        ),
        click.option("--prompt", is_flag=True, help="Add three sentences of generic advice."),
        click.option("--sham", is_flag=True, help="Add inert text of the first SKILL's length."),
        click.option(
            "--epochs", type=click.IntRange(1), help="Samples of each op; else the suite's."
        ),
        click.option("--language", help="Of the kernels: cpp, cuda or triton; else the suite's."),
        ops_option,
        click.option(
            "--suite", default="demo", show_default=True, help="A suite's name or .toml file."
        ),
    ):
        command = option(command)
    return command
