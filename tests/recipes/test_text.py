"""From text to tokens: how often a text that is too long for the memory is read."""

import pytest

from minibig.data import Text, text_files, texts
from minibig.recipes.text import new_tokenizer, tokenized, train_tokenizer
from minibig.tokenizers import Characters

CONTENT = "some é text 你好\n" * 100


@pytest.fixture
def readings(tmp_path, monkeypatch):
    """The files that are read, each time they are; every text counts as a long one."""
    (tmp_path / "a.txt").write_text(CONTENT, encoding="utf-8")
    monkeypatch.setattr(texts, "_MOST_KEPT", 0)
    read, found = text_files.read_blocks, []

    def noted(path, size):
        found.append(path.name)
        return read(path, size)

    monkeypatch.setattr(text_files, "read_blocks", noted)
    return found


@pytest.mark.parametrize(("kind", "n_readings"), [("characters", 2), ("bpe", 3)])
def test_characters_are_collected_while_the_text_is_measured(readings, tmp_path, kind, n_readings):
    text = Text(str(tmp_path / "a.txt"), validation_fraction=0.1)
    made = tokenized(tmp_path / "run", text, kind, 270, lambda line: None)
    assert readings == ["a.txt"] * n_readings
    assert made.training.n_tokens + made.validation.n_tokens >= len(set(CONTENT))
    if kind == "characters":
        assert made.tokenizer.characters == "".join(sorted(set(CONTENT)))


def test_a_tokenizer_of_characters_alone_costs_one_reading(readings, tmp_path):
    made, text = train_tokenizer(str(tmp_path / "a.txt"), tmp_path / "made", "characters")
    assert isinstance(made, Characters) and made.characters == text.alphabet
    assert text.characters == len(CONTENT) and readings == ["a.txt"]


def test_the_characters_of_the_validation_part_are_known_too(tmp_path):
    (tmp_path / "a.txt").write_text("a" * 99 + "z")
    text = Text(str(tmp_path / "a.txt"), validation_fraction=0.1)
    assert new_tokenizer("characters", text, 0).encode("z") == [1]
