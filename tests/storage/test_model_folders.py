"""Models in folders: what was saved comes back, and whatever does not fit is listed."""

import dataclasses
import json
import os
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest
from fake_cupy import fake_cupy
from hypothesis import given
from hypothesis import strategies as st
from kills import killed_at

import minibig as mb
from minibig.backend import InputError
from minibig.models import GPT, GPTConfig
from minibig.storage import (
    FAMILIES,
    StorageError,
    find_model,
    load,
    load_tensors,
    model_folders,
    save,
    save_tensors,
)

CONFIG = GPTConfig(vocab_size=11, context_length=6, n_layers=2, n_heads=2, d_model=8, dropout=0.25)
WRITTEN = ["config.json", "minibig_checksums.json", "model.safetensors"]


@pytest.fixture
def model():
    mb.manual_seed(1)
    return GPT(CONFIG)


@pytest.fixture
def folder(tmp_path, model):
    save(model, tmp_path / "model")
    return tmp_path / "model"


def same_weights(a, b):
    ours, theirs = a.state_dict(), b.state_dict()
    assert ours.keys() == theirs.keys()
    return all(ours[n].numpy().tobytes() == theirs[n].numpy().tobytes() for n in ours)


def unchecked(folder):
    """The folder as one from elsewhere, which has no checksums."""
    (folder / "minibig_checksums.json").unlink(missing_ok=True)
    return folder


def change_config(folder, **changes):
    unchecked(folder)
    fields = json.loads((folder / "config.json").read_text())
    fields = {k: v for k, v in {**fields, **changes}.items() if v is not ...}
    (folder / "config.json").write_text(json.dumps(fields))


def change_weights(folder, changes):
    unchecked(folder)
    arrays = load_tensors(folder / "model.safetensors")
    arrays.update(changes)
    arrays = {name: array for name, array in arrays.items() if array is not None}
    save_tensors(folder / "model.safetensors", arrays)


def test_a_saved_model_comes_back_bit_for_bit(model, folder):
    found = load(folder)
    assert type(found) is GPT and found.config == CONFIG and same_weights(found, model)
    ids = [[1, 2, 3]]
    np.testing.assert_array_equal(found(ids).detach().numpy(), model.eval()(ids).detach().numpy())


def test_a_loaded_model_is_ready_to_use_and_can_be_trained(folder):
    model = load(folder)
    assert not model.training
    model.train()([[1, 2]]).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_float64_stays_and_half_precision_is_widened(model, folder):
    arrays = load_tensors(folder / "model.safetensors")
    for dtype, expected in {"float64": "float64", "float16": "float32"}.items():
        change_weights(folder, {name: array.astype(dtype) for name, array in arrays.items()})
        found = load(folder)
        assert found.token_embedding.weight.dtype == expected
        name = "transformer.wte.weight"
        np.testing.assert_array_equal(
            found.token_embedding.weight.numpy(), arrays[name].astype(dtype)
        )


def test_a_float64_model_comes_back_bit_for_bit(model, tmp_path):
    model.to("float64")
    save(model, tmp_path)
    assert same_weights(load(tmp_path), model)


def test_a_model_goes_to_a_device_and_comes_from_one(model, folder, tmp_path):
    with fake_cupy():
        found = load(folder, device="cuda")
        assert {str(p.device) for p in found.parameters()} == {"cuda:0"}
        save(found, tmp_path / "again")
    names = ("model.safetensors", "config.json")
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_other_files_in_the_folder_are_left_alone(model, folder):
    (folder / "vocab.json").write_text("{}")
    save(model, folder)
    assert sorted(os.listdir(folder)) == [*WRITTEN, "vocab.json"]


def test_a_model_is_replaced_by_another(folder):
    other = GPT(GPTConfig(vocab_size=5, context_length=3, n_layers=1, n_heads=1, d_model=4))
    save(other, folder)
    assert same_weights(load(folder), other)


@pytest.mark.parametrize("call", range(17))
def test_a_crash_at_every_call_to_the_system_never_mixes_two_models(tmp_path, model, call):
    """n_heads does not show in any shape: weights beside the wrong one would load in silence."""
    other = GPT(GPTConfig(vocab_size=11, context_length=6, n_layers=2, n_heads=4, d_model=8))
    save(model, tmp_path)
    killed_at(call, lambda: save(other, tmp_path))
    try:
        found = load(tmp_path)
    except StorageError as error:
        assert "config.json" in str(error)
    else:
        expected = model if found.config == model.config else other
        assert found.config == expected.config and same_weights(found, expected)
    save(other, tmp_path)
    assert sorted(os.listdir(tmp_path)) == WRITTEN


def test_every_missing_unexpected_and_mis_shaped_tensor_is_listed(folder):
    changes = {
        "transformer.ln_f.bias": None,
        "transformer.h.1.attn.c_attn.weight": None,
        "transformer.h.2.ln_1.weight": np.ones(8, "float32"),
        "transformer.wpe.weight": np.ones((6, 9), "float32"),
        "transformer.ln_f.weight": np.ones(8, "int64"),
    }
    change_weights(folder, changes)
    with pytest.raises(StorageError) as caught:
        load(folder)
    message = str(caught.value)
    assert "missing: transformer.h.1.attn.c_attn.weight, transformer.ln_f.bias;" in message
    assert "unexpected: transformer.h.2.ln_1.weight;" in message
    assert "transformer.wpe.weight has shape (6, 9) and float32, not (6, 8)" in message
    assert "transformer.ln_f.weight has shape (8,) and int64" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "config.json is not usable: it is not JSON"),
        (b"[]", r"config.json is not usable: it must be an object; got \[\]"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{}", f"has model_type None; minibig knows {', '.join(FAMILIES)}, minibig"),
        (b'{"model_type": "llama"}', "has model_type 'llama'; minibig knows "),
        (b'{"model_type": ["gpt2"]}', r"has model_type \['gpt2'\]"),
        (b'{"model_type": "gpt2"}', "whole numbers for vocab_size, n_positions, n_layer"),
    ],
)
def test_a_configuration_that_is_no_gpt_is_refused(folder, content, words):
    (unchecked(folder) / "config.json").write_bytes(content)
    with pytest.raises(StorageError, match=words):
        load(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl", "a.npz"])
def test_a_folder_of_pickles_is_refused_with_the_way_to_convert_them(folder, name):
    os.rename(folder / "model.safetensors", folder / name)
    with pytest.raises(StorageError, match=rf"is not opened\..*weights_only=True.*{name}$"):
        load(folder)


def test_the_path_of_a_pickle_is_refused_with_the_way_to_convert_it(tmp_path):
    (tmp_path / "model.pt").write_bytes(b"\x80\x04.")
    with pytest.raises(StorageError, match="may hold a pickle"):
        load(tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("gone", "extra", "words"),
    [
        ("config.json", None, "holds no model: there is no config.json. Give the folder"),
        ("model.safetensors", None, "holds no model.safetensors"),
        ("model.safetensors", "model.safetensors.index.json", "weights in several files"),
    ],
)
def test_a_folder_that_lacks_a_file_is_refused(folder, gone, extra, words):
    (folder / gone).unlink()
    if extra:
        (folder / extra).write_text("{}")
    with pytest.raises(StorageError, match=words):
        load(folder)


def test_what_is_no_folder_is_refused(tmp_path, folder):
    for path in (tmp_path / "absent", folder / "config.json"):
        with pytest.raises(StorageError, match="is not a folder"):
            load(path)


def test_a_damaged_file_is_refused_with_and_without_checksums(folder):
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:-1])
    with pytest.raises(StorageError, match="is not what was written"):
        load(folder)
    with pytest.raises(StorageError, match="is not a usable safetensors file"):
        load(unchecked(folder))


def test_a_model_beyond_the_memory_is_refused(folder, monkeypatch):
    def no_memory(fields):
        raise MemoryError

    broken = dataclasses.replace(FAMILIES["gpt2"], config_from=no_memory)
    monkeypatch.setitem(FAMILIES, "gpt2", broken)
    with pytest.raises(StorageError, match="asks for a model beyond the memory"):
        load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"vocab_size": 20_000_000},
        {"vocab_size": 10**8, "n_embd": 10**6},
        {"n_layer": 1000},
        {"n_layer": 10**9},
        {"n_positions": 10**8},
        {"vocab_size": 2**63},
        {"n_embd": 2**63, "n_head": 1},
        {"n_layer": 2**63},
        {"n_head": 2**63},
        {"n_positions": 10**60},
    ],
    ids=str,
)
def test_a_configuration_that_asks_for_more_than_the_weights_hold_costs_nothing(folder, changes):
    """Refused in one sentence, in under 0.2 s, before anything is allocated."""
    change_config(folder, **changes)
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(StorageError, match=r"config\.json") as caught:
            load(folder)
        assert time.process_time() - began < 0.2 * 3  # tracemalloc makes it slower
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert len(str(caught.value)) < 1500


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_loading_takes_little_more_memory_than_the_weights(tmp_path):
    """One tensor is most of the model: a second copy of it would show."""
    save(GPT(GPTConfig(40_000, 8, n_layers=1, n_heads=1, d_model=256)), tmp_path)
    size = os.path.getsize(tmp_path / "model.safetensors")
    result = subprocess.run(
        [sys.executable, "-c", LOADING, tmp_path, str(size)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0 and size > 40_000_000, result.stderr


LOADING = """
import re, sys
from minibig.storage import load
def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
before, size = peak(), int(sys.argv[2])
model = load(sys.argv[1])
if peak() - before > 1.2 * size:
    raise SystemExit(f"{(peak() - before) / 1e6:.0f} MB for {size / 1e6:.0f} MB")
"""


def test_loading_draws_no_random_number(folder):
    mb.manual_seed(7)
    expected = mb.nn.normal_weights((3,)).tolist()
    mb.manual_seed(7)
    load(folder)
    assert mb.nn.normal_weights((3,)).tolist() == expected


def test_saving_draws_no_random_number(model, tmp_path):
    mb.manual_seed(7)
    expected = mb.nn.normal_weights((3,)).tolist()
    mb.manual_seed(7)
    save(model, tmp_path)
    assert mb.nn.normal_weights((3,)).tolist() == expected


def test_a_run_is_found_by_its_folder(tmp_path, model):
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(StorageError, match=r"holds no model: there is no config\.json"):
        load(run)
    (run / "run.json").write_text("{}")
    with pytest.raises(StorageError, match="holds a run that has not saved a model"):
        load(run)
    save(model, run / "best")
    assert find_model(run) == run / "best" and same_weights(load(run), model)
    other = GPT(CONFIG)
    save(other, run / "model")
    assert find_model(str(run)) == run / "model" and same_weights(mb.load(str(run)), other)
    assert find_model(run / "best") == run / "best"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3) | st.sampled_from([2**31, 2**63, 10**18, -1, 0, 1e300]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A folder without checksums, and the fields of its config.json."""
    folder = tmp_path_factory.mktemp("small")
    save(GPT(GPTConfig(5, 4, n_layers=1, n_heads=1, d_model=4)), folder)
    (folder / "minibig_checksums.json").unlink()
    return folder, json.loads((folder / "config.json").read_text())


@given(st.data(), values)
def test_any_value_in_a_configuration_is_loaded_or_one_sentence(small, data, value):
    folder, fields = small
    key = data.draw(st.sampled_from(sorted(fields)))
    (folder / "config.json").write_text(json.dumps({**fields, key: value}))
    try:
        load(folder)
    except StorageError as error:
        assert str(error).isprintable() and len(str(error)) < 1500


SAVING = """
import sys
from minibig.models import GPT, GPTConfig
from minibig.storage import save
models = []
for n_heads in (1, 2):
    model = GPT(GPTConfig(11, 6, n_layers=1, n_heads=n_heads, d_model=8))
    for parameter in model.parameters():
        parameter.assign(parameter * 0 + n_heads)
    models.append(model)
save(models[0], sys.argv[1])
print("ready", flush=True)
while True:
    for model in models:
        save(model, sys.argv[1])
"""


@pytest.mark.long
def test_any_number_may_read_while_one_saves(tmp_path, amount):
    """Two models in turn, whose shapes are the same: what is loaded is one of them as a whole."""
    child = subprocess.Popen([sys.executable, "-c", SAVING, tmp_path], stdout=subprocess.PIPE)
    try:
        with child.stdout:
            assert child.stdout.readline() == b"ready\n"
        seen = set()
        for _ in range(amount(25, 2500)):
            model = load(tmp_path)
            values = {x for p in model.parameters() for x in p.numpy().ravel().tolist()}
            assert values == {float(model.config.n_heads)}
            seen |= values
        assert seen == {1.0, 2.0} and child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_a_model_that_is_saved_while_it_is_loaded_is_loaded_again(folder, monkeypatch):
    """A new configuration, then its weights, come after the old configuration was read."""
    other = GPT(GPTConfig(vocab_size=11, context_length=6, n_layers=2, n_heads=4, d_model=8))
    real, times = model_folders.open_tensors, []

    def late(path):
        if not times:
            times.append(save(other, folder))
        return real(path)

    monkeypatch.setattr(model_folders, "open_tensors", late)
    found = load(folder)
    assert found.config == other.config and same_weights(found, other)


def test_a_model_whose_last_file_comes_while_it_is_missed_is_loaded(folder, model, monkeypatch):
    """config.json comes between the reading and the question whether somebody writes."""
    content = (folder / "config.json").read_bytes()
    (folder / "config.json").unlink()

    def ends_just_now(folder):
        (folder / "config.json").write_bytes(content)
        return False

    monkeypatch.setattr(model_folders, "_is_written", ends_just_now)
    assert same_weights(load(folder), model)


def test_a_folder_that_never_rests_is_one_sentence(folder, model, monkeypatch):
    real = model_folders.open_tensors
    monkeypatch.setattr(model_folders, "_TRIES", 3)
    monkeypatch.setattr(
        model_folders, "open_tensors", lambda path: (save(model, folder), real(path))[1]
    )
    with pytest.raises(StorageError, match="is written all the time"):
        load(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("name", WRITTEN)
def test_a_pipe_in_the_place_of_a_file_is_refused_at_once(folder, name):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(StorageError, match="is not a regular file"):
        load(folder)


def test_many_names_are_cut_and_escaped(folder):
    names = {f"h.{i}\x1b[31m": np.ones(2, "float32") for i in range(100)}
    change_weights(folder, names)
    with pytest.raises(StorageError) as caught:
        load(folder)
    assert "and 92 more" in str(caught.value) and str(caught.value).isprintable()


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="model must be of type Module; got dict"):
        save({}, tmp_path)
    for swapped in (lambda: save(tmp_path, GPT(CONFIG)), lambda: save(GPT(CONFIG).state_dict(), 1)):
        with pytest.raises(InputError, match=r"folder must be|storage\.save_tensors"):
            swapped()
    assert os.listdir(tmp_path) == []


def test_a_model_is_not_saved_in_a_folder_with_the_name_of_a_file(tmp_path, model, folder):
    for name in ("m.safetensors", "M.SafeTensors"):
        with pytest.raises(InputError, match=r"name of a file.*storage\.save_tensors"):
            save(model, tmp_path / name)
    assert os.listdir(tmp_path) == ["model"]
    for name in ("model.safetensors", "config.json"):
        with pytest.raises(StorageError, match=r"Give the one it lies in: .*model\.$"):
            load(folder / name)


def test_swapped_arguments_of_tensor_files_are_one_sentence(tmp_path, model):
    state = model.state_dict()
    for wrong in (
        lambda: save_tensors(state, tmp_path / "a"),
        lambda: save_tensors(tmp_path / "a", [1]),
        lambda: save_tensors(3, state),
        lambda: load_tensors(state),
    ):
        with pytest.raises(InputError, match="path"):
            wrong()


def test_a_place_that_cannot_be_written_is_reported(tmp_path, model):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "a" / "model.safetensors").mkdir(parents=True)
    (tmp_path / "b" / "config.json").mkdir(parents=True)
    for name in ("file", "file/x", "a", "b"):
        with pytest.raises(StorageError, match="cannot be written"):
            save(model, tmp_path / name)
    assert os.listdir(tmp_path / "a") == ["model.safetensors"]
    assert os.listdir(tmp_path / "b") == ["config.json"]


def test_a_configuration_that_another_writer_takes_away_meanwhile_is_no_error(
    tmp_path, monkeypatch
):
    mb.save(GPT(CONFIG), tmp_path)

    def gone(path, limit):
        raise mb.storage.StorageError(f"{path} cannot be read: No such file or directory.")

    monkeypatch.setattr(mb.storage.model_folders, "read_file", gone)
    mb.save(GPT(CONFIG), tmp_path)
    monkeypatch.undo()
    assert mb.load(tmp_path).config == CONFIG
