import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.tokenizers.byte_level_bpe import pre_token_ids
from minibig.tokenizers.byte_level_bpe.pair_merging import Merges
from minibig.tokenizers.byte_level_bpe.pre_token_ids import LONGEST_KEPT, PreTokenIds


def two_merges():
    a, b = ord("a"), ord("b")
    merges = Merges([(a, b), (256, 256)], [256, 257], {(a, b): 0, (256, 256): 1})
    return PreTokenIds(range(256), merges, 258)


def one_by_one(words):
    return [token for word in words for token in two_merges().encode([word])]


@given(st.lists(st.text("ab", min_size=1, max_size=300) | st.text("ab", min_size=1, max_size=8)))
def test_the_ids_are_those_of_each_pre_token_by_itself_however_often_asked(words):
    known = two_merges()
    assert known.encode(words) == known.encode(words) == one_by_one(words)


@pytest.mark.parametrize("worth", [0, 10**9])
def test_many_pre_tokens_are_encoded_as_one_by_one(monkeypatch, worth):
    monkeypatch.setattr(pre_token_ids, "MOST_TOGETHER", 2000)
    monkeypatch.setattr(pre_token_ids, "WORTH_COMPILING", worth)
    words = ["ab" * (i % 70 + 200 * (i % 40 == 0)) + "a" * (i // 70 + 1) for i in range(300)]
    assert two_merges().encode(words) == one_by_one(words)


def test_long_pre_tokens_are_merged_and_not_kept():
    known = two_merges()
    assert known.encode(["ab" * 1000]) == [257] * 500
    assert known.encode(["ab"]) == [256]
    assert known.encode(["x" * (LONGEST_KEPT + 1)]) == [ord("x")] * (LONGEST_KEPT + 1)
    assert set(known) == {"ab"}


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(pre_token_ids, "MOST_KEPT", 10)
    known = two_merges()
    for number in range(100):
        assert known.encode([str(number)]) == list(str(number).encode())
        assert len(known) <= 10
    numbers = list(map(str, range(100)))
    assert known.encode(numbers) == list("".join(numbers).encode())
    assert len(known) <= 10
