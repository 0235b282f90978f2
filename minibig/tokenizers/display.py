"""Tokens for people to look at: also those that are white space, or half a character."""

from minibig.backend.checks import instance

_VISIBLE = str.maketrans({" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"})


def visible(data: bytes) -> str:
    r"""The bytes of a token so that all of it can be seen.

    >>> visible(b" to\n"), visible(b"\xe4\xbd")
    ('␣to⏎', '<e4 bd>')
    """
    try:
        text = instance("data", data, bytes).decode()
    except UnicodeDecodeError:
        return f"<{data.hex(' ')}>"
    text = text.translate(_VISIBLE)
    return text if text.isprintable() else repr(text)[1:-1]
