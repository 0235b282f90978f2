"""The text of a run: both parts together are the text, every file is in both, one hash."""

import hashlib
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.data import Text, texts
from minibig.tokenizers import Characters


def joined(pieces):
    return "".join(text for _, text in pieces)


def whole(pieces):
    return ["".join(text for _, text in group) for _, group in groupby(pieces, key=lambda p: p[0])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("texts")


@settings(deadline=None)
@given(
    content=st.text("ab 字", min_size=1, max_size=40),
    fraction=st.floats(0, 1, exclude_max=True),
    kept=st.booleans(),
)
def test_the_parts_of_one_file_are_its_beginning_and_its_end(folder, content, fraction, kept):
    (folder / "a.txt").write_text(content, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "_MOST_KEPT", 100 * kept)
        text = Text(str(folder / "a.txt"), validation_fraction=fraction)
        cut = int(len(content) * (1 - fraction))
        assert joined(text.training()) == content[:cut]
        assert joined(text.validation()) == content[cut:]
    assert (text.characters, text.training_characters) == (len(content), cut)
    assert text.sha256 == hashlib.sha256(content.encode()).hexdigest()
    assert text.alphabet == "".join(sorted(set(content)))


@pytest.mark.parametrize("most_kept", [0, 10**6])
def test_every_file_of_a_folder_is_in_both_parts(tmp_path, monkeypatch, most_kept):
    monkeypatch.setattr(texts, "_MOST_KEPT", most_kept)
    names = {"a": "english ", "b": "中文中文", "c": "1234567890"}
    for name, content in names.items():
        (tmp_path / f"{name}.txt").write_text(content * 10, encoding="utf-8")
    (tmp_path / "empty.txt").write_text("")
    text = Text(str(tmp_path), validation_fraction=0.1)
    assert whole(text.training()) == [content * 9 for content in names.values()]
    assert whole(text.validation()) == list(names.values())
    assert [index for index, _ in text.validation()] == [0, 1, 2]
    assert whole(text.pieces()) == [content * 10 for content in names.values()]


def test_documents_of_each_part_are_numbered_from_0_and_the_cut_may_go_through_one(tmp_path):
    (tmp_path / "a.txt").write_text("0123<|endoftext|>456789")
    text = Text(str(tmp_path / "a.txt"), validation_fraction=0.4)
    assert list(text.training()) == [(0, "0123"), (1, "45")]
    assert list(text.validation()) == [(0, "6789")]
    parts = [(0, (0, "0123")), (0, (1, "45")), (1, (0, "6789"))]
    assert list(text.parts()) == parts


def test_the_rows_of_every_table_are_in_both_parts(tmp_path):
    for name in ("a", "b"):
        rows = "".join(f"{name}{i}\n" for i in range(10))
        (tmp_path / f"{name}.csv").write_text("text\n" + rows)
    text = Text(f"{tmp_path}/*.csv:text", validation_fraction=0.2)
    assert whole(text.validation()) == ["a8", "a9", "b8", "b9"]


def test_a_short_text_is_opened_once(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("some text " * 100)
    text = Text(str(tmp_path / "a.txt"), validation_fraction=0.1)
    assert text.characters == 1000
    (tmp_path / "a.txt").unlink()
    assert joined(text.training()) + joined(text.validation()) == "some text " * 100
    assert Characters.train(piece for _, piece in text.pieces()).vocab_size == 7


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(InputError, match=r"empty\.txt is empty"):
        _ = Text(str(tmp_path / "empty.txt")).characters
    with pytest.raises(InputError, match="nor a corpus"):
        Text("stdlibs")
    for wrong in (1, -0.1, "a", None):
        with pytest.raises(InputError, match="validation_fraction must be a number"):
            Text("stdlib", validation_fraction=wrong)


def test_the_entropy_of_a_text_is_known_for_the_world_only(tmp_path):
    assert Text("world").entropy > 0
    assert Text("stdlib").entropy is None
