import itertools
import math

import numpy as np
import pytest

import minibig as mb
from minibig.generation import Sampling, generate, keep_top_k, probabilities, stream
from minibig.models import GPT, GPTConfig
from minibig.tokenizers import ByteLevelBPE, StreamDecoder

V, CONTEXT = 13, 12


@pytest.fixture(scope="module")
def model():
    """Random weights whose likeliest tokens differ from place to place."""
    gpt = GPT(GPTConfig(V, CONTEXT, n_layers=2, n_heads=2, d_model=8))
    numbers = np.random.default_rng(1)
    for parameter in gpt.parameters():
        parameter.assign((0.6 * numbers.standard_normal(parameter.shape)).astype("float32"))
    return gpt


def naive_greedy(model, tokens, n):
    """Without cache: the whole text is read again for each token."""
    tokens = list(tokens)
    for _ in range(n):
        tokens.append(int(model([tokens]).numpy()[0, -1].argmax()))
    return tokens


def test_temperature_zero_takes_the_likeliest_token(model):
    expected = naive_greedy(model, [1, 2], CONTEXT - 2)
    assert (
        generate(model, [1, 2], max_new_tokens=CONTEXT - 2, temperature=0)[0].tolist() == expected
    )
    assert len(set(expected)) > 3


def test_beyond_the_context_the_last_half_is_read_again(model):
    prompt, half = list(range(10)), CONTEXT // 2
    expected, window = list(prompt), list(prompt)
    for _ in range(30):
        if len(window) > CONTEXT:
            window = expected[-half:]
        token = int(model([window]).numpy()[0, -1].argmax())
        expected.append(token)
        window.append(token)
    got = generate(model, prompt, max_new_tokens=30, temperature=0)
    assert got[0].tolist() == expected


@pytest.mark.parametrize("context", [1, 2, 3])
def test_the_smallest_contexts_work(context):
    tiny = GPT(GPTConfig(V, context, n_layers=1, n_heads=1, d_model=4))
    assert generate(tiny, [1, 2, 3, 4], max_new_tokens=9, seed=0).shape == (1, 13)


def test_a_prompt_longer_than_the_context_is_read_from_its_end(model):
    prompt = np.random.default_rng(0).integers(0, V, 40)
    first = generate(model, prompt, max_new_tokens=1, temperature=0)
    assert first[0, :40].tolist() == prompt.tolist()
    assert first[0, 40] == model([prompt[-CONTEXT:].tolist()]).numpy()[0, -1].argmax()


def test_a_seed_decides_the_text_and_every_row_on_its_own(model):
    four = generate(model, [1, 2], max_new_tokens=20, seed=5, n_sequences=4)
    one = generate(model, [1, 2], max_new_tokens=20, seed=5)
    assert (four[0] == one[0]).all()
    assert (generate(model, [1, 2], max_new_tokens=20, seed=5, n_sequences=4) == four).all()
    assert len({tuple(row) for row in four}) == 4
    assert (generate(model, [1, 2], max_new_tokens=20, seed=6) != one).any()


def test_without_a_seed_the_stream_is_drawn_from(model):
    def text():
        return generate(model, [1], max_new_tokens=20).tolist()

    mb.manual_seed(1)
    first, second = text(), text()
    mb.manual_seed(1)
    assert text() == first != second


def test_several_prompts_are_each_continued_in_turn(model):
    prompts = np.array([[1, 2, 3], [4, 5, 6]])
    out = generate(model, prompts, max_new_tokens=5, temperature=0, n_sequences=3)
    assert out.shape == (6, 8) and out.dtype == np.int64
    for b, row in itertools.product(range(2), range(3)):
        alone = generate(model, prompts[b], max_new_tokens=5, temperature=0)
        assert out[3 * b + row].tolist() == alone[0].tolist()


def test_ids_may_be_lists_tensors_or_arrays(model):
    expected = generate(model, [1, 2], max_new_tokens=3, seed=0)
    for ids in ([[1, 2]], mb.tensor([1, 2]), np.array([[1, 2]], "uint16")):
        assert (generate(model, ids, max_new_tokens=3, seed=0) == expected).all()


def test_top_k_of_one_and_a_tiny_top_p_are_greedy(model):
    expected = generate(model, [3], max_new_tokens=10, temperature=0)
    for settings in ({"top_k": 1}, {"top_p": 1e-9}, {"temperature": 1e-4}):
        assert (generate(model, [3], max_new_tokens=10, seed=1, **settings) == expected).all()


def test_the_tokens_drawn_follow_the_models_distribution(model):
    """Up to 12 degrees of freedom: a sum beyond 32.9 has a chance of 0.001."""
    logits = model([[1, 2, 3]]).numpy()[:, -1]
    for settings, p in (
        ({}, probabilities(logits)),
        ({"temperature": 2.0}, probabilities(logits / 2)),
        ({"top_k": 4}, probabilities(keep_top_k(logits, 4))),
    ):
        out = generate(model, [1, 2, 3], max_new_tokens=1, seed=0, n_sequences=4000, **settings)
        counts, expected = np.bincount(out[:, -1], minlength=V), 4000 * p[0]
        assert (counts[expected == 0] == 0).all()
        likely = expected > 5
        rest = np.array([counts[~likely].sum(), expected[~likely].sum()])
        chi = ((counts - expected)[likely] ** 2 / expected[likely]).sum()
        chi += (rest[0] - rest[1]) ** 2 / max(rest[1], 1)
        assert chi < 32.9


def test_the_penalty_counts_the_prompt_and_everything_written(model):
    tokens = [1, 2]
    for _ in range(CONTEXT - 2):
        logits = model([tokens]).numpy()[0, -1].astype("float64")
        for token in set(tokens):
            logits[token] *= 1 / 1.5 if logits[token] > 0 else 1.5
        tokens.append(int(logits.argmax()))
    settings = {"temperature": 0, "repetition_penalty": 1.5}
    out = generate(model, [1, 2], max_new_tokens=CONTEXT - 2, **settings)
    assert out[0].tolist() == tokens != naive_greedy(model, [1, 2], CONTEXT - 2)


def test_a_sequence_ends_with_the_stop_token_and_is_filled_with_it(model):
    free = generate(model, [1, 2], max_new_tokens=9, seed=0, n_sequences=3)
    stop = int(free[0, 4])
    out = generate(model, [1, 2], max_new_tokens=9, seed=0, n_sequences=3, stop_token=stop)
    for row, before in zip(out.tolist(), free.tolist(), strict=True):
        new = before[2:]
        end = new.index(stop) + 1 if stop in new else len(new)
        assert row[2 : 2 + end] == new[:end]
        assert set(row[2 + end :]) <= {stop}
    alone = generate(model, [1, 2], max_new_tokens=9, seed=0, stop_token=stop)
    assert alone[0, -1] == stop and alone.shape[1] <= 5


def test_a_stop_token_in_the_prompt_ends_nothing(model):
    assert generate(model, [1, 2], max_new_tokens=4, temperature=0, stop_token=1).shape[1] > 2


def test_another_device_writes_the_same_text(model, device):
    expected = generate(model, [1, 2], max_new_tokens=20, seed=0, top_p=0.9)
    got = generate(model.to(device), [1, 2], max_new_tokens=20, seed=0, top_p=0.9)
    model.to("cpu")
    assert (got == expected).all()


def test_no_new_tokens_gives_the_prompt(model):
    assert generate(model, [1, 2], max_new_tokens=0).tolist() == [[1, 2]]
    assert list(stream(model, [1, 2], max_new_tokens=0)) == []


def test_a_stream_yields_what_generate_returns(model):
    settings = {"max_new_tokens": 30, "seed": 4, "top_k": 5, "repetition_penalty": 1.1}
    expected = generate(model, [1, 2], **settings)[0, 2:].tolist()
    tokens = list(stream(model, [1, 2], **settings))
    assert tokens == expected and all(type(token) is int for token in tokens)


def test_a_stream_ends_after_the_stop_token_or_never(model):
    endless = stream(model, [1, 2], seed=4)
    tokens = list(itertools.islice(endless, 40))
    stop = tokens[7]
    ended = list(stream(model, [1, 2], seed=4, stop_token=stop))
    assert ended == tokens[: tokens.index(stop) + 1]


def test_a_stream_leaves_the_callers_settings_alone_between_tokens():
    gpt = GPT(GPTConfig(V, CONTEXT, 1, 1, 4, dropout=0.5))
    gpt.dropout.eval()
    modes = [module.training for _, module in gpt.named_modules()]
    for _ in stream(gpt, [1], max_new_tokens=3):
        assert [module.training for _, module in gpt.named_modules()] == modes
        assert gpt([[1, 2]]).requires_grad


def test_dropout_is_off_and_the_mode_is_restored_even_after_an_error():
    gpt = GPT(GPTConfig(V, CONTEXT, 1, 1, 4, dropout=0.5))
    learning = generate(gpt, [1], max_new_tokens=10, temperature=0)
    assert gpt.training
    assert (generate(gpt.eval(), [1], max_new_tokens=10, temperature=0) == learning).all()
    gpt.train().final_norm.bias.assign(np.full(4, math.nan, "float32"))
    with pytest.raises(mb.InputError, match="the logits hold NaN"):
        generate(gpt, [1], max_new_tokens=1)
    assert gpt.training and gpt([[1]]).requires_grad


def test_streamed_text_never_holds_half_a_character():
    tokenizer = ByteLevelBPE.train("né 世界", vocab_size=257)
    gpt = GPT(GPTConfig(257, 8, 1, 1, 4))
    tokens = generate(gpt, [0], max_new_tokens=200, seed=0)[0, 1:].tolist()
    decoder = StreamDecoder(tokenizer)
    end = tokenizer.vocab_size
    pieces = [
        decoder.feed([token])
        for token in stream(gpt, [0], max_new_tokens=200, seed=0)
        if token < end
    ]
    whole = tokenizer.decode([token for token in tokens if token < end])
    assert "".join(pieces) + decoder.finish() == whole


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"temperature": -0.1}, "temperature must be a number of at least 0; got -0.1"),
        ({"temperature": math.nan}, "temperature must be a number of at least 0"),
        ({"temperature": math.inf}, "temperature must be a number of at least 0"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1; got 0"),
        ({"top_k": 2.5}, "top_k must be"),
        ({"top_k": -3, "temperature": 0}, "top_k must be"),
        ({"top_p": 0.0}, "top_p must be a number above 0 and of at most 1; got 0.0"),
        ({"top_p": 1.5}, "top_p must be"),
        ({"repetition_penalty": 0.0}, "repetition_penalty must be a number above 0"),
        ({"repetition_penalty": math.nan}, "repetition_penalty must be a number above 0"),
        ({"max_new_tokens": -1}, "max_new_tokens must be a whole number of at least 0; got -1"),
        ({"max_new_tokens": 1.5}, "max_new_tokens must be"),
        ({"seed": -1}, "seed must be a whole number of at least 0; got -1"),
        ({"seed": 1.5}, "seed must be"),
        ({"stop_token": V}, f"stop_token must be a whole number from 0 to {V - 1}; got {V}"),
        ({"stop_token": "end"}, "stop_token must be a whole number"),
        ({"temprature": 0}, "no setting 'temprature'; did you mean temperature"),
        ({"sampling": {"temperature": 0}}, "sampling must be of type Sampling; got dict"),
        ({"sampling": {}}, "sampling must be of type Sampling; got dict"),
    ],
)
def test_settings_that_make_no_sense_are_refused_at_once(model, settings, sentence):
    settings = {"max_new_tokens": 3, **settings}
    with pytest.raises(mb.InputError, match=sentence):
        generate(model, [1], **settings)
    with pytest.raises(mb.InputError, match=sentence):
        stream(model, [1], **settings)


def test_a_number_of_sequences_that_makes_no_sense_is_refused(model):
    for n in (0, -1, 1.5, True):
        with pytest.raises(mb.InputError, match="n_sequences must be a whole number of at least 1"):
            generate(model, [1], max_new_tokens=1, n_sequences=n)


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ([], "of at least one token"),
        ([[]], "of at least one token"),
        (3, "one prompt"),
        ([[[1]]], "one prompt"),
        ([V], f"got {V}"),
        ([-1], "got -1"),
        ([1.5], "must be whole numbers from 0"),
        ([[1], [2, 3]], "rectangular"),
        ("text", "numbers"),
    ],
)
def test_prompts_that_make_no_sense_are_refused(model, ids, sentence):
    with pytest.raises(mb.InputError, match=sentence):
        generate(model, ids, max_new_tokens=1)
    with pytest.raises(mb.InputError, match=sentence):
        stream(model, ids)


def test_a_stream_takes_one_prompt(model):
    with pytest.raises(mb.InputError, match="stream continues one prompt; got 2"):
        stream(model, [[1], [2]])


def test_what_is_no_language_model_is_refused():
    with pytest.raises(mb.InputError, match="model must be a language model such as GPT; got str"):
        generate("gpt2", [1], max_new_tokens=1)


def test_sampling_settings_are_checked_when_they_are_made():
    assert Sampling().temperature == 1.0
    with pytest.raises(mb.InputError, match="top_k"):
        Sampling(top_k=0)


def test_a_record_and_settings_by_name_say_the_same(model):
    sampling = Sampling(temperature=0.7, top_k=5, repetition_penalty=1.2)
    expected = generate(model, [1], max_new_tokens=9, seed=3, sampling=sampling)
    by_name = {"temperature": 0.7, "top_k": 5, "repetition_penalty": 1.2}
    assert (generate(model, [1], max_new_tokens=9, seed=3, **by_name) == expected).all()
    other = generate(model, [1], max_new_tokens=9, sampling=sampling, temperature=0, seed=1)
    greedy = {**by_name, "temperature": 0}
    assert (generate(model, [1], max_new_tokens=9, **greedy) == other).all()
    streamed = stream(model, [1], max_new_tokens=9, seed=3, sampling=sampling)
    assert [1, *streamed] == expected[0].tolist()


def test_a_request_to_stop_is_asked_before_each_token(model):
    whole = generate(model, [1, 2], max_new_tokens=9, seed=0)
    asked = itertools.count().__next__
    part = generate(model, [1, 2], max_new_tokens=9, seed=0, stopped=lambda: asked() == 4)
    assert part.tolist() == whole[:, : 2 + 4].tolist()
    asked = itertools.count().__next__
    tokens = stream(model, [1, 2], seed=0, stopped=lambda: asked() == 3)
    assert list(tokens) == whole[0, 2:5].tolist()
    assert generate(model, [1], max_new_tokens=5, stopped=lambda: True).tolist() == [[1]]


def test_extreme_settings_are_the_limits_that_they_come_near_to(model):
    greedy = generate(model, [1, 2], max_new_tokens=10, temperature=0)
    for temperature in (1e-6, 1e-40, 5e-324):
        near = generate(model, [1, 2], max_new_tokens=10, temperature=temperature, seed=0)
        assert (near == greedy).all()
    for penalty in (1e-320, 1e-40, 1e40, 1e300):
        for temperature in (0, 1e-40, 1.0):
            settings = {"temperature": temperature, "repetition_penalty": penalty}
            assert generate(model, [1], max_new_tokens=V + 3, seed=0, **settings).shape == (
                1,
                V + 4,
            )
    avoided = generate(model, [1], max_new_tokens=4, temperature=0, repetition_penalty=1e300)
    assert len(set(avoided[0].tolist())) >= 2
    assert generate(model, [1], max_new_tokens=4, temperature=1e300, seed=0).shape == (1, 5)


@pytest.mark.parametrize("write", [generate, stream])
def test_a_class_is_no_model_and_a_flag_no_function(write):
    with pytest.raises(mb.InputError, match="model must be a language model such as GPT"):
        write(GPT, [1], max_new_tokens=1)
    with pytest.raises(mb.InputError, match="stopped must be a function"):
        write(GPT(GPTConfig(9, 4, 1, 1, 4)), [1], max_new_tokens=1, stopped=True)
