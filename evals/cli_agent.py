"""The options of agent mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def agent_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of agent mode, and the budget of a sample in it."""
    for option in (
        click.option(
            "--agent-tokens",
            type=click.IntRange(1),
            default=500_000,
            show_default=True,
            help="Tokens of one agent, input and output together.",
        ),
        click.option(
            "--agent-seconds",
            type=click.IntRange(1),
            default=1800,
            show_default=True,
            help="Wall time of one agent, without waiting for the judge.",
        ),
        click.option(
            "--judge-calls",
            type=click.IntRange(0),
            default=20,
            show_default=True,
            help="How often one agent may build, check or time a kernel.",
        ),
        click.option(
            "--agent",
            type=click.Choice(["react", "claude_code", "codex_cli"]),
            default="react",
            show_default=True,
            help="Inspect's own, or one of inspect_swe where that is installed.",
        ),
        click.option(
            "--mode",
            type=click.Choice(["single", "agent"]),
            default="single",
            show_default=True,
            help="One completion, or an agent with a shell and the judge in a sandbox.",
        ),
    ):
        command = option(command)
    return command
