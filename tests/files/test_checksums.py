"""Checksums: one flipped bit in a folder with weights is reported, and what to do about it."""

import json
import random
import re

import pytest

import minibig as mb
from minibig.files.checksums import CHECKSUMS, CheckedJson, check_files, checksums_of
from minibig.models import GPT, GPTConfig
from minibig.storage import StorageError, load, model_folders, save

FILES = ["config.json", "model.safetensors", CHECKSUMS]
KIND = CheckedJson("a test", 2)


@pytest.fixture
def folder(tmp_path):
    mb.manual_seed(1)
    save(GPT(GPTConfig(5, 4, n_layers=1, n_heads=1, d_model=4)), tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.long
@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_in_any_byte_of_a_model_is_reported(folder, name, amount):
    """One bit of every 20th byte; with --long all eight of every byte."""
    path, step, n_bits = folder / name, amount(20, 1), amount(1, 8)
    content, chance = path.read_bytes(), random.Random(0)
    places = range(chance.randrange(step), len(content), step)
    for i in places:
        for bit in chance.sample(range(8), n_bits):
            flipped = bytearray(content)
            flipped[i] ^= 1 << bit
            path.write_bytes(flipped)
            with pytest.raises(StorageError, match=re.escape(str(path))) as caught:
                load(folder)
            assert "\n" not in str(caught.value)
            assert re.search("Restore a copy|delete", str(caught.value))
    path.write_bytes(content)
    load(folder)
    print(f"{name}: {len(places) * n_bits:,} flipped bits, all reported")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("change", ["cut", "longer", "empty", "folder"])
def test_a_file_that_was_cut_or_replaced_is_reported(folder, name, change):
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    contents = {"cut": content[:-1], "longer": content + b"\n", "empty": b""}
    if change == "folder":
        path.mkdir()
    else:
        path.write_bytes(contents[change])
    with pytest.raises(StorageError, match=re.escape(str(path))):
        load(folder)


def test_who_changed_a_file_on_purpose_is_told_how_to_go_on(folder):
    fields = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**fields, "resid_pdrop": 0.5}))
    with pytest.raises(StorageError) as caught:
        load(folder)
    said = re.fullmatch(
        r"(.*config\.json) is not what was written: its SHA-256 must be ([0-9a-f]{16})…; got "
        r"([0-9a-f]{16})…\. If it was changed on purpose, delete (.*), and the folder is no longer "
        r"checked; otherwise it is damaged: restore a copy of it\.",
        str(caught.value),
    )
    assert said and said[1] == str(folder / "config.json") and said[2] != said[3]
    assert said[4] == str(folder / CHECKSUMS)
    (folder / CHECKSUMS).unlink()
    with pytest.raises(StorageError, match="resid_pdrop"):  # what is wrong with it comes next
        load(folder)
    (folder / "config.json").write_text(json.dumps(fields))  # spaces are others: as from elsewhere
    load(folder)


def test_a_model_saved_again_has_checksums_again(folder):
    model = load(folder)
    (folder / CHECKSUMS).unlink()
    save(model, folder)
    assert (folder / CHECKSUMS).exists()
    load(folder)


def test_the_checksums_of_another_model_are_noticed(folder, tmp_path):
    save(GPT(GPTConfig(5, 4, n_layers=1, n_heads=1, d_model=4)), tmp_path / "other")
    (tmp_path / "other" / CHECKSUMS).replace(folder / CHECKSUMS)
    with pytest.raises(StorageError, match=r"model\.safetensors is not what was written"):
        load(folder)


def test_a_model_that_is_replaced_while_it_is_read_is_no_damage(tmp_path, monkeypatch):
    """Between the reading of the checksums and of the file, a training run saves the next model."""
    from minibig.files import checksums as module

    def written(content):
        (tmp_path / "a").write_bytes(content)
        (tmp_path / CHECKSUMS).write_bytes(checksums_of({"a": tmp_path / "a"}))

    contents = [b"three", b"two"]

    def read_late(path):
        if contents:
            written(contents.pop())
        return digest(path)

    digest = module.digest
    written(b"one")
    monkeypatch.setattr(module, "digest", read_late)
    check_files(tmp_path, ("a",))
    assert contents == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (KIND.content({}), """must have "format" 'minibig checksums'; it is damaged or another"""),
        (
            CheckedJson("minibig checksums", 2).content({}),
            "has format version 2, and this minibig reads 1",
        ),
        (
            CheckedJson("minibig checksums", 1).content({"../a": "0"}),
            "must hold the checksums of config",
        ),
        (
            CheckedJson("minibig checksums", 1).content(
                {"config.json": 1, "model.safetensors": "0"}
            ),
            "must hold the checksums of config.json and model.safetensors",
        ),
        (b"{", "is damaged: it is not JSON"),
    ],
)
def test_checksums_that_say_nothing_are_refused(folder, content, words):
    (folder / CHECKSUMS).write_bytes(content)
    with pytest.raises(StorageError, match=rf"{re.escape(words)}.*Restore a copy of it; or delete"):
        load(folder)


def test_a_checked_file_comes_back_also_from_an_older_version(tmp_path):
    for kind in (KIND, CheckedJson("a test", 1)):
        (tmp_path / "a").write_bytes(kind.content({"b": [1, "é"]}))
        assert KIND.read(tmp_path / "a") == {"b": [1, "é"]}
    (tmp_path / "a").write_bytes(KIND.content({}).replace(b'"payload"', b' "payload"'))
    with pytest.raises(StorageError, match="are not the ones that were written"):
        KIND.read(tmp_path / "a")


@pytest.mark.parametrize("version", [4, 5, 11])
def test_another_version_in_a_checked_file_is_damage(tmp_path, version):
    kind, path = CheckedJson("a test", version), tmp_path / "a"
    content = kind.content({"b": 1})
    for other in range(20):
        path.write_bytes(content.replace(b'"version": %d' % version, b'"version": %d' % other))
        if other != version:
            with pytest.raises(StorageError):
                kind.read(path)
    path.write_bytes(content)
    assert kind.read(path) == {"b": 1}
    for older in range(1, version):
        path.write_bytes(CheckedJson("a test", older).content({"b": 2}))
        assert kind.read(path) == {"b": 2}


def test_the_checksums_are_of_what_was_meant_to_be_written(tmp_path, monkeypatch):
    """A disk that loses a bit after the file was written: the checksums are older than that."""
    replaced = model_folders.remove_file

    def bit_lost(path):
        [weights] = tmp_path.glob("*.tmp/model.safetensors")
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
        replaced(path)

    monkeypatch.setattr(model_folders, "remove_file", bit_lost)
    save(GPT(GPTConfig(5, 4, n_layers=1, n_heads=1, d_model=4)), tmp_path)
    with pytest.raises(StorageError, match=r"model\.safetensors is not what was written"):
        load(tmp_path)


def test_checksums_that_come_just_after_they_were_missed_are_no_damage(folder, monkeypatch):
    """A process that saves takes the checksums away first and brings the new ones last."""
    content = (folder / CHECKSUMS).read_bytes()
    (folder / CHECKSUMS).unlink()
    real = CheckedJson.read

    def late(kind, path):
        try:
            return real(kind, path)
        finally:
            path.write_bytes(content)

    monkeypatch.setattr(CheckedJson, "read", late)
    check_files(folder, ("config.json", "model.safetensors"))
    assert (folder / CHECKSUMS).is_file()
