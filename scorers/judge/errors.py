"""The base of the errors that say what a machine lacks."""


class MachineError(Exception):
    """This machine cannot judge: the message is one sentence that names the mend."""
