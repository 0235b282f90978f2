"""What the operations are tried on: shapes from Hypothesis, values from a seeded generator.

Values keep away from kinks and poles, where there is no derivative. Axes of length 0 and arrays
without axes are among the shapes wherever the operation has a meaning there.
"""

import math

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minibig.backend import DropoutKey


def numbers(draw):
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))


def real(rng, shape):
    return np.asarray(1.5 * rng.standard_normal(shape))


def positive(rng, shape):
    return np.asarray(rng.uniform(0.2, 3.0, shape))


def nonzero(rng, shape):
    return np.asarray(positive(rng, shape) * rng.choice([-1.0, 1.0], shape))


def apart(rng, shape):
    """Numbers of which no two are near: a maximum has a derivative there."""
    n = math.prod(shape)
    values = rng.permutation(n) - n / 2 + rng.uniform(0.1, 0.4, n)
    return (0.5 * values).reshape(shape)


def small_integers(rng, shape):
    return np.asarray(rng.integers(-2, 3, shape))


FULL = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


# Half of the examples hold numbers: an empty array cannot tell a wrong formula from a right one.
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4) | FULL


WITH_AXES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4) | FULL


def one(domain, shapes=SHAPES):
    return lambda draw: ([domain(numbers(draw), draw(shapes))], {})


def broadcast(*domains):
    """Inputs of shapes that broadcast, with axes of length 0 and 1 and missing axes."""

    def inputs(draw):
        shapes = draw(
            hnp.mutually_broadcastable_shapes(
                num_shapes=len(domains), min_dims=0, max_dims=3, min_side=0, max_side=3
            )
        ).input_shapes
        rng = numbers(draw)
        return [domain(rng, shape) for domain, shape in zip(domains, shapes, strict=True)], {}

    return inputs


def axes_of(draw, x, several=True):
    """An axis, None, or several axes of x."""
    if x.ndim == 0:
        return None
    single = st.integers(-x.ndim, x.ndim - 1)
    chosen = [st.none(), single]
    if several:
        chosen.append(st.lists(st.integers(0, x.ndim - 1), unique=True, min_size=1).map(tuple))
    return draw(st.one_of(chosen), label="axis")


def reduction(domain, shapes=SHAPES, several=True):
    def inputs(draw):
        x = domain(numbers(draw), draw(shapes))
        return [x], {"axis": axes_of(draw, x, several), "keepdims": draw(st.booleans())}

    return inputs


def along_axis(domain, shapes=WITH_AXES):
    def inputs(draw):
        x = domain(numbers(draw), draw(shapes))
        return [x], {"axis": draw(st.integers(-x.ndim, x.ndim - 1), label="axis")}

    return inputs


def var_inputs(draw):
    (x,), keywords = reduction(real, FULL)(draw)
    axis = keywords["axis"]
    kept = np.asarray(x).sum(axis=axis, keepdims=True).size
    correction = draw(st.integers(0, 1)) if x.size // kept > 1 else 0
    return [x], {**keywords, "correction": correction}


def std_inputs(draw):
    """As var_inputs, without rows of one number, whose deviation is 0."""
    shapes = hnp.array_shapes(min_dims=1, max_dims=3, min_side=2, max_side=4)
    (x,), keywords = reduction(apart, shapes)(draw)
    return [x], {**keywords, "correction": draw(st.integers(0, 1))}


def same_shape(*domains):
    def inputs(draw):
        rng, shape = numbers(draw), draw(SHAPES.filter(lambda shape: 0 not in shape))
        return [domain(rng, shape) for domain in domains], {}

    return inputs


def unit(rng, shape):
    return np.asarray(rng.uniform(0.0, 1.0, shape))


def matmul_inputs(draw):
    shapes = draw(
        hnp.mutually_broadcastable_shapes(
            signature="(n?,k),(k,m?)->(n?,m?)", max_dims=2, max_side=3
        )
    ).input_shapes
    rng = numbers(draw)
    if draw(st.booleans(), label="an axis of length 0"):
        k = shapes[0][-1]
        shapes = [
            tuple(0 if n == k and i >= len(s) - 2 else n for i, n in enumerate(s)) for s in shapes
        ]
        if shapes[0][-1] != shapes[1][-2 if len(shapes[1]) > 1 else 0]:
            shapes = [(2, 0), (0, 3)]
    return [real(rng, shape) for shape in shapes], {}


def linear_inputs(draw):
    rng, outer = numbers(draw), draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0))
    D, F = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    inputs = [real(rng, (*outer, D)), real(rng, (D, F)), real(rng, (F,))]
    return inputs[: draw(st.integers(2, 3))], {}


def feed_forward_inputs(draw):
    rng, outer = numbers(draw), draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0))
    D, F, E = (draw(st.integers(1, 4)) for _ in range(3))
    shapes = [(*outer, D), (D, F), (F,), (F, E), (E,)]
    activation = draw(st.sampled_from(["relu", "gelu_tanh", "gelu", "tanh"]))
    return [real(rng, shape) for shape in shapes], {"activation": activation}


def norm_inputs(n_scales):
    def inputs(draw):
        rng, outer = numbers(draw), draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0))
        D = draw(st.integers(2, 6))
        xs = [apart(rng, (*outer, D)), positive(rng, (D,)), real(rng, (D,))]
        # Two numbers become ±1 whatever they are: without eps there is no derivative to measure.
        eps = draw(st.sampled_from([1e-5, 0.1] if D > 2 else [0.1]))
        return xs[: draw(st.integers(1, 1 + n_scales))], {"eps": eps}

    return inputs


def attention_inputs(draw, values=True):
    rng = numbers(draw)
    outer = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=1, max_side=3))
    T, K, U = (draw(st.integers(1, 4)) for _ in range(3))
    S = T + draw(st.integers(0, 2))
    xs = [real(rng, (*outer, T, K)), real(rng, (*outer, S, K))]
    xs += [real(rng, (*outer, S, U))] * values
    if draw(st.booleans(), label="bias"):
        shapes = [(T, S), (*outer, T, S), (S,), (1, S), (*(1 for _ in outer), T, 1)]
        xs.append(real(rng, draw(st.sampled_from(shapes))))
    keywords = {"causal": draw(st.booleans()), "scale": draw(st.sampled_from([None, 1, 0.3]))}
    return xs, keywords


def attention_weights_inputs(draw):
    return attention_inputs(draw, values=False)


def attention_with_weights_inputs(draw):
    xs, keywords = attention_inputs(draw)
    return xs, {**keywords, "return_weights": True}


def cross_entropy_inputs(draw):
    rng, outer = numbers(draw), draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=4))
    V = draw(st.integers(1, 5))
    targets = np.asarray(rng.integers(0, V, outer))
    ignored = draw(st.sampled_from([-100, 0])) if V > 1 else -100
    if draw(st.booleans(), label="some are ignored"):
        targets.reshape(-1)[: targets.size // 2] = ignored
    targets.reshape(-1)[-1] = V - 1
    keywords = {"ignore_index": ignored, "label_smoothing": draw(st.sampled_from([0.0, 0.1]))}
    return [real(rng, (*outer, V)), targets], keywords


def weighted(inputs):
    """The inputs of a cross-entropy, with weights of the classes and a reduction."""

    def drawn(draw):
        xs, keywords = inputs(draw)
        weights = positive(numbers(draw), xs[0].shape[-1:])
        reduction = draw(st.sampled_from(["mean", "sum", "none"]))
        return [*xs, weights], {**keywords, "reduction": reduction}

    return drawn


def soft_cross_entropy_inputs(draw):
    rng, outer = numbers(draw), draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=4))
    V = draw(st.integers(1, 5))
    q = positive(rng, (*outer, V))
    keywords = {"label_smoothing": draw(st.sampled_from([0.0, 0.1]))}
    return [real(rng, (*outer, V)), q / q.sum(axis=-1, keepdims=True)], keywords


def rows_inputs(draw):
    """A table of at least one row, and numbers of rows, some of them repeated."""
    rng = numbers(draw)
    table = real(rng, draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4)))
    ids = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4))
    return [table, np.asarray(rng.integers(0, len(table), ids))], {}


def take_inputs(draw):
    (x, _), _ = rows_inputs(draw)
    axis = draw(st.integers(-x.ndim, x.ndim - 1))
    ids = numbers(draw).integers(0, x.shape[axis], draw(SHAPES.filter(lambda s: len(s) < 3)))
    return [x, np.asarray(ids)], {"axis": axis}


def scatter_add_inputs(draw):
    (x, ids), _ = rows_inputs(draw)
    return [x, ids, real(numbers(draw), (*ids.shape, *x.shape[1:]))], {}


INDICES = {
    "integer": 1,
    "negative": -1,
    "slice": slice(None, None, 2),
    "backwards": (slice(None), slice(None, None, -1)),
    "ellipsis": (..., 0),
    "new axis": (None, slice(1, None), None),
    "list": [1, 0, 1],
    "list in the second axis": (slice(None), [2, 2]),
    "two arrays": (np.array([0, 1, 1]), np.array([2, 0, 2])),
    "arrays apart": (np.array([0, 1]), slice(None), np.array([0, 1])),
    "mask": np.array([True, False]),
    "empty": slice(0, 0),
}


def getitem_inputs(draw):
    key = draw(st.sampled_from(sorted(INDICES)))
    return [real(numbers(draw), (2, 3, 2))], {"key": key}


def several(joined):
    """Two or three arrays that differ, for concatenate, along one axis only."""

    def inputs(draw):
        rng, shape = numbers(draw), list(draw(WITH_AXES if joined else SHAPES))
        axis = draw(st.integers(-len(shape) - (not joined), len(shape) - joined))
        xs = []
        for _ in range(draw(st.integers(1, 3))):
            if joined:
                shape[axis] = draw(st.integers(0, 3))
            xs.append(real(rng, tuple(shape)))
        return xs, {"axis": axis}

    return inputs


def split_inputs(draw):
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    shape = list(draw(WITH_AXES))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    shape[axis] = sum(sizes)
    return [real(numbers(draw), tuple(shape))], {"sizes": sizes, "axis": axis}


def swapaxes_inputs(draw):
    x = real(numbers(draw), draw(WITH_AXES))
    a, b = (draw(st.integers(-x.ndim, x.ndim - 1)) for _ in range(2))
    return [x], {"a": a, "b": b}


def transpose_inputs(draw):
    x = real(numbers(draw), draw(SHAPES))
    return [x], {"axes": draw(st.permutations(range(x.ndim)))}


def reshape_inputs(draw):
    x = real(numbers(draw), draw(SHAPES))
    return [x], {"shape": draw(st.sampled_from([(x.size,), x.shape[::-1], (1, *x.shape, 1)]))}


def broadcast_to_inputs(draw):
    shapes = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=1, min_side=0, max_side=3, max_dims=2)
    )
    return [real(numbers(draw), shapes.input_shapes[0])], {"shape": (2, *shapes.result_shape)}


def sum_to_inputs(draw):
    shapes = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=1, min_side=0, max_side=3, max_dims=2)
    )
    x = real(numbers(draw), (2, *shapes.result_shape))
    return [x], {"shape": shapes.input_shapes[0]}


def expand_dims_inputs(draw):
    x = real(numbers(draw), draw(SHAPES))
    return [x], {"axis": draw(st.integers(-x.ndim - 1, x.ndim))}


def squeeze_inputs(draw):
    (x,), keywords = expand_dims_inputs(draw)
    return [np.expand_dims(x, keywords["axis"])], keywords


def dropout_inputs(draw):
    p = draw(st.sampled_from([0.0, 0.25, 0.9]))
    key = DropoutKey(draw(st.integers(0, 2**128 - 1)), draw(st.integers(0, 5)))
    return [real(numbers(draw), draw(SHAPES))], {"p": p, "key": key}


def update_inputs(n_states, **choices):
    def inputs(draw):
        rng, shape = numbers(draw), draw(SHAPES)
        states = [real(rng, shape) for _ in range(n_states - 1)] + [positive(rng, shape)]
        keywords = {name: draw(st.sampled_from(values)) for name, values in choices.items()}
        return [real(rng, shape), real(rng, shape), *states], keywords

    return inputs


ADAM = {
    "lr": [0.1, 1e-3],
    "betas": [(0.9, 0.99), (0.5, 0.9)],
    "eps": [1e-8, 0.1],
    "weight_decay": [0.0, 0.1],
    "t": [1, 7],
}


MATRICES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=4)


def muon_inputs(draw):
    rng, shape = numbers(draw), draw(MATRICES)
    keywords = {"lr": 0.1, "momentum": draw(st.sampled_from([0.0, 0.9])), "weight_decay": 0.1}
    return [apart(rng, shape), apart(rng, shape), apart(rng, shape)], keywords


def adafactor_inputs(draw):
    rng, shape = numbers(draw), draw(FULL)
    factors = [shape] if len(shape) < 2 else [shape[:-1], (*shape[:-2], shape[-1])]
    xs = [nonzero(rng, shape), nonzero(rng, shape), *[positive(rng, each) for each in factors]]
    keywords = {"lr": 0.1, "decay": 0.8, "eps": 1e-3, "weight_decay": 0.1}
    more = {"min_scale": 1e-3, "clip": draw(st.sampled_from([0.01, 100.0])), "t": 2}
    return xs, {**keywords, **more}


def pow_inputs(draw):
    return broadcast(positive, real)(draw)


def power_inputs(draw):
    exponent = draw(st.sampled_from([0, 1, 2, 3, -1, 0.5, 2.5]))
    return [positive(numbers(draw), draw(SHAPES))], {"exponent": exponent}


def with_keywords(inputs, **choices):
    """The inputs of another strategy, and keywords, each one of some values."""

    def drawn(draw):
        xs, keywords = inputs(draw)
        more = {name: draw(st.sampled_from(values)) for name, values in choices.items()}
        return xs, {**keywords, **more}

    return drawn


def beside_integers(rng, shape):
    """Numbers, none of them near an integer."""
    return np.asarray(rng.integers(-3, 3, shape) + rng.uniform(0.2, 0.8, shape))


def whole(low, high):
    """A domain of whole numbers from low to high, as floating-point numbers."""
    return lambda rng, shape: np.asarray(rng.integers(low, high + 1, shape), np.float64)


def with_a_zero(rng, shape):
    """Factors of which one may be exactly 0."""
    x = nonzero(rng, shape)
    if x.size:
        x.reshape(-1)[0] *= rng.integers(2)
    return x


def two_arrays(draw):
    rng = numbers(draw)
    return [real(rng, draw(SHAPES)), real(rng, draw(SHAPES))], {}


def cumsum_inputs(draw):
    x = real(numbers(draw), draw(SHAPES))
    return [x], {"axis": axes_of(draw, x, several=False)}


def flip_inputs(draw):
    x = real(numbers(draw), draw(SHAPES))
    return [x], {"axis": axes_of(draw, x)}


def roll_inputs(draw):
    (x,), keywords = cumsum_inputs(draw)
    return [x], {"shift": draw(st.integers(-6, 6)), **keywords}


def tile_inputs(draw):
    repeats = st.one_of(st.integers(0, 3), st.lists(st.integers(0, 3), max_size=4).map(tuple))
    return [real(numbers(draw), draw(SHAPES))], {"repeats": draw(repeats)}


def pad_inputs(draw):
    x = real(numbers(draw), draw(SHAPES))
    count = st.integers(0, 3)
    pair = st.tuples(count, count)
    each = st.lists(pair, min_size=x.ndim, max_size=x.ndim)
    widths = draw(st.one_of(count, pair, each) if x.ndim else st.just(2))
    return [x], {"widths": widths, "constant_values": draw(st.sampled_from([0.0, -1.5]))}


def triangle_inputs(draw):
    shapes = hnp.array_shapes(min_dims=2, max_dims=3, min_side=0, max_side=4)
    return [real(numbers(draw), draw(shapes))], {"k": draw(st.integers(-4, 4))}


def gather_inputs(draw):
    rng, shape = numbers(draw), list(draw(FULL))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    x = real(rng, tuple(shape))
    n, shape[axis] = shape[axis], draw(st.integers(0, 4))
    return [x, np.asarray(rng.integers(0, n, shape))], {"axis": axis}


def one_hot_inputs(draw):
    n = draw(st.integers(1, 5))
    return [np.asarray(numbers(draw).integers(0, n, draw(SHAPES)))], {"n": n}


def top_k_inputs(draw):
    (x,), keywords = along_axis(apart)(draw)
    return [x], {"k": draw(st.integers(0, x.shape[keywords["axis"]])), **keywords}


SUBSCRIPTS = [
    "i->i", "i->", "ij->ji", "ij", "ji", "ijk->ki",
    "ij,jk->ik", "ij,jk", "ij,ij->", "ij,ij->ij", "i,j->ij", "i,j->", "bij,bjk->bik", "ij,kj->",
    "bij,bkj->kib", ",i->i", "ijk,jl->il", "bhtk,bhsk->bhts", "ij,jk,kl->il",
    "i,i,i->i", "ij,j,k->ki", "ab,cd,ae->c", "...ij,...jk->...ik", "...i->...", "...,...",
    "i...->...i", "i...,j...->ij...", "ij , jk -> ik", "ii->i", "ii", "iij->ji", "iji,ik->jk",
    "iii->i", "ijij->ij", "i...i->...",
]  # fmt: skip


def einsum_inputs(draw):
    subscripts, rng = draw(st.sampled_from(SUBSCRIPTS)), numbers(draw)
    lengths = {c: draw(st.integers(0, 3)) for c in sorted(set(subscripts) - set(" ,.->"))}
    dots = draw(st.lists(st.integers(0, 3), max_size=2))
    xs = []
    for term in subscripts.split("->")[0].replace(" ", "").split(","):
        before, ellipsis, after = term.partition("...")
        shared = dots[draw(st.integers(0, len(dots))) :] if ellipsis else []
        shared = [draw(st.sampled_from([1, n])) for n in shared]
        shape = [lengths[c] for c in before] + shared + [lengths[c] for c in after]
        xs.append(real(rng, tuple(shape)))
    return xs, {"subscripts": subscripts}


def inside_one(rng, shape):
    """Numbers between −1 and 1, not near an end."""
    return np.asarray(rng.uniform(-0.9, 0.9, shape))


def with_infinity(rng, shape):
    return np.asarray(rng.choice([0.0, 1.5, np.inf, -np.inf, np.nan], shape))


def cumulative(domain):
    def inputs(draw):
        x = domain(numbers(draw), draw(SHAPES))
        return [x], {"axis": axes_of(draw, x, several=False)}

    return inputs


def diag_inputs(draw):
    shapes = hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=4)
    return [real(numbers(draw), draw(shapes))], {"k": draw(st.integers(-3, 3))}


def diagonal_inputs(draw):
    x = real(numbers(draw), draw(hnp.array_shapes(min_dims=2, max_dims=3, min_side=0, max_side=4)))
    a, b = draw(st.permutations(range(x.ndim)))[:2]
    a = draw(st.sampled_from([a, a - x.ndim]))
    return [x], {"k": draw(st.integers(-2, 2)), "axis1": a, "axis2": b}


def flatten_inputs(draw):
    x = real(numbers(draw), draw(SHAPES))
    n = max(x.ndim, 1)
    start = draw(st.integers(0, n - 1))
    return [x], {"start": start, "end": draw(st.sampled_from([*range(start, n), -1]))}


def pad_modes_inputs(draw):
    x = real(numbers(draw), draw(FULL))
    mode = draw(st.sampled_from(["edge", "reflect", "wrap"]))
    count = st.integers(0, 5)
    each = st.lists(st.tuples(count, count), min_size=x.ndim, max_size=x.ndim)
    return [x], {"widths": draw(st.one_of(count, each)), "mode": mode}


def repeat_inputs(draw):
    (x,), keywords = cumsum_inputs(draw)
    axis = keywords["axis"]
    n = x.size if axis is None else x.shape[axis]
    each = st.lists(st.integers(0, 3), min_size=n, max_size=n)
    return [x], {"repeats": draw(st.one_of(st.integers(0, 3), each)), "axis": axis}


def roll_axes_inputs(draw):
    x = real(numbers(draw), draw(WITH_AXES))
    axes = draw(st.lists(st.integers(-x.ndim, x.ndim - 1), min_size=1, max_size=3).map(tuple))
    shifts = st.lists(st.integers(-5, 5), min_size=len(axes), max_size=len(axes)).map(tuple)
    return [x], {"shift": draw(st.one_of(shifts, st.integers(-5, 5))), "axis": axes}


def scatter_inputs(draw):
    (x, ids), keywords = gather_inputs(draw)
    return [x, ids, real(numbers(draw), ids.shape)], keywords


def squeeze_several_inputs(draw):
    x = real(numbers(draw), (1, *draw(SHAPES), 1))
    axis = draw(st.sampled_from([None, 0, -1, (0, -1), (0,)]))
    return [x], {"axis": axis}
