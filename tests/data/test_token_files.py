"""Token files: what is read is what was written, however the text came, or it is refused."""

import errno
import hashlib
import io
import json
import os
import tracemalloc

import numpy as np
import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minibig.backend.errors import InputError
from minibig.data import TokenFile, load_documents, write_token_parts, write_tokens
from minibig.data.text_files import PIECE_BYTES

texts = st.text(st.sampled_from("abcé字 \n\t\x1c\u3000!'s12 ")) | st.text()


class Words:
    """Pre-tokens by GPT-2's pattern, each hashed to an id: it shows every wrong cut."""

    pattern = regex.compile(
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    )

    def __init__(self, vocab_size=60_000, end_of_text=None):
        self.vocab_size, self.end_of_text = vocab_size, end_of_text

    def encode(self, text):
        words = (word.encode("utf-8") for word in self.pattern.findall(text))
        digests = (hashlib.blake2b(word, digest_size=4).digest() for word in words)
        return [1 + int.from_bytes(digest, "little") % (self.vocab_size - 1) for digest in digests]


class Characters:
    """Each character is its own id."""

    vocab_size, end_of_text = 0x110000, None

    def encode(self, text):
        return [ord(character) for character in text]


class Constant:
    """The same ids for every text."""

    def __init__(self, ids, vocab_size=10, end_of_text=None):
        self.ids, self.vocab_size, self.end_of_text = ids, vocab_size, end_of_text

    def encode(self, text):
        return self.ids


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("tokens") / "tokens.bin"


def in_pieces(documents, sizes):
    """The documents as pieces of the given sizes, taken in turn."""
    turn = 0
    for index, document in enumerate(documents):
        position = 0
        while position == 0 or position < len(document):
            size = sizes[turn % len(sizes)]
            yield index, document[position : position + size]
            position, turn = position + size, turn + 1


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@settings(deadline=None)
@given(
    documents=st.lists(texts, min_size=1, max_size=4).filter(any),
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    end_of_text=st.sampled_from([None, 0]),
)
@example(documents=["a!\x1cb c"], sizes=[1], end_of_text=None)
def test_the_ids_of_a_document_do_not_depend_on_its_pieces(path, documents, sizes, end_of_text):
    tokenizer = Words(end_of_text=end_of_text)
    tokens = write_tokens(in_pieces(documents, sizes), tokenizer, path)
    end = [] if end_of_text is None else [end_of_text]
    assert tokens.n_documents == len(documents)
    for i, document in enumerate(documents):
        assert tokens.document(i).tolist() == tokenizer.encode(document) + end
    assert tokens.text_bytes == len("".join(documents).encode())


@settings(deadline=None)
@given(documents=st.lists(texts, min_size=1, max_size=4).filter(any))
def test_documents_of_characters_read_back_as_the_text(path, documents):
    tokens = write_tokens(enumerate(documents), Characters(), path)
    read = ["".join(map(chr, tokens.document(i))) for i in range(tokens.n_documents)]
    assert read == documents


@settings(deadline=None)
@given(
    documents=st.lists(texts, min_size=1, max_size=3).filter(any),
    others=st.lists(texts, min_size=1, max_size=3).filter(any),
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=3),
)
def test_the_hash_of_the_text_is_that_of_its_documents(path, documents, others, sizes):
    def text_hash(pieces):
        return write_tokens(pieces, Characters(), path).sidecar["text_sha256"]

    first = text_hash(in_pieces(documents, sizes))
    assert first == text_hash(enumerate(documents))
    assert (first == text_hash(enumerate(others))) == (documents == others)


@pytest.mark.parametrize(
    ("vocab_size", "dtype"), [(65_536, "<u2"), (65_537, "<u4"), (2**32, "<u4")]
)
def test_the_file_is_plain_little_endian_numbers(path, vocab_size, dtype):
    ids = [0, 1, 258, vocab_size - 1]
    tokens = write_tokens([(0, "x")], Constant(ids, vocab_size), path)
    assert path.read_bytes() == b"".join(i.to_bytes(int(dtype[2]), "little") for i in ids)
    assert tokens.ids.dtype == dtype
    assert tokens.ids.tolist() == ids


def test_the_file_is_mapped_read_only_and_its_split_as_well(path):
    tokens = write_tokens([(0, "a b c d")], Words(), path)
    train, validation = tokens.split(0.5)
    assert isinstance(tokens.ids, np.memmap)
    assert [*train.ids, *validation.ids] == list(tokens.ids)
    assert np.shares_memory(validation.ids, tokens.ids)
    with pytest.raises(ValueError, match="read-only"):
        tokens.ids[0] = 1


def test_the_sidecar_names_what_the_files_hold(path):
    tokens = write_tokens(enumerate(["one two", "", "three"]), Words(100, end_of_text=0), path)
    assert tokens.document_starts.tolist() == [0, 3, 4]
    sidecar = json.loads((path.parent / "tokens.bin.json").read_text())
    assert sidecar["payload"] == tokens.sidecar
    sidecar = sidecar["payload"]
    assert {key: sidecar[key] for key in ("dtype", "tokens", "documents", "vocab_size")} == {
        "dtype": "uint16",
        "tokens": 6,
        "documents": 3,
        "vocab_size": 100,
    }
    assert sidecar["tokens_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sidecar["text_sha256"] == hashlib.sha256(b"one two\xff\xffthree\xff").hexdigest()


def test_writing_again_replaces_everything_and_leaves_three_files(tmp_path):
    path = tmp_path / "new" / "folder" / "tokens.bin"
    write_tokens(enumerate(["a b", "c"]), Words(), path)
    tokens = write_tokens([(0, "d")], Words(), path)
    assert tokens.ids.tolist() == TokenFile(path).ids.tolist() == Words().encode("d")
    assert set(contents(path.parent)) == {"tokens.bin", "tokens.bin.documents", "tokens.bin.json"}


def test_a_long_word_without_whitespace_still_streams(path):
    pieces = [(0, "字" * 2**18)] * 6
    tokens = write_tokens(pieces, Characters(), path)
    assert tokens.n_tokens == 6 * 2**18
    assert set(tokens.ids.tolist()) == {ord("字")}


def test_a_long_line_is_tokenized_in_bounded_memory(tmp_path):
    size = 20 * 2**20
    text, path = tmp_path / "text.txt", tmp_path / "tokens.bin"
    with open(text, "wb") as output:
        for _ in range(20):
            output.write(b"sixteen letters " * (2**20 // 16))
    tracemalloc.start()
    try:
        tokens = write_tokens(load_documents(text), Characters(), path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert tokens.n_tokens == size
    assert peak < 10 * 2**20
    assert peak < 100 * PIECE_BYTES


class Interrupted(BaseException):
    """As Ctrl-C: not an Exception."""


def failing_pieces(error):
    yield 0, "new text " * 10_000
    raise error


@pytest.mark.parametrize("error", [RuntimeError("lost"), Interrupted(), InputError("bad text")])
def test_a_failure_midway_keeps_the_old_file_and_leaves_no_temporary_one(tmp_path, error):
    path = tmp_path / "tokens.bin"
    write_tokens([(0, "old text")], Words(), path)
    before = contents(tmp_path)
    with pytest.raises(type(error)):
        write_tokens(failing_pieces(error), Words(), path)
    assert contents(tmp_path) == before


def test_a_full_disk_keeps_the_old_file_and_says_so(tmp_path, monkeypatch):
    path = tmp_path / "tokens.bin"
    write_tokens([(0, "old text")], Words(), path)
    before = contents(tmp_path)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"tokens\.bin cannot be written: No space left"):
        write_tokens([(0, "new text")], Words(), path)
    assert contents(tmp_path) == before


def test_a_crash_between_the_renames_is_noticed_when_opening(tmp_path, monkeypatch):
    path = tmp_path / "tokens.bin"
    write_tokens([(0, "old text")], Words(), path)
    replace = os.replace

    def only_the_first(source, target):
        if target != path:
            raise Interrupted
        replace(source, target)

    monkeypatch.setattr(os, "replace", only_the_first)
    with pytest.raises(Interrupted):
        write_tokens([(0, "new text")], Words(), path)
    with pytest.raises(InputError, match="is not what its sidecar describes"):
        TokenFile(path)


def test_places_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    for path in (tmp_path / "file" / "tokens.bin", tmp_path / "file" / "below" / "tokens.bin"):
        with pytest.raises(InputError, match=r"cannot be written: .*another place"):
            write_tokens([(0, "text")], Words(), path)
    for name in ("a.bin", "b.bin.documents", "c.bin.json"):
        (tmp_path / name).mkdir()
        with pytest.raises(InputError, match=rf"{name} cannot be written: a folder is in the way"):
            write_tokens([(0, "text")], Words(), tmp_path / f"{name[0]}.bin")
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]


@pytest.mark.parametrize(
    ("pieces", "tokenizer", "message"),
    [
        ([(0, "x")], Constant([3, 10]), "whole numbers from 0 to 9; got 10"),
        ([(0, "x")], Constant([-1]), "got -1"),
        ([(0, "x")], Constant([0.5]), "ids of the tokenizer must be whole .*; got 0.5"),
        ([(0, "x")], Constant([]), "the corpus gave no tokens"),
        ([], Words(), "the corpus gave no tokens"),
        ([(0, "")], Words(end_of_text=0), "the corpus gave no tokens"),
        ([(1, "x")], Words(), "numbered 0, 1, 2, .*got 1 after -1"),
        ([(0, "x"), (2, "y")], Words(), "got 2 after 0"),
        ([(0, "x"), (1, "y"), (0, "z")], Words(), "got 0 after 1"),
        (["ab"], Words(), r"pairs \(document index, text\).*got 'ab'"),
        ([(0, b"ab")], Words(), "pairs"),
        ([(0, "x")], Constant([1], 0), "vocab_size must be a whole number"),
        ([(0, "x")], Constant([1], 10, end_of_text=10), "end_of_text must be whole .*; got 10"),
        ([(0, "x")], Constant([1], 10, end_of_text="</s>"), "end_of_text must .*; got '</s>'"),
        ([(0, "x")], io.StringIO(), "must be a tokenizer with encode"),
        ([(0, "x")], "words", "must be a tokenizer with vocab_size"),
    ],
)
def test_wrong_pieces_and_tokenizers_are_refused_and_nothing_is_left(
    tmp_path, pieces, tokenizer, message
):
    with pytest.raises(InputError, match=message):
        write_tokens(pieces, tokenizer, tmp_path / "tokens.bin")
    assert contents(tmp_path) == {}


def first_version(tokens):
    """The sidecar as the first version of the format had it."""
    return {"format": "minibig tokens", "version": 1, **tokens.sidecar}


def test_a_token_file_of_the_first_version_still_opens(tmp_path):
    tokens = write_tokens(enumerate(["a b", "c d"]), Words(), tmp_path / "tokens.bin")
    (tmp_path / "tokens.bin.json").write_text(json.dumps(first_version(tokens)))
    assert TokenFile(tmp_path / "tokens.bin").ids.tolist() == tokens.ids.tolist()


def changed(**entries):
    def change(sidecar):
        return {**sidecar, **entries}

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda sidecar: [], "it must be an object"),
        (changed(format="other"), "does not describe a token file"),
        (changed(version=3), "has format version 3, and this minibig reads 1 to 2"),
        (changed(tokens=3), "has 8 bytes, its sidecar says 6"),
        (changed(tokens=-4), "tokens must be a whole number .*; got -4"),
        (changed(tokens=4.0), r"tokens must be a whole number .*; got 4\.0"),
        (changed(tokens=10**15), "its sidecar says 2,000,000"),
        (changed(tokens=10**30), "tokens must be a whole number"),
        (changed(documents=3), "has 16 bytes, its sidecar says 24"),
        (changed(documents=True), "documents must be a whole number .*; got True"),
        (changed(vocab_size=70_000), "dtype and vocab_size disagree"),
        (changed(vocab_size=2**33), "vocab_size must be a whole number"),
        (changed(vocab_size=2), "must be whole numbers from 0 to 1; got [0-9]+"),
        (changed(dtype="float16"), "dtype and vocab_size disagree"),
        (changed(tokens_sha256="0" * 64), r"tokens\.bin is not what its sidecar describes"),
        (changed(documents_sha256="0" * 64), r"\.documents is not what its sidecar describes"),
        (changed(text_sha256=None), "text_sha256 must be a text; got None"),
    ],
)
def test_a_sidecar_that_does_not_fit_is_refused(tmp_path, change, message):
    path = tmp_path / "tokens.bin"
    sidecar = first_version(write_tokens(enumerate(["a b", "c d"]), Words(), path))
    (tmp_path / "tokens.bin.json").write_text(json.dumps(change(sidecar)))
    with pytest.raises(InputError, match=message):
        TokenFile(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000])
def test_a_sidecar_that_is_not_json_is_refused(tmp_path, content):
    path = tmp_path / "tokens.bin"
    write_tokens([(0, "text")], Words(), path)
    (tmp_path / "tokens.bin.json").write_bytes(content)
    with pytest.raises(InputError, match=r"tokens\.bin\.json is not usable: .* write it again"):
        TokenFile(path)


@pytest.mark.parametrize("name", ["tokens.bin", "tokens.bin.documents", "tokens.bin.json"])
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_one_flipped_bit_is_noticed(path, name, data):
    write_tokens(enumerate(["some text", "and some more"]), Words(), path)
    file = path.with_name(name)
    content = bytearray(file.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"write it again"):
        TokenFile(path)


@pytest.mark.parametrize("content", ['{"mine": 1}', "[1, 2]", "not even JSON"])
def test_a_json_file_of_something_else_is_neither_read_nor_replaced(tmp_path, content):
    (tmp_path / "mine.json").write_text(content)
    for use in (TokenFile, lambda path: write_tokens([(0, "text")], Words(), path)):
        with pytest.raises(
            InputError, match=r"mine\.json is no part of a token file: .* Give another path"
        ):
            use(tmp_path / "mine")
    assert contents(tmp_path) == {"mine.json": content.encode()}


@pytest.mark.parametrize("name", ["tokens.bin", "tokens.bin.documents", "tokens.bin.json"])
def test_a_missing_part_is_named(tmp_path, name):
    path = tmp_path / "tokens.bin"
    write_tokens([(0, "text")], Words(), path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=rf"{name} cannot be read"):
        TokenFile(path)


def test_starts_that_are_no_boundaries_are_refused_even_with_the_right_hash(tmp_path):
    path, documents = tmp_path / "tokens.bin", tmp_path / "tokens.bin.documents"
    sidecar = first_version(write_tokens(enumerate(["a b", "c"]), Words(), path))
    documents.write_bytes(np.array([0, 9], "<u8").tobytes())
    sidecar["documents_sha256"] = hashlib.sha256(documents.read_bytes()).hexdigest()
    (tmp_path / "tokens.bin.json").write_text(json.dumps(sidecar))
    with pytest.raises(InputError, match="documents must be whole numbers in order"):
        TokenFile(path)


def test_two_parts_written_in_one_go_are_those_written_alone(tmp_path):
    parts = [(0, (0, "one two")), (1, (0, "three")), (0, (0, " more")), (1, (1, "four"))]
    paths = [tmp_path / "a.bin", tmp_path / "b.bin"]
    together = write_token_parts(parts, Words(end_of_text=0), paths)
    for part, tokens in enumerate(together):
        pieces = [piece for number, piece in parts if number == part]
        alone = write_tokens(pieces, Words(end_of_text=0), tmp_path / "alone.bin")
        assert tokens.sidecar == alone.sidecar


def test_an_error_of_the_pieces_is_not_taken_for_one_of_the_file(tmp_path):
    def pieces():
        yield 0, "text"
        raise OSError(errno.EIO, "the source is gone")

    with pytest.raises(OSError, match="the source is gone") as caught:
        write_tokens(pieces(), Words(), tmp_path / "tokens.bin")
    assert type(caught.value) is OSError
    assert contents(tmp_path) == {}
