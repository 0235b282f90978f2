"""Settings: one declaration gives the check, JSON and back, and the sentence for a wrong name."""

import json
from dataclasses import FrozenInstanceError, dataclass
from pathlib import Path

import pytest

from minibig.backend import InputError, Settings, group, required, setting


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
