"""Greedy answers: those of each prompt alone, token by token, however many are asked together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.evaluation import greedy_answers
from minibig.models import GPT, GPTConfig

V, T = 12, 16


@pytest.fixture(scope="module")
def model():
    mb.manual_seed(3)
    model = GPT(GPTConfig(V, T, n_layers=2, n_heads=2, d_model=16))
    for parameter in model.parameters():  # far from uniform: no two tokens are equally likely
        parameter.assign(parameter * 10)
    return model.eval()


def alone(model, prompt, max_new_tokens, stop_token):
    """One prompt, the whole text read again for each token."""
    text, answer = list(prompt), []
    for _ in range(max_new_tokens):
        with mb.no_grad():
            token = int(model([text]).numpy()[0, -1].argmax())
        if token == stop_token:
            break
        text.append(token)
        answer.append(token)
    return answer


@given(
    prompts=st.lists(st.lists(st.integers(0, V - 1), min_size=1, max_size=6), max_size=8),
    max_new_tokens=st.integers(0, 8),
    stop_token=st.one_of(st.none(), st.integers(0, V - 1)),
)
def test_answers_are_those_of_each_prompt_alone(model, prompts, max_new_tokens, stop_token):
    found = greedy_answers(model, prompts, max_new_tokens=max_new_tokens, stop_token=stop_token)
    assert found == [alone(model, prompt, max_new_tokens, stop_token) for prompt in prompts]


def test_more_prompts_than_go_side_by_side(model):
    prompts = [[i % V, i // V % V] for i in range(150)]
    found = greedy_answers(model, prompts, max_new_tokens=3)
    assert len(found) == 150
    for place in (0, 63, 64, 149):
        assert found[place] == alone(model, prompts[place], 3, None)


def test_the_model_is_left_as_it_was(model):
    before = {name: x.numpy().copy() for name, x in model.state_dict().items()}
    greedy_answers(model.train(), [[1, 2]], max_new_tokens=2)
    assert model.training
    assert all(np.array_equal(x.numpy(), before[name]) for name, x in model.state_dict().items())
    model.eval()


def test_wrong_prompts_are_told(model):
    with pytest.raises(mb.InputError, match="at least one token"):
        greedy_answers(model, [[1], []], max_new_tokens=2)
    with pytest.raises(mb.InputError, match="ids"):
        greedy_answers(model, [[V]], max_new_tokens=2)


@pytest.mark.parametrize("prompts", ["ab", ["ab"], [1, 2], [[[1]]], [[1.5]], None, [None]])
def test_prompts_are_lists_of_ids(model, prompts):
    with pytest.raises(mb.InputError):
        greedy_answers(model, prompts, max_new_tokens=2)


def test_prompts_may_be_arrays_and_tensors(model):
    expected = greedy_answers(model, [[1, 2]], max_new_tokens=3)
    for prompts in (np.array([[1, 2]]), mb.tensor([[1, 2]]), [mb.tensor([1, 2])], ((1, 2),)):
        assert greedy_answers(model, prompts, max_new_tokens=3) == expected
