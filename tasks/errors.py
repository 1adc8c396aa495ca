"""The base of every error that the user can mend."""


class UsageError(Exception):
    """Bad input from the user: the message is one sentence that names what, where and the mend."""


class RunError(Exception):
    """A run that did not come to its end: the message is one sentence that says how it goes on."""

    exit_code = 1
