import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minibig.files import checkout_of
from minibig.recipes import Pretraining
from minibig.storage import load
from minibig.tokenizers import Characters, load_tokenizer

from .commands import COMMAND, TINY, called, environment, flags, minibig

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def lines_of(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    clock = ("seconds", "tokens_per_second")
    return [{name: value for name, value in line.items() if name not in clock} for line in lines]


def settings_of(run):
    return Pretraining.of(json.loads((run / "run.json").read_text())["settings"]).flat()


def weights_of(run):
    return (run / "model" / "model.safetensors").read_bytes()


def test_a_run_leaves_all_that_is_promised(finished_run, text_file):
    record = json.loads((finished_run / "run.json").read_text())
    assert record["command"][:2] == ["minibig", "train"]
    assert record["settings"]["data"] == str(text_file)
    settings = settings_of(finished_run)
    assert {name: settings[name] for name in TINY} == TINY
    assert set(record["versions"]) == {"minibig", "python", "numpy", "system"}
    assert len(record["text"]["sha256"]) == 64
    assert record["git"] == checkout_of(Path.cwd())
    assert (finished_run / "loss.png").read_bytes().startswith(b"\x89PNG")
    tokenizer = load_tokenizer(finished_run / "tokenizer")
    assert isinstance(tokenizer, Characters)
    assert load(finished_run / "model").config.vocab_size == tokenizer.vocab_size
    lines = lines_of(finished_run)
    assert [line["step"] for line in lines if "loss" in line] == [1, 2, 3, 4, 5, 6]
    assert [line["step"] for line in lines if "validation_loss" in line] == [3, 6]
    assert [line["step"] for line in lines if "sample" in line] == [3, 6]


def test_flags_override_the_file_and_the_file_overrides_the_preset(tmp_path, text_file):
    config = tmp_path / "config.toml"
    config.write_text("n_layers = 2\nsteps = 7\nwarmup_steps = 1\nd_model = 8\nn_heads = 1\n")
    tiny = {"steps": 5, "context_length": 8, "batch_size": 2, "evaluate_batches": 1}
    tiny = flags({**tiny, "sample_length": 5})
    run = tmp_path / "run"
    preset = ("--preset", "shakespeare-char")
    done = called("train", *preset, "--config", config, "--data", text_file, "--out", run, *tiny)
    assert done.returncode == 0, done.stderr
    settings = settings_of(run)
    named = {name: settings[name] for name in ("steps", "n_layers", "betas", "weight_decay")}
    assert named == {"steps": 5, "n_layers": 2, "betas": (0.9, 0.99), "weight_decay": 0.1}


def test_the_same_command_and_resume_both_say_that_a_run_is_finished(finished_run, text_file):
    before = weights_of(finished_run)
    for arguments in (["--data", text_file, *flags(TINY)], ["--resume"]):
        done = called("train", "--out", finished_run, *arguments)
        assert done.returncode == 0, done.stderr
        assert "this run was finished already: 6 steps" in done.stdout
    assert weights_of(finished_run) == before


def test_restart_begins_anew_and_leaves_other_files(tmp_path, text_file):
    run = tmp_path / "run"
    arguments = ("train", "--data", text_file, "--out", run, *flags(TINY))
    assert called(*arguments).returncode == 0
    (run / "notes.txt").write_text("mine")
    done = called(*arguments, "--seed", 1, "--restart")
    assert done.returncode == 0, done.stderr
    assert settings_of(run)["seed"] == 1
    assert (run / "notes.txt").read_text() == "mine"


def test_restart_removes_nothing_where_there_is_no_run(tmp_path, text_file):
    run = tmp_path / "run"
    (run / "best").mkdir(parents=True)
    (run / "best" / "photo.jpg").write_text("mine")
    done = called("train", "--data", text_file, "--out", run, "--restart", *flags(TINY))
    assert done.returncode == 0, done.stderr
    assert (run / "best" / "photo.jpg").read_text() == "mine"


def begun(run, text_file, **settings):
    """A process that trains, at a moment when it has made some steps."""
    given = flags({**TINY, "steps": 4000, "checkpoint_every": 1000, **settings})
    process = subprocess.Popen(
        [*COMMAND, "train", "--data", str(text_file), "--out", str(run), *given],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    deadline = time.monotonic() + 60
    metrics = run / "metrics.jsonl"
    while not (metrics.exists() and metrics.stat().st_size > 1500):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


STOPPED = {
    "steps": 240, "evaluate_every": 60, "sample_every": 60, "checkpoint_every": 1000,
    "dropout": 0.1,
}  # fmt: skip


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, text_file):
    """The run that nobody stops."""
    run = tmp_path_factory.mktemp("unbroken") / "run"
    settings = flags({**TINY, **STOPPED})
    done = called("train", "--data", text_file, "--out", run, *settings)
    assert done.returncode == 0, done.stderr
    return run


@posix
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_a_stopped_run_goes_on_to_the_bit(tmp_path, text_file, unbroken, number, code):
    stopped = tmp_path / "stopped"
    process = begun(stopped, text_file, **STOPPED)
    process.send_signal(number)
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == code
    assert complaint.count("\n") == 1
    assert complaint.startswith("minibig: the run was stopped by SIG")
    assert (stopped / "loss.png").exists()
    went_on = called("train", "--out", stopped, "--resume")
    assert went_on.returncode == 0, went_on.stderr
    assert weights_of(stopped) == weights_of(unbroken)
    assert lines_of(stopped) == lines_of(unbroken)


@posix
def test_a_killed_run_goes_on(tmp_path, text_file):
    run = tmp_path / "run"
    process = begun(run, text_file, steps=150, checkpoint_every=7, evaluate_every=15)
    process.kill()
    process.communicate()
    done = called("train", "--out", run, "--resume")
    assert done.returncode == 0, done.stderr
    assert [line["step"] for line in lines_of(run) if "loss" in line] == list(range(1, 151))


@posix
@pytest.mark.parametrize("optimizer", ["muon", "adafactor"])
@pytest.mark.slow
def test_a_killed_run_of_each_optimizer_goes_on_to_the_bit(tmp_path, text_file, optimizer):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    settings = {"steps": 120, "optimizer": optimizer, "checkpoint_every": 7, "dropout": 0.1}
    settings |= {"evaluate_every": 12, "sample_every": 12}
    process = begun(killed, text_file, **settings)
    process.kill()
    process.communicate()
    went_on = called("train", "--out", killed, "--resume")
    assert went_on.returncode == 0, went_on.stderr
    done = called("train", "--data", text_file, "--out", whole, *flags({**TINY, **settings}))
    assert done.returncode == 0, done.stderr
    assert weights_of(killed) == weights_of(whole)
    assert lines_of(killed) == lines_of(whole)
    assert settings_of(whole)["optimizer"] == optimizer
    shown = called("info", whole).stdout
    assert optimizer in [line.split()[1] for line in shown.splitlines() if "optimizer" in line]


def test_the_rates_of_a_preset_become_those_of_the_optimizer(tmp_path, text_file):
    tiny = flags(
        {
            "steps": 3,
            "warmup_steps": 1,
            "n_layers": 1,
            "d_model": 8,
            "evaluate_batches": 1,
            "batch_size": 2,
            "sample_length": 5,
        }
    )
    preset = ("--preset", "shakespeare-char", "--data", text_file, "--context-length", 8, *tiny)
    first = ("train", *preset, "--optimizer", "adafactor", "--out", tmp_path)
    for more in ((), ("--resume",)):  # the same command goes on, with and without the flag
        done = called(*first, *more)
        assert done.returncode == 0, done.stderr
    settings = settings_of(tmp_path)
    named = {name: settings[name] for name in ("optimizer", "lr", "min_lr", "weight_decay")}
    rates = {"lr": 0.03, "min_lr": 0.003, "weight_decay": 0.00333333333333}  # of 12 digits
    assert named == {"optimizer": "adafactor", **rates}


@posix
@pytest.mark.parametrize("name", ["it's a run", "-run", "a\nrun", "$(run)"])
def test_what_it_advises_can_be_pasted(tmp_path, text_file, name):
    done = called("train", "--data", text_file, f"--out={name}", *flags(TINY), folder=tmp_path)
    advice = done.stdout.splitlines()[-1].removeprefix("write with it: minibig ")
    command = shlex.join(COMMAND)
    wrote = subprocess.run(
        ["bash", "-c", f"{command} {advice} --max-new-tokens 3"],
        capture_output=True, text=True, cwd=tmp_path, env=environment(), timeout=60,
    )  # fmt: skip
    assert (wrote.returncode, wrote.stderr) == (0, "")
    listed = called("info", ".", folder=tmp_path)  # a folder of runs names each with its command
    assert f"minibig info {advice.removeprefix('generate ')}" in listed.stdout


def test_a_process_may_begin_by_extending_a_run_with_other_kernels(finished_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    began = json.loads((run / "run.json").read_text())["kernels"]
    done = minibig("train", "--out", run, "--extend", 1, MINIBIG_KERNELS="off")
    assert done.returncode == 0, done.stderr
    assert "kernels: formulas alone" in done.stdout.splitlines()
    assert f"computed by {began[-1]}, and now it goes on by formulas alone" in done.stdout
    assert json.loads((run / "run.json").read_text())["kernels"] == [*began, "formulas alone"]
    looked_at = called("info", run).stdout
    assert f"computed by        {began[-1]}, then formulas alone" in looked_at
