"""The table of operations: one row each, with an independent formula in float64.

`inputs` draws arrays and keywords. All floating-point inputs are differentiable.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import minibig as mb
from minibig.autograd import alias, sum_to
from minibig.ops.dropout_masks import masked
from minibig.ops.losses import REDUCTIONS

from . import inputs as given
from . import references as expected

EXEMPT = {
    **dict.fromkeys(
        ["arange", "eye", "full", "full_like", "linspace", "normal", "ones", "ones_like"],
        "makes new tensors, tested in test_creation.py",
    ),
    **dict.fromkeys(
        ["uniform", "zeros", "zeros_like"], "makes new tensors, tested in test_creation.py"
    ),
    "allclose": "returns a bool, tested in test_logic.py",
    "causal_mask": "is made of a shape only, tested in test_scaled_dot_product_attention.py",
    "checked_ids": "returns an array, tested in test_indexing.py",
}


@dataclass(frozen=True)
class Specification:
    """One operation: how it is called, on what, and what must come out."""

    name: str
    function: Callable[..., Any]
    inputs: Callable[[Any], tuple[list[np.ndarray], dict[str, Any]]]
    reference: Callable[..., Any]
    widens: bool = False  # the result has another dtype than the inputs
    writes: bool = False  # a kernel may write into its inputs


def feed_forward(*xs, activation):
    return mb.feed_forward(*xs, activation=getattr(mb, activation))


def getitem(x, *, key):
    def placed(part):
        is_tensor = isinstance(x, mb.Tensor) and isinstance(part, np.ndarray)
        return mb.tensor(part, device=x.device) if is_tensor else part

    index = given.INDICES[key]
    return x[tuple(map(placed, index)) if isinstance(index, tuple) else placed(index)]


row = Specification


ROWS = [
    row("abs", mb.abs, given.one(given.nonzero), np.abs),
    row(
        "adafactor_update",
        mb.ops.adafactor_update,
        given.adafactor_inputs,
        expected.adafactor_reference,
    ),
    row(
        "adam_update",
        mb.adam_update,
        given.update_inputs(2, **given.ADAM),
        expected.adam_reference,
        writes=True,
    ),
    row(
        "adamw_update",
        mb.adamw_update,
        given.update_inputs(2, **given.ADAM),
        expected.adamw_reference,
        writes=True,
    ),
    row("add", mb.add, given.broadcast(given.real, given.real), lambda a, b: a + b),
    row("alias", alias, given.one(given.real), lambda x: x),
    row("all", mb.all, given.reduction(given.small_integers), np.all),
    row("any", mb.any, given.reduction(given.small_integers), np.any),
    row("arccos", mb.arccos, given.one(given.inside_one), np.arccos),
    row("arccosh", mb.arccosh, given.one(lambda *a: 1 + given.positive(*a)), np.arccosh),
    row("arcsin", mb.arcsin, given.one(given.inside_one), np.arcsin),
    row("arcsinh", mb.arcsinh, given.one(given.real), np.arcsinh),
    row("arctan", mb.arctan, given.one(given.real), np.arctan),
    row("arctan2", mb.arctan2, given.broadcast(given.nonzero, given.nonzero), np.arctan2),
    row("arctanh", mb.arctanh, given.one(given.inside_one), np.arctanh),
    row("argmax", mb.argmax, given.reduction(given.apart, given.FULL, several=False), np.argmax),
    row("argmin", mb.argmin, given.reduction(given.apart, given.FULL, several=False), np.argmin),
    row(
        "argsort",
        mb.argsort,
        given.along_axis(given.small_integers),
        lambda x, *, axis: np.argsort(x, axis=axis, kind="stable"),
    ),
    row(
        "astype",
        lambda x: mb.astype(x, dtype="float64"),
        given.one(given.real),
        lambda x: np.asarray(x, np.float64),
        widens=True,
    ),
    row("attention", mb.attention, given.attention_inputs, expected.attention_reference),
    row(
        "attention", mb.attention, given.attention_with_weights_inputs, expected.attention_reference
    ),
    row(
        "attention_weights",
        mb.attention_weights,
        given.attention_weights_inputs,
        expected.attention_weights_reference,
    ),
    row(
        "binary_cross_entropy_with_logits",
        mb.binary_cross_entropy_with_logits,
        given.with_keywords(given.same_shape(given.real, given.unit), reduction=REDUCTIONS),
        expected.binary_cross_entropy_reference,
    ),
    row("broadcast_to", mb.broadcast_to, given.broadcast_to_inputs, np.broadcast_to),
    row("ceil", mb.ceil, given.one(given.beside_integers), np.ceil),
    row(
        "clip",
        mb.clip,
        given.broadcast(given.beside_integers, given.whole(-2, 0), given.whole(1, 2)),
        np.clip,
    ),
    row(
        "clip",
        lambda x, *, low, high: x.clip(low, high),
        given.with_keywords(given.one(given.beside_integers), low=[-1.0], high=[None, 2, 1.0]),
        lambda x, *, low, high: np.clip(x, low, high),
    ),
    row("clone", mb.clone, given.one(given.real), np.copy),
    row(
        "concatenate",
        lambda *xs, axis: mb.concatenate(xs, axis=axis),
        given.several(joined=True),
        lambda *xs, axis: np.concatenate(xs, axis=axis),
    ),
    row("cos", mb.cos, given.one(given.real), np.cos),
    row("cosh", mb.cosh, given.one(given.real), np.cosh),
    row(
        "cross_entropy",
        mb.cross_entropy,
        given.cross_entropy_inputs,
        expected.cross_entropy_reference,
    ),
    row(
        "cross_entropy",
        lambda x, targets, w, **k: mb.cross_entropy(x, targets, weights=w, **k),
        given.weighted(given.cross_entropy_inputs),
        expected.cross_entropy_reference,
    ),
    row("cummax", mb.cummax, given.cumulative(given.apart), expected.cummax_reference),
    row("cummin", mb.cummin, given.cumulative(given.apart), expected.cummin_reference),
    row("cumprod", mb.cumprod, given.cumulative(given.with_a_zero), expected.cumprod_reference),
    row(
        "cumsum",
        mb.cumsum,
        given.cumsum_inputs,
        lambda x, *, axis: np.add.accumulate(x if axis is not None else x.reshape(-1), axis or 0),
    ),
    row("diag", mb.diag, given.diag_inputs, np.diag),
    row(
        "diagonal",
        mb.diagonal,
        given.diagonal_inputs,
        lambda x, *, k, axis1, axis2: np.diagonal(x, k, axis1, axis2),
    ),
    row("div", mb.div, given.broadcast(given.real, given.nonzero), lambda a, b: a / b),
    row("dropout", mb.dropout, given.dropout_inputs, expected.dropout_reference),
    row(
        "einsum",
        lambda *xs, subscripts: mb.einsum(subscripts, *xs),
        given.einsum_inputs,
        lambda *xs, subscripts: np.einsum(subscripts, *xs),
    ),
    row(
        "elu",
        mb.elu,
        given.with_keywords(given.one(given.nonzero), alpha=[1.0, 0.3]),
        expected.elu_reference,
    ),
    row("embedding", mb.embedding, given.rows_inputs, lambda weight, ids: weight[ids]),
    row("equal", mb.equal, given.broadcast(given.small_integers, given.small_integers), np.equal),
    row("erf", mb.erf, given.one(given.real), expected.erf_reference),
    row("exp", mb.exp, given.one(given.real), np.exp),
    row("expand_dims", mb.expand_dims, given.expand_dims_inputs, np.expand_dims),
    row("expm1", mb.expm1, given.one(given.real), np.expm1),
    row("feed_forward", feed_forward, given.feed_forward_inputs, expected.feed_forward_reference),
    row("flatten", mb.flatten, given.flatten_inputs, expected.flatten_reference),
    row("floor", mb.floor, given.one(given.beside_integers), np.floor),
    row(
        "floor_divide",
        mb.floor_divide,
        given.broadcast(given.beside_integers, given.whole(1, 3)),
        np.floor_divide,
    ),
    row(
        "isclose",
        mb.isclose,
        given.broadcast(given.small_integers, given.small_integers),
        np.isclose,
    ),
    row("isinf", mb.isinf, given.one(given.with_infinity), np.isinf),
    row("isnan", mb.isnan, given.one(given.with_infinity), np.isnan),
    row("nonzero", mb.nonzero, given.one(given.small_integers, given.WITH_AXES), np.nonzero),
    row("normal_cdf", mb.normal_cdf, given.one(given.real), expected.normal_cdf_reference),
    row("flip", mb.flip, given.flip_inputs, np.flip),
    row(
        "gather",
        mb.gather,
        given.gather_inputs,
        lambda x, ids, *, axis: np.take_along_axis(x, ids, axis=axis),
    ),
    row("gelu", mb.gelu, given.one(given.real), expected.gelu_reference),
    row("gelu_tanh", mb.gelu_tanh, given.one(given.real), expected.gelu_tanh_reference),
    row("getitem", getitem, given.getitem_inputs, lambda x, *, key: x[given.INDICES[key]]),
    row(
        "greater",
        mb.greater,
        given.broadcast(given.small_integers, given.small_integers),
        np.greater,
    ),
    row(
        "greater_equal",
        mb.greater_equal,
        given.broadcast(given.real, given.small_integers),
        np.greater_equal,
    ),
    row(
        "isfinite",
        mb.isfinite,
        given.one(lambda *a: np.where(given.real(*a) > 1, np.inf, 0.0)),
        np.isfinite,
    ),
    row("layer_norm", mb.layer_norm, given.norm_inputs(2), expected.layer_norm_reference),
    row(
        "leaky_relu",
        mb.leaky_relu,
        given.with_keywords(given.one(given.nonzero), slope=[0.01, 0.5]),
        lambda x, *, slope: np.where(x > 0, x, slope * x),
    ),
    row("less", mb.less, given.broadcast(given.small_integers, given.small_integers), np.less),
    row(
        "less_equal",
        mb.less_equal,
        given.broadcast(given.small_integers, given.real),
        np.less_equal,
    ),
    row("linear", mb.linear, given.linear_inputs, expected.linear_reference),
    row("log", mb.log, given.one(given.positive), np.log),
    row("log1p", mb.log1p, given.one(given.positive), np.log1p),
    row(
        "log_softmax",
        mb.log_softmax,
        given.along_axis(given.real),
        lambda x, *, axis: np.log(expected.softmax_reference(x, axis=axis)),
    ),
    row(
        "logical_and",
        mb.logical_and,
        given.broadcast(given.small_integers, given.small_integers),
        np.logical_and,
    ),
    row("logical_not", mb.logical_not, given.one(given.small_integers), np.logical_not),
    row(
        "logical_or",
        mb.logical_or,
        given.broadcast(given.small_integers, given.small_integers),
        np.logical_or,
    ),
    row(
        "logsumexp",
        mb.logsumexp,
        given.reduction(given.real, given.FULL),
        expected.logsumexp_reference,
    ),
    row("masked", masked, given.dropout_inputs, expected.dropout_reference),
    row("matmul", mb.matmul, given.matmul_inputs, np.matmul),
    row("max", mb.max, given.reduction(given.apart, given.FULL), np.max),
    row("maximum", mb.maximum, given.broadcast(given.real, given.real), np.maximum),
    row("mean", mb.mean, given.reduction(given.real, given.FULL), np.mean),
    row(
        "mean_squared_error",
        mb.mean_squared_error,
        given.with_keywords(given.same_shape(given.real, given.real), reduction=REDUCTIONS),
        lambda x, y, *, reduction: expected.reduced((x - y) ** 2, reduction),
    ),
    row("min", mb.min, given.reduction(given.apart, given.FULL), np.min),
    row("minimum", mb.minimum, given.broadcast(given.real, given.real), np.minimum),
    row("muon_update", mb.ops.muon_update, given.muon_inputs, expected.muon_reference, writes=True),
    row("mul", mb.mul, given.broadcast(given.real, given.real), lambda a, b: a * b),
    row("neg", mb.neg, given.one(given.real), np.negative),
    row("norm", mb.norm, given.reduction(given.nonzero), expected.norm_reference),
    row(
        "not_equal",
        mb.not_equal,
        given.broadcast(given.small_integers, given.small_integers),
        np.not_equal,
    ),
    row("one_hot", mb.one_hot, given.one_hot_inputs, lambda ids, *, n: np.eye(n)[ids]),
    row(
        "orthogonalized",
        mb.ops.orthogonalized,
        given.one(given.apart, given.MATRICES),
        expected.orthogonalized_reference,
    ),
    row("outer", mb.outer, given.two_arrays, np.outer),
    row(
        "pad",
        lambda x, *, widths, **k: mb.pad(x, pad_width=widths, **k),
        given.pad_inputs,
        lambda x, *, widths, **k: np.pad(x, widths, **k),
    ),
    row(
        "pad",
        lambda x, *, widths, mode: mb.pad(x, widths, mode),
        given.pad_modes_inputs,
        lambda x, *, widths, mode: np.pad(x, widths, mode),
    ),
    row("pow", mb.pow, given.pow_inputs, np.power),
    row(
        "pow",
        lambda x, *, exponent: x**exponent,
        given.power_inputs,
        lambda x, *, exponent: np.power(x, float(exponent)),
    ),
    row("prod", mb.prod, given.reduction(given.with_a_zero), expected.prod_reference),
    row("ravel", mb.ravel, given.one(given.real), np.ravel),
    row("relu", mb.relu, given.one(given.nonzero), expected.relu_reference),
    row(
        "remainder",
        mb.remainder,
        given.broadcast(given.beside_integers, given.whole(1, 3)),
        np.remainder,
    ),
    row(
        "repeat",
        lambda x, *, repeats, axis: mb.repeat(x, repeats, axis),
        given.repeat_inputs,
        np.repeat,
    ),
    row("reshape", lambda x, *, shape: mb.reshape(x, shape), given.reshape_inputs, np.reshape),
    row("rms_norm", mb.rms_norm, given.norm_inputs(1), expected.rms_norm_reference),
    row(
        "roll",
        lambda x, *, shift, axis: mb.roll(x, shift, axis=axis),
        given.roll_inputs,
        lambda x, *, shift, axis: np.roll(x, shift, axis),
    ),
    row("roll", lambda x, *, shift, axis: mb.roll(x, shift, axis), given.roll_axes_inputs, np.roll),
    row(
        "round",
        mb.round,
        given.with_keywords(given.one(given.beside_integers), decimals=[0, 1, -1]),
        np.round,
    ),
    row("scatter", mb.scatter, given.scatter_inputs, expected.scatter_reference),
    row("scatter_add", mb.scatter_add, given.scatter_add_inputs, expected.scatter_add_reference),
    row(
        "sgd_update",
        mb.sgd_update,
        given.update_inputs(
            1, lr=[0.1], momentum=[0.0, 0.9], nesterov=[False, True], weight_decay=[0.0, 0.1]
        ),
        expected.sgd_reference,
        writes=True,
    ),
    row("sigmoid", mb.sigmoid, given.one(given.real), expected.sigmoid_reference),
    row("sign", mb.sign, given.one(given.small_integers), np.sign),
    row("silu", mb.silu, given.one(given.real), lambda x: x * expected.sigmoid_reference(x)),
    row("sin", mb.sin, given.one(given.real), np.sin),
    row("sinh", mb.sinh, given.one(given.real), np.sinh),
    row(
        "soft_cross_entropy",
        mb.soft_cross_entropy,
        given.soft_cross_entropy_inputs,
        expected.cross_entropy_reference,
    ),
    row(
        "soft_cross_entropy",
        lambda x, q, w, **k: mb.soft_cross_entropy(x, q, weights=w, **k),
        given.weighted(given.soft_cross_entropy_inputs),
        expected.cross_entropy_reference,
    ),
    row("softmax", mb.softmax, given.along_axis(given.real), expected.softmax_reference),
    row("softplus", mb.softplus, given.one(given.real), lambda x: np.logaddexp(x, 0.0)),
    row("sort", mb.sort, given.along_axis(given.apart), np.sort),
    row(
        "split",
        lambda x, *, sizes, axis: mb.split(x, sizes, axis=axis),
        given.split_inputs,
        expected.split_reference,
    ),
    row("sqrt", mb.sqrt, given.one(given.positive), np.sqrt),
    row("squeeze", mb.squeeze, given.squeeze_inputs, np.squeeze),
    row("squeeze", mb.squeeze, given.squeeze_several_inputs, np.squeeze),
    row(
        "stack",
        lambda *xs, axis: mb.stack(xs, axis=axis),
        given.several(joined=False),
        lambda *xs, axis: np.stack(xs, axis=axis),
    ),
    row(
        "std",
        mb.std,
        given.std_inputs,
        lambda x, *, correction, **k: np.std(x, ddof=correction, **k),
    ),
    row("sub", mb.sub, given.broadcast(given.real, given.real), lambda a, b: a - b),
    row("sum", mb.sum, given.reduction(given.real), np.sum),
    row(
        "sum",
        lambda x, *, axis, keepdims: mb.sum(x, axis, keepdims),
        given.reduction(given.real),
        np.sum,
    ),
    row("sum_to", sum_to, given.sum_to_inputs, expected.sum_to_reference),
    row(
        "swapaxes",
        lambda x, *, a, b: mb.swapaxes(x, a, b),
        given.swapaxes_inputs,
        lambda x, *, a, b: np.swapaxes(x, a, b),
    ),
    row("take", mb.take, given.take_inputs, np.take),
    row("tan", mb.tan, given.one(given.inside_one), np.tan),
    row("tanh", mb.tanh, given.one(given.real), np.tanh),
    row(
        "tile",
        lambda x, *, repeats: mb.tile(x, repeats),
        given.tile_inputs,
        lambda x, *, repeats: np.tile(x, repeats),
    ),
    row(
        "top_k",
        lambda x, *, k, axis: mb.top_k(x, k, axis=axis),
        given.top_k_inputs,
        expected.top_k_reference,
    ),
    row(
        "transpose", lambda x, *, axes: mb.transpose(x, axes), given.transpose_inputs, np.transpose
    ),
    row("tril", mb.tril, given.triangle_inputs, np.tril),
    row("triu", mb.triu, given.triangle_inputs, np.triu),
    row("trunc", mb.trunc, given.one(given.beside_integers), np.trunc),
    row(
        "var",
        mb.var,
        given.var_inputs,
        lambda x, *, correction, **k: np.var(x, ddof=correction, **k),
    ),
    row(
        "where",
        mb.where,
        given.broadcast(lambda *a: given.real(*a) > 0, given.real, given.real),
        lambda condition, a, b: np.where(condition, a, b),
    ),
]
