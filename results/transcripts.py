"""Where the transcripts of a run are shown: Inspect's own viewer."""

import shlex
from pathlib import Path
from urllib.parse import quote

_VIEWER = "http://127.0.0.1:7575"
"""Where `inspect view` listens by default."""


def view_command(folder: Path) -> str:
    """The command that serves the transcripts of the logs below a folder."""
    return f"inspect view --log-dir {shlex.quote(str(folder))}"


def transcript_url(log: Path, folder: Path, sample_id: str, epoch: int) -> str:
    """The page of one sample while `view_command` of the folder runs.

    Args:
        log: The log file.
        folder: The folder that is served, or one above the log.
        sample_id: The sample's id, op/hardware/language.
        epoch: Its epoch.
    """
    path = quote(log.relative_to(folder).as_posix())
    return f"{_VIEWER}/#/logs/{path}/samples/sample/{quote(sample_id, safe='')}/{epoch}/"
