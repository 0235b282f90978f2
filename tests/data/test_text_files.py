"""Files: documents come whole, in order and in bounded memory; bad files are refused by name."""

import codecs
import os
import tracemalloc
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibig.backend.errors import InputError
from minibig.data import DOCUMENT_SEPARATOR, load_documents
from minibig.data.text_files import PIECE_BYTES

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
        monkeypatch.setattr("minibig.data.text_files.PIECE_BYTES", size)

    return use


@settings(deadline=None)
@given(documents=st.lists(any_text | few_characters, max_size=5), piece=st.integers(1, 40))
def test_documents_are_those_between_separators_however_the_file_is_read(file, documents, piece):
    text = DOCUMENT_SEPARATOR.join(documents)
    file.write_bytes(text.encode())
    expected = documents_by_definition(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minibig.data.text_files.PIECE_BYTES", piece)
        if not expected:
            with pytest.raises(InputError, match="is empty"):
                list(load_documents(file))
            return
        pieces = list(load_documents(file))
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
        patch.setattr("minibig.data.text_files.PIECE_BYTES", max(piece, 3))
        if expected:
            assert whole(load_documents(file, errors="replace")) == [expected]
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as error:
            offset = len(content) - len(body) + error.start
            with pytest.raises(
                InputError, match=rf"0x{content[offset]:02x} at offset {offset} is not"
            ):
                list(load_documents(file))


@pytest.mark.parametrize("size", [1, 2, 3, PIECE_BYTES])
def test_crlf_becomes_lf_and_a_lone_cr_stays(file, small_pieces, size):
    small_pieces(size)
    file.write_bytes(b"a\r\nb\rc\r\r\n\r")
    assert whole(load_documents(file)) == ["a\nb\rc\r\n\r"]


def test_a_byte_order_mark_is_dropped_at_the_start_only(file):
    file.write_bytes(codecs.BOM_UTF8 + "a\ufeffb".encode())
    assert whole(load_documents(file)) == ["a\ufeffb"]


@pytest.mark.parametrize("size", [1, 2, 16, 17, PIECE_BYTES])
def test_the_line_end_after_a_separator_belongs_to_it(file, small_pieces, size):
    small_pieces(size)
    file.write_text("one<|endoftext|>\n\ntwo<|endoftext|>\n")
    assert whole(load_documents(file)) == ["one", "\ntwo"]


def test_a_folder_gives_its_text_files_sorted_and_not_the_hidden_ones(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    for name in ["c.txt", "b/z.md", "b/a.RST", ".git/x.txt", ".hidden.txt", "image.png", "a.text"]:
        (tmp_path / name).write_text(name)
    assert whole(load_documents(tmp_path)) == ["a.text", "b/a.RST", "b/z.md", "c.txt"]


def test_a_glob_gives_every_file_it_matches_at_any_depth(tmp_path):
    (tmp_path / "inner.py").mkdir()
    for name in ["b.py", "a.py", "inner.py/c.py", "d.txt"]:
        (tmp_path / name).write_text(name)
    assert whole(load_documents(tmp_path / "*.py")) == ["a.py", "b.py"]
    assert whole(load_documents(f"{tmp_path}/**/*.py")) == ["a.py", "b.py", "inner.py/c.py"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    (tmp_path / "a[1].txt").write_text("this one")
    (tmp_path / "a1.txt").write_text("not this one")
    assert whole(load_documents(tmp_path / "a[1].txt")) == ["this one"]


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
        ("Ünicode".encode("utf-16"), "is UTF-16, not UTF-8. Convert it: iconv -f UTF-16"),
        (
            "caf\u00e9 au lait".encode("latin-1"),
            "byte 0xe9 at offset 3 is not.* like CP1252. Convert it",
        ),
        (b"cut short \xe5\xad", "byte 0xe5 at offset 10"),
        (b"x" * (PIECE_BYTES - 1) + b"\xe5!", f"byte 0xe5 at offset {PIECE_BYTES - 1}"),
        (b"x" * PIECE_BYTES + b"\0", f"NUL byte at offset {PIECE_BYTES}"),
    ],
)
def test_a_file_without_usable_text_is_refused_in_one_sentence(file, content, message):
    file.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        list(load_documents(file))
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_paths_that_name_no_text_are_refused_before_anything_is_read(tmp_path):
    with pytest.raises(InputError, match=r"no file or folder, nor a corpus \(stdlib, world\)"):
        load_documents(tmp_path / "missing.txt")
    with pytest.raises(InputError, match="nor a corpus"):
        load_documents("stdlibs")
    with pytest.raises(InputError, match=r"no file matches .*\*\.txt"):
        load_documents(tmp_path / "*.txt")
    with pytest.raises(InputError, match=r"holds no file ending in \.md, .*glob such as"):
        load_documents(tmp_path)
    with pytest.raises(InputError, match="errors must be one of strict, replace; got 'ignore'"):
        load_documents(tmp_path, errors="ignore")
    with pytest.raises(InputError, match="name must be the path of a file or a folder; got 7"):
        load_documents(7)


def test_a_file_that_vanishes_before_it_is_read_is_named(file):
    file.write_text("here")
    pieces = load_documents(file)
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
        read = sum(len(text.encode()) for _, text in load_documents(file))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        file.write_text("")
    assert read == size
    assert peak < 20 * PIECE_BYTES


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("我是一个人工智能聊天机器人，请问你有什么问题？这是中国的。", "gbk"),
        ("我是一個人工智慧聊天機器人，請問你有什麼問題？這是我們的。", "big5"),
        ("これは日本語の文章です。とても短いのですが、あります。", "shift_jis"),
        ("이것은 한국어로 쓴 글이다. 그는 학교에 간다.", "cp949"),
        ("Это русский текст, и он не очень длинный.", "cp1251"),
    ],
)
def test_advice_for_another_encoding_does_not_destroy_the_text(file, text, encoding):
    file.write_bytes(b"one line in ASCII\n" + text.encode(encoding))
    known = "gb18030" if encoding == "gbk" else encoding
    with pytest.raises(InputError, match=f"iconv -f {known.upper()} -t UTF-8") as caught:
        list(load_documents(file))
    assert "replace" not in str(caught.value)


def test_a_few_broken_bytes_may_be_replaced(file):
    file.write_bytes("中文, ordinary text".encode() + b"\xff\x81 and more")
    with pytest.raises(InputError, match="errors='replace'"):
        list(load_documents(file))
    assert "ordinary text\ufffd" in whole(load_documents(file, errors="replace"))[0]


@pytest.fixture
def linked(tmp_path):
    """A folder in which each of two texts can be reached in very many ways."""
    for name in ("a.txt", "inner/b.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    try:
        (tmp_path / "again").symlink_to(".")
        (tmp_path / "inner" / "up").symlink_to("..")
        (tmp_path / "inner" / "same.txt").symlink_to("../a.txt")
        (tmp_path / "side").symlink_to("inner")
    except OSError:
        pytest.skip("no links here")
    return tmp_path


@pytest.mark.parametrize("pattern", ["**/*.txt", "**/**/*.txt", "*/**/*.txt", "", "**/?.txt"])
def test_links_give_no_file_twice(linked, pattern):
    found = sorted(whole(load_documents(f"{linked}/{pattern}")))
    assert found == ["a.txt", "inner/b.txt"]


def test_hidden_files_are_matched_only_by_a_pattern_with_a_dot(tmp_path):
    for name in ("a.txt", ".b.txt"):
        (tmp_path / name).write_text(name)
    assert whole(load_documents(f"{tmp_path}/*.txt")) == ["a.txt"]
    assert whole(load_documents(f"{tmp_path}/.*.txt")) == [".b.txt"]
    assert whole(load_documents(f"{tmp_path}/**")) == ["a.txt"]


def test_patterns_are_those_of_a_shell_from_the_current_folder_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a1.txt", "b2.txt", "c/d3.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert whole(load_documents("[ab]?.txt")) == ["a1.txt", "b2.txt"]
    assert whole(load_documents("c/*")) == whole(load_documents("*/d3.txt")) == ["c/d3.txt"]
    assert whole(load_documents("./[!a]*.txt")) == ["b2.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_no_text(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    os.mkfifo(tmp_path / "b.txt")
    for name in ("b.txt", "", "*.txt"):
        with pytest.raises(InputError, match=r"b\.txt is not a regular file"):
            list(load_documents(f"{tmp_path}/{name}"))
    os.mkfifo(tmp_path / "c.jsonl")
    with pytest.raises(InputError, match=r"c\.jsonl is not a regular file"):
        list(load_documents(f"{tmp_path}/c.jsonl:text"))
