"""Corpora: documents come whole, in order and in bounded memory; bad files are refused by name."""

import ast
import codecs
import os
import re
import sysconfig
import tracemalloc
from itertools import groupby, islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibig.backend.errors import InputError
from minibig.data import (
    DOCUMENT_SEPARATOR,
    load_documents,
    stdlib_docstrings,
    stdlib_documents,
    stdlib_source,
    stdlib_topics,
    text_documents,
)
from minibig.data.corpora import PIECE_BYTES

any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff"))
few_characters = st.text("ab \n<|endoftext|>é字")


def whole(pieces):
    """The documents of a corpus, their pieces joined."""
    return ["".join(text for _, text in group) for _, group in groupby(pieces, key=lambda p: p[0])]


def documents_by_definition(text):
    """One scan from left to right, without knowledge of pieces."""
    documents, position = [""], 0
    while position < len(text):
        if text.startswith(DOCUMENT_SEPARATOR, position):
            position += len(DOCUMENT_SEPARATOR)
            position += text.startswith("\n", position)
            documents.append("")
        else:
            documents[-1] += text[position]
            position += 1
    return [document for document in documents if document]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("corpora") / "text.txt"


@pytest.fixture
def small_pieces(monkeypatch):
    """Read a few bytes at a time, so that short texts meet every boundary."""

    def use(size):
        monkeypatch.setattr("minibig.data.corpora.PIECE_BYTES", size)

    return use


@settings(deadline=None)
@given(documents=st.lists(any_text | few_characters, max_size=5), piece=st.integers(1, 40))
def test_documents_are_those_between_separators_however_the_file_is_read(file, documents, piece):
    text = DOCUMENT_SEPARATOR.join(documents)
    file.write_bytes(text.encode())
    expected = documents_by_definition(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minibig.data.corpora.PIECE_BYTES", piece)
        if not expected:
            with pytest.raises(InputError, match="is empty"):
                list(text_documents(file))
            return
        pieces = list(text_documents(file))
    assert whole(pieces) == expected
    assert sorted({index for index, _ in pieces}) == list(range(len(expected)))
    assert all(text for _, text in pieces)


@settings(deadline=None)
@given(content=st.binary(min_size=1, max_size=60), piece=st.integers(1, 8))
def test_bytes_are_decoded_as_if_the_file_were_read_at_once(file, content, piece):
    content = content.replace(b"\0", b"\xe5")
    file.write_bytes(content)
    body = content.removeprefix(codecs.BOM_UTF8)
    expected = body.decode("utf-8", "replace").replace("\r\n", "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minibig.data.corpora.PIECE_BYTES", max(piece, 3))
        if expected:
            assert whole(text_documents(file, errors="replace")) == [expected]
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as error:
            offset = len(content) - len(body) + error.start
            with pytest.raises(InputError, match=rf"0x{content[offset]:02x} at offset {offset};"):
                list(text_documents(file))


@pytest.mark.parametrize("size", [1, 2, 3, PIECE_BYTES])
def test_crlf_becomes_lf_and_a_lone_cr_stays(file, small_pieces, size):
    small_pieces(size)
    file.write_bytes(b"a\r\nb\rc\r\r\n\r")
    assert whole(text_documents(file)) == ["a\nb\rc\r\n\r"]


def test_a_byte_order_mark_is_dropped_at_the_start_only(file):
    file.write_bytes(codecs.BOM_UTF8 + "a\ufeffb".encode())
    assert whole(text_documents(file)) == ["a\ufeffb"]


@pytest.mark.parametrize("size", [1, 2, 16, 17, PIECE_BYTES])
def test_the_line_end_after_a_separator_belongs_to_it(file, small_pieces, size):
    small_pieces(size)
    file.write_text("one<|endoftext|>\n\ntwo<|endoftext|>\n")
    assert whole(text_documents(file)) == ["one", "\ntwo"]


def test_a_folder_gives_its_text_files_sorted_and_not_the_hidden_ones(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    for name in ["c.txt", "b/z.md", "b/a.RST", ".git/x.txt", ".hidden.txt", "image.png", "a.text"]:
        (tmp_path / name).write_text(name)
    assert whole(text_documents(tmp_path)) == ["a.text", "b/a.RST", "b/z.md", "c.txt"]


def test_a_glob_gives_every_file_it_matches_at_any_depth(tmp_path):
    (tmp_path / "inner.py").mkdir()
    for name in ["b.py", "a.py", "inner.py/c.py", "d.txt"]:
        (tmp_path / name).write_text(name)
    assert whole(text_documents(tmp_path / "*.py")) == ["a.py", "b.py"]
    assert whole(text_documents(f"{tmp_path}/**/*.py")) == ["a.py", "b.py", "inner.py/c.py"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    (tmp_path / "a[1].txt").write_text("this one")
    (tmp_path / "a1.txt").write_text("not this one")
    assert whole(text_documents(tmp_path / "a[1].txt")) == ["this one"]


def test_documents_are_numbered_on_over_files_and_empty_files_are_passed_over(tmp_path):
    for name, text in {"a": "1<|endoftext|>2", "b": "", "c": "<|endoftext|>", "d": "3"}.items():
        (tmp_path / f"{name}.txt").write_text(text)
    assert list(load_documents(tmp_path)) == [(0, "1"), (1, "2"), (2, "3")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: a text of at least one character is needed"),
        (codecs.BOM_UTF8, "is empty"),
        (b"<|endoftext|>\n", "is empty"),
        (b"text\0more", r"is a binary file \(NUL byte at offset 4\)"),
        (codecs.BOM_UTF8 + b"abc\0", "NUL byte at offset 6"),
        ("Ünicode".encode("utf-16"), "binary file"),
        ("caf\u00e9 au lait".encode("latin-1"), "not UTF-8: byte 0xe9 at offset 3;.*replace"),
        (b"cut short \xe5\xad", "byte 0xe5 at offset 10"),
        (b"x" * (PIECE_BYTES - 1) + b"\xe5!", f"byte 0xe5 at offset {PIECE_BYTES - 1}"),
        (b"x" * PIECE_BYTES + b"\0", f"NUL byte at offset {PIECE_BYTES}"),
    ],
)
def test_a_file_without_usable_text_is_refused_in_one_sentence(file, content, message):
    file.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        list(text_documents(file))
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_paths_that_name_no_text_are_refused_before_anything_is_read(tmp_path):
    with pytest.raises(InputError, match=r"no file or folder, nor a corpus \(stdlib, world\)"):
        load_documents(tmp_path / "missing.txt")
    with pytest.raises(InputError, match="nor a corpus"):
        load_documents("stdlibs")
    with pytest.raises(InputError, match=r"no file matches .*\*\.txt"):
        text_documents(tmp_path / "*.txt")
    with pytest.raises(InputError, match=r"holds no file ending in \.md, .*glob such as"):
        text_documents(tmp_path)
    with pytest.raises(InputError, match="errors must be 'strict' or 'replace'; got 'ignore'"):
        text_documents(tmp_path, errors="ignore")
    with pytest.raises(TypeError):
        text_documents(7)


def test_a_file_that_vanishes_before_it_is_read_is_named(file):
    file.write_text("here")
    pieces = text_documents(file)
    file.unlink()
    with pytest.raises(InputError, match=r"text\.txt cannot be read: No such file"):
        next(pieces)


def test_one_long_line_streams_in_bounded_memory(file):
    size = 20 * 2**20
    with open(file, "wb") as output:
        for _ in range(20):
            output.write("字word ".encode() * (2**20 // 8))
    tracemalloc.start()
    try:
        read = sum(len(text.encode()) for _, text in text_documents(file))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        file.write_text("")
    assert read == size
    assert peak < 20 * PIECE_BYTES


@pytest.fixture(scope="module")
def stdlib():
    return list(stdlib_documents())


@pytest.fixture(scope="module")
def docstrings():
    return list(stdlib_docstrings())


def test_stdlib_is_the_same_each_time_and_large_enough_to_learn_from(stdlib):
    again = [text for _, text in islice(load_documents("stdlib"), 60)]
    assert again == stdlib[:60]
    assert 1_500_000 < sum(map(len, stdlib)) < 6_000_000
    assert all(document.strip() for document in stdlib)
    assert DOCUMENT_SEPARATOR not in "".join(stdlib)


def test_stdlib_is_mostly_prose_with_some_source(stdlib, docstrings):
    source, prose = set(stdlib_source()), {*docstrings, *stdlib_topics()}
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
    assert list(stdlib_docstrings()) == [
        "Module a: \u00e9\n",
        "Module b.\n\nClass C.\n\nMore.\n\nMethod f.\n",
        "An old \\d escape.\n",
    ]


def test_source_is_the_text_of_each_module_that_can_be_decoded(small_library):
    names = ["a.py", "b.py", "broken.py", "escape.py", "silent.py"]
    expected = [small_library[name] for name in names]
    assert list(stdlib_source()) == [
        content.decode("latin-1" if b"latin-1" in content else "utf-8") for content in expected
    ]


def test_docstrings_are_those_that_an_independent_walk_finds(small_library, tmp_path):
    (tmp_path / "only.py").write_bytes(small_library["b.py"])
    tree = ast.parse(small_library["b.py"])
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    found = {ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds)}
    document = next(d for d in stdlib_docstrings() if d.startswith("Module b"))
    assert found == set(re.split(r"\n\n(?!More)", document.rstrip()))


def test_a_python_without_source_says_to_give_a_text_file(tmp_path, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_path", lambda name: os.fspath(tmp_path))
    for corpus in (stdlib_documents, stdlib_docstrings, stdlib_source):
        with pytest.raises(InputError, match=r"has none[.] Give a text file of your own"):
            next(corpus())
