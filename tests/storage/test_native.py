"""Models without a published layout: any module is saved, and what cannot be rebuilt says so."""

import dataclasses
import json
import re
import sys

import numpy as np
import pytest

import minibig as mb
from minibig import models, nn
from minibig.models import GPT, GPTConfig
from minibig.settings import Settings, required, setting
from minibig.storage import StorageError, load, load_tensors, native, save
from minibig.storage.descriptions import find_class, is_same

CONFIG = GPTConfig(vocab_size=11, context_length=6, n_layers=2, n_heads=2, d_model=8)


class MLP(nn.Module):
    def __init__(self):
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
        self.register_buffer("scale", mb.tensor([2.0]))
        self.register_buffer("table", mb.tensor([1.0, 2.0]), persistent=False)

    def forward(self, x):
        return self.layers(x) * self.scale


class Adapted(nn.Module):
    """A Linear with a low-rank term beside it."""

    def __init__(self, base):
        self.base, self.down = base, nn.Linear(base.d_in, 1, bias=False)

    def forward(self, x):
        return self.base(x)


class Variant(GPT):
    pass


def adapted():
    model = GPT(CONFIG)
    nn.replace(model, "blocks.0.attention.qkv", Adapted(model.blocks[0].attention.qkv))
    return model


def with_another_part():
    """The same names and shapes, and another function."""
    model = GPT(CONFIG)
    model.final_norm = Adapted.__new__(Adapted)
    model.final_norm.weight, model.final_norm.bias = (
        nn.Parameter(np.ones(8)),
        nn.Parameter(np.ones(8)),
    )
    return model


class Hidden(nn.Module):
    """It does not keep what it was made from."""

    def __init__(self, width, half):
        self.layer = nn.Linear(width, half * 2)


class LoRA(nn.Module):
    """y = layer(x) + s x A B, as a user would write it."""

    def __init__(self, layer, rank=2, scale=0.5):
        self.layer, self.rank, self.scale = layer, rank, scale
        self.A = nn.Parameter(nn.normal_weights((layer.d_in, rank)))
        self.B = nn.Parameter(nn.normal_weights((rank, layer.d_out)))

    def forward(self, x):
        return self.layer(x) + (x @ self.A) @ self.B * self.scale


class Open(nn.Module):
    """More arguments than it has names for; none of them is given."""

    def __init__(self, width, *more, **others):
        self.width = width
        self.layer = nn.Linear(width, width + len(more) + len(others))

    def forward(self, x):
        return self.layer(x)


def with_adapters():
    model = GPT(CONFIG)
    nn.replace_all(model, nn.Linear, lambda path, layer: LoRA(layer, rank=3))
    nn.freeze(model, "*.layer.*")
    return model


def longer():
    """A block more than its configuration says."""
    model = GPT(CONFIG)
    model.blocks.append(nn.PreNormBlock(nn.MultiHeadAttention(8, 2), nn.FeedForward(8, 5)))
    return model


def with_parts_1_and_10():
    """The name of one begins like that of the other."""
    model = GPT(dataclasses.replace(CONFIG, n_layers=11))
    for number in (1, 10):
        nn.replace(model, f"blocks.{number}", nn.Linear(8, 8))
    return model


def with_another_activation():
    model = GPT(CONFIG)
    model.blocks[1].feed_forward.activation = mb.relu
    return model


def with_settings_changed():
    model = GPT(CONFIG)
    model.blocks[0].attention.causal = False
    model.final_norm.eps = 0.1
    model.dropout.p = 0.25
    return model


KNOWN = {
    "MLP": MLP,
    "GELU": nn.GELU,
    "Linear": lambda: nn.Linear(3, 2),
    "Linear without bias": lambda: nn.Linear(3, 2, bias=False),
    "chain": lambda: nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.ReLU()), nn.LayerNorm(2)),
    "attention": lambda: nn.MultiHeadAttention(8, 2, dropout=0.1, rotary=nn.RotaryPositions(4, 9)),
    "Variant": lambda: Variant(CONFIG),
    "adapters": with_adapters,
    "longer": longer,
    "parts 1 and 10": with_parts_1_and_10,
    "adapter": adapted,
    "LoRA": lambda: LoRA(nn.Linear(3, 2)),
    "open": lambda: Open(3),
    "activation": with_another_activation,
    "settings": with_settings_changed,
    "feed-forward": lambda: nn.FeedForward(4, 8, mb.relu),
}


@pytest.mark.parametrize("make", KNOWN.values(), ids=KNOWN)
def test_a_model_whose_parts_keep_their_arguments_is_rebuilt_from_its_folder(tmp_path, make):
    model = make()
    save(model, tmp_path)
    found = load(tmp_path)
    assert repr(found) == repr(model) and is_same(found, model) and is_same(model, found)
    for key, tensor in model.state_dict().items():
        assert found.state_dict()[key].numpy().tobytes() == tensor.numpy().tobytes()


def test_a_model_with_adapters_computes_the_same_when_it_is_opened(tmp_path):
    model = with_adapters()
    save(model, tmp_path)
    assert load(tmp_path)([[1, 2, 3]]).tolist() == model.eval()([[1, 2, 3]]).tolist()


def test_what_was_changed_in_a_published_model_is_never_lost_without_a_word(tmp_path):
    for make in (with_settings_changed, with_another_activation):
        save(make(), tmp_path)
        fields = json.loads((tmp_path / "config.json").read_text())
        assert fields["model_type"] == "minibig" and fields["parts"]


def test_notes_that_are_kept_beside_a_model_do_not_make_another_of_it(tmp_path):
    model = GPT(CONFIG)
    model.note, model.blocks[0].seen = "trained in May", [1, 2]
    save(model, tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["model_type"] == "gpt2"


def local_class():
    class Local(nn.Module):
        def __init__(self, width):
            self.width, self.layer = width, nn.Linear(width, width)

    return Local


def test_a_class_that_is_not_imported_is_given_by_whoever_loads(tmp_path):
    Local = local_class()
    save(Local(3), tmp_path)
    with pytest.raises(StorageError, match=r"is not imported.*classes=\[Local\]"):
        load(tmp_path)
    assert type(load(tmp_path, classes=[Local])) is Local
    with pytest.raises(mb.InputError, match=r"classes must be subclasses of nn\.Module"):
        load(tmp_path, classes=[dict])


def test_nothing_is_imported_or_called_because_a_file_says_so(tmp_path):
    (tmp_path / "shipped_with_the_model.py").write_text("raise SystemExit('executed')")
    names = ["os.system", "shipped_with_the_model.Layer", "antigravity.X", "minibig.nn.Module.call",
             "builtins.dict", "sys.exit", "minibig.storage.native.build", "..", ""]  # fmt: skip
    before = set(sys.modules)
    for name in names:
        assert find_class(name) is None
        with pytest.raises(mb.InputError, match=r"not imported"):
            native.build({"class": name, "arguments": {}})
    assert set(sys.modules) == before


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"class": "Linear", "arguments": {"d_in": 2, "width": 3}}, "some of d_in, d_out, bias"),
        ({"class": "Linear", "arguments": {"d_in": 2}}, "Linear cannot be made"),
        ({"class": "Linear", "arguments": {"d_in": 2, "d_out": "3"}}, "d_out must be a whole"),
        ({"class": "Linear", "arguments": {"d_in": 2, "d_out": {"a": 1}}}, "not imported"),
        ({"class": "Sequential", "modules": [3]}, "a part of a model must be a description"),
        ({"class": "GELU", "arguments": {}, "parts": 3}, "parts must be descriptions"),
        ({"class": "GELU", "arguments": {}, "parts": {"a.b": {}}}, "no place 'a.b'"),
        ({"class": "GELU", "arguments": {}, "parts": {"__class__": {}}}, "not imported"),
        (
            {"class": "GELU", "arguments": {}, "parts": {"path": {"class": "ReLU"}}},
            "arguments of ReLU",
        ),
        (
            {"class": "RotaryPositions", "arguments": {"head_size": 64, "context_length": 10**7}},
            "tables of positions hold more than",
        ),
        (
            {"class": "Embedding", "arguments": {"n": 10**9, "d": 10**6}},
            "n of Embedding must be a whole number from",
        ),
    ],
)
def test_a_description_that_makes_nothing_is_refused(tmp_path, fields, words):
    save(nn.GELU(), tmp_path)
    (tmp_path / "minibig_checksums.json").unlink()
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "minibig", **fields}))
    with pytest.raises(StorageError, match=words):
        load(tmp_path)


def test_descriptions_within_descriptions_have_an_end(tmp_path):
    description = {"class": "GELU", "arguments": {}}
    for _ in range(60):
        description = {"class": "Sequential", "modules": [description]}
    with pytest.raises(mb.InputError, match="a part of a model must be"):
        native.build(description)


def with_a_hidden_part():
    model = GPT(CONFIG)
    nn.replace(model, "blocks.0.feed_forward", Hidden(8, 4))
    return model


CASES = {"Hidden": lambda: Hidden(3, 2), "GPT": with_a_hidden_part}


@pytest.mark.parametrize("name", CASES)
def test_any_module_is_saved_and_the_sentence_says_how_to_load_it(tmp_path, name):
    mb.manual_seed(1)
    model = CASES[name]()
    with pytest.warns(UserWarning, match=rf"^The {name} in .* cannot be rebuilt from its") as said:
        save(model, tmp_path)
    assert said[0].filename == __file__
    with pytest.raises(StorageError, match=rf"^The {name} in .* cannot be rebuilt") as caught:
        load(tmp_path)
    way = re.search(
        r"model\.load_state_dict\(mb\.storage\.load_tensors\(\"(.*)\"\)\)", str(caught.value)
    )
    mb.manual_seed(2)
    again = CASES[name]()
    again.load_state_dict(mb.storage.load_tensors(way[1]))
    for key, tensor in model.state_dict().items():
        assert again.state_dict()[key].tolist() == tensor.tolist()


def test_names_and_metadata_of_the_file_are_ours(tmp_path):
    with pytest.warns(UserWarning):
        save(Hidden(3, 2), tmp_path)
    assert load_tensors(tmp_path / "model.safetensors").keys() == Hidden(3, 2).state_dict().keys()
    fields = json.loads((tmp_path / "config.json").read_text())
    assert fields == {
        "model_type": "minibig",
        "class": f"{Hidden.__module__}.Hidden",
        "config": None,
    }


def test_a_long_path_is_cut_in_the_warning(tmp_path):
    folder = tmp_path.joinpath(*["x" * 200] * 8)
    with pytest.warns(UserWarning) as said:
        save(Hidden(3, 2), folder)
    assert len(str(said[0].message)) < 1500


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".npz", ".safetensors"])
def test_a_folder_that_could_not_be_opened_again_is_not_written(tmp_path, suffix):
    with pytest.raises(mb.InputError, match="is the name of a file"):
        save(GPT(CONFIG), tmp_path / f"model{suffix}")
    assert not list(tmp_path.iterdir())


def test_a_part_of_another_class_is_noticed_though_every_shape_fits(tmp_path):
    with pytest.warns(UserWarning, match="The GPT in"):
        save(with_another_part(), tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["config"] is None


def test_a_model_whose_parts_were_put_back_is_published_again(tmp_path):
    model = adapted()
    nn.replace(model, "blocks.0.attention.qkv", model.blocks[0].attention.qkv.base)
    save(model, tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["model_type"] == "gpt2"


def tiny(monkeypatch):
    """A model of minibig without a published family."""

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Sizes(Settings):
        width: int = required("the width", least=1, most=10**9)
        layers: int = setting(2, "how many layers", least=1)

    class Tiny(nn.Module):
        def __init__(self, config):
            self.config = config
            self.layers = nn.ModuleList(
                nn.Linear(config.width, config.width) for _ in range(config.layers)
            )
            self.register_buffer("steps", mb.tensor(np.array([3])))

    Tiny.__init__.__annotations__["config"] = Sizes
    monkeypatch.setattr(models, "Tiny", Tiny, raising=False)
    monkeypatch.setattr(models, "__all__", [*models.__all__, "Tiny"])
    return Tiny, Sizes


def test_a_model_of_minibig_without_a_family_is_rebuilt_from_its_configuration(
    tmp_path, monkeypatch
):
    Tiny, Sizes = tiny(monkeypatch)
    model = Tiny(Sizes(width=3))
    model.assign_buffer("steps", mb.tensor(np.array([7])))
    save(model, tmp_path)
    found = load(tmp_path)
    assert type(found) is Tiny and found.config == Sizes(width=3) and found.steps.tolist() == [7]
    for key, tensor in model.state_dict().items():
        assert found.state_dict()[key].numpy().tobytes() == tensor.numpy().tobytes()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"width": 4}, "wrong: layers.0.weight has shape .3, 3. and float32, not .4, 4. and floa"),
        ({"width": 10**9}, "not .1000000000, 1000000000. and floats"),
        ({"width": 3, "layers": 10**9}, "describes no possible model: there are more than 11"),
        ({"width": 3, "layers": 3}, "missing: layers.2.weight, layers.2.bias"),
        ({"width": "3"}, "describes no possible model: width must be a whole number"),
        ({"width": 3, "depth": 1}, "has no setting 'depth'"),
        ({}, "needs width"),
        ([], "cannot be rebuilt"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(tmp_path, monkeypatch, config, words):
    Tiny, Sizes = tiny(monkeypatch)
    save(Tiny(Sizes(width=3)), tmp_path)
    (tmp_path / "minibig_checksums.json").unlink()
    fields = {"model_type": "minibig", "class": "Tiny", "config": config}
    (tmp_path / "config.json").write_text(json.dumps(fields))
    with pytest.raises(StorageError, match=words):
        load(tmp_path)


@pytest.mark.parametrize(
    "name", [None, 3, ["GPT"], "os.system", "GPTConfig", "\x1b[31m", "x" * 999]
)
def test_a_class_that_minibig_does_not_have_is_one_sentence(tmp_path, name):
    save(nn.Linear(2, 2), tmp_path)
    (tmp_path / "minibig_checksums.json").unlink()
    fields = {"model_type": "minibig", "class": name, "config": {}}
    (tmp_path / "config.json").write_text(json.dumps(fields))
    with pytest.raises(StorageError, match="cannot be rebuilt from its folder alone") as caught:
        load(tmp_path)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 1000


def test_a_model_that_is_frozen_or_evaluated_is_as_configured():
    """What is set for a while, and is no part of the structure, makes no other model of it."""
    model = GPT(CONFIG).eval()
    nn.freeze(model, "blocks.*")
    assert native.is_as_configured(model)


class Tripled(nn.Module):
    """What it was made with is kept where no description can see it."""

    def __init__(self, width, times=None):
        self.width, self._times = width, times
        self.layer = nn.Linear(width, width)


class Shifted(nn.Module):
    """A constant that is neither a parameter nor a buffer, and in no state."""

    def __init__(self, width):
        self.width = width
        self.shift = mb.tensor(np.random.default_rng().standard_normal(width))


def with_another_forward():
    layer = nn.Linear(2, 2)
    layer.forward = lambda x: 3 * x
    return layer


@pytest.mark.parametrize(
    "make",
    [lambda: Tripled(2, 3), lambda: Shifted(2), with_another_forward],
    ids=["hidden option", "constant", "forward"],
)
def test_what_would_be_opened_as_something_else_is_told_when_it_is_saved(tmp_path, make):
    with pytest.warns(UserWarning, match="cannot be rebuilt from its folder alone"):
        save(make(), tmp_path)
    with pytest.raises(StorageError, match="build it, then"):
        load(tmp_path)


def test_a_note_and_a_constant_that_is_made_alike_are_no_matter(tmp_path):
    model = Tripled(2)
    model.note, model.layer.seen = "mine", 3
    save(model, tmp_path)
    assert isinstance(load(tmp_path), Tripled)


@pytest.mark.parametrize("name", ["a" * 10**6, ".".join("a" * 10**5)], ids=["long", "dots"])
def test_a_name_without_end_is_that_of_no_class(name):
    assert find_class(name) is None


@pytest.mark.parametrize("place", ["__class__", "0.__dict__", "0._buffers", "forward", "training"])
def test_a_part_takes_no_place_that_belongs_to_the_class(place):
    part = {"class": "Linear", "arguments": {"d_in": 2, "d_out": 2}}
    fields = {"class": "Sequential", "modules": [part], "parts": {place: part}}
    with pytest.raises(mb.InputError, match="there is no place"):
        native.build(fields)
