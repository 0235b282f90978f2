from hypothesis import given
from hypothesis import strategies as st

from minibig.tokenizers.byte_level_bpe import pre_token_ids
from minibig.tokenizers.byte_level_bpe.pair_merging import Merges
from minibig.tokenizers.byte_level_bpe.pre_token_ids import LONGEST_KEPT, LONGEST_SHORT, PreTokenIds


def two_merges():
    a, b = ord("a"), ord("b")
    merges = Merges([(a, b), (256, 256)], [256, 257], {(a, b): 0, (256, 256): 1})
    return PreTokenIds(range(256), merges, [1] * 256 + [2, 4])


@given(st.text("ab", max_size=3 * LONGEST_SHORT), st.text("ab", max_size=8))
def test_asking_again_gives_the_same(long, short):
    known = two_merges()
    for word in (long, short):
        assert known[word] == known[word] == two_merges()[word]


def test_long_pre_tokens_are_merged_and_not_kept():
    known = two_merges()
    assert known["ab" * 1000] == (257,) * 500
    assert known["ab"] == (256,)
    assert known["x" * (LONGEST_KEPT + 1)] == (ord("x"),) * (LONGEST_KEPT + 1)
    assert set(known) == {"ab"}


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(pre_token_ids, "MOST_KEPT", 10)
    known = two_merges()
    for number in range(100):
        assert known[str(number)] == tuple(str(number).encode())
        assert len(known) <= 10
