"""The corpus "stdlib": the text of the Python that runs, so that everybody has one to learn from.

It differs a little from one version of Python to the next.
"""

import ast
import hashlib
import inspect
import sysconfig
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

from minibig.backend.errors import InputError
from minibig.files import files_below

# Broken text on purpose, tables of numbers, programs with data of their own, other packages.
_SKIPPED_FOLDERS = frozenset(
    {"encodings", "idlelib", "lib2to3", "pydoc_data", "test", "tests", "turtledemo"}
    | {"dist-packages", "site-packages"}
)

# One module in sixteen comes as source: with Python 3.11 a fifth of the text.
_SOURCE_SHARE = 16


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
    paths = files_below(root, _SKIPPED_FOLDERS)
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
