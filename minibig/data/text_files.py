"""The user's own files as documents: a file, a folder of them, or what a pattern matches.

A text file is one document, unless it contains `<|endoftext|>`: then it is cut there. Of a table
(`columns.py`) each row is one. Text is UTF-8. A byte order mark at its start is dropped and CRLF
becomes LF; nothing else is changed: cleaning is another file's work, and so is turning text into
tokens.
"""

import codecs
import fnmatch
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from minibig.backend import checks
from minibig.backend.checks import one_of
from minibig.backend.errors import InputError
from minibig.data.columns import check_is_text, column_texts
from minibig.data.documents import DOCUMENT_SEPARATOR, Piece, not_empty, renumbered, split_documents
from minibig.files import conversion, likely_encoding, open_regular

PIECE_BYTES = 1 << 16
TEXT_SUFFIXES = (".md", ".rst", ".text", ".txt")
ERRORS = ("strict", "replace")
_WILDCARDS = frozenset("*?[")


def text_documents(path: str | os.PathLike[str], *, errors: str = "strict") -> Iterator[Piece]:
    """The documents of a text file, of a folder of them, or of the files that a glob matches.

    A folder gives its files ending in .md, .rst, .text or .txt, with those of its subfolders,
    hidden ones left out; a glob (`*`, `?`, `[...]`, `**` for any depth) gives what it matches. The
    order is that of the sorted paths. Links to folders are not followed at any depth, and a file
    that has several names comes once. Documents without any text are left out.

    Raises: InputError when there is no such file, none of its text can be used, a byte is not UTF-8
    (unless `errors="replace"`, which puts U+FFFD there), a NUL byte shows a binary file, or it is
    a table.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "two.txt").write_text("A cat.<|endoftext|>A dog.")
    ...     list(text_documents(folder))
    [(0, 'A cat.'), (1, 'A dog.')]
    """
    one_of("errors", errors, ERRORS)
    files = text_files(path)
    return not_empty(path, renumbered(file_documents(file, errors) for file in files))


def file_documents(path: Path, errors: str, column: str | None = None) -> Iterator[Piece]:
    """The documents of one file, or of one column of a table; perhaps none."""
    texts = decoded_blocks(path, file_blocks(path), errors)
    if column is None:
        check_is_text(str(path), texts_of_head(path))
        return split_documents(texts)
    rows = column_texts(texts, str(path), column, errors=errors)
    return split_documents(f"{row}{DOCUMENT_SEPARATOR}\n" for row in rows)


def texts_of_head(path: Path) -> Iterator[str]:
    """The first block of a file as text, whatever its encoding: enough to read a header in it."""
    with open_regular(path) as (file, _):
        yield file.read(PIECE_BYTES).decode(errors="replace").removeprefix("\ufeff")


def text_files(path: str | os.PathLike[str]) -> list[Path]:
    """The files that `path` stands for, each once, sorted by path whatever the system."""
    given = checks.path("path", path)
    if given.is_dir():
        files = [file for file in files_below(given) if file.suffix.lower() in TEXT_SUFFIXES]
        nothing = (
            f"{path} holds no file ending in {', '.join(TEXT_SUFFIXES)}; name the files with a "
            f"glob such as '{given.as_posix()}/**/*.py'."
        )
    elif os.path.lexists(given):
        with open_regular(given):
            return [given]
    elif is_pattern(path):
        files = list(_matching(Path(given.anchor), given.relative_to(given.anchor).parts))
        nothing = f"no file matches {path}; check the pattern and the folder it starts from."
    else:
        raise InputError(f"{path} is no file or folder; check the name.")
    if not files:
        raise InputError(nothing)
    once = {os.path.realpath(file): file for file in sorted(files, key=Path.as_posix, reverse=True)}
    return sorted(once.values(), key=Path.as_posix)


def is_pattern(path: str | os.PathLike[str]) -> bool:
    """Whether the path has wildcards."""
    return not _WILDCARDS.isdisjoint(os.fspath(path))


def files_below(folder: Path, skipped: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Every file below a folder that is not hidden; links to folders are not followed."""
    for parent, folders, names in os.walk(folder, onerror=_refuse_unreadable):
        folders[:] = [name for name in folders if name not in skipped and name[0] != "."]
        for name in names:
            if name[0] != ".":
                yield Path(parent, name)


def _matching(folder: Path, pattern: tuple[str, ...]) -> Iterator[Path]:
    """The files below a folder that match the parts of a pattern.

    As in a shell a wildcard does not match a dot at the beginning of a name; `**` stands for any
    number of folders, but not for links to folders, which can lead in a circle.
    """
    first, *others = pattern
    rest = tuple(others)
    if first == "**":
        yield from _matching(folder, rest or ("*",))
        for name in _names(folder):
            inner = folder / name
            if name[0] != "." and inner.is_dir() and not inner.is_symlink():
                yield from _matching(inner, pattern)
        return
    if _WILDCARDS.isdisjoint(first):
        names = [first]
    else:
        names = [
            name
            for name in fnmatch.filter(_names(folder), first)
            if name[0] != "." or first[0] == "."
        ]
    for name in names:
        path = folder / name
        if rest and path.is_dir():
            yield from _matching(path, rest)
        elif not rest and path.exists() and not path.is_dir():
            yield path


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        _refuse_unreadable(error)
        return []


def _refuse_unreadable(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be read: {error.strerror}.") from error


def decoded_blocks(name: object, blocks: Iterable[bytes], errors: str) -> Iterator[str]:
    """The bytes of a text as training sees it, block by block; an empty block marks their end.

    A byte order mark at the beginning goes, and CRLF becomes LF.

    Raises: InputError as `text_documents` does, with the name of the text.

    >>> list(decoded_blocks("a.txt", [b"one\\r", b"\\ntwo", b""], "strict"))
    ['one', '\\ntwo', '']
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    offset, held = 0, ""
    for block in blocks:
        if offset == 0 and block.startswith(codecs.BOM_UTF8):
            offset, block = len(codecs.BOM_UTF8), block[len(codecs.BOM_UTF8) :]
        if (nul := block.find(0)) >= 0:
            raise _binary(name, offset + nul, block if offset == 0 else b"")
        waiting, _ = decoder.getstate()
        try:
            text = held + decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            where = offset - len(waiting) + error.start
            raise _not_utf8(name, where, error.object[error.start], waiting + block) from None
        offset += len(block)
        # The LF of a CRLF may be the first character of the next block.
        held = "\r" if block and text.endswith("\r") else ""
        yield text.removesuffix(held).replace("\r\n", "\n")


def file_blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file in blocks; an empty one marks the end."""
    with open_regular(path) as (file, _):
        while block := file.read(PIECE_BYTES):
            yield block
    yield b""


def _binary(path: object, offset: int, beginning: bytes) -> InputError:
    if likely_encoding(beginning[:2]) == "utf-16":
        return InputError(f"{path} is UTF-16, not UTF-8. {conversion('utf-16')}")
    return InputError(
        f"{path} is a binary file (NUL byte at offset {offset}); a UTF-8 text file is needed."
    )


def _not_utf8(path: object, offset: int, byte: int, around: bytes) -> InputError:
    found = f"{path} is not UTF-8: byte 0x{byte:02x} at offset {offset};"
    if encoding := likely_encoding(around):
        return InputError(f"{found} it looks like {encoding.upper()}. {conversion(encoding)}")
    return InputError(
        f"{found} convert it to UTF-8 from the encoding it has. Only if a few bytes are broken, "
        "have them replaced: errors='replace', or --errors replace."
    )
