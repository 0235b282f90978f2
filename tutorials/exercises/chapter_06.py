"""Exercises of chapter 6, attention."""

import numpy as np

import minibig as mb
from exercises.exercise import exercise, expect, matches


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@exercise("06.1", hint="Scores q @ k.T / √K, a softmax over each row (the keys), times v.")
def scaled_attention(answer):
    rng = np.random.default_rng(6)
    for T, S, K, U in [(2, 3, 4, 2), (3, 3, 9, 3), (1, 5, 4, 1)]:
        q, k, v = (rng.standard_normal(shape) for shape in [(T, K), (S, K), (S, U)])
        scores = q @ k.T
        scaled = scores / np.sqrt(K)
        matches(
            answer(q, k, v),
            softmax(scaled) @ v,
            f"T = {T}, S = {S}, K = {K}, U = {U}",
            mistakes={
                "the scores are not scaled: divide by √K (this is the article's form).": (
                    softmax(scores) @ v
                ),
                "the scores are divided by K; it is √K.": softmax(scores / K) @ v,
                "the softmax runs over the queries; each query's weights must add up to 1.": (
                    softmax(scaled, axis=0) @ v
                ),
                "the scale comes before the softmax, not after it.": (
                    softmax(scores) / np.sqrt(K) @ v
                ),
                "that mixes values by raw scores; the softmax is missing.": scaled @ v,
            },
        )
    with np.errstate(all="ignore"):
        y = np.asarray(answer(np.array([[1000.0]]), np.array([[1.0], [0.0]]), np.eye(2)))
    expect(np.isfinite(y).all(), "scores of 1000 overflow: subtract the largest score of each row.")


@exercise("06.2", hint="np.triu(…, k=1) is 1 above the diagonal. −∞ is -np.inf.")
def hide_the_future(answer):
    for T in (1, 2, 4):
        scores = np.random.default_rng(T).standard_normal((T, T))
        later = np.triu(np.ones((T, T), bool), k=1)
        with np.errstate(all="ignore"):
            got = np.asarray(answer(scores.copy()), float)
        expect(got.shape == (T, T), f"expected shape {(T, T)}; got {got.shape}.")
        expect(
            T == 1 or not np.isneginf(got[later.T]).all(),
            f"T = {T}: the past is hidden and the future visible: rows are queries.",
        )
        expect(
            not np.isneginf(np.diag(got)).any(),
            f"T = {T}: a position must see itself; the first one sees nothing else.",
        )
        expect(
            not (T > 1 and (got[later] == 0).all()),
            f"T = {T}: a score of 0 is not hidden: e⁰ = 1. Only −∞ has no weight.",
        )
        matches(got, np.where(later, -np.inf, scores), f"T = {T}")


@exercise("06.3", hint="Reshape to (T, H, K), then bring H to the front.")
def split_into_heads(answer):
    for T, D, H in [(3, 4, 2), (2, 6, 3), (4, 4, 4)]:
        x = np.arange(T * D, dtype=float).reshape(T, D)
        K = D // H
        right = np.stack([x[:, h * K : (h + 1) * K] for h in range(H)])
        matches(
            answer(x, H),
            right,
            f"T = {T}, D = {D}, H = {H}",
            mistakes={
                "a bare reshape to (H, T, K) mixes positions: swap axes after (T, H, K).": (
                    x.reshape(H, T, K)
                ),
                "the axes are (T, H, K); the heads come first.": x.reshape(T, H, K),
                "each head gets a run of K neighbouring numbers, not every H-th.": (
                    x.reshape(T, K, H).transpose(2, 0, 1)
                ),
            },
        )


def _model(sees):
    """A model whose logits at t sum up what it sees there; `sees` maps (t, T) to positions."""

    def logits_of(ids):
        weights = np.random.default_rng(1).standard_normal((64, 7))
        return np.array(
            [sum(weights[s] * (ids[s] + 1) for s in sees(t, len(ids))) for t in range(len(ids))]
        )

    return logits_of


@exercise("06.4", hint="Change one later token at a time, and compare the logits of all before it.")
def first_leak(answer):
    ids, V = [3, 1, 4, 1, 5, 0], 6
    for name, sees, right in [
        ("a causal model", lambda t, T: range(t + 1), -1),
        ("a model without mask", lambda t, T: range(T), 0),
        ("a model that sees one token ahead", lambda t, T: range(min(t + 2, T)), 0),
        (
            "a model that looks two ahead, from position 2 on",
            lambda t, T: range(min(t + (3 if t >= 2 else 1), T)),
            2,
        ),
        ("a model whose position 1 sees the last token", lambda t, T: [t, *[T - 1] * (t == 1)], 1),
    ]:
        given = list(ids)
        got = answer(_model(sees), given, V)
        expect(given == ids, "your function changed the list it was given; work on a copy.")
        expect(
            got == right,
            f"{name}: expected {right}; got {got!r}. "
            + (
                "Nothing leaks here: compare only positions before the changed token."
                if right == -1
                else "Was every later token changed, and every earlier position compared?"
            ),
        )
    mb.manual_seed(0)
    config = mb.models.GPTConfig(vocab_size=V, context_length=8, n_layers=1, n_heads=1, d_model=8)
    gpt = mb.models.GPT(config).eval()
    expect(
        answer(lambda row: gpt([row]).numpy()[0], list(ids), V) == -1,
        "a GPT of the library is causal, and you found a leak: allow for rounding (np.allclose).",
    )
