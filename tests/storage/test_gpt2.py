"""GPT-2's published layout: its names in both styles, its settings, and its logits."""

import json

import numpy as np
import pytest

import minibig as mb
from minibig.models import GPT, GPTConfig
from minibig.storage import StorageError, load, load_tensors, metadata, save, save_tensors

V, T, L, H, D = 11, 6, 2, 2, 8

# As published: https://huggingface.co/openai-community/gpt2, config.json, with smaller sizes.
PUBLISHED_CONFIG = {
    "activation_function": "gelu_new",
    "architectures": ["GPT2LMHeadModel"],
    "attn_pdrop": 0.1,
    "bos_token_id": V - 1,
    "embd_pdrop": 0.1,
    "eos_token_id": V - 1,
    "initializer_range": 0.02,
    "layer_norm_epsilon": 1e-05,
    "model_type": "gpt2",
    "n_ctx": T,
    "n_embd": D,
    "n_head": H,
    "n_layer": L,
    "n_positions": T,
    "resid_pdrop": 0.1,
    "summary_activation": None,
    "summary_first_dropout": 0.1,
    "summary_proj_to_labels": True,
    "summary_type": "cls_index",
    "summary_use_proj": True,
    "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}},
    "vocab_size": V,
}
BLOCK = {
    "ln_1.weight": (D,), "ln_1.bias": (D,),
    "attn.c_attn.weight": (D, 3 * D), "attn.c_attn.bias": (3 * D,),
    "attn.c_proj.weight": (D, D), "attn.c_proj.bias": (D,),
    "ln_2.weight": (D,), "ln_2.bias": (D,),
    "mlp.c_fc.weight": (D, 4 * D), "mlp.c_fc.bias": (4 * D,),
    "mlp.c_proj.weight": (4 * D, D), "mlp.c_proj.bias": (D,),
}  # fmt: skip
TOP = {"wte.weight": (V, D), "wpe.weight": (T, D), "ln_f.weight": (D,), "ln_f.bias": (D,)}


def published_weights(prefix=""):
    """Random weights under the published names, none of them at its initial value."""
    shapes = TOP | {f"h.{i}.{name}": shape for i in range(L) for name, shape in BLOCK.items()}
    generator = np.random.default_rng(0)
    return {
        prefix + name: generator.normal(0, 0.5, shape).astype("float32")
        for name, shape in shapes.items()
    }


def write(folder, weights, **changes):
    folder.mkdir(exist_ok=True)
    fields = {k: v for k, v in {**PUBLISHED_CONFIG, **changes}.items() if v is not ...}
    (folder / "config.json").write_text(json.dumps(fields))
    save_tensors(folder / "model.safetensors", weights, {"format": "pt"})
    return folder


def masks(prefix=""):
    return {
        f"{prefix}h.{i}.attn.{name}": array
        for i in range(L)
        for name, array in {
            "bias": np.tril(np.ones((1, 1, T, T), "float32")),
            "masked_bias": np.array(-1e4, "float32"),
        }.items()
    }


def logits_by_hand(weights, ids):
    """GPT-2 in float64, from its description, one head and one token after the other."""
    w = {name: array.astype("float64") for name, array in weights.items()}

    def norm(x, name):
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) / np.sqrt(variance + 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x, name):
        return x @ w[f"{name}.weight"] + w[f"{name}.bias"]

    x = w["wte.weight"][ids] + w["wpe.weight"][: len(ids)]
    for i in range(L):
        q, k, v = np.split(linear(norm(x, f"h.{i}.ln_1"), f"h.{i}.attn.c_attn"), 3, axis=-1)
        heads = np.zeros_like(q)
        for h in range(H):
            part = slice(h * D // H, (h + 1) * D // H)
            for t in range(len(ids)):
                scores = np.exp(k[: t + 1, part] @ q[t, part] / np.sqrt(D // H))
                heads[t, part] = scores / scores.sum() @ v[: t + 1, part]
        x = x + linear(heads, f"h.{i}.attn.c_proj")
        up = linear(norm(x, f"h.{i}.ln_2"), f"h.{i}.mlp.c_fc")
        gelu = up * (1 + np.tanh(np.sqrt(2 / np.pi) * (up + 0.044715 * up**3))) / 2
        x = x + linear(gelu, f"h.{i}.mlp.c_proj")
    return norm(x, "ln_f") @ w["wte.weight"].T


def variants():
    weights = published_weights()
    prefixed = published_weights("transformer.")
    head = {"lm_head.weight": weights["wte.weight"]}
    return {
        "OpenAI's names": weights,
        "transformers' names": prefixed,
        "OpenAI's names with masks": weights | masks(),
        "transformers' names with masks and head": prefixed | masks("transformer.") | head,
        "OpenAI's names with a head": weights | head,
    }


@pytest.mark.parametrize("name", variants())
def test_a_published_folder_gives_the_published_logits(tmp_path, name):
    folder = write(tmp_path, variants()[name])
    ids = [3, 1, 4, 1, 5, 9]
    expected = logits_by_hand(published_weights(), ids)
    model = load(folder)
    assert model.config == GPTConfig(V, T, L, H, D, dropout=0.1)
    found = model([ids]).detach().numpy()[0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_published_folder_in_float64_gives_the_logits_to_ten_digits(tmp_path):
    weights = {name: array.astype("float64") for name, array in published_weights().items()}
    ids = [3, 1, 4, 1, 5]
    found = load(write(tmp_path, weights))([ids]).detach().numpy()[0]
    np.testing.assert_allclose(found, logits_by_hand(weights, ids), rtol=1e-10, atol=1e-10)


def test_what_we_save_has_the_published_names_shapes_and_settings(tmp_path):
    save(GPT(GPTConfig(V, T, L, H, D, dropout=0.1)), tmp_path)
    arrays = load_tensors(tmp_path / "model.safetensors")
    expected = {name: array.shape for name, array in published_weights("transformer.").items()}
    assert {name: array.shape for name, array in arrays.items()} == expected
    assert metadata(tmp_path / "model.safetensors") == {"format": "pt"}
    fields = json.loads((tmp_path / "config.json").read_text())
    for key, value in PUBLISHED_CONFIG.items():
        if key in fields:
            assert fields[key] == value
    assert {"model_type", "n_embd", "n_head", "n_layer", "n_positions", "vocab_size"} <= set(fields)
    assert fields["tie_word_embeddings"] is True and fields["torch_dtype"] == "float32"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"activation_function": "relu"}, r"activation_function = 'relu' \(expected 'gelu_new'\)"),
        ({"activation_function": ["gelu_new"]}, "activation_function"),
        ({"layer_norm_epsilon": 1e-6}, r"layer_norm_epsilon = 1e-06 \(expected 1e-05\)"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings = False"),
        ({"scale_attn_weights": False}, "scale_attn_weights = False"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx = True"),
        ({"add_cross_attention": True}, "add_cross_attention = True"),
        ({"n_inner": 5}, r"n_inner = 5 \(expected 32\)"),
        ({"attn_pdrop": 0.0}, r"= \[0.1, 0.1, 0.0\] \(expected one number\)"),
        (dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), "0.1"), "expected one number"),
        (dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 1.5), "no possible model"),
        ({"n_head": 3}, "describes no possible model: n_heads must divide d_model"),
        ({"n_embd": 0}, "describes no possible model"),
        ({"n_embd": "8", "n_layer": None}, "must give whole numbers for n_layer, n_embd"),
        ({"vocab_size": ..., "n_head": 2.0}, "must give whole numbers for vocab_size, n_head"),
        ({"vocab_size": True}, "must give whole numbers for vocab_size"),
        ({"n_layer": 3}, "missing: transformer.h.2.ln_1.weight"),
        ({"n_positions": 7}, r"wpe.weight has shape \(6, 8\) and float32, not \(7, 8\)"),
    ],
)
def test_a_configuration_that_gpt_cannot_follow_is_refused(tmp_path, changes, words):
    with pytest.raises(StorageError, match=words):
        load(write(tmp_path, published_weights(), **changes))


def test_settings_that_change_nothing_are_accepted(tmp_path):
    folder = write(
        tmp_path, published_weights(), activation_function="gelu_pytorch_tanh", n_inner=4 * D,
        resid_pdrop=..., embd_pdrop=..., attn_pdrop=...,
    )  # fmt: skip
    assert load(folder).config.dropout == 0.1


def test_a_head_of_its_own_is_refused(tmp_path):
    weights = published_weights()
    weights["lm_head.weight"] = weights["wte.weight"] * 2
    with pytest.raises(StorageError, match=r"lm_head\.weight is not transformer.wte.weight"):
        load(write(tmp_path, weights))


def test_a_tensor_in_both_styles_is_refused(tmp_path):
    weights = published_weights()
    weights["transformer.ln_f.bias"] = weights["ln_f.bias"]
    with pytest.raises(StorageError, match=r"transformer\.ln_f.bias with and without its prefix"):
        load(write(tmp_path, weights))


def test_only_the_masks_are_ignored(tmp_path):
    weights = published_weights() | masks() | {"h.0.attn.c_attn.masked_bias": np.ones(1, "float32")}
    with pytest.raises(StorageError, match=r"unexpected: transformer\.h.0.attn.c_attn.masked_bias"):
        load(write(tmp_path, weights))


def test_a_model_survives_a_round_trip_through_other_weights(tmp_path):
    mb.manual_seed(3)
    model = load(write(tmp_path / "published", published_weights()))
    save(model, tmp_path / "ours")
    again = load_tensors(tmp_path / "ours" / "model.safetensors")
    for name, array in published_weights("transformer.").items():
        assert again[name].tobytes() == array.tobytes()
