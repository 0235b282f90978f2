"""run.json: what is written is read back, and anything else is one sentence with its name."""

import contextlib
import json

import pytest

from minibig.backend import InputError
from minibig.data import Text
from minibig.files import StorageError, set_aside
from minibig.recipes import Pretraining
from minibig.recipes.comparison import compared
from minibig.recipes.description import contents_of
from minibig.recipes.folder import (
    PARTS,
    RECORD,
    TextRecord,
    is_run,
    model_and_tokenizer,
    read_record,
    write_record,
)
from minibig.recipes.quickstart_run import Quickstart, quickstart, quickstart_settings, run_settings
from minibig.recipes.text import tokenized


def change_record(folder, **changes):
    record = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text(json.dumps({**record, **changes}))


def test_what_is_written_is_read_back(tmp_path):
    text = TextRecord(name="a.txt", characters=3, sha256="ab")
    settings = Pretraining.of({"seed": 1, "training": {"steps": 2}})
    write_record(tmp_path, ["minibig", "caf\udce9"], settings, text)
    record = read_record(tmp_path)
    assert (
        record.text == text
        and record.kind == "pretrain"
        and record.command == ("minibig", "caf\\udce9")
    )
    settings = run_settings(tmp_path)
    assert (settings["seed"], settings["steps"], settings["warmup_steps"]) == (1, 2, 0)
    assert set(record.versions) == {"minibig", "python", "numpy", "system"}


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": []},
        {"settings": None},
        {"settings": {"steps": 10**400}},
        {"settings": {"steps": "all"}},
        {"settings": {"training": [1]}},
        {"settings": {"pretraining": 3}},
        {"settings": {"pretraining": {"data": 3}}},
        {"settings": {"pretraining": {}, "finetuning": []}},
        {"text": "a.txt"},
        {"text": {"characters": -1}},
        {"text": {"characters": 1.5}},
        {"text": {"name": 3}},
        {"versions": {"numpy": 2}},
        {"versions": []},
        {"git": "main"},
        {"command": "minibig train"},
        {"command": [1]},
        {"format": "another"},
    ],
    ids=str,
)
def test_a_record_of_wrong_types_is_one_sentence(tmp_path, changes):
    write_record(tmp_path, ["minibig"], Pretraining(), TextRecord(name="a.txt"))
    change_record(tmp_path, recipe="", **changes)  # as in older versions
    with pytest.raises(StorageError, match=r"run\.json") as error:
        run_settings(tmp_path)
    assert str(error.value).count("\n") == 0


@pytest.mark.parametrize("settings", [{}, {"finetuning": {}}, {"pretraining": None}])
def test_a_record_of_a_quickstart_without_its_pretraining_is_one_sentence(tmp_path, settings):
    write_record(tmp_path, ["minibig"], Quickstart(), TextRecord(name="world"))
    change_record(tmp_path, settings=settings)
    for read in (run_settings, lambda folder: quickstart(Quickstart(out=folder))):
        with pytest.raises(
            StorageError, match=r"run\.json does not describe .*pretraining must be"
        ):
            read(tmp_path)


def test_only_the_settings_that_a_quickstart_really_has_are_compared(tmp_path):
    chosen = Quickstart()
    write_record(tmp_path, [], chosen, TextRecord(name="world"))
    settings = run_settings(tmp_path)
    assert (settings["n_layers"], settings["vocab_size"], settings["steps"]) == (2, 1200, 200)
    assert settings["warmup_steps"] == chosen.finetuning.warmup
    old = {**chosen.finetuning.to_json(), "n_layers": 4, "vocab_size": 2000, "data": "world"}
    old["pretraining"] = {n: v for n, v in chosen.pretraining.flat().items() if n != "from_"}
    old["pretraining"]["betas"] = list(old["pretraining"]["betas"])
    old["pretraining"]["out"] = None
    change_record(tmp_path, recipe="", settings=old)
    record = read_record(tmp_path)
    settings = run_settings(tmp_path)
    assert (settings["n_layers"], settings["vocab_size"], settings["steps"]) == (2, 1200, 200)
    assert quickstart_settings(record) == chosen


def test_whoever_reads_brings_back_what_a_killed_restart_left_aside(tmp_path):
    write_record(tmp_path, [], Pretraining(data="a.txt"), TextRecord(name="a.txt"))
    readers = [
        lambda: list(contents_of(tmp_path)),
        lambda: compared([tmp_path]),
        lambda: model_and_tokenizer(tmp_path),
    ]
    for read in readers:
        set_aside(tmp_path, "run.json", PARTS)
        assert not is_run(tmp_path)
        with contextlib.suppress(InputError):
            read()
        assert is_run(tmp_path)


def test_a_text_without_a_validation_part_is_said_to_have_none(tmp_path):
    (tmp_path / "a.txt").write_text("a text that is long enough")
    with pytest.raises(InputError, match="its validation_fraction is 0"):
        tokenized(tmp_path / "run", Text(str(tmp_path / "a.txt")), "characters", 300, print)
