"""Error sentences, the same everywhere: what was expected, what came, what to do."""


class InputError(ValueError):
    """Something the user gave cannot be used; the message is the one sentence the user needs.

    The command line prints the message of an `InputError` without a traceback; any other exception
    is a defect of minibig and keeps its traceback.
    """
