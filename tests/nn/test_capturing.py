import gc
import threading
import weakref

import numpy as np
import pytest

import minibig as mb
from minibig.models import GPT, GPTConfig
from minibig.nn import Linear, MultiHeadAttention, ReLU, Sequential, captured


def net():
    return Sequential(Linear(3, 4), ReLU(), Linear(4, 2))


def gpt():
    return GPT(GPTConfig(9, context_length=8, n_layers=2, n_heads=2, d_model=8))


def test_inputs_and_outputs_of_each_call_are_seen_in_order():
    model, x = net(), mb.ones((2, 3))
    with captured(model, Linear) as seen:
        y, again = model(x), model(x * 2.0)
    assert list(seen) == ["0", "2"] and [len(calls) for calls in seen.values()] == [2, 2]
    (inputs, output), (_, second) = seen["2"]
    assert output is y and second is again
    assert (inputs[0].numpy() == mb.relu(model[0](x)).numpy()).all()


@pytest.mark.parametrize(
    ("which", "paths"),
    [
        (MultiHeadAttention, ["blocks.0.attention", "blocks.1.attention"]),
        ("blocks.1.attention", ["blocks.1.attention"]),
        # * stands for any characters, dots included
        ("blocks.*.up", ["blocks.0.feed_forward.up", "blocks.1.feed_forward.up"]),
        ("*0.feed_forward", ["blocks.0.feed_forward"]),
        ("", [""]),
    ],
)
def test_layers_are_meant_by_class_path_or_pattern(which, paths):
    model = gpt()
    with captured(model, which) as seen:
        model([[1, 2, 3]])
    assert list(seen) == paths and all(len(calls) == 1 for calls in seen.values())


def test_parts_of_a_fused_network_are_seen_and_nothing_else_changes():
    model = gpt()
    expected = model([[1, 2, 3]]).numpy()
    with captured(model, Linear) as seen:
        y = model([[1, 2, 3]]).numpy()
    assert len(seen) == 8 and all(len(calls) == 1 for calls in seen.values())
    np.testing.assert_allclose(y, expected, atol=1e-6)
    for path, [(inputs, output)] in seen.items():
        layer = dict(model.named_modules())[path]
        assert (layer(*inputs).numpy() == output.numpy()).all()


def test_gradients_flow_through_what_is_captured():
    model = net()
    with captured(model, "0") as seen:
        loss = model(mb.ones((2, 3))).sum()
    hidden = seen["0"][0][1].watch()
    loss.backward()
    assert hidden.grad.shape == (2, 4)


def test_captures_can_be_nested_and_end_with_their_block():
    model = net()
    with captured(model, Linear) as outer:
        model(mb.ones((1, 3)))
        with captured(model, "0") as inner:
            model(mb.ones((1, 3)))
        model(mb.ones((1, 3)))
    model(mb.ones((1, 3)))
    assert (len(outer["0"]), len(inner["0"])) == (3, 1)


def test_an_error_inside_ends_the_capture():
    model = net()
    with pytest.raises(KeyError), captured(model, Linear) as seen:
        raise KeyError
    model(mb.ones((1, 3)))
    assert seen["0"] == []


def test_another_thread_is_not_captured():
    model = net()
    with captured(model, Linear) as seen:
        thread = threading.Thread(target=model, args=(mb.ones((1, 3)),))
        thread.start()
        thread.join()
    assert seen["0"] == []


def test_the_model_keeps_nothing():
    model = net()
    with captured(model, Linear) as seen:
        model(mb.ones((1, 3)))
    output = weakref.ref(seen["2"][0][1])
    del seen
    gc.collect()
    assert output() is None


def test_keywords_stand_behind_the_other_inputs():
    model = gpt()
    with captured(model, "position_embedding") as seen:
        model.position_embedding(2, start=3)
    assert seen["position_embedding"][0][0] == (2, 3)


@pytest.mark.parametrize(
    ("which", "sentence"),
    [
        (MultiHeadAttention, "there is no MultiHeadAttention in this Sequential"),
        ((mb.nn.Tanh, mb.nn.GELU), "there is no Tanh or GELU in this Sequential"),
        ("3", "there is no layer '3'; there are 0, 1, 2"),
    ],
)
def test_what_is_not_there_is_refused(which, sentence):
    with pytest.raises(mb.InputError, match=sentence), captured(net(), which):
        pass


def test_a_shared_layer_is_seen_under_the_name_that_was_asked_for():
    layer = Linear(2, 2)
    with captured(Sequential(layer, ReLU(), layer), "2") as seen:
        pass
    model = Sequential(layer, ReLU(), layer)
    with captured(model, "2") as seen:
        model(mb.ones((1, 2)))
    assert {path: len(calls) for path, calls in seen.items()} == {"2": 2}


@pytest.mark.parametrize("which", [3, None, ["0", "1"], (), (Linear, "0"), Linear(1, 1)])
def test_layers_are_meant_by_classes_and_paths_only(which):
    with pytest.raises(mb.InputError, match="which must be a class of layers, or a path"):
        captured(net(), which)
