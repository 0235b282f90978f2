"""The standard library as a corpus: the same each time, prose and source, no broken modules."""

import ast
import functools
import os
import re
import sysconfig
from itertools import islice, pairwise
from unittest import mock

import pytest

from minibig.backend.errors import InputError
from minibig.data import DOCUMENT_SEPARATOR, load_documents, standard_library, stdlib_documents


def docstrings_of_all():
    """The docstrings of every module that has some, in the order of the paths."""
    texts = map(standard_library._docstrings, standard_library._modules().values())
    return [text for text in texts if text]


def sources_of_all():
    """The source of every module that can be decoded, in the order of the paths."""
    texts = map(standard_library._source, standard_library._modules().values())
    return [text for text in texts if text]


@pytest.fixture(scope="module", autouse=True)
def _parsed_once():
    """The docstrings of each file, which take seconds to find, are found once for all tests."""
    found = functools.cache(standard_library._docstrings)
    with mock.patch.object(standard_library, "_docstrings", found):
        yield


@pytest.fixture(scope="module")
def stdlib():
    return list(stdlib_documents())


@pytest.fixture(scope="module")
def docstrings():
    return docstrings_of_all()


def test_stdlib_is_the_same_each_time_and_large_enough_to_learn_from(stdlib):
    again = [text for _, text in islice(load_documents("stdlib"), 60)]
    assert again == stdlib[:60]
    assert 1_500_000 < sum(map(len, stdlib)) < 6_000_000
    assert all(document.strip() for document in stdlib)
    assert DOCUMENT_SEPARATOR not in "".join(stdlib)


def test_stdlib_is_mostly_prose_with_some_source(stdlib, docstrings):
    source, prose = set(sources_of_all()), {*docstrings, *standard_library._topics().values()}
    assert set(stdlib) <= source | prose
    share = sum(len(d) for d in stdlib if d in source) / sum(map(len, stdlib))
    assert 0.05 < share < 0.5


def test_stdlib_order_does_not_follow_the_alphabet(stdlib, docstrings):
    positions = {document: i for i, document in enumerate(stdlib)}
    sorted_modules = [positions[document] for document in docstrings if document in positions]
    rising = sum(a < b for a, b in pairwise(sorted_modules))
    assert 0.3 < rising / len(sorted_modules) < 0.7


@pytest.fixture
def small_library(tmp_path, monkeypatch):
    """A standard library of a few modules, good and bad."""
    files = {
        "b.py": b'"""Module b."""\nclass C:\n    """Class C.\n\n    More.\n    """\n'
        b'    def f(self):\n        """Method f."""\n'
        b'    async def g(self):\n        """Method f."""\n',
        "a.py": "# -*- coding: latin-1 -*-\n'''Module a: \u00e9'''\n".encode("latin-1"),
        "silent.py": b"x = 1\n",
        "broken.py": b'"""Never seen."""\ndef f(:\n',
        "undecodable.py": b'"""\xff\xfe"""\n',
        "cookie.py": b'# coding: no-such-codec\n"""x"""\n',
        "escape.py": b'"""An old \\d escape."""\n',
        "test/inner.py": b'"""A test."""\n',
        "site-packages/other.py": b'"""Somebody else."""\n',
        "_sysconfigdata_x.py": b'"""Build settings."""\n',
        "readme.txt": b"not a module",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    monkeypatch.setattr(sysconfig, "get_path", lambda name: os.fspath(tmp_path))
    return files


def test_docstrings_come_in_order_once_and_broken_modules_are_left_out(small_library):
    assert docstrings_of_all() == [
        "Module a: \u00e9\n",
        "Module b.\n\nClass C.\n\nMore.\n\nMethod f.\n",
        "An old \\d escape.\n",
    ]


def test_source_is_the_text_of_each_module_that_can_be_decoded(small_library):
    names = ["a.py", "b.py", "broken.py", "escape.py", "silent.py"]
    expected = [small_library[name] for name in names]
    assert sources_of_all() == [
        content.decode("latin-1" if b"latin-1" in content else "utf-8") for content in expected
    ]


def test_docstrings_are_those_that_an_independent_walk_finds(small_library, tmp_path):
    (tmp_path / "only.py").write_bytes(small_library["b.py"])
    tree = ast.parse(small_library["b.py"])
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    found = {ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds)}
    document = next(d for d in docstrings_of_all() if d.startswith("Module b"))
    assert found == set(re.split(r"\n\n(?!More)", document.rstrip()))


def test_a_python_without_source_says_to_give_a_text_file(tmp_path, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_path", lambda name: os.fspath(tmp_path))
    with pytest.raises(InputError, match=r"has none[.] Give a text file of your own"):
        next(stdlib_documents())
