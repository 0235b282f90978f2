"""What NumPy and PyTorch call things that have another name here: for the sentences of errors.

A name that minibig does not know is answered with the way that it does: see the page
`tutorials/pytorch_to_minibig.md`.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

METHODS = {
    "bmm": "x @ y", "bool": "x != 0", "byte": 'x.astype("uint8")', "chunk": "mb.split(x, n, axis)",
    "clamp": "x.clip(low, high)", "contiguous": "x itself", "cpu": 'x.to("cpu")',
    "cuda": 'x.to("cuda")', "dim": "x.ndim", "div": "x / y", "dot": "x @ y",
    "double": 'x.astype("float64")', "eq": "x == y", "expand": "mb.broadcast_to(x, shape)",
    "fill_": "mb.full_like(x, value)", "float": 'x.astype("float32")',
    "gather": "mb.gather(x, ids, axis)", "ge": "x >= y", "grad_fn": "repr(x)", "gt": "x > y",
    "half": 'x.astype("float16")', "index_select": "mb.take(x, ids, axis)",
    "int": 'x.astype("int32")', "le": "x <= y",
    "long": 'x.astype("int64")', "lt": "x < y", "masked_fill": "mb.where(mask, value, x)",
    "masked_select": "x[mask]", "matmul": "x @ y", "mm": "x @ y", "mul": "x * y", "ne": "x != y",
    "new_zeros": "mb.zeros_like(x)", "numel": "x.size", "permute": "x.transpose(axes)",
    "requires_grad_": "x.requires_grad = True", "retain_grad": "x.watch()",
    "scatter": "mb.scatter(x, ids, values, axis)", "sub": "x - y", "t": "x.T",
    "tile": "mb.tile(x, repeats)", "topk": "mb.top_k(x, k)", "type": "x.astype(dtype)",
    "unbind": "list(x)", "unsqueeze": "mb.expand_dims(x, axis)", "view": "x.reshape(shape)",
    "where": "mb.where(condition, x, y)", "zero_": "mb.zeros_like(x)",
}  # fmt: skip

FUNCTIONS = {
    "absolute": "abs", "acos": "arccos", "acosh": "arccosh", "add_n": "sum", "amax": "max",
    "amin": "min", "array": "tensor", "asarray": "tensor", "asin": "arcsin", "asinh": "arcsinh",
    "as_tensor": "tensor", "atan": "arctan", "atan2": "arctan2", "atanh": "arctanh",
    "bmm": "matmul", "cat": "concatenate", "chunk": "split", "clamp": "clip",
    "concat": "concatenate", "copy": "clone", "divide": "div", "dot": "matmul", "empty": "zeros",
    "empty_like": "zeros_like", "eq": "equal", "expand": "broadcast_to", "from_numpy": "tensor",
    "ge": "greater_equal", "gt": "greater", "hstack": "concatenate", "index_select": "take",
    "le": "less_equal", "logical_xor": "not_equal", "lt": "less", "masked_fill": "where",
    "mm": "matmul", "mod": "remainder", "moveaxis": "transpose", "multiply": "mul",
    "ne": "not_equal", "negative": "neg", "permute": "transpose", "power": "pow",
    "put_along_axis": "scatter", "rand": "uniform", "randn": "normal", "subtract": "sub",
    "take_along_axis": "gather", "tensordot": "einsum", "topk": "top_k", "true_divide": "div",
    "unsqueeze": "expand_dims", "vstack": "concatenate",
}  # fmt: skip

WAYS = {
    "bool": "mb.bool_", "cuda": 'device="cuda", as in mb.zeros(2, device="cuda")',
    "double": "mb.float64", "e": "math.e", "float": "mb.float32", "half": "mb.float16",
    "inf": "math.inf", "int": "mb.int32", "linalg": "mb.norm and mb.matmul",
    "log10": "mb.log(x) / math.log(10)", "log2": "mb.log(x) / math.log(2)", "long": "mb.int64",
    "nan": "math.nan", "newaxis": "mb.expand_dims(x, axis)", "pi": "math.pi",
    "random": "mb.normal, mb.uniform and mb.manual_seed", "reciprocal": "1 / x",
    "rsqrt": "1 / mb.sqrt(x)", "set_grad_enabled": "mb.no_grad()", "square": "x * x",
    "utils": "mb.data for batches, and mb.optim.clip_gradients",
}  # fmt: skip

_NEAR = 0.84  # how alike a name must be to be taken for a slip of the pen: log2 is no log

KEYWORDS = {
    **{"dim": "axis", "dims": "axis", "keepdim": "keepdims", "unbiased": "correction"},
    **{"min": "low", "max": "high", "a_min": "low", "a_max": "high", "negative_slope": "slope"},
    **{"diagonal": "k", "start_dim": "start", "end_dim": "end", "shifts": "shift"},
    **{"num_classes": "n"},
}


SETTINGS = {
    **dict.fromkeys(["learning_rate", "eta", "step_size"], "lr"),
    **dict.fromkeys(["lr_schedule", "lr_scheduler", "lr_decay", "scheduler"], "schedule"),
    **dict.fromkeys(["warmup", "warmup_iters", "num_warmup_steps"], "warmup_steps"),
    **dict.fromkeys(["width", "hidden_size", "n_embd", "embed_dim", "dim"], "d_model"),
    **dict.fromkeys(["depth", "layers", "num_layers", "num_hidden_layers"], "n_layers"),
    **dict.fromkeys(["heads", "num_heads", "num_attention_heads"], "n_heads"),
    **dict.fromkeys(["block_size", "seq_len", "max_length", "n_positions"], "context_length"),
    **dict.fromkeys(["epochs", "iterations", "max_iters", "max_steps"], "steps"),
    **dict.fromkeys(["gradient_accumulation_steps", "grad_accum"], "accumulation"),
    **dict.fromkeys(["grad_clip", "max_norm", "max_grad_norm"], "clip"),
    **dict.fromkeys(["output", "output_dir", "save_dir"], "out"),
    **dict.fromkeys(["dataset", "input", "corpus", "text"], "data"),
    **dict.fromkeys(["length", "num_tokens"], "max_new_tokens"),
    **dict.fromkeys(["num_samples", "num_return_sequences"], "n_sequences"),
}
"""What others call the settings of models and of training."""


def on_keyword(error: object) -> str:
    """If an error is about a keyword that PyTorch has: that keyword, and ours; else empty."""
    for theirs, ours in KEYWORDS.items():
        if f"keyword argument {theirs!r}" in str(error):
            return f"keyword {theirs}. It is called {ours} here."
    if "keyword argument 'requires_grad'" in str(error):
        return "keyword requires_grad. Set x.requires_grad = True, or use mb.nn.Parameter(x)."
    if "keyword argument 'training'" in str(error):
        return "keyword training. Call it while training only, as mb.nn.Dropout(p) does."
    if "keyword argument 'out'" in str(error) or "keyword argument 'dtype'" in str(error):
        return "keyword out or dtype, as NumPy's functions pass. Use mb's function of that name."
    return ""


def on_list(error: object) -> str:
    """What to do if NumPy's error is about a list in the place of an axis; else empty."""
    about = "'list'" in str(error)
    return " Give one axis as an integer, several as a tuple: axis=(0, 1)." if about else ""


def unknown_method(tensor: Any, name: str) -> Any:
    """Raise AttributeError with our way to do what `name` does elsewhere: Tensor's __getattr__."""
    in_place = name.endswith("_") and not name.endswith("__")
    advice = " Tensors are never changed in place: make a new one." if in_place else ""
    advice = f" Use {METHODS[name]}." if name in METHODS else advice
    advice = advice or nearest(name, dir(type(tensor)), "x.")
    raise AttributeError(f"'Tensor' object has no attribute {name!r}.{advice}")


def refuse_set_item(tensor: Any, index: Any, value: Any) -> None:
    """Raise TypeError with our way to do what `x[index] = value` does: Tensor's __setitem__."""
    raise TypeError(
        "the elements of a tensor are not set: graphs hold its array. Make a new one with "
        "mb.where(mask, value, x) or mb.scatter(x, ids, values, axis)."
    )


def hints(
    module: str,
    known: Iterable[str],
    ways: Mapping[str, str] = MappingProxyType({}),
    near: str = "",
) -> Callable[[str], Any]:
    """A package's `__getattr__`: the error for a name that is not there, with what to do.

    `ways` has a sentence for names that others use; `near` stands before the nearest name.
    """

    def unknown(name: str) -> Any:
        advice = f" {ways[name]}" if name in ways else nearest(name, known, near, alike=0.7)
        raise AttributeError(f"module {module!r} has no attribute {name!r}.{advice}")

    return unknown


def unknown_function(name: str, known: list[str]) -> AttributeError:
    """The error for a name that minibig lacks: with the one that means the same, or the nearest."""
    way = f"mb.{FUNCTIONS[name]}" if name in FUNCTIONS else WAYS.get(name)
    advice = f" Use {way}." if way else nearest(name, known, "mb.")
    return AttributeError(f"module 'minibig' has no attribute {name!r}.{advice}")


def nearest(name: str, known: Iterable[str], prefix: str = "", alike: float = _NEAR) -> str:
    """The question whether a known name was meant, which differs by a letter or two; or nothing."""
    if name.startswith("_"):
        return ""
    import difflib  # for an error only

    public = [each for each in known if not each.startswith("_")]
    near = difflib.get_close_matches(name, public, n=1, cutoff=alike)
    return f" Did you mean {prefix}{near[0]}?" if near else ""
