"""GPT-2 outside: the names and settings under which its weights are published.

Both store weights as (in, out), so nothing is transposed. OpenAI's own files lack "transformer.",
some hold the causal mask as `attn.bias`, and some repeat the token embedding as `lm_head.weight`.
"""

from typing import Any

from minibig.models import GPT, GPTConfig
from minibig.storage.weight_tables import ConfigTable, Family, Weight

WEIGHTS = (
    Weight("token_embedding.{kind}", ("transformer.wte.{kind}",)),
    Weight("position_embedding.{kind}", ("transformer.wpe.{kind}",)),
    Weight("blocks.{i}.attention_norm.{kind}", ("transformer.h.{i}.ln_1.{kind}",)),
    Weight("blocks.{i}.attention.qkv.{kind}", ("transformer.h.{i}.attn.c_attn.{kind}",)),
    Weight("blocks.{i}.attention.output.{kind}", ("transformer.h.{i}.attn.c_proj.{kind}",)),
    Weight("blocks.{i}.feed_forward_norm.{kind}", ("transformer.h.{i}.ln_2.{kind}",)),
    Weight("blocks.{i}.feed_forward.up.{kind}", ("transformer.h.{i}.mlp.c_fc.{kind}",)),
    Weight("blocks.{i}.feed_forward.down.{kind}", ("transformer.h.{i}.mlp.c_proj.{kind}",)),
    Weight("final_norm.{kind}", ("transformer.ln_f.{kind}",)),
)

_EPS = 1e-5

CONFIG = ConfigTable(
    sizes={
        "vocab_size": "vocab_size",
        "context_length": "n_positions",
        "n_layers": "n_layer",
        "n_heads": "n_head",
        "d_model": "n_embd",
    },
    fixed={
        "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
        "layer_norm_epsilon": (_EPS,),
        "tie_word_embeddings": (True,),
        "scale_attn_weights": (True,),
        "scale_attn_by_inverse_layer_idx": (False,),
        "add_cross_attention": (False,),
    },
    alike={"resid_pdrop": 0.1, "embd_pdrop": 0.1, "attn_pdrop": 0.1},
)


def config_from(fields: dict[str, Any]) -> GPTConfig:
    """The configuration that the fields of a config.json describe.

    Raises:  StorageError if sizes are missing, or settings ask for what GPT does not compute.
    """
    sizes = CONFIG.sizes_in(fields)
    CONFIG.check(fields, "GPT", n_inner=(4 * sizes["d_model"], None))
    return GPTConfig(**sizes, dropout=fields.get("resid_pdrop", 0.1))


def fields_of(config: GPTConfig) -> dict[str, Any]:
    """The fields of config.json for a configuration.

    >>> fields_of(GPTConfig(vocab_size=9, n_layers=2))["n_layer"]
    2
    """
    return {
        "architectures": ["GPT2LMHeadModel"],
        **CONFIG.fields_of(config),
        "n_ctx": config.context_length,
        "n_inner": None,
        **dict.fromkeys(CONFIG.alike, config.dropout),
    }


GPT2 = Family(
    "gpt2",
    GPT,
    config_from,
    fields_of,
    WEIGHTS,
    prefix="transformer.",
    ignored=("transformer.h.{i}.attn.bias", "transformer.h.{i}.attn.masked_bias"),
    repeated={"lm_head.weight": "transformer.wte.weight"},
)
