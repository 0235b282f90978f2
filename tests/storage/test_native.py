"""Models without a published layout: any module is saved, and what cannot be rebuilt says so."""

import dataclasses
import json
import re

import numpy as np
import pytest

import minibig as mb
from minibig import models, nn
from minibig.models import GPT, GPTConfig
from minibig.settings import Settings, required, setting
from minibig.storage import StorageError, load, load_tensors, native, save

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


CASES = {
    "MLP": MLP,
    "GELU": nn.GELU,
    "Linear": lambda: nn.Linear(3, 2),
    "Variant": lambda: Variant(CONFIG),
    "GPT": adapted,
}


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
        save(MLP(), tmp_path)
    assert load_tensors(tmp_path / "model.safetensors").keys() == MLP().state_dict().keys()
    fields = json.loads((tmp_path / "config.json").read_text())
    assert fields == {"model_type": "minibig", "class": "MLP", "config": None}


def test_a_part_of_another_class_is_noticed_though_every_shape_fits(tmp_path):
    with pytest.warns(UserWarning, match="The GPT in"):
        save(with_another_part(), tmp_path)


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
    with pytest.warns(UserWarning):
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
