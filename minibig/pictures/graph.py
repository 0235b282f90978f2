"""The graph behind a result, drawn: operations as boxes, parameters by their names.

`graph_text` writes it in the language of Graphviz; `draw_graph` draws it without Graphviz, in
layers: an operation stands below all of its inputs, a parameter just above the first operation
that reads it, and a line that passes a layer keeps a place in it, as if it were a box. Each layer
is then sorted, several times up and down, by the mean place of what its boxes are joined with,
which takes most crossings away (Sugiyama, Tagawa and Toda 1981, IEEE Trans. SMC 11).

Only what a derivative passes through is recorded, and so drawn; constants are not.
"""

import os
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from minibig.autograd import Tensor
from minibig.autograd.tensors import Leaf, Node
from minibig.backend import InputError, checks
from minibig.backend.checks import instance
from minibig.nn import Module
from minibig.pictures.fonts import legible
from minibig.pictures.style import FAINT, INK, empty_figure, own_defaults, png, save_picture
from minibig.text_layout import columns_of, shortened

_MOST = 200  # boxes in one picture
_LONGEST = 60  # columns of a name in a box
_PARAMETER, _OPERATION, _RESULT = "#e3edf4", "#ffffff", "#f7e3da"
_CHARACTER, _MARGIN, _LAYER, _HEIGHT = 0.07, 0.24, 0.72, 0.4  # inches; 8-point monospace

Place = tuple[int, int]  # a box and 0, or one end of a long line and the layer it passes


def graph_text(result: Tensor, module: Module | None = None) -> str:
    """The graph behind a result as Graphviz text, for `dot -Tsvg`; edges carry the shapes.

    With a module its parameters have their names.

    Raises:  InputError if the result is constant, or its graph was freed by a backward pass.

    >>> x = mb.tensor([1.0, 2.0], requires_grad=True)
    >>> print(graph_text(mb.exp(x).sum()))
    digraph {
      node [shape=box, style="rounded,filled", fontname=monospace, fillcolor="#ffffff"];
      n0 [label="leaf\\n(2,)", fillcolor="#e3edf4"];
      n1 [label="exp\\n(2,)"];
      n2 [label="sum\\n()", fillcolor="#f7e3da"];
      n0 -> n1;
      n1 -> n2;
    }
    """
    nodes = _nodes(result)
    labels, numbers = _labels(nodes, module), {node: i for i, node in enumerate(nodes)}
    lines = [
        'node [shape=box, style="rounded,filled", fontname=monospace, fillcolor="#ffffff"];',
        *[_box(i, labels[i], _color(node, nodes[-1])) for i, node in enumerate(nodes)],
        *[f"n{numbers[a]} -> n{numbers[b]};" for b in nodes for a in _inputs(b)],
    ]
    return "\n".join(["digraph {", *["  " + line for line in lines], "}"])


def _box(i: int, label: str, color: str) -> str:
    text = label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    extra = "" if color == _OPERATION else f', fillcolor="{color}"'
    return f'n{i} [label="{text}"{extra}];'


def draw_graph(result: Tensor, path: str | os.PathLike[str], module: Module | None = None) -> None:
    """Write a PNG of the graph behind a result, inputs above; made for up to about 60 boxes.

    Raises:  InputError as `graph_text`, and for a graph of more than 200 boxes; StorageError if the
             file cannot be written.
    """
    nodes = _nodes(result)
    if len(nodes) > _MOST:
        raise InputError(
            f"a picture of {len(nodes)} boxes cannot be read; at most {_MOST} are drawn. Take a "
            "smaller model, or graph_text and Graphviz."
        )
    with own_defaults():
        picture = png(_figure_of(nodes, _labels(nodes, module)))
    save_picture(picture, checks.path("path", path))


def _figure_of(nodes: list[Node], labels: list[str]) -> Any:
    """The graph on a figure of the size that it needs."""
    widths = [
        _MARGIN + _CHARACTER * max(columns_of(legible(line)) for line in label.split("\n"))
        for label in labels
    ]
    layers, lines = _layered(nodes)
    places = _placed(_sorted_layers(layers, lines), lines, widths)
    x = [at for at, _ in places.values()]
    left, right = min(x) - max(widths) / 2, max(x) + max(widths) / 2
    size = (right - left + 0.4, len(layers) * _LAYER + 0.2)
    figure = empty_figure(*size, 110)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(left - 0.2, right + 0.2), ylim=(-size[1] + _LAYER / 2 + 0.1, _LAYER / 2 + 0.1))
    axes.set_axis_off()
    for line in lines:
        _draw_line(axes, [places[point] for point in line])
    for i, label in enumerate(labels):
        _draw_box(axes, places[i, 0], widths[i], label, _color(nodes[i], nodes[-1]))
    return figure


def _nodes(result: Tensor) -> list[Node]:
    """Every node behind the result, inputs before what is computed from them."""
    instance("result", result, Tensor)
    if result.edge is None:
        raise InputError("this tensor is constant: nothing behind it requires a gradient.")
    found, stack = {result.edge[0]}, [result.edge[0]]
    while stack:
        node = stack.pop()
        if not isinstance(node, Leaf) and node.saved is None:
            raise InputError(
                f"the graph behind {node.operation} was freed by a backward pass. Draw it before, "
                "or call backward with retain_graph=True."
            )
        new = set(_inputs(node)) - found
        found |= new
        stack.extend(new)
    return sorted(found, key=lambda node: node.order)


def _inputs(node: Node) -> list[Node]:
    return [edge[0] for edge in node.edges if edge is not None]


def _labels(nodes: Iterable[Node], module: Module | None) -> list[str]:
    """What is written in each box: a name, and the shapes of what comes out."""
    names: dict[Any, str] = {}
    if module is not None:
        instance("module", module, Module)
        names = {p.edge[0]: name for name, p in module.named_parameters() if p.edge is not None}
    labels = []
    for node in nodes:
        name = names.get(node, "leaf") if isinstance(node, Leaf) else str(node.operation)
        name = shortened(name, _LONGEST)
        labels.append("\n".join([name, ", ".join(str(tuple(shape)) for shape, _ in node.outputs)]))
    return labels


def _color(node: Node, last: Node) -> str:
    if isinstance(node, Leaf):
        return _PARAMETER
    return _RESULT if node is last else _OPERATION


def _layered(nodes: list[Node]) -> tuple[list[list[Place]], list[list[Place]]]:
    """The layers from above, and the lines: through which places an input reaches its reader."""
    numbers = {node: i for i, node in enumerate(nodes)}
    inputs = [sorted({numbers[node] for node in _inputs(node)}) for node in nodes]
    layer = [0] * len(nodes)
    for i, before in enumerate(inputs):
        layer[i] = 1 + max((layer[j] for j in before), default=-1)
    for j, node in enumerate(nodes):
        readers = [layer[i] for i, before in enumerate(inputs) if j in before]
        if isinstance(node, Leaf) and readers:
            layer[j] = min(readers) - 1
    layers: list[list[Place]] = [[] for _ in range(max(layer) + 1)]
    for i, at in enumerate(layer):
        layers[at].append((i, 0))
    lines = []
    for i, before in enumerate(inputs):
        for j in before:
            # Lines from one box down to several share their way.
            passed = [(-1 - j, at) for at in range(layer[j] + 1, layer[i])]
            for place in passed:
                if place not in layers[place[1]]:
                    layers[place[1]].append(place)
            lines.append([(j, 0), *passed, (i, 0)])
    return layers, lines


def _neighbours(lines: list[list[Place]]) -> tuple[dict[Place, set[Place]], ...]:
    """What each place is joined with in the layer above, and in the one below."""
    above: dict[Place, set[Place]] = {}
    below: dict[Place, set[Place]] = {}
    for line in lines:
        for upper, lower in pairwise(line):
            above.setdefault(lower, set()).add(upper)
            below.setdefault(upper, set()).add(lower)
    return above, below


def _sorted_layers(
    layers: list[list[Place]], lines: list[list[Place]], sweeps: int = 12
) -> list[list[Place]]:
    """The layers, each in an order in which few lines cross."""
    above, below = _neighbours(lines)
    for sweep in range(sweeps):
        downwards = sweep % 2 == 0
        joined, order = (above, layers) if downwards else (below, layers[::-1])
        for fixed, moving in pairwise(order):
            rank = {place: i / max(len(fixed) - 1, 1) for i, place in enumerate(fixed)}
            now = {place: i / max(len(moving) - 1, 1) for i, place in enumerate(moving)}
            moving.sort(key=lambda p: _mean([rank[q] for q in joined.get(p, ())], now[p]))
    return layers


def _placed(
    layers: list[list[Place]], lines: list[list[Place]], widths: Sequence[float]
) -> dict[Place, tuple[float, float]]:
    """The middle of every place, in inches: near what it is joined with, apart from the others.

    Leaves and long lines follow the operations and do not pull them aside: chains become straight.
    """
    above, below = _neighbours(lines)
    leaves = {p for layer in layers for p in layer if p not in above and p[0] >= 0}
    width = lambda place: widths[place[0]] if place[0] >= 0 else 0.3
    leads = lambda place: place[0] >= 0 and place not in leaves
    x = dict.fromkeys((p for layer in layers for p in layer), 0.0)
    for sweep in range(30):
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = []
            for p in layer:
                joined = {*above.get(p, ()), *below.get(p, ())}
                wanted.append(_mean([x[q] for q in {*filter(leads, joined)} or joined], 0.0))
            at = _apart(layer, wanted, width)
            off = [want - at[p] for p, want in zip(layer, wanted, strict=True) if leads(p)]
            x |= {p: at[p] + _mean(off, 0.0) for p in layer}
    return {p: (x[p], -i * _LAYER) for i, layer in enumerate(layers) for p in layer}


def _apart(layer: list[Place], wanted: list[float], width: Any) -> dict[Place, float]:
    """Places in their order, where they want to be or as far to the right as the gaps demand."""
    x: list[float] = []
    for place, want in zip(layer, wanted, strict=True):
        if x:
            want = max(want, x[-1] + (width(layer[len(x) - 1]) + width(place)) / 2 + 0.18)
        x.append(want)
    return dict(zip(layer, x, strict=True))


def _mean(numbers: list[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def _draw_line(axes: Any, points: list[tuple[float, float]]) -> None:
    """A smooth line from the lower edge of a box to the upper edge of another, with a head."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    (x0, y0), (x1, y1) = points[0], points[-1]
    # Beside the boxes that it passes, a line is straight.
    edges = [(x, y + side * _HEIGHT / 2) for x, y in points[1:-1] for side in (1, -1)]
    points = [(x0, y0 - _HEIGHT / 2), *edges, (x1, y1 + _HEIGHT / 2)]
    vertices, codes = [points[0]], [Curve.MOVETO]
    for (xa, ya), (xb, yb) in pairwise(points):
        middle = (ya + yb) / 2
        vertices += [(xa, middle), (xb, middle), (xb, yb)]
        codes += [Curve.CURVE4] * 3
    axes.add_patch(
        FancyArrowPatch(
            path=Curve(vertices, codes),
            arrowstyle="-|>",
            mutation_scale=7,
            color=FAINT,
            linewidth=0.9,
            shrinkA=0,
            shrinkB=0,
        )
    )


def _draw_box(axes: Any, at: tuple[float, float], width: float, label: str, color: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y = at
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2 + 0.04, y - _HEIGHT / 2 + 0.04),
            width - 0.08,
            _HEIGHT - 0.08,
            boxstyle="round,pad=0.04",
            facecolor=color,
            edgecolor=INK,
            linewidth=0.8,
        )
    )
    style = {"family": "monospace", "fontsize": 8, "color": INK, "parse_math": False}
    axes.text(x, y, label, ha="center", va="center", linespacing=1.1, **style)
