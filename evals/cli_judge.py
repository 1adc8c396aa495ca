"""The option that says where candidates are judged."""

from __future__ import annotations

import click

judge_option = click.option(
    "--judge",
    default="local",
    show_default=True,
    metavar="PLACE",
    help="Where to judge: local, ray, ray://HOST:PORT, or pack to leave it to skilldyno pack.",
)
