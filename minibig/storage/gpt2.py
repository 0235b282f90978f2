"""GPT-2 outside: the names and settings under which its weights are published.

    ours                                    Hugging Face's
    token_embedding.weight                  transformer.wte.weight
    position_embedding.weight               transformer.wpe.weight
    blocks.0.attention_norm.weight          transformer.h.0.ln_1.weight
    blocks.0.attention.qkv.weight           transformer.h.0.attn.c_attn.weight      (D, 3D)
    blocks.0.attention.output.weight        transformer.h.0.attn.c_proj.weight
    blocks.0.feed_forward_norm.weight       transformer.h.0.ln_2.weight
    blocks.0.feed_forward.up.weight         transformer.h.0.mlp.c_fc.weight         (D, 4D)
    blocks.0.feed_forward.down.weight       transformer.h.0.mlp.c_proj.weight
    final_norm.weight                       transformer.ln_f.weight

Both store weights as (in, out), so nothing is transposed. OpenAI's own files lack "transformer.",
some hold the causal mask as `attn.bias`, and some repeat the token embedding as `lm_head.weight`.
"""

import re
from typing import Any

import numpy as np

from minibig.backend import Array
from minibig.files.durable import StorageError
from minibig.models import GPT, GPTConfig
from minibig.storage.model_folders import ModelFormat, register_model

_PARTS = {
    "token_embedding": "wte",
    "position_embedding": "wpe",
    "attention_norm": "ln_1",
    "attention.qkv": "attn.c_attn",
    "attention.output": "attn.c_proj",
    "feed_forward_norm": "ln_2",
    "feed_forward.up": "mlp.c_fc",
    "feed_forward.down": "mlp.c_proj",
    "final_norm": "ln_f",
}
_MASK = re.compile(r"transformer\.h\.\d+\.attn\.(masked_)?bias")

_SIZES = {
    "vocab_size": "vocab_size",
    "context_length": "n_positions",
    "n_layers": "n_layer",
    "n_heads": "n_head",
    "d_model": "n_embd",
}
_DROPOUTS = ("resid_pdrop", "embd_pdrop", "attn_pdrop")
_EPS = 1e-5

# What a published configuration may change and our GPT does not: (usual value, others as good).
_FIXED: dict[str, tuple[Any, ...]] = {
    "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
    "layer_norm_epsilon": (_EPS,),
    "tie_word_embeddings": (True,),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "add_cross_attention": (False,),
}


def names(model: GPT) -> dict[str, str]:
    """Our name of every tensor of a GPT, and Hugging Face's.

    >>> model = GPT(GPTConfig(vocab_size=9, context_length=4, n_layers=1, n_heads=1, d_model=2))
    >>> names(model)["blocks.0.attention.qkv.bias"]
    'transformer.h.0.attn.c_attn.bias'
    """
    return {name: _theirs(name) for name in model.state_dict()}


def build(fields: dict[str, Any]) -> GPT:
    """A GPT of the sizes of a config.json.

    Raises:  StorageError if sizes are missing, or settings ask for what GPT does not compute.
    """
    unusable = [theirs for theirs in _SIZES.values() if type(fields.get(theirs)) is not int]
    if unusable:
        raise StorageError(f"config.json must give whole numbers for {', '.join(unusable)}.")
    fixed = {**_FIXED, "n_inner": (4 * fields["n_embd"], None)}
    strange = [
        f"{key} = {fields[key]!r} (expected {values[0]!r})"
        for key, values in fixed.items()
        if key in fields and fields[key] not in values
    ]
    dropouts = [fields.get(key, 0.1) for key in _DROPOUTS]
    if type(dropouts[0]) not in (int, float) or dropouts.count(dropouts[0]) < len(dropouts):
        strange.append(f"{', '.join(_DROPOUTS)} = {dropouts} (expected one number)")
    if strange:
        raise StorageError(f"config.json asks for what GPT does not have: {'; '.join(strange)}.")
    sizes = {ours: fields[theirs] for ours, theirs in _SIZES.items()}
    return GPT(GPTConfig(**sizes, dropout=dropouts[0]))


def describe(model: GPT) -> dict[str, Any]:
    """The fields of config.json for a GPT."""
    config = model.config
    return {
        "architectures": ["GPT2LMHeadModel"],
        **{theirs: getattr(config, ours) for ours, theirs in _SIZES.items()},
        "n_ctx": config.context_length,
        "n_inner": None,
        **{key: values[0] for key, values in _FIXED.items()},
        **dict.fromkeys(_DROPOUTS, config.dropout),
        "torch_dtype": str(model.token_embedding.weight.dtype),
    }


def tidy(arrays: dict[str, Array]) -> dict[str, Array]:
    """The arrays under the names of `names`, without masks and without the repeated head.

    Raises:  StorageError if the head is not the token embedding, or a name comes in both styles.
    """
    result: dict[str, Array] = {}
    for name, array in arrays.items():
        known = name.startswith("transformer.") or name == "lm_head.weight"
        full_name = name if known else f"transformer.{name}"
        if full_name in result:
            raise StorageError(f"model.safetensors holds {full_name} with and without its prefix.")
        if not _MASK.fullmatch(full_name):
            result[full_name] = array
    head = result.pop("lm_head.weight", None)
    embedding = result.get("transformer.wte.weight")
    if head is not None and (embedding is None or not np.array_equal(head, embedding)):
        raise StorageError(
            "lm_head.weight is not transformer.wte.weight; GPT has one table for both."
        )
    return result


def _theirs(name: str) -> str:
    """Hugging Face's name for a name of ours."""
    *path, kind = name.split(".")
    if path[0] == "blocks":
        return f"transformer.h.{path[1]}.{_PARTS['.'.join(path[2:])]}.{kind}"
    return f"transformer.{_PARTS['.'.join(path)]}.{kind}"


GPT2 = ModelFormat("gpt2", GPT, build, describe, names, tidy)
register_model(GPT2)
