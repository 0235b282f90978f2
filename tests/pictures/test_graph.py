"""The drawn graph: every recorded operation is in it, once, with its inputs above it."""

import itertools
import re

import numpy as np
import pytest

import minibig as mb
from minibig.nn import GELU, LayerNorm, Linear, Sequential
from minibig.pictures import draw_graph, graph_text
from minibig.pictures.graph import _layered, _nodes, _placed, _sorted_layers


def boxes(text):
    """Number -> label, and the arrows between numbers."""
    labels = dict(re.findall(r'(n\d+) \[label="((?:[^"\\]|\\.)*)"', text))
    return labels, re.findall(r"(n\d+) -> (n\d+);", text)


def model_and_loss():
    model = Sequential(Linear(4, 8), GELU(), LayerNorm(8), Linear(8, 3))
    targets = mb.tensor([0, 1, 2, 0, 1])
    return model, mb.cross_entropy(model(mb.ones((5, 4))), targets)


def gpt_and_loss(n_layers=1):
    shape = {"n_layers": n_layers, "n_heads": 2, "d_model": 8, "context_length": 8}
    model = mb.models.GPT(mb.models.GPTConfig(vocab_size=11, **shape))
    ids = mb.tensor([[1, 2, 3, 4]])
    return model, mb.cross_entropy(model(ids[:, :-1]), ids[:, 1:])


def test_the_text_has_each_operation_once_and_an_arrow_for_each_input():
    x, y = mb.tensor([1.0, 2.0], requires_grad=True), mb.tensor([3.0], requires_grad=True)
    labels, arrows = boxes(graph_text((x * y * x).sum()))
    assert [label.split("\\n")[0] for label in labels.values()] == [
        "leaf",
        "leaf",
        "mul",
        "mul",
        "sum",
    ]
    assert labels["n0"] == "leaf\\n(2,)" and labels["n4"] == "sum\\n()"
    expected = [("n0", "n2"), ("n1", "n2"), ("n2", "n3"), ("n0", "n3"), ("n3", "n4")]
    assert sorted(arrows) == sorted(expected)


def test_an_input_that_is_used_twice_by_one_operation_has_two_arrows():
    x = mb.tensor(2.0, requires_grad=True)
    assert boxes(graph_text(x * x))[1] == [("n0", "n1"), ("n0", "n1")]


def test_parameters_have_their_names_and_special_characters_are_escaped():
    model, loss = model_and_loss()
    names = {label.split("\\n")[0] for label in boxes(graph_text(loss, model))[0].values()}
    assert {name for name, _ in model.named_parameters()} <= names
    assert "leaf" not in names

    def odd(x, /):
        return x

    odd.__name__ = 'a "quoted" \\ name'
    odd = mb.primitive(odd)
    odd.defvjp(x=lambda g: g)
    text = graph_text(odd(mb.tensor(1.0, requires_grad=True)))
    assert 'label="a \\"quoted\\" \\\\ name\\n()"' in text


def test_drawing_changes_nothing_and_a_graph_can_be_used_afterwards(tmp_path):
    model, loss = model_and_loss()
    before = graph_text(loss, model)
    draw_graph(loss, tmp_path / "graph.png", model)
    assert graph_text(loss, model) == before
    assert all(p.grad is None for p in model.parameters())
    loss.backward(retain_graph=True)
    assert graph_text(loss, model) == before


@pytest.mark.parametrize("make", [model_and_loss, gpt_and_loss, lambda: gpt_and_loss(2)])
def test_boxes_are_below_their_inputs_and_do_not_overlap(make):
    nodes = _nodes(make()[1])
    layers, lines = _layered(nodes)
    widths = [0.5 + 0.1 * (i % 7) for i in range(len(nodes))]
    places = _placed(_sorted_layers(layers, lines), lines, widths)
    assert {place[0] for place in places if place[0] >= 0} == set(range(len(nodes)))
    for line in lines:
        heights = [places[place][1] for place in line]
        assert all(a > b for a, b in itertools.pairwise(heights))
    for layer in layers:
        ends = [
            (places[p][0] - widths[p[0]] / 2, places[p][0] + widths[p[0]] / 2)
            for p in layer
            if p[0] >= 0
        ]
        assert all(right < left for (_, right), (left, _) in itertools.pairwise(ends))


def test_crossings_are_taken_away():
    xs = [mb.tensor(1.0, requires_grad=True) for _ in range(4)]
    ys = [mb.exp(x) for x in xs]
    total = (ys[0] + ys[3]) * (ys[1] + ys[2])
    layers, lines = _layered(_nodes(total))
    rank = {p: i for layer in _sorted_layers(layers, lines) for i, p in enumerate(layer)}
    steps = [(a, b) for line in lines for a, b in itertools.pairwise(line)]
    level = {p: i for i, layer in enumerate(layers) for p in layer}
    crossings = [
        1
        for (a, b), (c, d) in itertools.combinations(steps, 2)
        if level[a] == level[c] and (rank[a] - rank[c]) * (rank[b] - rank[d]) < 0
    ]
    assert crossings == []


def test_a_picture_shows_boxes_of_all_three_kinds(tmp_path):
    from matplotlib.image import imread

    path = tmp_path / "new" / "graph.png"
    model, loss = gpt_and_loss()
    draw_graph(loss, path, model)
    image = np.round(imread(path)[..., :3] * 255).astype(int)
    assert image.shape[0] < 3000 and image.shape[1] < 3000
    for color in [(0xE3, 0xED, 0xF4), (0xF7, 0xE3, 0xDA), (0x26, 0x32, 0x3A)]:
        assert (np.abs(image - color).max(axis=-1) <= 2).sum() > 300
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    assert (edge == 255).all()


def chain(n):
    x = mb.tensor(1.0, requires_grad=True)
    for _ in range(n):
        x = x + 1.0
    return x


def freed():
    loss = chain(3)
    loss.backward()
    return loss


@pytest.mark.parametrize(
    ("use", "kind", "words"),
    [
        (lambda path: graph_text(mb.tensor(1.0)), mb.InputError, "constant"),
        (lambda path: graph_text(freed()), mb.InputError, "add was freed.*retain_graph=True"),
        (lambda path: graph_text([1.0]), mb.InputError, "result must be of type Tensor; got list"),
        (
            lambda path: graph_text(chain(1), module="model"),
            mb.InputError,
            "module must be of type Module; got str",
        ),
        (lambda path: draw_graph(mb.tensor(1.0), path), mb.InputError, "constant"),
        (lambda path: draw_graph(chain(200), path), mb.InputError, "201 boxes.*graph_text"),
    ],
)
def test_wrong_uses_are_refused_with_a_sentence(use, kind, words, tmp_path):
    with pytest.raises(kind, match=words):
        use(tmp_path / "graph.png")
    assert not list(tmp_path.iterdir())


def test_a_long_chain_is_text_and_a_single_box_is_a_picture(tmp_path):
    assert graph_text(chain(5000)).count("->") == 5000
    draw_graph(mb.tensor(1.0, requires_grad=True), tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


def test_names_in_boxes_are_no_formulas_and_have_an_end(tmp_path):
    from matplotlib.image import imread

    class Odd(mb.nn.Module):
        def __init__(self):
            setattr(self, "$\\frac{1}$", mb.nn.Parameter([1.0]))
            setattr(self, "y" * 999, mb.nn.Parameter([1.0]))

    module = Odd()
    a, b = module.parameters()
    draw_graph((a * b).sum(), tmp_path / "graph.png", module)
    assert imread(tmp_path / "graph.png").shape[1] < 1500


def test_a_line_is_straight_beside_the_boxes_that_it_passes(monkeypatch):
    from minibig.pictures import graph

    drawn = []
    axes = type("Axes", (), {"add_patch": staticmethod(drawn.append)})()
    graph._draw_line(axes, [(0.0, 0.0), (2.0, -graph._LAYER), (0.5, -2 * graph._LAYER)])
    [patch] = drawn
    vertices = patch._path_original.vertices
    beside = np.abs(vertices[:, 1] + graph._LAYER) <= graph._HEIGHT / 2 + 1e-9
    assert beside.sum() >= 2 and (vertices[beside, 0] == 2.0).all()
