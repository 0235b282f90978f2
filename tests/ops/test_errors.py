"""Wrong uses of the operations: the kind of error, its words, nothing changed."""

import contextlib

import numpy as np
import pytest

import minibig as mb
from minibig.autograd import sum_to
from minibig.ops import checked_ids

F23 = np.arange(6, dtype=np.float32).reshape(2, 3)
IDS = mb.tensor([0, 1])
BOTH = (TypeError, mb.InputError)
WHERE = (mb.InputError, IndexError)
ADAM = {"lr": 0.1, "betas": (0.9, 0.9), "eps": 1e-8, "weight_decay": 0.0, "t": 1}

# What is done with x of shape (2, 3), the kind of error, and words that its message must have.
UNARY = [
    "exp",
    "log",
    "sqrt",
    "tanh",
    "sigmoid",
    "softplus",
    "erf",
    "relu",
    "silu",
    "gelu",
    "gelu_tanh",
    "abs",
    "neg",
    "softmax",
    "log_softmax",
    "logsumexp",
    "sum",
    "mean",
    "var",
    "max",
    "min",
    "argmax",
    "layer_norm",
    "rms_norm",
    "sign",
    "isfinite",
    *["log1p", "expm1", "sin", "cos", "leaky_relu", "elu", "std", "prod", "norm", "cumsum"],
    *["flip", "argsort", "sort", "tril", "triu"],
]
BINARY = ["add", "sub", "mul", "div", "pow", "maximum", "minimum", "less", "equal"]
ALONG_AXIS = [
    "sum",
    "mean",
    "var",
    "max",
    "min",
    "argmax",
    "softmax",
    "log_softmax",
    "logsumexp",
    "squeeze",
    *["std", "prod", "norm", "cumsum", "flip", "argsort", "sort"],
]

USES = [
    *[
        (f"{name} {kind}", lambda x, name=name, v=v: getattr(mb, name)(v), TypeError, kind)
        for name in UNARY
        for kind, v in [("list", [1.0, 2.0]), ("str", "text"), ("NoneType", None)]
    ],
    *[
        (f"{name} {kind}", lambda x, name=name, v=v: getattr(mb, name)(x, v), kinds, words)
        for name in BINARY
        for kind, v, kinds, words in [
            ("shape", mb.ones((4,)), mb.InputError, rf"{name}.*float32\[2, 3\], float32\[4\]"),
            ("list", [1.0], TypeError, "list"),
            ("str", "text", TypeError, "str"),
        ]
    ],
    *[
        (f"{name} axis", lambda x, name=name: getattr(mb, name)(x, axis=2), WHERE, r"axis 2\b")
        for name in ALONG_AXIS
    ],
    *[
        (f"{name} empty", lambda x, name=name: getattr(mb, name)(mb.zeros((0,))), BOTH, name)
        for name in ["max", "min", "argmax"]
    ],
    ("sum dim", lambda x: mb.sum(x, dim=0), TypeError, "sum has no keyword dim.*called axis here"),
    ("clip max", lambda x: x.clip(min=0), TypeError, "clip has no keyword min. It is called low"),
    ("tril diagonal", lambda x: mb.tril(x, diagonal=1), TypeError, "diagonal. It is called k"),
    ("roll shifts", lambda x: mb.roll(x, shifts=1), TypeError, "shifts. It is called shift"),
    ("mean dim", lambda x: mb.mean(x, dim=0), TypeError, "mean has no keyword dim.*axis here"),
    ("max keepdim", lambda x: x.max(0, keepdim=True), TypeError, "keepdim. It is called keepdims"),
    (
        "std unbiased",
        lambda x: x.std(unbiased=True),
        TypeError,
        "unbiased. It is called correction",
    ),
    ("repeat float", lambda x: mb.repeat(x, 1.5), mb.InputError, "one for each element; got 1.5"),
    ("nonzero", lambda x: mb.nonzero(x[0, 0]), mb.InputError, "at least one axis"),
    ("full fraction", lambda x: mb.full(2, 0.5, "int64"), mb.InputError, "whole number for int64"),
    ("full nan", lambda x: mb.full_like(IDS, float("nan")), mb.InputError, "nan"),
    ("normal std", lambda x: mb.normal(2, std=-1), mb.InputError, "std must .* at least 0; got -1"),
    ("normal mean", lambda x: mb.normal((2,), "a"), mb.InputError, "mean must .* got 'a'"),
    ("uniform bounds", lambda x: mb.uniform((2,), 3, 1), mb.InputError, "high must .* 3.0; got 1"),
    ("eye dtype", lambda x: mb.eye(2, dtype="float33"), mb.InputError, "dtype must .*'float33'"),
    ("arange text", lambda x: mb.arange("a"), mb.InputError, "bound of arange must .* got 'a'"),
    (
        "tensor dtype",
        lambda x: mb.tensor([1.0], "float33"),
        mb.InputError,
        "such as 'float32'; got",
    ),
    ("tensor complex", lambda x: mb.tensor(x, "complex64"), mb.InputError, "dtype of real numbers"),
    ("arange none", lambda x: mb.arange(), mb.InputError, "stop and step; got"),
    ("arange step", lambda x: mb.arange(1, 2, 0), mb.InputError, "a step other than 0"),
    ("linspace text", lambda x: mb.linspace("a", 1), mb.InputError, "start must .* got 'a'"),
    ("zeros text", lambda x: mb.zeros(2, dtype="<U3"), mb.InputError, "dtype|real numbers"),
    ("sum wrong keyword", lambda x: mb.sum(x, axes=0), TypeError, "axes"),
    (
        "sum many",
        lambda x: mb.sum(x, 0, True, 1),
        TypeError,
        "sum takes x, axis.*got 4 by position",
    ),
    *[
        (
            f"{name} two axes",
            lambda x, name=name: getattr(x, name)(0, 1),
            BOTH,
            "True or False; got 1",
        )
        for name in ["sum", "mean", "max", "all", "argmin", "var", "std", "prod", "logsumexp"]
    ],
    ("sum axis twice", lambda x: mb.sum(x, 0, axis=1), TypeError, "axis, keepdims, each once"),
    ("exp positional", lambda x: mb.exp(x, 0), TypeError, "exp takes x, each once; got 2"),
    ("sum repeated axis", lambda x: mb.sum(x, axis=(0, 0)), mb.InputError, "duplicate"),
    ("var correction", lambda x: mb.var(x, correction=6), mb.InputError, "correction 6.*got 6"),
    ("std correction", lambda x: mb.std(x, correction=6), mb.InputError, "correction 6.*got 6"),
    ("prod kept axis", lambda x: mb.prod(x, axis=2, keepdims=True), mb.InputError, "axis 2"),
    ("prod repeated axis", lambda x: mb.prod(x, axis=(0, 0)), mb.InputError, "duplicate"),
    ("norm of another order", lambda x: mb.norm(x, ord=1), TypeError, "ord"),
    ("cumsum two axes", lambda x: mb.cumsum(x, axis=(0, 1)), TypeError, "tuple"),
    ("elu alpha", lambda x: mb.elu(x, alpha=None), TypeError, "elu"),
    ("leaky_relu slope", lambda x: mb.leaky_relu(x, slope="a"), TypeError, "str"),
    ("clip without bounds", lambda x: mb.clip(x), mb.InputError, "got None and None"),
    ("clip reversed", lambda x: mb.clip(x, 2, 1), mb.InputError, "got 2 and 1"),
    ("clip nan", lambda x: mb.clip(x, 0, float("nan")), mb.InputError, "got 0 and nan"),
    ("clip shape", lambda x: mb.clip(x, mb.ones((4,))), mb.InputError, r"float32\[4\]"),
    ("clip list", lambda x: mb.clip([1.0], 0), TypeError, "list"),
    ("roll axis", lambda x: mb.roll(x, 1, axis=2), WHERE, "axis 2"),
    ("roll float", lambda x: mb.roll(x, 0.5), TypeError, "roll.*float"),
    ("roll list", lambda x: mb.roll([1.0], 1), TypeError, "list"),
    ("tile negative", lambda x: mb.tile(x, (1, -1)), mb.InputError, "tile: .* at least 0; got -1"),
    ("tile float", lambda x: mb.tile(x, 1.5), mb.InputError, "got 1.5"),
    ("tile list", lambda x: mb.tile([1.0], 2), TypeError, "list"),
    ("pad negative", lambda x: mb.pad(x, pad_width=-1), mb.InputError, "at least 0; got -1"),
    ("pad float", lambda x: mb.pad(x, pad_width=1.5), mb.InputError, "whole number.*got 1.5"),
    ("pad three", lambda x: mb.pad(x, pad_width=(1, 2, 3)), mb.InputError, "pair for each of 2"),
    ("pad mixed", lambda x: mb.pad(x, pad_width=((1, 2), 3)), mb.InputError, r"\(\(1, 2\), 3\)"),
    ("pad mode", lambda x: mb.pad(x, 1, "mirror"), mb.InputError, "edge, reflect.*'mirror'"),
    ("pad nothing", lambda x: mb.pad(mb.zeros(0), 1, "edge"), mb.InputError, "axis 0 has no"),
    ("repeat negative", lambda x: mb.repeat(x, -1), mb.InputError, "at least 0; got -1"),
    ("repeat counts", lambda x: mb.repeat(x, [1, 2, 3], 0), mb.InputError, "needs 2 .* got 3"),
    ("repeat axis", lambda x: mb.repeat(x, 2, 2), mb.InputError, "axis 2"),
    ("flatten axes", lambda x: mb.flatten(x, 1, 0), mb.InputError, "got 1 and 0"),
    ("diag stack", lambda x: mb.diag(x[None]), mb.InputError, r"got shape \(1, 2, 3\)"),
    ("diagonal axes", lambda x: mb.diagonal(x, 0, 1, -1), mb.InputError, "got 1 and -1"),
    ("cummax axis", lambda x: mb.cummax(x, 2), mb.InputError, "cummax: axis 2"),
    ("scatter shape", lambda x: mb.scatter(x, IDS[None], x), mb.InputError, r"got \(1, 2\)"),
    ("scatter values", lambda x: mb.scatter(x, IDS[:, None], x), mb.InputError, r"\(2, 1\); got"),
    ("scatter large", lambda x: mb.scatter(x, IDS[:, None] + 2, x), mb.InputError, "got 3"),
    ("floor list", lambda x: mb.floor([1.5]), TypeError, "list"),
    ("& integers", lambda x: IDS & IDS, TypeError, "& takes bools; got int64. Compare first"),
    ("| number", lambda x: (x > 0) | 1, TypeError, r"\| takes bools; got int"),
    ("^ floats", lambda x: x ^ x, TypeError, r"\^ takes bools; got float32"),
    ("~ integers", lambda x: ~IDS, TypeError, "~ takes bools; got int64"),
    ("& list", lambda x: [True] & (x > 0), TypeError, "& takes bools; got list"),
    ("% shape", lambda x: x % mb.ones(4), mb.InputError, r"remainder.*float32\[4\]"),
    ("round text", lambda x: mb.round(x, "a"), TypeError, "str"),
    ("isclose list", lambda x: mb.isclose([1.0], x), TypeError, "list"),
    ("normal numbers", lambda x: mb.normal(2, 3.0), mb.InputError, r"normal.*\(2, 3.0\)"),
    ("uniform numbers", lambda x: mb.uniform(2, 0.5, 1), mb.InputError, "uniform.*0.5"),
    ("zeros negative", lambda x: mb.zeros(2, -1), mb.InputError, "in zeros must .* got -1"),
    ("ones negative", lambda x: mb.ones((-2,)), mb.InputError, "in ones must .* got -2"),
    ("zeros dtype", lambda x: mb.zeros((2,), "float33"), mb.InputError, "zeros.*float33"),
    ("full shape", lambda x: mb.full("ab", 1), mb.InputError, "in full must .* got 'ab'"),
    (
        "full large",
        lambda x: mb.full(2, 2**70, "int64"),
        mb.InputError,
        "full.*1180591620717411303",
    ),
    ("zeros_like list", lambda x: mb.zeros_like([1.0]), TypeError, "list"),
    ("eye float", lambda x: mb.eye(2.5), mb.InputError, "eye: n must be .* got 2.5"),
    ("linspace", lambda x: mb.linspace(0, 1, -1), mb.InputError, "linspace: n must"),
    ("pad text", lambda x: mb.pad(x, pad_width=1, constant_values="a"), BOTH, "'a'"),
    ("pad list", lambda x: mb.pad([1.0], pad_width=1), TypeError, "list"),
    ("pad without", lambda x: mb.pad(x), TypeError, "pad_width"),
    ("tril vector", lambda x: mb.tril(x[0]), mb.InputError, r"\(\.\.\., N, M\); got shape \(3,\)"),
    ("tril float", lambda x: mb.tril(x, k=0.5), TypeError, "tril.*float"),
    ("triu vector", lambda x: mb.triu(x[0]), mb.InputError, r"got shape \(3,\)"),
    ("triu float", lambda x: mb.triu(x, k=0.5), TypeError, "triu.*float"),
    (
        "gather few axes",
        lambda x: mb.gather(x, IDS),
        mb.InputError,
        r"\(2, 3\).*axis 1; got \(2,\)",
    ),
    ("gather shape", lambda x: mb.gather(x, IDS[None]), mb.InputError, r"got \(1, 2\)"),
    ("gather large", lambda x: mb.gather(x, IDS[:, None] + 2), mb.InputError, "from 0 to 2; got 3"),
    ("gather axis", lambda x: mb.gather(x, IDS[None], axis=2), mb.InputError, "axis 2"),
    ("gather float", lambda x: mb.gather(x, x), mb.InputError, "whole numbers.*float32"),
    ("gather list", lambda x: mb.gather(x, [[0], [1]]), TypeError, "list"),
    ("top_k large", lambda x: mb.top_k(x, 4), mb.InputError, "from 0 to 3; got 4"),
    ("top_k negative", lambda x: mb.top_k(x, -1), mb.InputError, "got -1"),
    ("top_k float", lambda x: mb.top_k(x, 1.0), mb.InputError, "got 1.0"),
    ("top_k axis", lambda x: mb.top_k(x, 1, axis=2), mb.InputError, "axis 2"),
    ("top_k list", lambda x: mb.top_k([1.0], 1), TypeError, "list"),
    ("one_hot large", lambda x: mb.one_hot(IDS, n=1), mb.InputError, "from 0 to 0; got 1"),
    ("one_hot float", lambda x: mb.one_hot(x, n=6), mb.InputError, "whole numbers.*float32"),
    ("one_hot without n", lambda x: mb.one_hot(IDS), TypeError, "'n'"),
    ("one_hot dtype", lambda x: mb.one_hot(IDS, n=2, dtype="float33"), TypeError, "float33"),
    ("one_hot list", lambda x: mb.one_hot([0], n=2), TypeError, "list"),
    ("outer list", lambda x: mb.outer(x, [1.0]), TypeError, "list"),
    ("outer number", lambda x: mb.outer(x, 1.0), TypeError, "float"),
    ("outer None", lambda x: mb.outer(None, x), TypeError, "NoneType"),
    ("einsum lengths", lambda x: mb.einsum("ij,jk", x, x), mb.InputError, "j of 'ij,jk'.*3 and 2"),
    ("einsum axes", lambda x: mb.einsum("i", x), mb.InputError, r"'i'.*\(2, 3\)"),
    ("einsum operands", lambda x: mb.einsum("ij,jk", x), mb.InputError, "the 1 operands"),
    ("einsum none", lambda x: mb.einsum("ij"), mb.InputError, "the 0 operands"),
    (
        "einsum new letter",
        lambda x: mb.einsum("ij->ik", x),
        mb.InputError,
        "letters of its operands",
    ),
    (
        "einsum diagonal",
        lambda x: mb.einsum("ii", x),
        mb.InputError,
        "i of 'ii' has lengths 2 and 3",
    ),
    ("einsum twice", lambda x: mb.einsum("ij->ii", x), mb.InputError, "each once"),
    ("einsum lost dots", lambda x: mb.einsum("...i->i", x), mb.InputError, r"and '\.\.\.' if they"),
    ("einsum dots", lambda x: mb.einsum("...,...", x, x.T), mb.InputError, r"\.\.\. of.*2 and 3"),
    (
        "einsum digit",
        lambda x: mb.einsum("i1->i", x),
        mb.InputError,
        "'i1->i' must have one letter",
    ),
    ("einsum arrows", lambda x: mb.einsum("ij->i->j", x), mb.InputError, "'ij->i->j'"),
    ("einsum order", lambda x: mb.einsum(x, "ij"), TypeError, "str"),
    ("einsum list", lambda x: mb.einsum("i", [1.0]), TypeError, "list"),
    ("take axis", lambda x: mb.take(x, IDS, axis=5), WHERE, "axis 5"),
    ("take negative", lambda x: mb.take(x, mb.tensor([-1])), mb.InputError, "from 0 to 1; got -1"),
    ("take large", lambda x: mb.take(x, mb.tensor([2])), mb.InputError, "from 0 to 1; got 2"),
    ("take list", lambda x: mb.take(x, [0]), TypeError, "ids.*list"),
    ("expand_dims axis", lambda x: mb.expand_dims(x, axis=7), WHERE, "axis 7"),
    ("expand_dims low", lambda x: mb.expand_dims(x, axis=-5), WHERE, "axis -5"),
    (
        "expand_dims float",
        lambda x: mb.expand_dims(x, axis=0.5),
        mb.InputError,
        "axis must be a whole number; got 0.5",
    ),
    ("stack axis", lambda x: mb.stack([x, x], axis=9), WHERE, "axis 9"),
    ("stack shapes", lambda x: mb.stack([x, mb.ones((2,))]), mb.InputError, r"\(2, 3\), \(2,\)"),
    ("stack nothing", lambda x: mb.stack([]), mb.InputError, "at least one|got"),
    ("concatenate axis", lambda x: mb.concatenate([x], axis=2), mb.InputError, "axis 2"),
    ("concatenate nothing", lambda x: mb.concatenate([]), mb.InputError, "at least one"),
    ("concatenate shapes", lambda x: mb.concatenate([x, IDS]), mb.InputError, "concatenate"),
    ("split parts", lambda x: mb.split(x, 2, axis=1), mb.InputError, "length 3 has no 2 equal"),
    ("split sizes", lambda x: mb.split(x, [1, 1], axis=1), mb.InputError, r"\[1, 1\].*length 3"),
    ("split zero", lambda x: mb.split(x, 0), mb.InputError, "no 0 equal"),
    ("split negative", lambda x: mb.split(x, [3, -1]), mb.InputError, r"\[3, -1\]"),
    ("split axis", lambda x: mb.split(x, 1, axis=4), WHERE, "axis 4"),
    ("squeeze long", lambda x: mb.squeeze(x, axis=1), mb.InputError, r"axis 1.*\(2, 3\).*length 1"),
    ("transpose twice", lambda x: mb.transpose(x, (0, 0)), mb.InputError, r"\(0, 0\).*\(2, 3\)"),
    ("transpose few", lambda x: mb.transpose(x, (0,)), mb.InputError, r"\(0,\)"),
    ("transpose axis", lambda x: mb.transpose(x, (0, 2)), mb.InputError, "transpose: axis 2"),
    ("swapaxes axis", lambda x: mb.swapaxes(x, 0, 2), mb.InputError, "swapaxes.*2"),
    ("reshape size", lambda x: mb.reshape(x, (4,)), mb.InputError, r"6 elements.*\(4,\)"),
    ("reshape two", lambda x: mb.reshape(x, (-1, -1)), mb.InputError, r"\(-1, -1\)"),
    ("reshape divides", lambda x: mb.reshape(x, (-1, 4)), mb.InputError, r"\(-1, 4\)"),
    ("broadcast_to", lambda x: mb.broadcast_to(x, shape=(3, 2)), mb.InputError, r"broadcast"),
    ("sum_to", lambda x: sum_to(x, shape=(4,)), mb.InputError, "sum_to|reshape"),
    ("getitem large", lambda x: x[2], IndexError, "2.*axis 0"),
    ("getitem ids", lambda x: x[mb.tensor([0, 2])], mb.InputError, "index 2.*axis 0 of length 2"),
    ("getitem low", lambda x: x[:, [-4]], mb.InputError, "index -4.*axis 1 of length 3"),
    ("getitem ...", lambda x: x[..., [3]], mb.InputError, "index 3.*axis 1 of length 3"),
    ("getitem float", lambda x: x[mb.tensor([0.5])], mb.InputError, "integers or bools.*float32"),
    ("getitem text", lambda x: x["a"], mb.InputError, "integers or bools; got <U1"),
    ("getitem many", lambda x: x[0, 0, 0], IndexError, "too many"),
    ("getitem mask", lambda x: x[mb.tensor([True] * 3)], IndexError, "boolean"),
    (
        "scatter_add shape",
        lambda x: mb.scatter_add(x, IDS, mb.ones((2,))),
        mb.InputError,
        r"\(2, 3\)",
    ),
    (
        "scatter_add id",
        lambda x: mb.scatter_add(x, IDS + 1, x),
        mb.InputError,
        "from 0 to 1; got 2",
    ),
    ("scatter_add float", lambda x: mb.scatter_add(x, IDS, 1.0), BOTH, "values"),
    (
        "embedding low",
        lambda x: mb.embedding(x, mb.tensor([-1])),
        mb.InputError,
        "from 0 to 1; got -1",
    ),
    (
        "embedding high",
        lambda x: mb.embedding(x, mb.tensor([1, 2**31])),
        mb.InputError,
        "2147483648",
    ),
    ("embedding float", lambda x: mb.embedding(x, mb.tensor([1.0])), mb.InputError, "float32.*1.0"),
    ("embedding bool", lambda x: mb.embedding(x, mb.tensor([True])), mb.InputError, "bool.*True"),
    ("embedding list", lambda x: mb.embedding(x, [0]), TypeError, "list"),
    ("checked_ids name", lambda x: checked_ids(IDS + 5, 5, "rows"), mb.InputError, "rows.*got 5"),
    ("matmul shapes", lambda x: x @ x, mb.InputError, r"\(2, 3\) and \(2, 3\)"),
    ("matmul scalar", lambda x: mb.matmul(x, mb.tensor(1.0)), mb.InputError, r"\(\)"),
    ("matmul list", lambda x: x @ [1.0, 2.0, 3.0], TypeError, "list"),
    ("matmul stacks", lambda x: mb.ones((2, 2, 2)) @ mb.ones((3, 2, 2)), mb.InputError, "matmul"),
    ("linear x", lambda x: mb.linear(x, mb.ones((2, 2))), mb.InputError, r"\(2, 3\) and \(2, 2\)"),
    (
        "linear bias",
        lambda x: mb.linear(x, mb.ones((3, 2)), x),
        mb.InputError,
        r"\(2,\); got \(2, 3\)",
    ),
    ("linear missing", lambda x: mb.linear(x), TypeError, "weight is missing"),
    ("linear list", lambda x: mb.linear(x, [[1.0]] * 3), TypeError, "list"),
    ("linear keyword", lambda x: mb.linear(x, x.T, b=x), TypeError, "weight, bias and no more"),
    (
        "layer_norm weight",
        lambda x: mb.layer_norm(x, mb.ones((2,))),
        mb.InputError,
        r"weight.*\(3,\)",
    ),
    ("layer_norm bias", lambda x: mb.layer_norm(x, None, x), mb.InputError, r"bias.*got \(2, 3\)"),
    ("layer_norm keyword", lambda x: mb.layer_norm(x, axis=0), TypeError, "eps and no more"),
    ("rms_norm weight", lambda x: mb.rms_norm(x, mb.ones((2,))), mb.InputError, r"got \(2,\)"),
    ("rms_norm two", lambda x: mb.rms_norm(x, None, None), TypeError, "each once; got 3"),
    ("attention K", lambda x: mb.attention(x, mb.ones((2, 2)), x), mb.InputError, r"k \(2, 2\)"),
    ("attention S", lambda x: mb.attention(x, x, mb.ones((3, 3))), mb.InputError, r"v \(3, 3\)"),
    (
        "attention causal",
        lambda x: mb.attention(x.T, x.T[:1], x.T[:1], causal=True),
        mb.InputError,
        "keys",
    ),
    (
        "attention bias",
        lambda x: mb.attention(x, x, x, mb.ones((3,))),
        mb.InputError,
        r"bias.*\(3,\)",
    ),
    ("attention missing", lambda x: mb.attention(x, x), TypeError, "v is missing"),
    (
        "attention stacks",
        lambda x: mb.attention(mb.ones((2, 1, 1)), mb.ones((3, 1, 1)), mb.ones((3, 1, 1))),
        mb.InputError,
        r"\(2, 1, 1\)|2, 1, 1",
    ),
    (
        "weights K",
        lambda x: mb.attention_weights(x, mb.ones((2, 2))),
        mb.InputError,
        r"\(2, 2\)|2, 3",
    ),
    (
        "cross_entropy class",
        lambda x: mb.cross_entropy(x, IDS + 2),
        mb.InputError,
        "from 0 to 2; got 3",
    ),
    (
        "cross_entropy shape",
        lambda x: mb.cross_entropy(x, IDS[:1]),
        mb.InputError,
        r"targets must have shape \(2,\); got \(1,\)",
    ),
    ("cross_entropy bools", lambda x: mb.cross_entropy(x, x > 0), mb.InputError, "bool"),
    ("cross_entropy list", lambda x: mb.cross_entropy(x, [0, 1]), TypeError, "list"),
    (
        "cross_entropy smoothing",
        lambda x: mb.cross_entropy(x, IDS, label_smoothing=1.0),
        mb.InputError,
        r"label_smoothing must be a number .* below 1; got 1.0",
    ),
    (
        "mse shape",
        lambda x: mb.mean_squared_error(x, x[0]),
        mb.InputError,
        r"have shape \(2, 3\); got \(3,\)",
    ),
    ("mse number", lambda x: mb.mean_squared_error(x, 1.0), BOTH, "targets|float"),
    ("mse list", lambda x: mb.mean_squared_error(x, [1.0]), TypeError, "list"),
    (
        "bce shape",
        lambda x: mb.binary_cross_entropy_with_logits(x, x.T),
        mb.InputError,
        r"\(3, 2\)",
    ),
    ("bce number", lambda x: mb.binary_cross_entropy_with_logits(x, 1.0), BOTH, "targets|float"),
    ("bce list", lambda x: mb.binary_cross_entropy_with_logits(x, [1.0]), TypeError, "list"),
    (
        "dropout 1",
        lambda x: mb.dropout(x, p=1.0),
        mb.InputError,
        r"p must be a number .* below 1; got 1.0",
    ),
    ("dropout -1", lambda x: mb.dropout(x, p=-0.1), mb.InputError, "got -0.1"),
    ("dropout nan", lambda x: mb.dropout(x, p=float("nan")), mb.InputError, "got nan"),
    ("dropout integers", lambda x: mb.dropout(IDS, p=0.3), BOTH, "int64|floating"),
    (
        "feed_forward w2",
        lambda x: _feed_forward(x, w2=(3, 2)),
        mb.InputError,
        r"w2 must have shape \(4, 2\); got \(3, 2\)",
    ),
    ("feed_forward w1", lambda x: _feed_forward(x, w1=(2, 4)), mb.InputError, r"\(2, 4\)"),
    ("feed_forward name", lambda x: _feed_forward(x, activation="relu"), TypeError, "'relu'"),
    ("feed_forward without", lambda x: _feed_forward(x, activation=None), TypeError, "None"),
    (
        "feed_forward no activation",
        lambda x: mb.feed_forward(x, x.T @ x, x[0], x.T @ x, x[0]),
        TypeError,
        "activation is missing",
    ),
    ("adamw without lr", lambda x: mb.adamw_update(x, x, x, x), TypeError, "lr is missing"),
    ("adamw t", lambda x: mb.adamw_update(x, x, x, x, **{**ADAM, "t": 0}), mb.InputError, "t must"),
    ("adam t", lambda x: mb.adam_update(x, x, x, x, **{**ADAM, "t": 0}), mb.InputError, "t must"),
    ("adamw shape", lambda x: mb.adamw_update(x, x[0], x, x, **ADAM), mb.InputError, r"\(3,\)"),
    ("sgd shape", lambda x: mb.sgd_update(x, x[0], x, lr=0.1), mb.InputError, r"\(3,\)"),
    ("sgd without lr", lambda x: mb.sgd_update(x, x, x), TypeError, "lr is missing"),
    ("where shape", lambda x: mb.where(x > 0, x, mb.ones((4,))), mb.InputError, "where.*4"),
    ("where list", lambda x: mb.where(x > 0, x, [0.0]), TypeError, "list"),
    ("astype", lambda x: x.astype("float33"), mb.InputError, "astype.*float33"),
    ("to", lambda x: x.to("tpu"), mb.InputError, "'tpu'"),
    ("zeros", lambda x: mb.zeros((-1,)), mb.InputError, "-1|negative"),
    ("full", lambda x: mb.full((2,), "a"), BOTH, "'a'"),
]


def _feed_forward(x, w1=(3, 4), w2=(4, 3), activation=mb.relu):
    weights = mb.ones(w1), mb.ones((w1[1],)), mb.ones(w2), mb.ones((w2[1],))
    return mb.feed_forward(x, *weights, activation=activation)


@pytest.mark.parametrize(("use", "kind", "words"), [u[1:] for u in USES], ids=[u[0] for u in USES])
def test_a_wrong_use_says_what_was_expected_and_changes_nothing(use, kind, words):
    x = mb.tensor(F23)
    with pytest.raises(kind, match=words):
        use(x)
    np.testing.assert_array_equal(x.numpy(), F23)
    np.testing.assert_array_equal(IDS.numpy(), [0, 1])


@pytest.mark.parametrize("ids", [[-1], [5], [2**31]])
def test_ids_are_checked_on_every_device(device, ids):
    table = mb.ones((5, 2), device=device)
    with pytest.raises(mb.InputError, match=f"from 0 to 4; got {ids[0]}"):
        mb.embedding(table, mb.tensor(ids, device=device))
    with pytest.raises(mb.InputError, match=rf"got {ids[0]}"):
        mb.take(table, mb.tensor(ids, device=device))


@pytest.mark.parametrize("wrong", [[1.0], [True]])
def test_ids_that_are_no_integers_are_refused_on_every_device(device, wrong):
    with pytest.raises(mb.InputError, match="must be whole numbers"):
        mb.embedding(mb.ones((5, 2), device=device), mb.tensor(wrong, device=device))


def test_an_array_of_the_cpu_beside_a_tensor_of_a_gpu_is_refused(device):
    x = mb.ones((2,), device=device)
    if device == "cuda":
        with pytest.raises((TypeError, mb.InputError), match=r"add cannot take .*cuda"):
            x + np.ones(2, np.float32)
        with pytest.raises((TypeError, mb.InputError), match=r"add cannot take .*cuda"):
            x + mb.ones((2,))
    assert (x + 1.0).tolist() == [2.0, 2.0]


@pytest.mark.parametrize("dtype", [None, "complex64", "U3", "object", np.longdouble, "M8[D]"])
def test_astype_takes_dtypes_of_real_numbers_and_bool_only(dtype):
    with pytest.raises(mb.InputError, match="astype: dtype must be a dtype of real numbers"):
        mb.tensor(F23).astype(dtype)


@pytest.mark.parametrize("norm", [mb.layer_norm, mb.rms_norm])
def test_a_norm_of_a_single_number_is_refused(norm):
    with pytest.raises(mb.InputError, match="axes of x"):
        norm(mb.tensor(2.0))


@pytest.mark.parametrize("kernels", [True, False])
def test_attention_with_heads_of_size_0_is_the_mean_of_the_values(kernels):
    q, v = mb.ones((2, 0)), mb.tensor([[1.0, 5.0], [3.0, 7.0]], requires_grad=True)
    with contextlib.nullcontext() if kernels else mb.reference():
        y = mb.attention(q, q, v)
    assert y.tolist() == [[2.0, 6.0], [2.0, 6.0]]
    y.sum().backward()
    assert v.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_concatenate_takes_the_parts_of_a_tensor():
    assert mb.concatenate(mb.tensor(F23)).tolist() == F23.reshape(-1).tolist()


@pytest.mark.parametrize("name", ["sum", "mean", "var", "prod", "logsumexp", "softmax"])
def test_a_number_has_an_axis_0_and_no_axis_1(name):
    x = mb.tensor(2.0)
    assert getattr(mb, name)(x, axis=0).item() == getattr(mb, name)(x, axis=-1).item()
    with pytest.raises(mb.InputError, match="axis 1"):
        getattr(mb, name)(x, axis=1)


@pytest.mark.parametrize("axis", [(0,), 1.0, "0", [1]])
@pytest.mark.parametrize("name", ["cumprod", "cummin", "sort", "squeeze", "expand_dims"])
def test_an_axis_of_another_type_is_named(name, axis):
    if name == "squeeze" and axis == (0,):
        pytest.skip("it takes several axes")
    with pytest.raises(mb.InputError, match="axis must be a whole number; got"):
        getattr(mb, name)(mb.ones((1, 2)), axis)
