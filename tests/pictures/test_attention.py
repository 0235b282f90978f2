"""The picture of a head: well-formed, one square for each pair, darker where more is looked at."""

import itertools
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.pictures import attention_picture

SVG = "{http://www.w3.org/2000/svg}"
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=9)


def causal(n, seed=0):
    weights = np.tril(np.random.default_rng(seed).random((n, n)) + 0.01)
    return weights / weights.sum(-1, keepdims=True)


def brightness(color):
    return sum(int(color[i : i + 2], 16) for i in (1, 3, 5))


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_any_tokens_make_a_well_formed_picture(tokens):
    n = len(tokens)
    root = ElementTree.fromstring(attention_picture(causal(n), tokens))
    assert len(root.findall(f"{SVG}rect")) == n * (n + 1) // 2
    labels = [text.text or "" for text in root.findall(f"{SVG}text")]
    shown = ["".join(c if c.isprintable() else "·" for c in token) for token in tokens]
    assert labels == [token for token in shown for _ in range(2)]


def test_a_square_is_the_darker_the_larger_its_weight():
    weights = causal(7)
    root = ElementTree.fromstring(attention_picture(weights, list("abcdefg")))
    shades = [brightness(rect.get("fill")) for rect in root.findall(f"{SVG}rect")]
    pairs = sorted(zip(weights[np.tril_indices(7)], shades, strict=True))
    assert all(a[1] >= b[1] for a, b in itertools.pairwise(pairs))
    assert pairs[0][1] > pairs[-1][1]


def test_nothing_is_drawn_outside():
    root = ElementTree.fromstring(attention_picture(causal(5), ["assistant", "安", "b", "", "cc"]))
    width, height = map(float, root.get("viewBox").split()[2:])
    for rect in root.findall(f"{SVG}rect"):
        x, y, side = (float(rect.get(name)) for name in ("x", "y", "width"))
        assert min(x, y) >= 0 and x + side <= width and y + side <= height


@pytest.mark.parametrize(("n", "tokens"), [(2, ["a"]), (1, ["a", "b"]), (0, [])])
def test_every_row_needs_its_token(n, tokens):
    with pytest.raises(InputError, match=r"weights must have shape \(T, T\)"):
        attention_picture(np.eye(n), tokens)


def test_a_long_token_is_cut_and_signs_of_several_characters_stay_whole():
    picture = attention_picture(np.eye(2), ["x" * 10_000, "👨\u200d👩\u200d👧"])
    width, height = map(float, ElementTree.fromstring(picture).get("viewBox").split()[2:])
    assert "x" * 24 + "…" in picture and "x" * 25 not in picture
    assert width < 400 and height < 400 and "👨\u200d👩\u200d👧" in picture


def test_weights_may_be_lists_and_tokens_are_texts():
    assert attention_picture([[1.0]], ["a"]) == attention_picture(np.eye(1), ["a"])
    with pytest.raises(InputError, match="a token must be a text"):
        attention_picture(np.eye(2), [1, 2])
