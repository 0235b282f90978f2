"""What PyTorch calls things that have another name in `nn`: for the sentences of errors."""

from typing import Any

from minibig.other_names import nearest

ATTRIBUTES = {
    "add_module": "setattr(module, name, child)",
    "cpu": 'module.to("cpu")',
    "cuda": 'module.to("cuda")',
    "double": 'module.to("float64")',
    "float": 'module.to("float32")',
    "get_parameter": "dict(module.named_parameters())[name]",
    "get_submodule": "dict(module.named_modules())[path]",
    "half": 'module.to("float16")',
    "register_forward_hook": "nn.captured(module, kind_or_path)",
    "register_forward_pre_hook": "nn.captured(module, kind_or_path)",
    "register_full_backward_hook": "x.watch() on what nn.captured shows",
    "register_module": "setattr(module, name, child)",
    "register_parameter": "setattr(module, name, nn.Parameter(values))",
    "requires_grad_": "nn.freeze(module, pattern) and nn.unfreeze(module, pattern)",
    "set_submodule": "nn.replace(module, path, child)",
    "type": "module.to(dtype)",
}

NAMES = {
    "BCEWithLogitsLoss": "mb.binary_cross_entropy_with_logits",
    "Buffer": "module.register_buffer(name, values)",
    "CrossEntropyLoss": "mb.cross_entropy",
    "Flatten": "x.flatten()",
    "Identity": "nn.Sequential()",
    "LogSoftmax": "mb.log_softmax",
    "MSELoss": "mb.mean_squared_error",
    "ModuleDict": "attributes of a Module",
    "MultiheadAttention": "nn.MultiHeadAttention",
    "ParameterList": "attributes of a Module",
    "Softmax": "mb.softmax",
    "TransformerEncoderLayer": "nn.PostNormBlock or nn.PreNormBlock",
    "functional": "mb: its functions are mb.relu, mb.softmax and so on",
    "init": "nn.normal_weights, nn.glorot_uniform, nn.he_normal and the like",
    "kaiming_normal_": "nn.he_normal",
    "kaiming_uniform_": "nn.he_uniform",
    "normal": "nn.normal_weights, or mb.normal",
    "normal_": "nn.normal_weights",
    "uniform": "nn.uniform_weights, or mb.uniform",
    "uniform_": "nn.uniform_weights",
    "utils": "mb.optim.clip_gradients",
    "xavier_normal_": "nn.glorot_normal",
    "xavier_uniform_": "nn.glorot_uniform",
}

ABSENT = {
    **dict.fromkeys(["BatchNorm1d", "BatchNorm2d", "BatchNorm3d"], "there is nn.LayerNorm"),
    **dict.fromkeys(["GroupNorm"], "there is nn.LayerNorm"),
    **dict.fromkeys(["Conv1d", "Conv2d", "Conv3d"], "write an nn.Module"),
    **dict.fromkeys(["MaxPool2d", "AvgPool2d"], "write an nn.Module"),
    **dict.fromkeys(["GRU", "LSTM", "RNN"], "there is nn.PreNormBlock"),
}
"""Layers that there are not yet, and what to do instead: another layer, or an own module."""

WAYS = {
    **{name: f"Use {way}." for name, way in NAMES.items()},
    **{name: f"There is none yet; {instead}." for name, instead in ABSENT.items()},
}
"""The sentence for each name that `minibig.nn` lacks."""


def unknown_attribute(module: Any, name: str) -> Any:
    """Raise AttributeError with our way to do what `name` does elsewhere: Module's __getattr__."""
    kind = type(module)
    if hasattr(kind, name):  # a property that failed: its own error says why
        return object.__getattribute__(module, name)
    way = f" Use {ATTRIBUTES[name]}." if name in ATTRIBUTES else ""
    advice = way or nearest(name, [*vars(module), *dir(kind)], alike=0.75)
    raise AttributeError(f"{kind.__name__} has no attribute {name!r}.{advice}")
