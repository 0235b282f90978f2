"""Where text comes from: a small world, the user's standard library, or the user's own files."""

import os
from collections.abc import Callable, Iterator
from functools import partial

from minibig.backend import checks
from minibig.backend.checks import one_of
from minibig.backend.errors import InputError
from minibig.data.columns import refuse_column, split_column
from minibig.data.documents import Piece, not_empty, renumbered
from minibig.data.standard_library import stdlib_documents
from minibig.data.text_files import file_documents, text_files
from minibig.data.world import world_documents
from minibig.files import DECODE_ERRORS, is_pattern

CORPORA: dict[str, Callable[[], Iterator[str]]] = {
    "stdlib": stdlib_documents,
    "world": world_documents,
}


def load_documents(name: str | os.PathLike[str], *, errors: str = "strict") -> Iterator[Piece]:
    """The pieces of a corpus by its name ("stdlib", "world"), or of a file, folder, glob or column.

    A file that has the name of a corpus is reached as `./stdlib`. A folder gives its files ending
    in .md, .rst, .text or .txt, with those of its subfolders, hidden ones left out; a glob (`*`,
    `?`, `[...]`, `**` for any depth) gives what it matches. The order is that of the sorted paths.
    Links to folders are not followed at any depth, and a file that has several names comes once.
    `rows.jsonl:text` is the column "text" of a JSONL, CSV or TSV file, or of all that a glob
    matches. Documents without any text are left out.

    Raises:  InputError if there is no such corpus or file, none of its text can be used, a byte is
             not UTF-8 (unless `errors="replace"`, which puts U+FFFD there), a NUL byte shows a
             binary file, or it is a table without a column; and as `column_texts` does.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "two.txt").write_text("A cat.<|endoftext|>A dog.")
    ...     list(load_documents(folder))
    [(0, 'A cat.'), (1, 'A dog.')]
    """
    sources = document_sources(name, errors=errors)
    return not_empty(name, renumbered(source() for source in sources))


def document_sources(
    name: str | os.PathLike[str], *, errors: str = "strict"
) -> list[Callable[[], Iterator[Piece]]]:
    """The parts of a corpus that are read by themselves: one for each file, or one in all.

    Each gives its pieces anew when it is called, its documents numbered from 0.

    Raises:  InputError if there is no such corpus, file or folder.
    """
    if isinstance(name, str) and name in CORPORA:
        return [lambda: enumerate(CORPORA[name]())]
    one_of("errors", errors, DECODE_ERRORS)
    checks.path("name", name)
    path, column = (name, None) if os.path.lexists(name) else split_column(os.fspath(name))
    if not (os.path.lexists(path) or is_pattern(path)):
        refuse_column(str(name))
        raise InputError(
            f"{path} is no file or folder, nor a corpus ({', '.join(CORPORA)}); check the name."
        )
    return [partial(file_documents, file, errors, column) for file in text_files(path)]
