"""Exercises of chapter 5, perceptron, XOR, back-propagation."""

import itertools

import numpy as np

import minibig as mb
from exercises.exercise import exercise, expect, matches


@exercise("05.1", hint="What is target − answer when it is right? When it says 0 and should say 1?")
def perceptron_update(answer):
    for w, b, x, target in [
        ([1.0, -1.0], 0.5, [1.0, 1.0], 1),
        ([1.0, -1.0], 0.5, [2.0, 1.0], 0),
        ([-1.0, 0.0], 0.0, [1.0, 3.0], 1),
        ([-1.0, 0.0], 0.0, [1.0, 3.0], 0),
        ([0.0, 0.0], 0.0, [1.0, 2.0], 1),
    ]:
        w, x = np.array(w), np.array(x)
        error = target - int(x @ w + b > 0)
        got = answer(w.copy(), b, x.copy(), target)
        expect(isinstance(got, tuple | list) and len(got) == 2, "return two things: (w, b).")
        signed = 2 * target - 1
        matches(
            np.append(np.asarray(got[0], float), got[1]),
            np.append(w + error * x, b + error),
            f"w = {w.tolist()}, b = {b}, x = {x.tolist()}, target {target}, (w, b) in a row",
            mistakes={
                "it was right already, and a perceptron learns from mistakes only.": (
                    np.append(w + signed * x, b + signed) if error == 0 else np.nan
                ),
                "the step goes away from the target; the sign is reversed.": np.append(
                    w - error * x, b - error
                ),
                "the bias learns as well.": np.append(w + error * x, b),
                "w and b are unchanged after a mistake (at x·w + b = 0 it says 0).": np.append(
                    w, b
                ),
            },
        )


@exercise("05.2", hint="XOR is: at least one, and not both. One hidden neuron for each.")
def xor_weights(answer):
    got = answer()
    expect(isinstance(got, tuple | list) and len(got) == 4, "return four things: W1, b1, W2, b2.")
    W1, b1, W2, b2 = (np.asarray(a, float) for a in got)
    shapes = [a.shape for a in (W1, b1, W2, b2)]
    expect(
        shapes == [(2, 2), (2,), (2,), ()],
        f"the shapes must be (2, 2), (2,), (2,) and (); got {shapes}.",
    )
    for x in itertools.product((0, 1), (0, 1)):
        hidden = (np.array(x) @ W1 + b1 > 0).astype(float)
        says = int(hidden @ W2 + b2 > 0)
        expect(
            says == x[0] ^ x[1],
            f"for {x} the hidden neurons say {hidden.astype(int).tolist()} and the network says "
            f"{says}; XOR is {x[0] ^ x[1]}.",
        )


@exercise(
    "05.3", hint="First back through z = h W2 + b2, then through tanh, whose slope is 1 − h²."
)
def hidden_gradients(answer):
    rng = np.random.default_rng(5)
    for N, D, H in [(4, 2, 3), (3, 3, 3), (1, 2, 5)]:
        x, W1, b1 = rng.standard_normal((N, D)), rng.standard_normal((D, H)), rng.standard_normal(H)
        W2, z_bar = rng.standard_normal((H, 1)), rng.standard_normal((N, 1))
        h = np.tanh(x @ W1 + b1)
        got = answer(x, h, W2, z_bar)
        expect(isinstance(got, tuple | list) and len(got) == 2, "return two things: (W̄₁, b̄₁).")
        back = z_bar @ W2.T
        inner = back * (1 - h * h)
        matches(
            got[0],
            x.T @ inner,
            f"the gradient of W1, N = {N}, D = {D}, H = {H}",
            mistakes={
                "the slope of tanh, 1 − h², is missing.": x.T @ back,
                "the slope of tanh is 1 − h²; h is already tanh(…).": x.T
                @ (back * (1 - np.tanh(h) ** 2)),
                "that is h (1 − h), the slope of a sigmoid.": x.T @ (back * h * (1 - h)),
                "it is the sum over the points, not their mean.": x.T @ inner / N,
            },
        )
        matches(
            got[1],
            inner.sum(axis=0),
            f"the gradient of b1, N = {N}, H = {H}",
            mistakes={
                "the bias was added to every point, so its gradient is a sum, not a mean.": (
                    inner.mean(axis=0)
                ),
                "the slope of tanh, 1 − h², is missing.": back.sum(axis=0),
            },
        )


@exercise(
    "05.4", hint="As for XOR in the chapter: tanh, 16 hidden neurons, a rate of 0.5, a while."
)
def parity_network(answer):
    network = answer()
    expect(isinstance(network, mb.nn.Module), "return the network itself, an nn.Module.")
    x = np.array(list(itertools.product((0.0, 1.0), repeat=3)), "float32")
    y = x.sum(axis=1) % 2 == 1
    logits = network.eval()(mb.tensor(x))
    expect(tuple(logits.shape) == (8, 1), f"the logits must have shape (8, 1); got {logits.shape}.")
    right = (logits.numpy()[:, 0] > 0) == y
    wrong = [row.astype(int).tolist() for row in x[~right]]
    expect(
        right.all(),
        f"{right.sum()} of 8 are right; wrong are {wrong}. Is there a hidden layer with an "
        "activation? Did the loss come down?",
    )
