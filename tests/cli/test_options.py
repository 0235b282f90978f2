"""Options: which source of a setting counts, files of settings, and what is refused."""

import json
from pathlib import Path

import pytest

from minibig.backend import InputError
from minibig.cli import main
from minibig.cli.commands.generate import Options as GenerateOptions
from minibig.cli.options import Action, argument, parser_for
from minibig.recipes import Pretraining, Quickstart
from minibig.recipes.configuration import changed_by_file, check_use, read_configuration
from minibig.settings import Settings, group, setting
from minibig.training import TrainingSettings


def given(kind, *words):
    return parser_for("minibig try", Action("", "", kind, lambda given: 0), "").given(words)


def test_an_option_that_is_not_given_leaves_no_trace():
    assert given(Pretraining) == {}
    words = ("--n-layers", "3", "--betas", "0.8", "0.9", "--from", "x")
    parsed = given(Pretraining, *words)
    assert parsed == {"n_layers": 3, "betas": [0.8, 0.9], "from_": "x"}
    assert Pretraining.of(parsed).from_ == Path("x")


def as_python_reads(word, encoding):
    """A word of the command line in another locale: what is no text in it are surrogates."""
    return word.encode().decode(encoding, "surrogateescape")


@pytest.mark.parametrize("word", ["小猫", "café \U0001f600", "plain"])
def test_a_text_in_utf_8_is_taken_whatever_the_locale(word, monkeypatch):
    monkeypatch.setattr("os.fsencode", lambda text: text.encode("ascii", "surrogateescape"))
    assert given(GenerateOptions, "x", "--prompt", as_python_reads(word, "ascii")) == {
        "folder": "x",
        "prompt": word,
    }


def test_bytes_of_an_argument_that_are_no_utf_8_are_refused_or_replaced():
    broken = b"caf\xe9".decode("utf-8", "surrogateescape")  # as Python reads the command line
    for words in (["--prompt", broken], ["--prompt", "a\ud83d"]):
        with pytest.raises(InputError, match="prompt must be a text that can be written as UTF-8"):
            GenerateOptions.of(given(GenerateOptions, "x", *words))
    replaced = given(GenerateOptions, "x", "--prompt", broken, "--errors", "replace")
    assert GenerateOptions.of(replaced).prompt == "caf\ufffd"


def test_a_new_command_is_a_class_of_options():
    from dataclasses import dataclass

    @dataclass(frozen=True, kw_only=True)
    class Options(Settings):
        place: str = argument("where")
        others: tuple[str, ...] = argument("more places", default=())
        loud: bool = setting(False, "say more")
        training: TrainingSettings = group(TrainingSettings, steps=7)

    options = Options.of(given(Options, "a", "b", "c", "--loud", "--lr", "0.5"))
    assert (options.place, options.others, options.loud) == ("a", ("b", "c"), True)
    assert (options.training.steps, options.training.lr) == (7, 0.5)


def test_json_and_toml_say_the_same(tmp_path):
    settings = {"n_layers": 3, "lr": 0.01, "betas": [0.8, 0.9], "training": {"steps": 60}}
    as_json, as_toml = tmp_path / "a.json", tmp_path / "a.toml"
    as_json.write_text(json.dumps(settings))
    as_toml.write_text("n_layers = 3\nlr = 0.01\nbetas = [0.8, 0.9]\n[training]\nsteps = 60\n")
    assert read_configuration(as_json) == read_configuration(as_toml) == settings
    changed = changed_by_file(Pretraining(), as_json)
    assert (changed.model.n_layers, changed.training.lr, changed.training.steps) == (3, 0.01, 60)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"{n_layers: 3}", "is not JSON"),
        ("a.toml", b"n_layers: 3", "is not TOML"),
        ("a.json", b"[3]", "must hold settings by name; got list"),
        ("a.json", b'{"n_layrs": 3}', "has no setting 'n_layrs'; did you mean n_layers"),
        ("a.json", b'{"steps": -3}', "steps must be a whole number of at least 1; got -3"),
        ("a.json", b'{"steps": "3"}', "steps must be a whole number of at least 1; got '3'"),
        ("a.json", b'{"steps": 3, "steps": 4}', "the key 'steps' comes twice"),
        ("a.json", b'{"lr": NaN}', "NaN"),
        ("a.json", b'{"model": 3}', "model must be of type GPTSizes; got int: 3"),
        ("a.json", b"\xff\xfe{}", "UTF-8"),
        ("a.json", b"[" * 100_000, "is not JSON"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        changed_by_file(Pretraining(), path)
    assert str(path) in str(caught.value)


def test_a_device_is_no_configuration(capsys):
    assert main(["train", "--config", "/dev/zero"]) == 1
    assert "is not a regular file" in capsys.readouterr().err


def test_betas_are_refused_only_where_somebody_gave_them_to_adafactor():
    for name in ("adamw", "muon", "adafactor"):
        check_use({"optimizer": name}, Pretraining().changed({"optimizer": name}))
    for values in ({"betas": [0.8, 0.9]}, {"training": {"betas": [0.8, 0.9]}}):
        check_use(values, Pretraining().changed(values))
        chosen = Pretraining().changed({**values, "optimizer": "adafactor"})
        with pytest.raises(InputError, match="adafactor has none"):
            check_use(values, chosen)


def test_a_run_of_twenty_steps_is_not_refused_for_a_warm_up_that_nobody_asked_for():
    assert Pretraining().changed({"steps": 20}).training.warmup == 2


@pytest.mark.parametrize("name", ["from", "from_"])
def test_from_is_written_as_a_user_writes_it_and_read_either_way(tmp_path, name):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({name: "a run"}))
    changed = changed_by_file(Pretraining(), path)
    assert changed.from_ == Path("a run")
    assert changed.to_json()["from"] == "a run" and "from_" not in changed.to_json()
    assert Pretraining.of(changed.to_json()) == changed
    chosen = Quickstart.of({"pretraining": {name: "a run"}})
    assert chosen.pretraining.from_ == Path("a run") and Quickstart.of(chosen.to_json()) == chosen
    with pytest.raises(InputError, match="from must be "):
        Pretraining.of({name: 3})


def test_a_setting_of_two_names_is_given_once():
    with pytest.raises(InputError, match="from is given twice"):
        Pretraining.of({"from": "a", "from_": "b"})
