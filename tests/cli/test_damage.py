"""A flipped bit in what a run wrote: each command that reads the model says so in one line."""

import random
import shutil

import pytest

from minibig.cli import main
from minibig.storage import StorageError, load

FILES = ["config.json", "minibig_checksums.json", "model.safetensors"]


@pytest.fixture
def run(finished_run, tmp_path):
    return shutil.copytree(finished_run, tmp_path / "run")


def flip(path, place, bit):
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


@pytest.mark.long
@pytest.mark.parametrize("folder", ["model", "best"])
@pytest.mark.parametrize("name", FILES)
def test_every_byte_of_the_models_of_a_run_is_covered(run, folder, name, amount):
    """One bit of every 50th byte; with --long of every byte."""
    assert sorted(path.name for path in (run / folder).iterdir()) == FILES
    path, chance, step = run / folder / name, random.Random(0), amount(50, 1)
    places = range(chance.randrange(step), path.stat().st_size, step)
    for place in places:
        bit = chance.randrange(8)
        flip(path, place, bit)
        with pytest.raises(StorageError, match=name):
            load(run / folder)
        flip(path, place, bit)
    load(run / folder)
    print(f"{folder}/{name}: {len(places):,} flipped bits, all reported")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("command", ["generate", "chat", "info"])
def test_a_command_says_which_file_it_is_in_one_line(run, capsys, command, name):
    for folder, given in (("model", run), ("best", run / "best")):
        flip(run / folder / name, 300, 0)
        assert main([command, str(given)]) == 1
        complaint = capsys.readouterr().err
        assert complaint.startswith(f"minibig: {run / folder / name}")
        assert complaint.count("\n") == 1 and "delete" in complaint
        flip(run / folder / name, 300, 0)


def test_a_run_of_an_older_minibig_is_read_and_a_changed_one_after_the_checksums_are_gone(
    run, capsys
):
    config = run / "model" / "config.json"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('"n_inner": null,\n', ""), encoding="utf-8")
    assert config.read_text(encoding="utf-8") != text
    assert main(["info", str(run)]) == 1
    assert f"delete {run / 'model' / 'minibig_checksums.json'}" in capsys.readouterr().err
    (run / "model" / "minibig_checksums.json").unlink()
    assert main(["info", str(run)]) == 0
    assert main(["generate", str(run), "--max-new-tokens", "3"]) == 0
