"""Settings: one declaration gives the check, JSON and back, and the sentence for a wrong name."""

import json
from dataclasses import FrozenInstanceError, dataclass
from pathlib import Path

import pytest

from minibig.backend import InputError
from minibig.cli.commands import generate
from minibig.generation import Sampling
from minibig.models import GPTConfig
from minibig.other_names import SETTINGS
from minibig.recipes import Pretraining, pretrain, quickstart
from minibig.settings import Settings, group, places, required, setting
from minibig.training import TrainingSettings


@dataclass(frozen=True, kw_only=True)
class Inner(Settings):
    rate: float = setting(0.5, "how fast", above=0)
    betas: tuple[float, float] = setting((0.9, 0.95), "two decays", least=0, below=1)


@dataclass(frozen=True, kw_only=True)
class Outer(Settings):
    steps: int = required("how far", least=1)
    clip: float | None = setting(1.0, "largest norm", above=0)
    kind: str = setting("a", "which", choices=("a", "b"))
    out: Path = setting(Path("runs"), "where")
    loud: bool = setting(False, "say more")
    inner: Inner = group(Inner)


def test_values_are_kept_in_their_types():
    made = Outer(steps=3, clip=2, out="x/y", inner=Inner(betas=[0, 0.5]))
    assert (made.clip, type(made.clip), made.out) == (2.0, float, Path("x/y"))
    assert made.inner.betas == (0.0, 0.5)
    with pytest.raises(FrozenInstanceError):
        made.steps = 4


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1; got 0."),
        ({"steps": "3"}, "steps must be a whole number of at least 1; got '3'."),
        ({"clip": 0}, "clip must be a number above 0; got 0."),
        ({"kind": "c"}, "kind must be one of a, b; got 'c'."),
        ({"loud": 1}, "loud must be True or False; got 1."),
        ({"out": 3}, "out must be a text that is not empty; got 3."),
        ({"inner": {"rate": 0}}, "rate must be a number above 0; got 0."),
        ({"inner": 3}, "inner must be of type Inner; got int: 3."),
        ({"inner": {"betas": [0.1]}}, "betas must be 2 values; got [0.1]."),
        ({"stpes": 3}, "Outer has no setting 'stpes'; did you mean steps?"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(values, sentence):
    with pytest.raises(InputError) as error:
        Outer.of({"steps": 1, **values})
    assert str(error.value) == sentence


def test_a_required_setting_is_asked_for():
    with pytest.raises(InputError, match=r"^Outer needs steps\.$"):
        Outer.of({})


def test_json_and_back():
    made = Outer(steps=3, clip=None, inner=Inner(rate=1))
    assert Outer.of(json.loads(json.dumps(made.to_json()))) == made


@dataclass(frozen=True, kw_only=True)
class Whole(Settings):
    first: Outer = group(Outer, steps=7)
    second: Inner = group(Inner, rate=0.25)
    names: tuple[str, ...] = setting((), "names")
    rate: float = setting(1.0, "one of its own")


def test_a_setting_in_a_group_may_be_named_alone():
    whole = Whole.of({"steps": 9, "betas": [0.1, 0.2], "names": ["a", "b"]})
    assert whole.first.steps == 9 and whole.first.inner.betas == (0.1, 0.2)
    assert whole.second.betas == (0.9, 0.95), "of two with one name the first counts"
    assert whole.names == ("a", "b")
    assert Whole.of({"rate": 2}).rate == 2.0 and Whole.of({"rate": 2}).second.rate == 0.25
    assert Whole.of(whole.to_json()) == whole
    with pytest.raises(InputError, match=r"^Whole has no setting 'step'; did you mean steps\?"):
        Whole.of({"step": 9})


def test_changed_keeps_all_that_is_not_named():
    whole = Whole.of({"kind": "b"})
    changed = whole.changed({"steps": 2, "second": {"rate": 3}, "clip": None})
    assert (changed.first.kind, changed.first.steps, changed.first.clip) == ("b", 2, None)
    assert changed.second == Inner(rate=3.0)
    assert whole.changed({"first": Outer(steps=1), "loud": True}).first == Outer(steps=1, loud=True)
    assert changed.flat()["steps"] == 2 and changed.flat()["rate"] == 1.0
    with pytest.raises(InputError, match="steps must be a whole number of at least 1; got 0"):
        whole.changed({"first": {"steps": 0}})


def test_two_records_differ_by_names_also_in_groups():
    @dataclass(frozen=True, kw_only=True)
    class Inner(Settings):
        width: int = setting(3, "how wide")
        depth: int = setting(4, "how deep")

    @dataclass(frozen=True, kw_only=True)
    class Outer(Settings):
        name: str = setting("a", "its name")
        inner: Inner = group(Inner)

    one, other = Outer(), Outer().changed({"depth": 5, "name": "b"})
    assert one.differing(one) == [] and other.differing(one) == ["name", "depth"]
    assert other.listed(["depth", "name"]) == "depth = 5, name = b"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GPTConfig(n_layer=2), "GPTConfig has no setting 'n_layer'; did you mean n_layers"),
        (lambda: GPTConfig(n_embd=8), "GPTConfig has no setting 'n_embd'; did you mean d_model"),
        (lambda: TrainingSettings(learning_rate=1), "'learning_rate'; did you mean lr"),
        (lambda: Pretraining(block_size=8), "'block_size'; did you mean context_length"),
        (lambda: Pretraining(step=3), "Pretraining has no setting 'step'; did you mean steps"),
        (lambda: TrainingSettings(step=3), "did you mean steps"),
        (GPTConfig, "GPTConfig needs vocab_size"),
        (lambda: Pretraining("small.txt"), "takes its settings by name, such as data=...; got 'sm"),
        (lambda: pretrain("small.txt"), r"as one record: pretrain\(Pretraining\(data=\.\.\.\)\)"),
        (lambda: pretrain(data="small.txt"), r"pretrain\(Pretraining\(data=\.\.\.\)\)"),
        (lambda: quickstart(out="x"), r"quickstart\(Quickstart\(out=\.\.\.\)\)"),
        (lambda: quickstart(), "takes its settings as one record"),
    ],
)
def test_a_record_that_is_made_wrong_is_answered_with_our_way(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_constructor_takes_settings_of_groups_by_their_own_name():
    made = Pretraining(data="small.txt", steps=80, n_layers=2)
    assert (made.training.steps, made.model.n_layers, made.model.d_model) == (80, 2, 128)
    given = Pretraining(training=TrainingSettings(steps=70, lr=1e-2), steps=90)
    assert (given.training.steps, given.training.lr) == (90, 1e-2)


def test_what_others_call_otherwise_leads_to_settings_that_there_are():
    known = {*places(Pretraining), *places(Sampling), *places(generate.Options)}
    assert set(SETTINGS.values()) <= known
    assert not set(SETTINGS) & known


def test_all_settings_are_listed_once_where_none_is_near():
    with pytest.raises(InputError) as caught:
        TrainingSettings(width=3)
    assert str(caught.value).count("on_divergence") == 1
