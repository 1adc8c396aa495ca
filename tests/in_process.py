"""The command in this process: for tests of many commands that neither judge nor are killed."""

import os
import subprocess
from pathlib import Path

from click.testing import CliRunner

from skilldyno.evals.cli import main


def run_command(
    *arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """What the command prints and its exit code, as the fixture `skilldyno` gives them."""
    before = Path.cwd()
    os.chdir(cwd or before)
    try:
        done = CliRunner().invoke(main, arguments, env=env)
    finally:
        os.chdir(before)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)
