"""What can be wrong with a selection of logs."""

from ..tasks.errors import UsageError


class MissingPathError(UsageError):
    """A path that does not exist."""


class NoLogsError(UsageError):
    """A selection without a log."""


class UnreadableLogError(UsageError):
    """A log that Inspect cannot read, or without samples."""


class ForeignLogError(UsageError):
    """A log of another Inspect task, or of another version of the evidence."""


class UnjudgedLogError(UsageError):
    """A log whose candidates have not been judged yet."""


class DuplicateSamplesError(UsageError):
    """Two logs that hold the same sample of the same arm."""


class MixedSelectionError(UsageError):
    """Rows that must not be compared: other judges, other definitions, other machines."""


class MissingArmError(UsageError):
    """A comparison without its baseline, or without anything beside it."""


class ForeignDatasetError(UsageError):
    """A folder that holds something else than a dataset of results."""
