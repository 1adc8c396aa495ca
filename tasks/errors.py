"""The base of every error that the user can mend."""


class UsageError(Exception):
    """Bad input from the user: the message is one sentence that names what, where and the mend."""
