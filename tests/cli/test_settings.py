import argparse
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.cli.settings import (
    BY_NAME,
    TABLE,
    add_flags,
    check_use,
    checked,
    given_flags,
    merged,
    read_configuration,
)

NUMBERS = [setting.name for setting in TABLE if setting.kind in (int, float)]


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return given_flags(parser.parse_args(list(arguments)))


def test_every_default_is_a_value_of_its_row():
    for setting in TABLE:
        if setting.default is not None:
            assert checked(setting.name, setting.default) == setting.default


def test_a_flag_that_is_not_given_leaves_no_trace():
    assert parsed() == {}
    assert parsed("--n-layers", "3", "--betas", "0.8", "0.9") == {
        "n_layers": 3,
        "betas": [0.8, 0.9],
    }


@given(st.lists(st.dictionaries(st.sampled_from(NUMBERS), st.integers(1, 9)), max_size=4))
def test_the_last_layer_that_gives_a_setting_wins(layers):
    result = merged(*layers)
    for setting in TABLE:
        given = [layer[setting.name] for layer in layers if setting.name in layer]
        assert result[setting.name] == (given[-1] if given else setting.default)


def rates(*layers):
    settings = merged(*layers)
    return pytest.approx([settings[name] for name in ("lr", "min_lr", "weight_decay")])


def test_rates_meant_for_another_optimizer_are_changed_and_those_given_beside_it_are_not():
    preset = {"lr": 6e-4, "min_lr": 6e-5, "weight_decay": 0.1}
    assert rates(preset, {"optimizer": "muon"}) == [6e-4, 6e-5, 0.1]
    assert rates(preset, {"optimizer": "adafactor"}) == [0.018, 0.0018, 0.1 / 30]
    assert rates({"optimizer": "adafactor", **preset}) == [6e-4, 6e-5, 0.1]
    assert rates(preset, {"optimizer": "adafactor", "lr": 0.5}) == [0.5, 0.0018, 0.1 / 30]
    assert rates(preset, {"optimizer": "adafactor"}, {"optimizer": "adamw"}) == [6e-4, 6e-5, 0.1]
    whole = merged(preset, {"optimizer": "adafactor"})
    again = {name: value for name, value in whole.items() if value is not None}
    assert merged(again) == merged(again, {"optimizer": "adafactor"}) == whole
    assert rates(preset, {"optimizer": "adam"}) == [6e-4, 6e-5, 0.1]  # which the run itself refuses


def test_betas_are_refused_only_where_somebody_gave_them_to_adafactor():
    for name in ("adamw", "muon", "adafactor"):
        check_use({"optimizer": name}, merged({"betas": [0.8, 0.9]}, {"optimizer": name}))
    for name in ("adamw", "muon"):
        check_use({"betas": [0.8, 0.9]}, merged({"optimizer": name}))
    with pytest.raises(InputError, match="adafactor has none"):
        check_use({"betas": [0.8, 0.9]}, merged({"optimizer": "adafactor"}))


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["7", True, None, float("nan"), float("inf"), [1], -1e300])
def test_what_is_no_such_number_is_refused_by_name(name, value):
    if name == "validation_fraction" and value == -1e300:
        value = "0.1"
    with pytest.raises(InputError, match=rf"^{name} must be a "):
        checked(name, value)


@pytest.mark.parametrize("name", [n for n in NUMBERS if BY_NAME[n].kind is int])
def test_a_negative_count_is_refused(name):
    with pytest.raises(InputError, match=rf"^{name} must be a whole number of at least \d; got -1"):
        checked(name, -1)


@pytest.mark.parametrize("value", [0.9, [0.9], [0.9, "x"], [0.9, 0.9, 0.9], {"a": 1}])
def test_betas_are_a_pair_of_numbers(value):
    with pytest.raises(InputError, match="betas must be a pair of numbers"):
        checked("betas", value)


@pytest.mark.parametrize(
    ("wrong", "right"), [("n_layer", "n_layers"), ("learning_rate", "lr"), ("n-heads", "n_heads")]
)
def test_an_unknown_name_is_refused_with_a_known_one(wrong, right):
    with pytest.raises(InputError, match=f"there is no setting {wrong}; did you mean") as caught:
        checked(wrong, 1)
    named = str(caught.value).partition("did you mean ")[2].rstrip("?")
    assert named == right if wrong != "learning_rate" else named in BY_NAME


def test_json_and_toml_say_the_same(tmp_path):
    settings = {"n_layers": 3, "lr": 0.01, "betas": [0.8, 0.9], "schedule": "linear"}
    as_json, as_toml = tmp_path / "a.json", tmp_path / "a.toml"
    as_json.write_text(json.dumps(settings))
    as_toml.write_text('n_layers = 3\nlr = 0.01\nbetas = [0.8, 0.9]\nschedule = "linear"\n')
    assert read_configuration(str(as_json)) == read_configuration(str(as_toml)) == settings


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"{n_layers: 3}", "is not JSON"),
        ("a.toml", b"n_layers: 3", "is not TOML"),
        ("a.json", b"[3]", "must hold settings by name; got list"),
        ("a.json", b'{"n_layrs": 3}', "there is no setting n_layrs; did you mean n_layers"),
        ("a.json", b'{"steps": -3}', "steps must be a whole number of at least 1; got -3"),
        ("a.json", b'{"steps": "3"}', "steps must be a whole number; got '3'"),
        ("a.json", b"\xff\xfe{}", "must be UTF-8 text; byte 0"),
        ("a.json", b"[" * 100_000, "is not JSON"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_configuration(str(path))
    assert str(path) in str(caught.value)
