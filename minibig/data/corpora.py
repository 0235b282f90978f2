"""Where text comes from: a small world, the user's standard library, or the user's own files.

A corpus is an iterator of pieces `(document index, text)`. The pieces of one document follow each
other and joined they are its text; a document is cut into several only where a file is longer than
`PIECE_BYTES`, so a gigabyte in a single line streams in a few hundred kilobytes of memory. Any
list of strings is a corpus of whole documents through `enumerate`.

A text file is one document, unless it contains `<|endoftext|>`: then it is cut there. Of a table
(`columns.py`) each row is one. Text is UTF-8. A byte order mark at its start is dropped and CRLF
becomes LF; nothing else is changed: cleaning is another file's work, and so is turning text into
tokens.
"""

import ast
import codecs
import glob
import hashlib
import inspect
import os
import re
import sysconfig
import tokenize
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from minibig.backend.errors import InputError
from minibig.data.columns import column_texts, split_column
from minibig.data.world import world_documents

Piece = tuple[int, str]

PIECE_BYTES = 1 << 16
DOCUMENT_SEPARATOR = "<|endoftext|>"
TEXT_SUFFIXES = (".md", ".rst", ".text", ".txt")
_WILDCARDS = frozenset("*?[")

# A line end right after the separator belongs to it. At the end of what has been read so far the
# next character is not known yet, so there the separator waits.
_SEPARATOR = re.compile(re.escape(DOCUMENT_SEPARATOR) + r"(?:\n|(?!\Z))")

# Tests hold broken text on purpose, `encodings` is tables of numbers, and the others are programs
# with data of their own or not part of the library at all.
_SKIPPED_FOLDERS = frozenset(
    {"encodings", "idlelib", "lib2to3", "pydoc_data", "test", "tests", "turtledemo"}
    | {"dist-packages", "site-packages"}
)

# One module in sixteen comes as source: with Python 3.11 a fifth of the text.
_SOURCE_SHARE = 16


def stdlib_docstrings() -> Iterator[str]:
    """The prose of the standard library: a document for each module that has docstrings.

    The docstrings of the module, its classes and functions, in the order of the source, each once.
    Modules come sorted by path; files that cannot be decoded or parsed are left out.

    >>> any("pattern" in document for document in stdlib_docstrings())
    True
    """
    for path in _modules().values():
        if document := _docstrings(path):
            yield document


def stdlib_source() -> Iterator[str]:
    """The source of the standard library: a document for each module, sorted by path.

    >>> "def " in next(stdlib_source())
    True
    """
    for path in _modules().values():
        if document := _source(path):
            yield document


def stdlib_topics() -> Iterator[str]:
    """The language reference as `help("topics")` knows it: a document for each topic, if present.

    >>> all(isinstance(topic, str) for topic in stdlib_topics())
    True
    """
    yield from _topics().values()


def stdlib_documents() -> Iterator[str]:
    """The corpus "stdlib": mostly English about Python, and some Python.

    All topics of the language reference; of fifteen modules in sixteen the docstrings, of the
    sixteenth the whole source, so no module comes twice. The order is that of a hash of the names:
    every stretch of it, and the end that is kept for validation too, is the same mixture.

    >>> len(next(stdlib_documents())) > 0
    True
    """
    topics, modules = _topics(), _modules()
    for name in sorted([*topics, *modules], key=_name_hash):
        if name in topics:
            document = topics[name]
        elif _name_hash(name) % _SOURCE_SHARE == 0:
            document = _source(modules[name])
        else:
            document = _docstrings(modules[name])
        if document:
            yield document


CORPORA: dict[str, Callable[[], Iterator[str]]] = {
    "stdlib": stdlib_documents,
    "world": world_documents,
}


def _name_hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def _topics() -> dict[str, str]:
    """Topic -> text; the names cannot meet those of modules, which end in .py."""
    try:
        from pydoc_data.topics import topics
    except ImportError:  # some distributions ship the library without it
        return {}
    return {name: text.strip() + "\n" for name, text in sorted(topics.items())}


def _modules() -> dict[str, Path]:
    """Path below the standard library's folder -> file, sorted."""
    root = Path(sysconfig.get_path("stdlib"))
    paths = _files_below(root, _SKIPPED_FOLDERS)
    modules = {
        path.relative_to(root).as_posix(): path
        for path in sorted(paths, key=Path.as_posix)
        if path.suffix == ".py" and not path.name.startswith("_sysconfigdata")
    }
    if not modules:
        raise InputError(
            f"the corpus 'stdlib' needs the source of the standard library; {root} has none. "
            "Give a text file of your own."
        )
    return modules


def _source(path: Path) -> str:
    """The text of a module, or nothing where it cannot be decoded."""
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (OSError, SyntaxError, UnicodeDecodeError):
        return ""


def _docstrings(path: Path) -> str:
    """The docstrings of a module as one text, or nothing where it has none or does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's strings
            tree = ast.parse(_source(path))
    except (SyntaxError, ValueError):
        return ""
    paragraphs = dict.fromkeys(_docstrings_of(tree))
    return "\n\n".join(paragraphs) + "\n" if paragraphs else ""


def _docstrings_of(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> Iterator[str]:
    if docstring := ast.get_docstring(node):
        yield inspect.cleandoc(docstring).strip()
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _docstrings_of(child)


def text_documents(path: str | os.PathLike[str], *, errors: str = "strict") -> Iterator[Piece]:
    """The documents of a text file, of a folder of them, or of the files that a glob matches.

    A folder gives its files ending in .md, .rst, .text or .txt, with those of its subfolders,
    hidden ones left out; a glob (`*`, `?`, `[...]`, `**` for any depth) gives what it matches. The
    order is that of the sorted paths. Documents without any text are left out.

    Raises: InputError when there is no such file, none of its text can be used, a byte is not UTF-8
    (unless `errors="replace"`, which puts U+FFFD there) or a NUL byte shows a binary file.

    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "two.txt").write_text("A cat.<|endoftext|>A dog.")
    ...     list(text_documents(folder))
    [(0, 'A cat.'), (1, 'A dog.')]
    """
    _check_errors(errors)
    return _pieces(str(path), _text_files(path), errors)


def _check_errors(errors: str) -> None:
    if errors not in ("strict", "replace"):
        raise InputError(f"errors must be 'strict' or 'replace'; got {errors!r}.")


def _text_files(path: str | os.PathLike[str]) -> list[Path]:
    """The files that `path` stands for, sorted by path whatever the system."""
    given = Path(path)
    if given.is_file():
        return [given]
    if given.is_dir():
        files = [file for file in _files_below(given) if file.suffix.lower() in TEXT_SUFFIXES]
        nothing = (
            f"{path} holds no file ending in {', '.join(TEXT_SUFFIXES)}; name the files with a "
            f"glob such as '{given.as_posix()}/**/*.py'."
        )
    elif not _WILDCARDS.isdisjoint(str(path)):
        files = [Path(name) for name in glob.glob(str(path), recursive=True)]
        files = [file for file in files if file.is_file()]
        nothing = f"no file matches {path}; check the pattern and the folder it starts from."
    else:
        files = []
        nothing = (
            f"{path} is no file or folder, nor a corpus ({', '.join(CORPORA)}); check the name."
        )
    if not files:
        raise InputError(nothing)
    return sorted(files, key=Path.as_posix)


def _files_below(folder: Path, skipped: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Every file below a folder that is not hidden; links to folders are not followed."""
    for parent, folders, names in os.walk(folder, onerror=_refuse_unreadable):
        folders[:] = [name for name in folders if name not in skipped and name[0] != "."]
        for name in names:
            if name[0] != ".":
                yield Path(parent, name)


def _refuse_unreadable(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be read: {error.strerror}.") from error


def _pieces(
    given: str, files: list[Path], errors: str, column: str | None = None
) -> Iterator[Piece]:
    count = 0
    for file in files:
        first = count
        texts = _decoded(file, errors)
        if column is not None:
            rows = column_texts(texts, str(file), column, errors=errors)
            texts = (f"{row}{DOCUMENT_SEPARATOR}\n" for row in rows)
        for index, text in _documents_of(texts):
            yield first + index, text
            count = first + index + 1
    if count == 0:
        raise InputError(f"{given} is empty: a text of at least one character is needed.")


def _documents_of(texts: Iterator[str]) -> Iterator[Piece]:
    """Cut a stream of text at the document separators, wherever the stream is cut itself."""
    index, begun, held = 0, False, ""
    for text in texts:
        *ended, rest = _SEPARATOR.split(held + text)
        for piece in ended:
            if piece:
                yield index, piece
            index += bool(piece) or begun
            begun = False
        # The last characters may be the beginning of a separator.
        ready, held = rest[: -len(DOCUMENT_SEPARATOR)], rest[-len(DOCUMENT_SEPARATOR) :]
        if ready:
            yield index, ready
            begun = True
    if held := held.removesuffix(DOCUMENT_SEPARATOR):
        yield index, held


def _decoded(path: Path, errors: str) -> Iterator[str]:
    """The text of a file, block by block."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    offset, held = 0, ""
    for block in _blocks(path):
        if offset == 0 and block.startswith(codecs.BOM_UTF8):
            offset, block = len(codecs.BOM_UTF8), block[len(codecs.BOM_UTF8) :]
        if (nul := block.find(0)) >= 0:
            raise InputError(
                f"{path} is a binary file (NUL byte at offset {offset + nul}); a UTF-8 text file "
                "is needed."
            )
        waiting = len(decoder.getstate()[0])
        try:
            text = held + decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path} is not UTF-8: byte 0x{error.object[error.start]:02x} at offset "
                f"{offset - waiting + error.start}; convert the file, or have such bytes replaced: "
                "errors='replace', or --errors replace."
            ) from None
        offset += len(block)
        # The LF of a CRLF may be the first character of the next block.
        held = "\r" if block and text.endswith("\r") else ""
        yield text.removesuffix(held).replace("\r\n", "\n")


def _blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file in blocks; an empty one marks the end."""
    try:
        with open(path, "rb") as file:
            while block := file.read(PIECE_BYTES):
                yield block
    except OSError as error:
        _refuse_unreadable(error)
    yield b""


def load_documents(name: str | os.PathLike[str], *, errors: str = "strict") -> Iterator[Piece]:
    """The pieces of a corpus by its name ("stdlib", "world"), or of a file, folder, glob or column.

    A file that has the name of a corpus is reached as `./stdlib`; `rows.jsonl:text` is the column
    "text" of a JSONL, CSV or TSV file, or of all that a glob matches. `errors` is for files, as in
    `text_documents`, whose exceptions and those of `column_texts` are raised here too.

    >>> index, text = next(load_documents("stdlib"))
    >>> index
    0
    """
    if isinstance(name, str) and name in CORPORA:
        return enumerate(CORPORA[name]())
    parts = split_column(str(name))
    if parts is None or Path(name).is_file():
        return text_documents(name, errors=errors)
    _check_errors(errors)
    return _pieces(str(name), _text_files(parts[0]), errors, column=parts[1])
