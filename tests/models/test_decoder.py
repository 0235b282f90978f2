"""Decoders: what beam search, speculative decoding and other models need is there already."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.generation import generate
from minibig.models import GPT, GPTConfig

V, CONTEXT = 11, 16


def randomized(seed=0, n_layers=2):
    gpt = GPT(
        GPTConfig(vocab_size=V, context_length=CONTEXT, n_layers=n_layers, n_heads=2, d_model=8)
    )
    numbers = np.random.default_rng(seed)
    for parameter in gpt.parameters():
        parameter.assign((0.6 * numbers.standard_normal(parameter.shape)).astype("float32"))
    return gpt.eval()


MODEL = randomized()


def ids(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, V, shape)


def assert_near(actual, expected):
    np.testing.assert_allclose(actual.numpy(), expected.numpy(), atol=1e-5)


def test_the_logits_of_all_positions_are_those_of_the_model():
    tokens, decoder = ids(3, 9), MODEL.start(3)
    expected = MODEL(tokens)
    assert_near(decoder.step(tokens[:, :5], n_last=5), expected[:, :5])
    assert_near(decoder.step(tokens[:, 5:8], n_last=2), expected[:, 6:8])
    assert_near(decoder.step(tokens[:, 8:]), expected[:, 8:])
    assert (decoder.length, decoder.vocab_size, decoder.context_length) == (9, V, CONTEXT)


@given(
    rows=st.lists(st.integers(0, 2), min_size=1, max_size=4),
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=3),
)
def test_texts_that_are_selected_go_on_as_if_they_had_been_read_again(rows, sizes):
    tokens, decoder, texts = ids(3, sizes[0]), MODEL.start(3), ids(3, sizes[0])
    decoder.step(tokens)
    for i, size in enumerate(sizes[1:]):
        chosen = [row % len(texts) for row in rows]
        decoder.select(chosen)
        more = ids(len(chosen), size, seed=i)
        texts = np.concatenate([texts[chosen], more], axis=1)
        assert_near(decoder.step(more, n_last=size), MODEL(texts)[:, -size:])


@given(length=st.integers(0, 8), more=st.integers(1, 8))
def test_after_truncation_a_text_goes_on_as_if_the_rest_had_never_been_read(length, more):
    tokens, other, decoder = ids(2, 8), ids(2, more, seed=1), MODEL.start(2)
    decoder.step(tokens)
    decoder.truncate(length)
    texts = np.concatenate([tokens[:, :length], other], axis=1)
    assert_near(decoder.step(other, n_last=more), MODEL(texts)[:, -more:])
    assert decoder.length == length + more


def test_an_error_leaves_the_cache_of_every_layer_as_it_was(monkeypatch):
    decoder = MODEL.start(1)
    decoder.step([[1, 2]])
    second = MODEL.blocks[1]
    monkeypatch.setattr(type(second.feed_forward), "forward", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        decoder.step([[3]])
    monkeypatch.undo()
    for wrong in ([[V]], [[1] * CONTEXT]):
        with pytest.raises(mb.InputError):
            decoder.step(wrong)
    with pytest.raises(mb.InputError, match="n_last must be a whole number from 1 to 1; got 2"):
        decoder.step([[3]], n_last=2)
    assert [layer.length for layer in decoder.cache] == [2, 2]
    assert_near(decoder.step([[3]]), MODEL([[1, 2, 3]])[:, -1:])


@pytest.mark.parametrize("rows", [[2], [-1], [], [0.5], 1, [[0]], [True]])
def test_texts_that_do_not_exist_are_not_selected(rows):
    decoder = MODEL.start(2)
    decoder.step([[1], [2]])
    with pytest.raises(mb.InputError, match=r"rows must be (whole|numbers of texts)"):
        decoder.select(rows)
    with pytest.raises(mb.InputError, match="length must be a whole number from 0 to 1"):
        decoder.truncate(2)
    assert decoder.cache.batch_size == 2 and decoder.length == 1


def log_p(logits):
    return mb.log_softmax(logits).numpy()


def beam_search(decoder, prompt, n_tokens, width):
    """The likeliest continuation that a beam finds: `step` and `select`, and nothing else."""
    scores = log_p(decoder.step([prompt])[0, -1])
    texts, scores = [[i] for i in np.argsort(-scores)[:width]], np.sort(scores)[::-1][:width]
    decoder.select([0] * len(texts))
    for _ in range(n_tokens - 1):
        total = scores[:, None] + log_p(decoder.step([[text[-1]] for text in texts])[:, -1])
        best = np.argsort(-total, axis=None)[:width]
        rows, tokens = np.divmod(best, V)
        scores, texts = (
            total.reshape(-1)[best],
            [[*texts[r], t] for r, t in zip(rows, tokens, strict=True)],
        )
        decoder.select(rows)
    return texts[0], scores[0]


def test_a_beam_as_wide_as_all_texts_finds_the_likeliest():
    prompt, best = [1, 2], (-math.inf, [])
    for first in range(V):
        for second in range(V):
            logits = log_p(MODEL([[*prompt, first, second]])[0])
            best = max(best, (logits[1, first] + logits[2, second], [first, second]))
    text, score = beam_search(MODEL.start(1), prompt, 2, width=V * V)
    assert text == best[1] and score == pytest.approx(best[0], abs=1e-4)
    greedy = generate(MODEL, prompt, max_new_tokens=6, temperature=0)[0, 2:].tolist()
    assert beam_search(MODEL.start(1), prompt, 6, width=1)[0] == greedy


def speculative(model, draft, prompt, n_tokens, n_ahead=3):
    """Greedy decoding where a smaller model guesses ahead: `n_last` and `truncate`."""
    text, target, guess = [*prompt], model.start(1), draft.start(1)
    steps = 0
    while len(text) < len(prompt) + n_tokens:
        guesses = []
        for _ in range(n_ahead):
            unread = [*text, *guesses][guess.length :]
            guesses.append(int(guess.step([unread])[0, -1].argmax()))
        unread = [*text[target.length :], *guesses]
        likeliest = target.step([unread], n_last=n_ahead + 1)[0].argmax(-1).tolist()
        steps += 1
        agreed = next((i for i, g in enumerate(guesses) if g != likeliest[i]), n_ahead)
        text += [*guesses[:agreed], likeliest[agreed]]
        target.truncate(min(target.length, len(text) - 1))
        guess.truncate(min(guess.length, len(text) - 1))
    return text[: len(prompt) + n_tokens], steps


def test_guesses_of_a_smaller_model_change_the_number_of_steps_and_nothing_else():
    expected = generate(MODEL, [1, 2], max_new_tokens=9, temperature=0)[0].tolist()
    assert speculative(MODEL, randomized(5, n_layers=1), [1, 2], 9)[0] == expected
    assert speculative(MODEL, MODEL, [1, 2], 9) == (expected, 3)


class Sums:
    """A recurrent model of the other kind: a state of one number, and no end of the context."""

    def start(self, batch_size=1):
        return SumsDecoder(batch_size)


class SumsDecoder:
    context_length, vocab_size = None, V

    def __init__(self, batch_size):
        self.states = [np.zeros(batch_size, int)]  # after 0, 1, 2 ... tokens

    @property
    def length(self):
        return len(self.states) - 1

    def step(self, ids, n_last=1):
        for column in np.asarray(ids).T:
            self.states.append((2 * self.states[-1] + column + 1) % V)
        return mb.tensor(np.eye(V)[np.stack(self.states[-n_last:], axis=1)])

    def truncate(self, length):
        del self.states[length + 1 :]

    def select(self, rows):
        self.states = [state[rows] for state in self.states]


def test_a_model_without_keys_values_and_context_writes_with_the_same_functions():
    text = generate(Sums(), [[1, 2], [3, 4]], max_new_tokens=40, temperature=0)
    state = np.zeros(2, int)
    for t in range(41):
        state = (2 * state + text[:, t] + 1) % V
        assert t == 0 or (text[:, t + 1] == state).all()
    assert beam_search(SumsDecoder(1), [1, 2], 5, width=1)[0] == text[0, 2:7].tolist()


class Echo(SumsDecoder):
    """What an encoder-decoder does: it writes about a source, of which each text has one."""

    def __init__(self, source):
        self.source, self.read = np.asarray(source), 0

    length = property(lambda self: self.read)

    def step(self, ids, n_last=1):
        self.read += np.shape(ids)[1]
        places = range(self.read - n_last, self.read)
        return mb.tensor(np.eye(V)[self.source[:, list(places)]])

    def select(self, rows):
        self.source = self.source[rows]


def test_a_decoder_that_was_started_with_a_source_writes_about_it():
    source = ids(2, 6)
    text = generate(Echo(source), [[0], [0]], max_new_tokens=6, temperature=0, n_sequences=2)
    assert text[:, 1:].tolist() == source[[0, 0, 1, 1]].tolist()
    assert (
        list(mb.generation.stream(Echo(source[:1]), [0], max_new_tokens=6, top_k=1))
        == source[0].tolist()
    )
    read = MODEL.start(1)
    read.step([[1]])
    with pytest.raises(mb.InputError, match="the decoder has read 1 tokens already"):
        generate(read, [1], max_new_tokens=1)


def test_a_step_evaluates_the_model_and_leaves_its_mode_alone():
    model = GPT(
        GPTConfig(vocab_size=V, context_length=8, n_layers=1, n_heads=1, d_model=4, dropout=0.5)
    )
    decoder = model.start(1)
    logits = decoder.step([[1, 2]], n_last=2)
    assert model.training and not logits.requires_grad
    assert_near(logits, model.eval()([[1, 2]]))
