"""What a run has done so far, while its process is still writing the logs."""

from pathlib import Path

from skilldyno.evals.grid import samples_done
from skilldyno.results.errors import UnreadableLogError


def done_so_far(run: Path) -> int:
    """Scored samples; 0 at a moment at which a log is half written, and so no archive yet."""
    try:
        return samples_done(run)
    except UnreadableLogError:
        return 0
