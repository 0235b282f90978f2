"""Bytes as text; and which encoding a text has that is not UTF-8: a guess, for advice.

The advice destroys nothing: it says how to convert a file, and leaves the file as it is.
"""

import codecs
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain

from minibig.backend import InputError

DECODE_ERRORS = ("strict", "replace")  # what may become of bytes that are no UTF-8

# What is frequent in texts of a language, and the encodings that were used for it.
_FREQUENT = {
    "gb18030": "的一是不了在人有我他这中大来上国",
    "big5": "的一是不了在人有我他這中大來上國",
    "shift_jis": "のにはをたがでてとしれさいるも",
    "euc_jp": "のにはをたがでてとしれさいるも",
    "cp949": "이다는에의을가고하지로한를사은",
    "cp1251": "оеаинтсрвлкмдпу",
    "cp1252": "éèàùçôêâîûäöüßñóáíúãõøåæ’“”–…€£°·",
}
_LEAST = {"cp1251": 0.4, "cp1252": 0.5}  # the share of what is not ASCII that must be frequent
_LEAST_OTHERWISE = 0.1
_LOOKED_AT = 10_000  # bytes that tell the encoding of a text
_OR_REPLACED = (
    "Convert it from the encoding it has; or, if only a few bytes are broken, have them replaced: "
    "errors='replace', or --errors replace."
)
_ENOUGH = 10  # characters beside ASCII that are right before a wrong one: the text is UTF-8


def decoded(data: bytes, name: str, errors: str) -> str:
    """Bytes as text; `errors` is "strict", or "replace" for question marks in the place of bytes.

    Raises:  InputError for bytes that are no UTF-8, with the way to convert them.

    >>> decoded(b"caf\\xe9", "a.txt", "replace")
    'caf�'
    >>> decoded(b"caf\\xe9", "a.txt", "strict")
    Traceback (most recent call last):
    minibig.backend.errors.InputError: a.txt must be UTF-8; byte 0xe9 at offset 3 is not. It looks \
like CP1252. Convert it: iconv -f CP1252 -t UTF-8 old.txt > new.txt
    """
    try:
        return data.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise InputError(not_utf8(name, error)) from None


def decoded_blocks(name: object, blocks: Iterable[bytes], errors: str) -> Iterator[str]:
    """The bytes of a text as training sees it, block by block.

    A byte order mark at the beginning goes, and CRLF becomes LF.

    Raises:  InputError as `decoded` does, and for a NUL byte, which shows a binary file.

    >>> list(decoded_blocks("a.txt", [b"one\\r", b"\\ntwo"], "strict"))
    ['one', '\\ntwo', '']
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    offset, held = 0, ""
    for block in chain(blocks, [b""]):  # the empty one marks the end
        if offset == 0 and block.startswith(codecs.BOM_UTF8):
            offset, block = len(codecs.BOM_UTF8), block[len(codecs.BOM_UTF8) :]
        if (nul := block.find(0)) >= 0:
            raise _binary(name, offset + nul, block if offset == 0 else b"")
        waiting, _ = decoder.getstate()
        try:
            text = held + decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise InputError(not_utf8(name, error, offset - len(waiting))) from None
        offset += len(block)
        # The LF of a CRLF may be the first character of the next block.
        held = "\r" if block and text.endswith("\r") else ""
        yield text.removesuffix(held).replace("\r\n", "\n")


def _binary(name: object, offset: int, beginning: bytes) -> InputError:
    encoding = likely_encoding(beginning[:4])
    if encoding in ("utf-16", "utf-32"):
        return InputError(f"{name} is {encoding.upper()}, not UTF-8. {_conversion(encoding)}")
    if encoding := _unmarked(beginning[:_LOOKED_AT]):
        return InputError(
            f"{name} must be UTF-8; it is probably {encoding.upper()} without a byte order mark. "
            f"{_conversion(encoding)}"
        )
    return InputError(
        f"{name} is a binary file (NUL byte at offset {offset}); a UTF-8 text file is needed."
    )


def not_utf8(
    name: object, error: UnicodeDecodeError, offset: int = 0, otherwise: str = _OR_REPLACED
) -> str:
    """The sentence for bytes that begin at an offset in the text of this name, and what to do.

    `otherwise` is the advice where no encoding explains the bytes.
    """
    before, rest = error.object[: error.start].decode(), error.object[error.start :]
    is_damaged = sum(not character.isascii() for character in before) >= _ENOUGH
    if encoding := None if is_damaged else likely_encoding(rest[:_LOOKED_AT]):
        advice = f"It looks like {encoding.upper()}. {_conversion(encoding)}"
    else:
        advice = otherwise
    where = f"byte 0x{rest[0]:02x} at offset {offset + error.start}"
    return f"{name} must be UTF-8; {where} is not. {advice}"


def likely_encoding(data: bytes) -> str | None:
    """The name of the encoding that explains these bytes best, or None if none does.

    >>> likely_encoding("我是一个中国人，他也是。".encode("gbk"))
    'gb18030'
    >>> likely_encoding("un café, ça va".encode("latin-1"))
    'cp1252'
    """
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    shares = {name: _share(data, name) for name in _FREQUENT}
    fitting = {
        name: share for name, share in shares.items() if share >= _LEAST.get(name, _LEAST_OTHERWISE)
    }
    return max(fitting, key=fitting.__getitem__, default=None)


def _unmarked(data: bytes) -> str | None:
    """The UTF-16 or UTF-32 that makes a text of these bytes, which have no byte order mark.

    A NUL byte is the upper half of an ASCII character, so it tells which half comes first. Where
    there are few, and all else is UTF-8, they are damage.

    >>> _unmarked("Hi, 小猫".encode("utf-16-be")), _unmarked(b"\\0\\1data")
    ('utf-16be', None)
    """
    with suppress(UnicodeDecodeError):
        if data.count(0) * 8 < len(data) and data.decode():
            return None
    order = "le" if data[1::2].count(0) > data[::2].count(0) else "be"
    for name, unit in ((f"utf-32{order}", 4), (f"utf-16{order}", 2)):
        try:
            text = data[: len(data) // unit * unit].decode(name)
        except UnicodeDecodeError as error:
            if error.end < len(data) - unit:  # else the last character is cut
                continue
            text = data[: error.start].decode(name)
        if (
            text
            and min(text) < "\U00010000"
            and all(c.isprintable() or c in "\t\r\n\u3000" for c in text)
        ):
            return name
    return None


def _conversion(encoding: str) -> str:
    """How a file of another encoding becomes UTF-8, in a sentence."""
    return f"Convert it: iconv -f {encoding.upper()} -t UTF-8 old.txt > new.txt"


def _share(data: bytes, encoding: str) -> float:
    """How much of the text that is not ASCII is frequent; 0 where it cannot be decoded."""
    for cut in range(4):  # the last character may be cut
        try:
            text = data[: len(data) - cut].decode(encoding)
            break
        except UnicodeDecodeError as error:
            if error.start < len(data) - 4:
                return 0.0
    else:
        return 0.0
    others = [character for character in text if not character.isascii()]
    frequent = _FREQUENT[encoding]
    return sum(character in frequent for character in others) / max(1, len(others))
