"""One printable symbol per byte: how GPT-2's files write tokens that are no text.

A token of a byte-level vocabulary is any string of bytes, perhaps half a character. Its files must
be readable text all the same, and blanks must be free to separate. So each of the 256 bytes has a
printable symbol: itself where Latin-1 prints it, and otherwise the next unused code point from
U+0100 on. A space is "Ġ", a line feed "Ċ".
"""

PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
HIDDEN = sorted(set(range(256)) - set(PRINTABLE))

# In the order of the symbols' code points, which is the order of GPT-2's first 256 ids.
BYTE_ORDER = bytes(PRINTABLE + HIDDEN)
SYMBOLS = "".join(map(chr, [*PRINTABLE, *range(0x100, 0x100 + len(HIDDEN))]))

_SYMBOL_OF_BYTE = dict(zip(BYTE_ORDER, SYMBOLS, strict=True))
_BYTE_OF_SYMBOL = dict(zip(SYMBOLS, BYTE_ORDER, strict=True))


def to_symbols(data: bytes) -> str:
    """The bytes, one printable symbol each.

    >>> to_symbols(" naïve\\n".encode())
    'ĠnaÃ¯veĊ'
    """
    return "".join(map(_SYMBOL_OF_BYTE.__getitem__, data))


def from_symbols(symbols: str) -> bytes:
    """The bytes that the symbols stand for.

    Raises:  KeyError if a character is no byte symbol.

    >>> from_symbols("ĠnaÃ¯ve").decode()
    ' naïve'
    """
    return bytes(map(_BYTE_OF_SYMBOL.__getitem__, symbols))
