import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.tokenizers.byte_level_bpe.byte_symbols import (
    BYTE_ORDER,
    SYMBOLS,
    from_symbols,
    to_symbols,
)


@given(st.binary())
def test_every_byte_comes_back(data):
    assert from_symbols(to_symbols(data)) == data


@given(st.binary(min_size=1))
def test_symbols_are_printable_and_never_blank(data):
    symbols = to_symbols(data)
    assert symbols.isprintable()
    assert symbols.split() == [symbols]


def test_the_256_symbols_are_in_order():
    assert list(SYMBOLS) == sorted(set(SYMBOLS))
    assert sorted(BYTE_ORDER) == list(range(256))
    assert to_symbols(BYTE_ORDER) == SYMBOLS


def test_some_symbols_are_those_of_gpt2():
    assert to_symbols(b" \n\t\x00\x7f\xadA~") == "ĠĊĉĀġŃA~"


@pytest.mark.parametrize("wrong", [" ", "a b", "中"])
def test_other_characters_are_no_symbols(wrong):
    with pytest.raises(KeyError):
        from_symbols(wrong)
