import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.tokenizers.byte_level_bpe import pretokenization
from minibig.tokenizers.byte_level_bpe.pretokenization import (
    count_pre_tokens,
    pre_token_finder,
    split_at_special_tokens,
)

mixed = st.text(
    st.sampled_from("ab'sdmtlver 12½٣.,!\n\r\t\u00a0\u3000中文〇々、ぁあé̈👍")
) | st.text(
    st.characters(exclude_categories=["Cs", "Cn"])  # what is unassigned depends on the version
)


@given(mixed, st.booleans())
def test_the_pieces_together_are_the_text(text, isolate_han):
    assert "".join(pre_token_finder(isolate_han)(text)) == text


@given(mixed)
def test_han_characters_stand_alone_when_isolated(text):
    for piece in pre_token_finder(True)(text):
        named_han = [
            c for c in piece if unicodedata.name(c, "").startswith("CJK UNIFIED IDEOGRAPH")
        ]
        assert not named_han or len(piece) == 1


@given(st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0x2E7F)))
def test_without_han_isolating_changes_nothing(text):
    assert pre_token_finder(True)(text) == pre_token_finder(False)(text)


@given(mixed)
def test_a_piece_is_of_one_class_with_at_most_one_space_before(text):
    def class_of(character):
        if character.isspace() and character not in "\x1c\x1d\x1e\x1f":  # White_Space in Unicode
            return "space"
        return {"L": "letter", "N": "number"}.get(unicodedata.category(character)[0], "other")

    for piece in pre_token_finder(False)(text):
        if piece not in ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d"):
            assert len({class_of(character) for character in piece.removeprefix(" ")}) <= 1


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("we've they'll I'd", ["we", "'ve", " they", "'ll", " I", "'d"]),
        ("WE'VE", ["WE", "'", "VE"]),
        ("a  b", ["a", " ", " b"]),
        ("a \n\n b", ["a", " \n\n", " b"]),
        ("end  ", ["end", "  "]),
        ("\tx", ["\t", "x"]),
        ("x1y", ["x", "1", "y"]),
        (" ?! ", [" ?!", " "]),
        ("我们，你", ["我们", "，", "你"]),
    ],
)
def test_known_cuts(text, pieces):
    assert pre_token_finder(False)(text) == pieces


def test_han_numbers_and_iteration_marks_are_isolated_too():
    assert pre_token_finder(True)("2〇人々 1") == ["2", "〇", "人", "々", " 1"]


@given(st.lists(st.sampled_from(["<a>", "<ab>", "x", "<", "a"])))
def test_splitting_keeps_the_text_and_leaves_no_special_token(parts):
    text = "".join(parts)
    pieces = split_at_special_tokens(text, ["<a>", "<ab>"])
    assert "".join(pieces) == text
    assert all(piece in ("<a>", "<ab>") for piece in pieces[1::2])
    assert not any("<a>" in piece or "<ab>" in piece for piece in pieces[::2])


def test_the_longer_of_two_special_tokens_wins():
    assert split_at_special_tokens("aaa", ["a", "aa"]) == ["", "aa", "", "a", ""]


def test_signs_of_regular_expressions_in_special_tokens_are_plain():
    assert split_at_special_tokens("a.b", [".*"]) == ["a.b"]
    assert split_at_special_tokens("a.*b", [".*"]) == ["a", ".*", "b"]


def test_counting_adds_up_over_texts_and_skips_special_tokens():
    counts = count_pre_tokens(["a a", "a<e>a"], special_tokens=["<e>"], isolate_han=False)
    assert counts == {"a": 3, " a": 1}


def test_counting_is_exact_as_long_as_there_is_room(monkeypatch):
    words = [f"{chr(97 + i % 26)}{i}" for i in range(50)] * 40
    texts = [" ".join(words[i : i + 7]) for i in range(0, len(words), 7)]
    settings = {"special_tokens": [], "isolate_han": False}
    expected = count_pre_tokens(texts, **settings)
    different = sum(map(len, expected))
    monkeypatch.setattr(pretokenization, "_MOST_CHARACTERS", different * 8 // 7 + 8)
    assert count_pre_tokens(texts, **settings) == expected


def test_an_endless_supply_of_different_words_takes_bounded_room_and_keeps_the_frequent(
    monkeypatch,
):
    monkeypatch.setattr(pretokenization, "_MOST_CHARACTERS", 1000)

    def letters(number):
        return "".join(chr(97 + int(digit)) for digit in str(number))

    texts = [f" {letters(10**8 + i)} the {letters(10**9 + i)} cat" for i in range(2000)]
    counts = count_pre_tokens(texts, special_tokens=[], isolate_han=False)
    assert 500 < sum(map(len, counts)) <= 1000
    assert (counts[" the"], counts[" cat"]) == (2000, 2000)
    assert counts[f" {letters(10**9 + 1999)}"] == 1  # what came last is always there


def test_a_text_longer_than_the_room_is_counted(monkeypatch):
    monkeypatch.setattr(pretokenization, "_MOST_CHARACTERS", 10)
    texts = ["a" * 50, "b" * 50]
    counts = count_pre_tokens(texts, special_tokens=[], isolate_han=False)
    assert counts == {"b" * 50: 1}
