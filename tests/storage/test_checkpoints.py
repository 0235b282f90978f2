"""Checkpoints: whole after any kill, checked to the last bit, and never lost to a full disk."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from kills import killed_at

from minibig.backend import InputError
from minibig.files import CheckedJson
from minibig.storage import (
    StorageError,
    checkpoints,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)

ARRAYS = {"w": np.arange(6, dtype="float32").reshape(2, 3), "m.0": np.ones(3), "n": np.array(7)}
FILES = ["latest.json", "step-00000001/checkpoint.json", "step-00000001/tensors.safetensors"]
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals and limits")


def save(folder, step=1, **options):
    return save_checkpoint(folder, ARRAYS, {"step": step, "loss": 0.1, "note": "é"}, **options)


def assert_loads(folder, step):
    arrays, state = load_checkpoint(folder)
    assert state == {"step": step, "loss": 0.1, "note": "é"} and arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype and arrays[name].tobytes() == array.tobytes()


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path):
    save(tmp_path / "run" / "checkpoints", 3)
    assert_loads(tmp_path / "run" / "checkpoints", 3)


def test_the_state_comes_back_as_it_was(tmp_path):
    state = {
        "step": 0,
        "random": {"state": 2**127 + 1, "inc": 3**70},
        "losses": [0.1, 1e-300, -0.0, 1 / 3],
        "text": 'quote " line \n 你好 \U0001d11e',
        "nested": {"a": [None, True, {"": []}]},
    }
    save_checkpoint(tmp_path, {}, state)
    arrays, found = load_checkpoint(tmp_path)
    assert arrays == {} and found == state and str(found["losses"]) == str(state["losses"])


def test_the_latest_is_the_one_that_was_saved_last_even_after_a_step_back(tmp_path):
    for step in (100, 200, 50):
        save(tmp_path, step)
    assert_loads(tmp_path, 50)


def test_checkpoints_come_in_the_order_of_their_steps_whatever_the_clock_says(tmp_path):
    paths = [save(tmp_path, step, keep=9) for step in (9, 10, 10, 11)]
    for i, path in enumerate(paths):
        os.utime(path, (10**9 - i, 10**9 - i))
    assert list_checkpoints(tmp_path) == paths
    assert [path.name for path in save(tmp_path, 12, keep=2).parent.glob("step-*")] != []
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-00000011", "step-00000012"]
    names = ["step-100000000", "step-00000010.10", "step-00000010.9"]
    for name in names:
        (tmp_path / name).mkdir()
    assert [path.name for path in list_checkpoints(tmp_path)] == [
        "step-00000010.9", "step-00000010.10", "step-00000011", "step-00000012", "step-100000000"
    ]  # fmt: skip


def test_a_step_back_gives_up_the_later_checkpoints(tmp_path):
    for step in (100, 200, 300, 200):
        save(tmp_path, step, keep=3)
    assert [path.name for path in list_checkpoints(tmp_path)] == [
        "step-00000100", "step-00000200", "step-00000200.1"
    ]  # fmt: skip
    assert_loads(tmp_path, 200)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({}, "it must have a 'state'; it has none"),
        ({"state": [], "tensors_sha256": ""}, r"state must be an object; got \[\]"),
        ({"state": {"step": 10**18}, "tensors_sha256": ""}, "state.step must be a whole number"),
        ({"state": {"step": "1"}, "tensors_sha256": ""}, "state.step must be a whole number"),
        ({"state": {"step": 1}, "tensors_sha256": 1}, "tensors_sha256 must be a text; got 1"),
        ({"state": {"step": 1}, "tensors_sha256": "", "x": 1}, "it must have no 'x'"),
    ],
)
def test_a_state_of_another_shape_is_refused_whatever_its_checksum_says(tmp_path, payload, words):
    path = save(tmp_path) / "checkpoint.json"
    path.write_bytes(CheckedJson("minibig checkpoint", 3).content(payload))
    with pytest.raises(StorageError, match=rf"checkpoint\.json is not usable: {words}"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("moment", ["_find", "_read"])
def test_a_checkpoint_that_is_removed_while_it_is_looked_for_is_no_error(
    tmp_path, monkeypatch, moment
):
    """A run saves beside the reader: what `latest.json` named a moment ago is gone."""
    save(tmp_path, 1, keep=1)
    steps = [2, 3]

    def in_the_meantime():
        if steps:
            save(tmp_path, steps.pop(0), keep=1)

    if moment == "_read":
        real_read = checkpoints._read
        monkeypatch.setattr(
            checkpoints, "_read", lambda path: (in_the_meantime(), real_read(path))[1]
        )
    else:
        real = os.path.isfile

        def isfile(path):
            if "step-" in str(path):
                in_the_meantime()
            return real(path)

        monkeypatch.setattr(os.path, "isfile", isfile)
    assert_loads(tmp_path, 3)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_checkpoint_of_an_older_format_is_read(tmp_path, version):
    path = save(tmp_path)
    for file in (path / "checkpoint.json", tmp_path / "latest.json"):
        payload = json.loads(file.read_bytes())["payload"]
        file.write_bytes(CheckedJson("minibig checkpoint", version).content(payload))
    assert_loads(tmp_path, 1)


@pytest.mark.parametrize("inner", FILES[:2])
@pytest.mark.parametrize("version", range(10))
def test_a_checkpoint_that_says_another_version_is_damaged(tmp_path, inner, version):
    save(tmp_path)
    content = (tmp_path / inner).read_bytes()
    changed = content.replace(b'"version": 4', b'"version": %d' % version)
    (tmp_path / inner).write_bytes(changed)
    if version == 4:
        return assert_loads(tmp_path, 1)
    with pytest.raises(StorageError):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_last_k_are_kept_and_can_be_loaded(tmp_path, keep):
    for step in range(5):
        save(tmp_path, step, keep=keep)
    paths = list_checkpoints(tmp_path)
    assert [path.name for path in paths] == [f"step-{s:08}" for s in range(5 - keep, 5)]
    for path, step in zip(paths, range(5 - keep, 5), strict=True):
        assert_loads(path, step)
    assert len(os.listdir(tmp_path)) == keep + 1


def test_the_same_step_can_be_saved_again(tmp_path):
    paths = [save(tmp_path, 7) for _ in range(4)]
    assert_loads(tmp_path, 7)
    assert list_checkpoints(tmp_path) == paths[-2:]


def test_equal_checkpoints_are_equal_bytes(tmp_path):
    for name in "ab":
        save(tmp_path / name)
    for inner in (
        "latest.json",
        "step-00000001/checkpoint.json",
        "step-00000001/tensors.safetensors",
    ):
        assert (tmp_path / "a" / inner).read_bytes() == (tmp_path / "b" / inner).read_bytes()


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "step-best").mkdir()
    for step in range(4):
        save(tmp_path, step, keep=1)
    assert sorted(os.listdir(tmp_path)) == [
        "latest.json",
        "notes.txt",
        "step-00000003",
        "step-best",
    ]


@pytest.mark.long
@pytest.mark.parametrize("inner", FILES)
def test_a_flipped_bit_in_any_byte_is_reported(tmp_path, inner, amount):
    """One bit of every byte, each in its turn; with --long all eight."""
    folder, n_bits = tmp_path, amount(1, 8)
    save(folder)
    path = folder / inner
    content = path.read_bytes()
    for i in range(len(content)):
        for bit in range(i, i + n_bits):
            flipped = bytearray(content)
            flipped[i] ^= 1 << bit % 8
            path.write_bytes(flipped)
            with pytest.raises(StorageError):
                load_checkpoint(folder)
    path.write_bytes(content)
    assert_loads(folder, 1)
    print(f"{inner}: {len(content) * n_bits:,} flipped bits, all reported")


@pytest.mark.parametrize("inner", FILES)
@pytest.mark.parametrize("change", ["cut", "longer", "empty", "gone", "folder"])
def test_a_file_that_was_cut_or_lost_is_reported(tmp_path, inner, change):
    save(tmp_path)
    path = tmp_path / inner
    content = path.read_bytes()
    path.unlink()
    contents = {"cut": content[:-1], "longer": content + b"\n", "empty": b""}
    if change in contents:
        path.write_bytes(contents[change])
    elif change == "folder":
        path.mkdir()
    with pytest.raises(StorageError):
        load_checkpoint(tmp_path)


def test_damage_names_the_older_checkpoint_that_can_be_loaded(tmp_path):
    save(tmp_path, 1)
    path = save(tmp_path, 2)
    (path / "tensors.safetensors").write_bytes(b"")
    with pytest.raises(StorageError, match=r"is damaged: its SHA-256.*there is step-00000001\."):
        load_checkpoint(tmp_path)
    assert_loads(tmp_path / "step-00000001", 1)


@pytest.mark.parametrize("header", ["its own", "none"])
def test_an_endless_file_is_refused_before_its_checksum_is_taken(tmp_path, header):
    path = save(tmp_path) / "tensors.safetensors"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size if header == "its own" else 0)
        file.truncate(2**40)
    described = size if header == "its own" else 8
    expected = rf"has 1,099,511,627,776 bytes, and its header describes a file of {described}\. "
    with pytest.raises(StorageError, match=expected):
        load_checkpoint(tmp_path)


def test_the_files_of_another_checkpoint_are_noticed(tmp_path):
    save(tmp_path / "a", 1)
    save_checkpoint(tmp_path / "b", {"w": np.zeros(1)}, {"step": 1})
    inner = "step-00000001/tensors.safetensors"
    shutil.copy(tmp_path / "b" / inner, tmp_path / "a" / inner)
    with pytest.raises(StorageError, match="is damaged: its SHA-256"):
        load_checkpoint(tmp_path / "a")


@pytest.mark.parametrize("inner", ["latest.json", "step-00000001/checkpoint.json"])
def test_a_newer_format_is_refused_with_the_reason(tmp_path, inner):
    save(tmp_path)
    written = json.loads((tmp_path / inner).read_bytes())
    (tmp_path / inner).write_text(json.dumps({**written, "version": 5}))
    with pytest.raises(StorageError, match=r"has format version 5, and .* reads 1 to 4\. Upgrade"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is damaged: it is not JSON"),
        (b"[]", 'must have "format"'),
        (b'{"format": "other"}', 'must have "format"'),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_pointer_that_is_something_else_is_refused(tmp_path, content, words):
    save(tmp_path)
    (tmp_path / "latest.json").write_bytes(content)
    with pytest.raises(StorageError, match=words):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("state", "options", "error", "words"),
    [
        ([], {}, InputError, r"state must be a dictionary; got \[\]"),
        ({}, {}, InputError, r'state\["step"\] must be a whole number from 0 to .*; got None'),
        ({"step": -1}, {}, InputError, "got -1"),
        ({"step": 10**18}, {}, InputError, "got 1000000000000000000"),
        ({"step": True}, {}, InputError, "got True"),
        ({"step": 1.0}, {}, InputError, "got 1.0"),
        ({"step": 1, "x": (1, 2)}, {}, StorageError, "tuples as lists"),
        ({"step": 1, "x": {1: 2}}, {}, StorageError, "keys as texts"),
        ({"step": 1, "x": float("nan")}, {}, StorageError, "must hold only what JSON holds"),
        ({"step": 1, "x": float("inf")}, {}, StorageError, "must hold only what JSON holds"),
        ({"step": 1, "x": np.float32(1)}, {}, StorageError, "float32 is not JSON serializable"),
        ({"step": 1, "x": "\ud800"}, {}, StorageError, "half a surrogate pair"),
        ({"step": 1}, {"keep": 0}, InputError, "keep must be a whole number of at least 1"),
        ({"step": 1}, {"keep": True}, InputError, "keep must be a whole number"),
    ],
)
def test_what_cannot_be_saved_leaves_the_last_checkpoint(tmp_path, state, options, error, words):
    save(tmp_path, 5)
    with pytest.raises(error, match=words):
        save_checkpoint(tmp_path, ARRAYS, state, **options)
    assert_loads(tmp_path, 5)


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: None, "is not a folder. Give the folder that checkpoints are in"),
        (lambda path: path.write_bytes(b""), "is not a folder"),
        (lambda path: path.mkdir(), "holds no checkpoint: latest.json is missing"),
    ],
    ids=["absent", "a file", "empty"],
)
def test_a_folder_without_checkpoint_is_refused(tmp_path, prepare, words):
    prepare(tmp_path / "run")
    with pytest.raises(StorageError, match=words):
        load_checkpoint(tmp_path / "run")


def test_arrays_that_cannot_be_saved_leave_the_last_checkpoint_and_nothing_else(tmp_path):
    save(tmp_path, 5)
    with pytest.raises(StorageError, match="has dtype object"):
        save_checkpoint(tmp_path, {"w": np.array([None])}, {"step": 6})
    assert_loads(tmp_path, 5)
    assert sorted(os.listdir(tmp_path)) == ["latest.json", "step-00000005"]


SAVING = """
import sys
import numpy as np
from minibig.storage import load_checkpoint, save_checkpoint
folder = sys.argv[1]
try:
    step = load_checkpoint(folder)[1]["step"]
except ValueError:
    step = -1
print("ready", flush=True)
while True:
    step += 1
    save_checkpoint(folder, {"w": np.full(200_000, step), "b": np.full(3, step)}, {"step": step})
"""


@posix
@pytest.mark.long
def test_a_kill_at_any_moment_leaves_a_whole_checkpoint_and_nothing_stale(tmp_path, amount):
    """Processes that save without pause are killed; each time the latest checkpoint is whole."""
    folder, kills, chance = tmp_path, amount(5, 200), random.Random(0)
    last, unfinished = -1, 0
    for _ in range(kills):
        child = subprocess.Popen([sys.executable, "-c", SAVING, folder], stdout=subprocess.PIPE)
        with child.stdout:
            assert child.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0.02, 0.3))
            child.send_signal(signal.SIGKILL)
            child.wait()
        unfinished += any(name.endswith(".tmp") for name in os.listdir(folder))
        if not os.path.exists(folder / "latest.json"):
            assert last == -1
            continue
        arrays, state = load_checkpoint(folder)
        assert state["step"] >= last
        assert (arrays["w"] == state["step"]).all() and (arrays["b"] == state["step"]).all()
        last = state["step"]
    save(folder, last + 1)
    left = sorted(os.listdir(folder))
    assert left == ["latest.json", *sorted(path.name for path in list_checkpoints(folder))]
    assert len(left) == 3 and last > 0
    print(f"{kills} kills while saving, {unfinished} of them within a file; every one recovered")


@pytest.mark.long
def test_any_number_may_read_while_one_saves(tmp_path, amount):
    """One checkpoint is kept, so what a reader has found is removed while it reads."""
    child = subprocess.Popen([sys.executable, "-c", SAVING_ONE, tmp_path], stdout=subprocess.PIPE)
    try:
        with child.stdout:
            assert child.stdout.readline() == b"ready\n"
        last = 0
        for _ in range(amount(100, 5000)):
            arrays, state = load_checkpoint(tmp_path)
            assert state["step"] >= last and (arrays["w"] == state["step"]).all()
            assert list_checkpoints(tmp_path)
            last = state["step"]
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


SAVING_ONE = """
import itertools, sys
import numpy as np
from minibig.storage import save_checkpoint
for step in itertools.count():
    save_checkpoint(sys.argv[1], {"w": np.full(2000, step)}, {"step": step}, keep=1)
    if step == 0:
        print("ready", flush=True)
"""


@pytest.mark.parametrize("call", range(12))
def test_a_crash_at_every_call_to_the_system_leaves_the_old_or_the_new(tmp_path, call):
    """The same without chance: everything stops at the n-th rename, write to disk or removal."""
    save(tmp_path, 1, keep=1)
    killed_at(call, lambda: save(tmp_path, 2, keep=1))
    assert load_checkpoint(tmp_path)[1]["step"] in (1, 2)
    save(tmp_path, 3, keep=1)
    assert_loads(tmp_path, 3)
    assert sorted(os.listdir(tmp_path)) == ["latest.json", "step-00000003"]


FULL_DISK = """
import resource, sys
import numpy as np
from minibig.storage import StorageError, save_checkpoint
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    save_checkpoint(sys.argv[1], {"w": np.ones(100_000)}, {"step": 2})
except StorageError as error:
    print(error)
"""


@posix
@pytest.mark.parametrize("limit", [0, 50, 100, 1000, 400_000])
def test_a_full_disk_leaves_the_last_checkpoint_and_one_sentence(tmp_path, limit):
    save(tmp_path, 1)
    child = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path, str(limit)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "cannot be written: File too large" in child.stdout and child.stdout.count("\n") == 1
    assert ".tmp" not in child.stdout
    assert_loads(tmp_path, 1)
    assert sorted(os.listdir(tmp_path)) == ["latest.json", "step-00000001"]


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_leaves_the_last_checkpoint(tmp_path):
    save(tmp_path, 1)
    os.chmod(tmp_path, 0o500)
    try:
        with pytest.raises(StorageError, match="Permission denied"):
            save(tmp_path, 2)
        assert_loads(tmp_path, 1)
    finally:
        os.chmod(tmp_path, 0o700)


def test_a_file_in_the_place_of_the_folder_is_reported(tmp_path):
    (tmp_path / "run").write_bytes(b"")
    for folder in (tmp_path / "run", tmp_path / "run" / "checkpoints"):
        with pytest.raises(StorageError, match="cannot be written"):
            save(folder)


def test_a_folder_in_the_place_of_the_pointer_is_reported(tmp_path):
    (tmp_path / "latest.json").mkdir()
    with pytest.raises(StorageError, match="a folder is in the way"):
        save(tmp_path)


def test_a_vanished_folder_is_made_anew(tmp_path):
    save(tmp_path / "run", 1)
    shutil.rmtree(tmp_path / "run")
    save(tmp_path / "run", 2)
    assert_loads(tmp_path / "run", 2)
