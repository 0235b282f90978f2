import pytest

from minibig.backend.errors import InputError
from minibig.tokenizers.byte_level_bpe.byte_symbols import SYMBOLS
from minibig.tokenizers.byte_level_bpe.vocabulary import (
    bytes_of_tokens,
    check_vocabulary,
    checked_special_tokens,
    ranked_merges,
    trained_vocabulary,
)


def vocabulary_of(*more):
    return {token: number for number, token in enumerate([*SYMBOLS, *more])}


def test_ids_are_bytes_then_merges_then_special_tokens():
    vocabulary, merges = trained_vocabulary([(64, 65), (256, 66)], ["<x>", "<y>"])
    assert vocabulary == vocabulary_of("ab", "abc", "<x>", "<y>")
    assert merges == [("a", "b"), ("ab", "c")]


def test_merges_are_ranked_in_their_order():
    ranked = ranked_merges(vocabulary_of("ab", "abc"), [("a", "b"), ("ab", "c")])
    assert ranked.pairs == [(64, 65), (256, 66)]
    assert ranked.tokens == [256, 257]
    assert ranked.ranks == {(64, 65): 0, (256, 66): 1}


def test_two_ways_to_one_token_are_possible():
    merges = [("a", "b"), ("b", "c"), ("ab", "c"), ("a", "bc")]
    assert ranked_merges(vocabulary_of("ab", "bc", "abc"), merges).tokens == [256, 257, 258, 258]


@pytest.mark.parametrize(
    ("merges", "message"),
    [
        ([("a", "b"), ("x", "y")], "merge 2, 'x y', makes 'xy', which is not in the vocabulary"),
        ([("ab", "c"), ("a", "b")], "merge 1, 'ab c', uses 'ab', which no earlier merge makes"),
        (
            [("a", "b"), ("ab", "c"), ("abc", "a"), ("b", "c"), ("a", "bc")],
            "merge 5, 'a bc', makes 'abc', which an earlier merge already uses",
        ),
        ([("a", "b"), ("a", "b")], "merge 2, 'a b', stands there a second time"),
    ],
)
def test_merges_in_an_impossible_order_are_refused(merges, message):
    with pytest.raises(InputError, match=message):
        ranked_merges(vocabulary_of("ab", "abc", "bc", "abca"), merges)


def test_a_vocabulary_without_a_byte_is_refused():
    vocabulary = vocabulary_of()
    del vocabulary["Ġ"]
    with pytest.raises(InputError, match=r"each of the 256 bytes; 'Ġ' missing \(1 in all\)"):
        check_vocabulary(vocabulary)


@pytest.mark.parametrize(
    ("number", "message"), [(-1, "'ab' has -1"), (257, "'ab' has 257"), (64, "'a' and 'ab' both")]
)
def test_ids_with_a_gap_or_twice_are_refused(number, message):
    with pytest.raises(InputError, match=message):
        check_vocabulary(vocabulary_of() | {"ab": number})


def test_tokens_are_their_bytes_and_special_tokens_their_text():
    result = bytes_of_tokens(vocabulary_of("Ġa", "<é>"), [("Ġ", "a")], ["<é>"])
    assert result[256:] == [b" a", "<é>".encode()]
    assert sorted(result[:256]) == [bytes([byte]) for byte in range(256)]


@pytest.mark.parametrize(
    ("special", "message"),
    [
        ([], r"token '<x>' \(id 257\) is neither a byte nor made by a merge"),
        (["<x>", "<y>"], "special token '<y>' must be in the vocabulary"),
        (["<x>", "ab"], "special token 'ab' must differ from all"),
        (["<x>", "a"], "special token 'a' must differ from all"),
    ],
)
def test_special_tokens_are_those_that_are_not_ordinary(special, message):
    with pytest.raises(InputError, match=message):
        bytes_of_tokens(vocabulary_of("ab", "<x>"), [("a", "b")], special)


@pytest.mark.parametrize("wrong", [[""], ["<x>", "<x>"], ["\ud800"]])
def test_special_tokens_are_distinct_texts(wrong):
    with pytest.raises(InputError):
        checked_special_tokens(wrong)


@pytest.mark.parametrize("wrong", ["<x>", [3], [b"<x>"]])
def test_special_tokens_are_a_sequence_of_str(wrong):
    with pytest.raises(InputError, match=r"must be a sequence of str|text must be a str"):
        checked_special_tokens(wrong)


@pytest.mark.parametrize("wrong", [("a",), ("a", "b", "c"), ("a", 1), 3, None])
def test_a_merge_that_is_no_pair_of_texts_is_refused(wrong):
    vocabulary = {symbol: number for number, symbol in enumerate(SYMBOLS)}
    with pytest.raises(InputError, match="merges must be pairs of str; got"):
        ranked_merges(vocabulary, [wrong])
