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
from minibig.data.text_files import ERRORS, file_documents, is_pattern, text_files
from minibig.data.world import world_documents

CORPORA: dict[str, Callable[[], Iterator[str]]] = {
    "stdlib": stdlib_documents,
    "world": world_documents,
}


def load_documents(name: str | os.PathLike[str], *, errors: str = "strict") -> Iterator[Piece]:
    """The pieces of a corpus by its name ("stdlib", "world"), or of a file, folder, glob or column.

    A file that has the name of a corpus is reached as `./stdlib`; `rows.jsonl:text` is the column
    "text" of a JSONL, CSV or TSV file, or of all that a glob matches. `errors` is for files, as in
    `text_documents`, whose exceptions and those of `column_texts` are raised here too.

    >>> index, text = next(load_documents("stdlib"))
    >>> index
    0
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
    one_of("errors", errors, ERRORS)
    checks.path("name", name)
    path, column = (None, None) if os.path.lexists(name) else split_column(str(name))
    if path is None and not (os.path.lexists(name) or is_pattern(name)):
        refuse_column(str(name))
        raise InputError(
            f"{name} is no file or folder, nor a corpus ({', '.join(CORPORA)}); check the name."
        )
    return [partial(file_documents, file, errors, column) for file in text_files(path or name)]
