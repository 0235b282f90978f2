from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend.errors import InputError
from minibig.tokenizers import ByteLevelBPE, Characters, StreamDecoder, StreamEncoder, encode_stream
from minibig.tokenizers.byte_level_bpe.byte_symbols import to_symbols

BYTES_ONLY = ByteLevelBPE.train("a", vocab_size=257)
TRAINED = ByteLevelBPE.train("naïve 中文 👍🏽 naïve 中文 👍🏽", vocab_size=275)
ISOLATED = ByteLevelBPE.train("ab ab 中文", vocab_size=270, isolate_han=True)
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.text("né中👍🏽\u200d ")


@given(st.lists(st.integers(0, 256)))
def test_any_ids_stream_to_what_decode_gives(ids):
    stream = StreamDecoder(BYTES_ONLY)
    assert "".join(stream.feed([token]) for token in ids) + stream.finish() == BYTES_ONLY.decode(
        ids
    )


@given(st.lists(st.lists(st.sampled_from(TRAINED.encode("é中文👍🏽ï"))), max_size=8))
def test_pieces_of_any_size_stream_to_what_decode_gives(pieces):
    stream = StreamDecoder(TRAINED)
    together = "".join(map(stream.feed, pieces)) + stream.finish()
    assert together == TRAINED.decode([token for piece in pieces for token in piece])


@given(texts, st.sampled_from([BYTES_ONLY, TRAINED]))
def test_text_never_shows_a_replacement_character_of_its_own(text, tokenizer):
    stream = StreamDecoder(tokenizer)
    streamed = ""
    for token in tokenizer.encode(text):
        streamed += stream.feed([token])
        assert text.startswith(streamed)
    assert streamed == text
    assert stream.finish() == ""


def ids_of(data):
    return [BYTES_ONLY.vocabulary[symbol] for symbol in to_symbols(data)]


@given(st.binary(max_size=6))
def test_at_most_three_bytes_wait(data):
    stream = StreamDecoder(BYTES_ONLY)
    seen = "".join(stream.feed([token]) for token in ids_of(data))
    assert any(
        seen == data[: len(data) - n].decode(errors="replace") for n in range(min(4, len(data) + 1))
    )


def test_an_invalid_byte_does_not_hold_up_what_follows():
    stream = StreamDecoder(BYTES_ONLY)
    assert stream.feed(ids_of(b"\xff")) == "\ufffd"
    assert stream.feed(ids_of(b"\xe4\xb8")) == ""
    assert stream.feed(ids_of(b"a")) == "\ufffda"


def test_half_a_character_at_the_end_is_replaced_and_forgotten():
    stream = StreamDecoder(BYTES_ONLY)
    assert stream.feed(ids_of("é".encode()[:1])) == ""
    assert stream.finish() == "\ufffd"
    assert stream.feed(ids_of(b"new")) == "new"


def test_characters_stream_too():
    tokenizer = Characters.train("né")
    assert [StreamDecoder(tokenizer).feed([token]) for token in (0, 1)] == ["n", "é"]


@pytest.mark.parametrize("wrong", [-1, 257, True])
def test_a_wrong_id_is_refused_and_leaves_the_stream_as_it_was(wrong):
    stream = StreamDecoder(BYTES_ONLY)
    stream.feed(ids_of("é".encode()[:1]))
    with pytest.raises(InputError, match="whole numbers from 0 to 256"):
        stream.feed([*ids_of(b"a"), wrong])
    assert stream.feed(ids_of("é".encode()[1:])) == "é"


@given(st.text("ab é中\n\t'1!", max_size=40), st.lists(st.integers(1, 7), min_size=1, max_size=4))
def test_a_text_in_pieces_has_the_ids_of_the_whole(text, sizes):
    pieces, place = [], 0
    while place < len(text):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[place : place + size])
        place += size
    for tokenizer in (TRAINED, BYTES_ONLY, ISOLATED):
        stream = StreamEncoder(tokenizer)
        fed = [stream.feed(piece) for piece in pieces]
        assert [*chain.from_iterable(fed), *stream.finish()] == tokenizer.encode(text)
        assert [*chain.from_iterable(encode_stream(tokenizer, pieces))] == tokenizer.encode(text)


def test_only_the_last_word_waits_and_a_word_without_end_does_not():
    stream = StreamEncoder(BYTES_ONLY)
    assert BYTES_ONLY.decode(stream.feed("one two thr")) == "one two"
    assert BYTES_ONLY.decode(stream.finish()) == " thr"
    assert stream.finish() == []
    waiting = 0
    for _ in range(40):
        waiting += 2**16 - len(stream.feed("x" * 2**16))
        assert waiting <= 2**20
