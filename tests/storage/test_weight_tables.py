"""Tables of weights: one table reads and writes; the next family costs one file with one table."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig import nn
from minibig.settings import Settings, setting
from minibig.storage import (
    FAMILIES,
    JOINED,
    JOINED_TRANSPOSED,
    SAME,
    TRANSPOSED,
    ConfigTable,
    Family,
    StorageError,
    Weight,
    load,
    load_tensors,
    save,
    save_tensors,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EncoderConfig(Settings):
    """The sizes of a small encoder."""

    vocab_size: int = setting(7, "tokens", least=1)
    n_layers: int = setting(2, "blocks", least=1)
    d_model: int = setting(4, "width", least=1)


class Block(nn.Module):
    def __init__(self, d):
        self.qkv, self.output, self.norm = nn.Linear(d, 3 * d), nn.Linear(d, d), nn.LayerNorm(d)


class Encoder(nn.Module):
    """What BERT has in it, as far as names and layouts go."""

    def __init__(self, config):
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList(Block(config.d_model) for _ in range(config.n_layers))


BERT_CONFIG = ConfigTable(
    sizes={"vocab_size": "vocab_size", "n_layers": "num_hidden_layers", "d_model": "hidden_size"},
    fixed={"hidden_act": ("gelu", "gelu_python"), "is_decoder": (False,)},
    alike={"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1},
)

# The whole of a family: BERT stores (out, in), and query, key and value apart.
BERT = Family(
    "bert",
    Encoder,
    config_from=lambda fields: (
        BERT_CONFIG.check(fields, "BERT") or EncoderConfig(**BERT_CONFIG.sizes_in(fields))
    ),
    fields_of=lambda config: BERT_CONFIG.fields_of(config),
    weights=(
        Weight("embedding.weight", ("bert.embeddings.word_embeddings.weight",)),
        Weight(
            "blocks.{i}.qkv.{kind}",
            tuple(
                f"bert.encoder.layer.{{i}}.attention.self.{part}.{{kind}}"
                for part in ("query", "key", "value")
            ),
            JOINED_TRANSPOSED,
        ),
        Weight(
            "blocks.{i}.output.{kind}",
            ("bert.encoder.layer.{i}.attention.output.dense.{kind}",),
            TRANSPOSED,
        ),
        Weight(
            "blocks.{i}.norm.{kind}",
            ("bert.encoder.layer.{i}.attention.output.LayerNorm.{kind}",),
        ),
    ),
    prefix="bert.",
    ignored=("bert.embeddings.position_ids",),
    repeated={"cls.decoder.weight": "bert.embeddings.word_embeddings.weight"},
)  # fmt: skip


@pytest.fixture
def family(monkeypatch):
    monkeypatch.setitem(FAMILIES, "bert", BERT)
    return BERT


def published(prefix="bert."):
    """Weights as BERT's authors publish them, (out, in), and no two numbers alike."""
    generator, D = np.random.default_rng(0), 4
    shapes = {"embeddings.word_embeddings.weight": (7, D)}
    for i in range(2):
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes[f"encoder.layer.{i}.attention.{part}.weight"] = (D, D)
            shapes[f"encoder.layer.{i}.attention.{part}.bias"] = (D,)
        for kind in ("weight", "bias"):
            shapes[f"encoder.layer.{i}.attention.output.LayerNorm.{kind}"] = (D,)
    return {
        prefix + name: generator.normal(size=shape).astype("float32")
        for name, shape in shapes.items()
    }


def write(folder, weights):
    folder.mkdir(exist_ok=True)
    fields = {"vocab_size": 7, "num_hidden_layers": 2, "hidden_size": 4, "model_type": "bert"}
    (folder / "config.json").write_text(json.dumps(fields))
    save_tensors(folder / "model.safetensors", weights)
    return folder


def test_a_table_is_read_in_both_directions(tmp_path, family):
    weights = published()
    model = load(write(tmp_path / "theirs", weights))
    x = np.random.default_rng(1).normal(size=(3, 4)).astype("float32")
    name = "bert.encoder.layer.1.attention"
    for i, part in enumerate(("query", "key", "value")):
        w, b = weights[f"{name}.self.{part}.weight"], weights[f"{name}.self.{part}.bias"]
        found = model.blocks[1].qkv(mb.tensor(x)).numpy()[:, 4 * i : 4 * i + 4]
        np.testing.assert_allclose(found, x @ w.T + b, rtol=1e-5)
    for parameter in model.parameters():
        assert parameter.data.flags.c_contiguous and parameter.data.flags.writeable
    save(model, tmp_path / "ours")
    again = load_tensors(tmp_path / "ours" / "model.safetensors")
    assert again.keys() == weights.keys()
    for name, array in weights.items():
        assert again[name].tobytes() == array.tobytes() and again[name].shape == array.shape


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_files_with_and_without_the_prefix_and_with_what_is_no_weight(tmp_path, family, prefix):
    weights = published(prefix)
    weights[f"{prefix}embeddings.position_ids"] = np.arange(4)
    weights["cls.decoder.weight"] = weights[f"{prefix}embeddings.word_embeddings.weight"]
    model = load(write(tmp_path, weights))
    assert model.embedding.weight.tolist() == weights["cls.decoder.weight"].tolist()


def test_missing_unexpected_and_mis_shaped_parts_are_listed_by_their_names(tmp_path, family):
    weights = published()
    name = "bert.encoder.layer.0.attention.self"
    del weights[f"{name}.key.bias"]
    weights[f"{name}.value.weight"] = np.ones((4, 5), "float32")
    weights["bert.pooler.dense.bias"] = np.ones(4, "float32")
    with pytest.raises(StorageError) as caught:
        load(write(tmp_path, weights))
    message = str(caught.value)
    assert f"missing: {name}.key.bias;" in message
    assert "unexpected: bert.pooler.dense.bias;" in message
    assert f"wrong: {name}.value.weight has shape (4, 5) and float32, not (4, 4)" in message


def test_a_repeated_tensor_that_differs_is_refused(tmp_path, family):
    weights = published()
    weights["cls.decoder.weight"] = weights["bert.embeddings.word_embeddings.weight"] + 1
    with pytest.raises(StorageError, match=r"cls.decoder.weight is not .*Encoder has one table"):
        load(write(tmp_path, weights))
    del weights["bert.embeddings.word_embeddings.weight"]
    with pytest.raises(StorageError, match=r"cls.decoder.weight is not .*Encoder has one table"):
        load(write(tmp_path / "other", weights))


def test_a_name_without_a_row_is_refused():
    with pytest.raises(StorageError, match=r"gate.weight' has no row in the table of bert"):
        BERT.sources(["blocks.0.gate.weight"])


@pytest.mark.parametrize("transform", [SAME, TRANSPOSED, JOINED, JOINED_TRANSPOSED])
@given(rank=st.integers(1, 2), n=st.integers(1, 4), size=st.integers(0, 3), rows=st.integers(0, 3))
def test_a_transform_is_undone_by_its_inverse(transform, rank, n, size, rows):
    n = n if transform in (JOINED, JOINED_TRANSPOSED) else 1
    shape = (rows, n * size)[2 - rank :]
    array = np.random.default_rng(0).normal(size=shape)
    parts = transform.to_theirs(array, n)
    assert len(parts) == n and all(part.base is not None for part in parts if part is not array)
    np.testing.assert_array_equal(transform.to_ours(parts), array)


def test_tables_name_every_tensor_of_their_models():
    for family in FAMILIES.values():
        fields = family.fields_of(
            family.model_class.__init__.__annotations__["config"](vocab_size=9)
        )
        with nn.without_values():
            model = family.build(fields)
        theirs = [n for source in family.sources(model.state_dict()).values() for n in source.names]
        assert len(theirs) == len(set(theirs)) and all(n.startswith(family.prefix) for n in theirs)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hidden_size": "8"}, "must give whole numbers for hidden_size"),
        ({"hidden_size": True, "vocab_size": None}, "for vocab_size, hidden_size"),
        ({"hidden_act": "relu"}, r"what BERT does not have: hidden_act = 'relu' .expected 'gelu'"),
        ({"is_decoder": True, "hidden_act": [1]}, r"hidden_act = \[1\] .*; is_decoder = True"),
        ({"hidden_act": "x" * 10_000}, r"\.\.\. \(10,002 characters\)"),
        ({"hidden_dropout_prob": 0.2}, r"= \[0.2, 0.1\] .expected one number"),
        ({"hidden_dropout_prob": float("nan")}, "expected one number"),
        ({"hidden_dropout_prob": "0.1", "attention_probs_dropout_prob": "0.1"}, "one number"),
    ],
)
def test_a_configuration_that_asks_for_something_else_is_refused(changes, words):
    fields = BERT_CONFIG.fields_of(EncoderConfig()) | changes
    with pytest.raises(StorageError, match=words):
        BERT.config_from(fields)


def test_what_is_usual_may_be_left_out_or_said_otherwise():
    fields = BERT_CONFIG.fields_of(EncoderConfig(d_model=6))
    assert fields["hidden_act"] == "gelu"
    assert BERT.config_from(fields | {"hidden_act": "gelu_python"}) == EncoderConfig(d_model=6)
    del fields["hidden_act"], fields["is_decoder"]
    assert BERT.config_from(fields) == EncoderConfig(d_model=6)
