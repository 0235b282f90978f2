from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from minibig.tokenizers.byte_level_bpe.byte_symbols import SYMBOLS
from minibig.tokenizers.byte_level_bpe.training import learn_merges

words = st.text("abé中", min_size=1, max_size=12)
counted_words = st.dictionaries(words, st.integers(1, 4), max_size=8)


def merges_by_plain_loops(counts, n_merges):
    """Count every pair anew for every merge."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    order = printable + [byte for byte in range(256) if byte not in printable]
    rows = [([order.index(byte) for byte in word.encode()], n) for word, n in counts.items()]
    merges = []
    while len(merges) < n_merges:
        pairs = Counter()
        for row, count in rows:
            for i in range(len(row) - 1):
                pairs[row[i], row[i + 1]] += count
        if not pairs or max(pairs.values()) < 2:
            break
        best = min(pair for pair in pairs if pairs[pair] == max(pairs.values()))
        new = 256 + len(merges)
        merges.append(best)
        for row, _ in rows:
            i = 0
            while i < len(row) - 1:
                if (row[i], row[i + 1]) == best:
                    row[i : i + 2] = [new]
                i += 1
    return merges


@given(counted_words, st.integers(0, 40))
def test_learning_agrees_with_plain_loops(counts, n_merges):
    assert learn_merges(counts, n_merges) == merges_by_plain_loops(counts, n_merges)


@given(st.text("ab", min_size=1, max_size=120), st.integers(1, 5))
def test_learning_from_one_long_word_agrees_with_plain_loops(word, count):
    assert learn_merges({word: count}, 60) == merges_by_plain_loops({word: count}, 60)


@given(counted_words)
def test_the_order_of_words_has_no_influence(counts):
    backwards = dict(reversed(counts.items()))
    assert learn_merges(counts, 30) == learn_merges(backwards, 30)


@given(counted_words, st.integers(0, 20), st.integers(0, 20))
def test_fewer_merges_are_the_first_of_more(counts, fewer, more):
    assert learn_merges(counts, fewer + more)[:fewer] == learn_merges(counts, fewer)


@given(st.dictionaries(st.text("ab", min_size=1, max_size=60), st.integers(1, 4), max_size=4))
def test_no_two_merges_make_the_same_token(counts):
    spelled = list(SYMBOLS)
    for left, right in learn_merges(counts, 60):
        spelled.append(spelled[left] + spelled[right])
    assert len(set(spelled)) == len(spelled)


def test_wikipedias_example_becomes_xdxac():
    a, b = SYMBOLS.index("a"), SYMBOLS.index("b")
    assert learn_merges({"aaabdaaabac": 1}, 100) == [(a, a), (a, b), (256, 257)]


def test_nothing_that_occurs_once_is_learned():
    assert learn_merges({"abc": 1}, 10) == []
    assert learn_merges({}, 10) == []


def test_of_equal_counts_the_smaller_ids_win():
    a, b, c = (SYMBOLS.index(character) for character in "abc")
    assert learn_merges({"cb": 2, "ab": 2, "ac": 2}, 3) == [(a, b), (a, c), (c, b)]
