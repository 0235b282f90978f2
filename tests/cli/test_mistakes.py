"""Every mistake of a user ends in one line and a code; a defect keeps its traceback."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from minibig.cli import main
from minibig.cli.commands import info
from minibig.models import GPT, GPTConfig
from minibig.recipes import Quickstart
from minibig.recipes.folder import TextRecord, write_record
from minibig.storage import save

from .commands import TINY, environment, flags


@pytest.fixture
def complaint(capsys):
    """Run the command in this process; what it complains of, which must be one line."""

    def run(*arguments):
        assert main([str(argument) for argument in arguments]) == 1
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("minibig: ")
        return lines[0]

    return run


@pytest.fixture
def training(complaint, text_file, tmp_path):
    """Run `train` with tiny settings; changes are settings or, with None, left out."""

    def run(*arguments, out=tmp_path / "run", **changes):
        settings = {"data": text_file, **TINY, **changes}
        given = flags({name: value for name, value in settings.items() if value is not None})
        return complaint("train", "--out", out, *given, *arguments)

    return run


def test_no_text_is_given(training):
    assert "--data" in training(data=None)


@pytest.mark.parametrize("name", ["data", "out", "from", "tokenizer"])
def test_an_empty_name_is_not_the_current_folder(training, complaint, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert f"{name} must be " in training(**{name: ""}).replace("from_", "from")
    assert "folder must be " in complaint("generate", "")
    assert os.listdir(tmp_path) == []


def test_a_null_character_in_a_configuration_is_no_path(training, tmp_path):
    for name in ("data", "from_", "out", "tokenizer", "sample_prompt"):
        path = tmp_path / "a.json"
        path.write_text(json.dumps({name: "a\0b"}))
        assert training("--config", path, data=None, tokenizer=None)


def test_a_batch_that_fits_no_memory_leaves_the_run_as_it_was(training, finished_run, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(finished_run, out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert "not enough memory" in training("--restart", batch_size=10**15)
    assert "not enough memory" in training("--restart", n_layers=900, d_model=10**6)
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_the_text_does_not_exist(training, tmp_path):
    complaint = training(data=tmp_path / "none.txt")
    assert "is no file or folder, nor a corpus (stdlib, world)" in complaint
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02 binary", "is a binary file (NUL byte at offset 0)"),
        (b"caf\xe9 and more", "UTF-8"),
    ],
)
def test_the_text_is_no_text(training, tmp_path, content, message):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    assert message in training(data=path)
    assert not (tmp_path / "run").exists()


def test_a_folder_holds_no_text(training, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "holds no file ending in" in training(data=tmp_path / "empty")


def test_the_context_is_longer_than_the_data(training):
    assert "a context_length of 5000 needs at least 5001" in training(context_length=5000)
    assert "the validation part" in training(context_length=500)


def test_a_refused_run_can_be_begun_again_with_other_settings(training, text_file, tmp_path):
    training(context_length=5000)
    arguments = ["train", "--data", str(text_file), "--out", str(tmp_path / "run"), *flags(TINY)]
    assert main(arguments) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": -3}, "steps must be a whole number of at least 1; got -3"),
        ({"batch_size": -1}, "batch_size must be a whole number of at least 1"),
        ({"n_layers": 0}, "n_layers must be a whole number from 1 to 1000; got 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"lr": "nan"}, "lr must be a number"),
        ({"lr": 0}, "lr must be a number above 0"),
        ({"n_heads": 3}, "n_heads must divide d_model"),
        ({"warmup_steps": 10}, "steps must be more than warmup_steps"),
        ({"schedule": "sine"}, "schedule must be one of"),
        ({"optimizer": "adam"}, "optimizer must be one of adamw, muon, adafactor; got 'adam'"),
        ({"optimizer": "adafactor", "betas": [0.9, 0.99]}, "adafactor has none. Leave them out"),
        ({"dropout": 1.5}, "dropout must be a number of at least 0 and below 1"),
        ({"betas": [0.9, 1.0]}, "betas must be a number of at least 0 and below 1"),
        ({"validation_fraction": 1}, "validation_fraction must be a number above 0 and below 1"),
        ({"validation_fraction": 0}, "validation_fraction must be a number above 0"),
        ({"errors": "ignore"}, "errors must be one of strict, replace"),
        ({"tokenizer": "words"}, "bpe, bpe-han, bpe-dialogue, or a folder"),
        (
            {"tokenizer": "bpe", "vocab_size": 100},
            "vocab_size must be at least 257: 256 bytes and 1 special token;",
        ),
        ({"device": "tpu"}, "device must be"),
        ({"sample_prompt": "ABC"}, "got 'A'"),
        ({"d_model": 1_000_000}, "there is not enough memory"),
    ],
)
def test_a_setting_makes_no_sense(training, tmp_path, changes, message):
    assert message in training(**changes)
    assert not (tmp_path / "run" / "run.json").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--d-model", "64", "--tokenizer", "characters"], "d_model and tokenizer are given"),
        (["--vocab-size", "300"], "vocab_size is given, and would do nothing"),
        (["--config", "sizes.json"], "d_model is given, and would do nothing"),
    ],
)
def test_what_a_run_takes_from_its_start_cannot_be_chosen(
    complaint, finished_run, text_file, tmp_path, monkeypatch, given, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sizes.json").write_text('{"model": {"d_model": 64}}')
    shown = complaint("train", "--from", finished_run, "--data", text_file, *given)
    assert message in shown and "leave out --from" in shown
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--vocab-size", "300"], "only bpe, bpe-han, bpe-dialogue learn it"),
        (["--max-rollbacks", "2"], "unless on_divergence is roll_back"),
        (["--sample-every", "0"], "sample_length is given, and would do nothing"),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused(training, given, message):
    assert message in training(*given)


def test_tokenize_refuses_what_would_do_nothing(complaint, bpe_folder, text_file, tmp_path):
    train = ("tokenize", "train", "--data", text_file, "--out", tmp_path / "made")
    shown = complaint(*train, "--tokenizer", "characters", "--vocab-size", "300")
    assert "vocab_size is given, and would do nothing" in shown
    shown = complaint("tokenize", "encode", bpe_folder, "text", "--file", text_file)
    assert "Leave out one of them" in shown


def test_cuda_is_asked_for_where_there_is_none(training, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cupy", None)
    assert "CuPy is not installed" in training(device="cuda")


def test_a_preset_is_unknown(training):
    assert "preset must be one of shakespeare-char" in training("--preset", "shakespeare")


def test_a_configuration_file_is_missing_or_names_what_does_not_exist(training, tmp_path):
    assert "No such file" in training("--config", tmp_path / "none.json")
    path = tmp_path / "a.json"
    path.write_text('{"n_layer": 2}')
    assert "Pretraining has no setting 'n_layer'; did you mean n_layers?" in training(
        "--config", path
    )


def test_the_output_is_a_file(training, tmp_path):
    (tmp_path / "file").write_text("precious")
    assert "is a file; --out must name a folder" in training(out=tmp_path / "file")
    assert (tmp_path / "file").read_text() == "precious"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_the_output_may_not_be_written(training, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "Permission denied" in training(out=tmp_path / "locked" / "run")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no folder that refuses even root")
def test_the_output_lies_where_nothing_can_be_made(training):
    assert "cannot be written" in training(out="/proc/self/run")


def test_there_is_nothing_to_resume(training, tmp_path):
    assert "holds no run to go on with" in training("--resume", out=tmp_path / "nothing")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_layers": 2}, "began with n_layers = 1; got n_layers = 2"),
        ({"steps": 7}, "began with steps = 6; got steps = 7"),
        ({"seed": 1}, "began with seed = 0; got seed = 1"),
        ({"optimizer": "muon"}, "began with optimizer = adamw; got optimizer = muon"),
    ],
)
def test_the_folder_holds_a_run_of_other_settings(training, finished_run, changes, message):
    before = {path: path.stat().st_mtime_ns for path in finished_run.rglob("*")}
    assert message in training(out=finished_run, **changes)
    assert before == {path: path.stat().st_mtime_ns for path in finished_run.rglob("*")}


def test_the_text_changed_since_the_run_began(training, text_file, tmp_path):
    path = tmp_path / "text.txt"
    shutil.copy(text_file, path)
    arguments = ["train", "--data", str(path), "--out", str(tmp_path / "run"), *flags(TINY)]
    assert main(arguments) == 0
    path.write_text(path.read_text() + "more")
    assert "is not, or no longer, the text" in training(data=path)


def test_checkpoints_of_another_model_are_refused(training, finished_run, tmp_path):
    folder = tmp_path / "mixed"
    shutil.copytree(finished_run, folder)
    record = json.loads((folder / "run.json").read_text())
    record["settings"]["d_model"] = 16
    (folder / "run.json").write_text(json.dumps(record))
    assert "another model" in training(out=folder, d_model=16)


def test_checkpoints_without_a_record_are_not_taken_over(training, finished_run, tmp_path):
    folder = tmp_path / "mixed"
    shutil.copytree(finished_run, folder)
    (folder / "run.json").unlink()
    assert "no run.json that explains them" in training(out=folder)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"format": "minibig run"}', b"\xff"])
def test_a_damaged_record_is_refused(training, finished_run, tmp_path, damage):
    folder = tmp_path / "damaged"
    shutil.copytree(finished_run, folder)
    (folder / "run.json").write_bytes(damage)
    assert "run.json" in training(out=folder)


def test_a_damaged_checkpoint_is_refused(training, finished_run, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(finished_run, folder)
    for path in folder.glob("checkpoints/*/tensors.safetensors"):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    assert "is damaged" in training(out=folder)


def test_a_model_and_a_tokenizer_do_not_belong_together(complaint, finished_run, tmp_path):
    folder = tmp_path / "mixed"
    shutil.copytree(finished_run, folder)
    config = GPTConfig(vocab_size=99, context_length=8, n_layers=1, n_heads=1, d_model=8)
    save(GPT(config), folder / "model")
    assert "has a vocabulary of 99 tokens, the tokenizer one of" in complaint("generate", folder)


def test_a_folder_to_generate_from_holds_no_model(complaint, tmp_path, bpe_folder, text_file):
    assert "is not a folder" in complaint("generate", tmp_path / "none")
    assert "is not a folder" in complaint("generate", text_file)
    assert "holds no model" in complaint("generate", bpe_folder)
    save(GPT(GPTConfig(9, 8, 1, 1, 8)), tmp_path)
    assert "has no tokenizer" in complaint("generate", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--max-new-tokens", "-1"], "max_new_tokens must be a whole number of at least 0; got -1"),
        (["--n-sequences", "0"], "n_sequences must be a whole number of at least 1; got 0"),
        (["--temperature", "-1"], "temperature must be"),
        (["--top-k", "0"], "top_k must be"),
        (["--top-p", "2"], "top_p must be a number above 0 and of at most 1"),
        (["--repetition-penalty", "0"], "repetition_penalty must be"),
        (["--seed", "-1"], "seed must be"),
        (["--prompt", "QQQ"], "got 'Q' at offset 0"),
    ],
)
def test_generate_refuses_numbers_that_make_no_sense(complaint, finished_run, arguments, message):
    assert message in complaint("generate", finished_run, *arguments)


def test_tokenize_refuses_what_is_no_tokenizer_no_id_and_no_text(complaint, bpe_folder, tmp_path):
    assert "is not a folder" in complaint("tokenize", "encode", tmp_path / "none", "text")
    assert "has no tokenizer" in complaint("tokenize", "encode", tmp_path, "text")
    assert "token ids must be whole numbers from 0 on; got 'x'" in complaint(
        "tokenize", "decode", bpe_folder, "x"
    )
    assert "got 280" in complaint("tokenize", "decode", bpe_folder, "280")
    latin = tmp_path / "latin.txt"
    latin.write_bytes(b"caf\xe9")
    assert "at offset 3" in complaint("tokenize", "show", bpe_folder, "--file", latin)
    missing = complaint("tokenize", "show", bpe_folder, "--file", tmp_path / "none.txt")
    assert "No such file" in missing


def test_info_refuses_what_it_does_not_know(complaint, tmp_path, text_file):
    assert "does not exist" in complaint("info", tmp_path / "none")
    assert "is nothing that minibig knows" in complaint("info", tmp_path)
    assert f"minibig train --data {text_file}" in complaint("info", text_file)


@pytest.mark.parametrize("name", ["loss.png", "model/config.json"])
def test_info_names_the_run_that_a_file_belongs_to(complaint, finished_run, name):
    assert f"minibig info {finished_run}" in complaint("info", finished_run / name)


def test_a_folder_of_runs_is_answered_with_its_runs(complaint, capsys, finished_run):
    folder = finished_run.parent
    for command in ("generate", "chat", "plot"):
        assert str(finished_run) in complaint(command, folder)
    assert main(["info", str(folder)]) == 0
    assert f"6 steps: minibig info {finished_run}" in capsys.readouterr().out
    assert main(["info", str(finished_run / "tokens")]) == 0
    assert "validation.bin" in capsys.readouterr().out


def test_a_quickstart_that_stopped_says_where_and_how_it_goes_on(
    complaint, capsys, finished_run, tmp_path
):
    shutil.copytree(finished_run, tmp_path / "pretraining")
    write_record(tmp_path, [], Quickstart(), TextRecord(name="world"))
    (tmp_path / "stages.json").write_text('{"text and tokenizer": 1.0}')
    for command in ("generate", "chat", "plot"):
        shown = complaint(command, tmp_path)
        assert "stopped in stage pre-training" in shown
        assert f"minibig quickstart --out {tmp_path}" in shown and "pretraining" in shown
    assert main(["info", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "stopped in stage pre-training" in shown and "Characters" in shown
    for name in ("run.json", "stages.json"):
        (tmp_path / name).unlink()
    assert main(["info", str(tmp_path)]) == 0
    assert "stopped in stage text and tokenizer" in capsys.readouterr().out


def test_too_little_memory_is_one_line(complaint, monkeypatch):
    def run(arguments):
        np.zeros(1 << 50)

    monkeypatch.setattr(info, "run", run)
    assert "there is not enough memory" in complaint("info", "x")


@pytest.mark.parametrize("error", [TypeError, KeyError, ModuleNotFoundError, AssertionError])
def test_a_defect_keeps_its_traceback(monkeypatch, error):
    def run(arguments):
        raise error("a defect")

    monkeypatch.setattr(info, "run", run)
    with pytest.raises(error, match="a defect"):
        main(["info", "x"])


def test_an_interrupted_command_has_the_code_of_the_signal(monkeypatch, capsys):
    def run(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(info, "run", run)
    assert main(["info", "x"]) == 130
    assert capsys.readouterr().err == "minibig: interrupted.\n"


@pytest.mark.parametrize("command", ["generate", "info", "chat"])
def test_a_wrong_device_of_the_surroundings_is_not_blamed_on_a_file(
    complaint, finished_run, monkeypatch, command
):
    monkeypatch.setenv("MINIBIG_DEVICE", "tpu")
    shown = complaint(command, finished_run)
    assert shown.startswith("minibig: device must be") and "config.json" not in shown


def test_a_run_of_another_recipe_is_said_to_be_that(complaint, capsys, finished_run, tmp_path):
    run = tmp_path / "tuned"
    shutil.copytree(finished_run, run)
    record = json.loads((run / "run.json").read_text())
    assert record["recipe"] == "pretrain"
    record |= {"recipe": "finetune", "settings": {"start": "x", "training": {"steps": 6}}}
    (run / "run.json").write_text(json.dumps(record))
    assert "holds a run of finetune" in complaint("train", "--resume", "--out", run)
    assert main(["info", str(run)]) == 0
    assert "finetune" in capsys.readouterr().out
    picture = str(tmp_path / "both.png")
    assert main(["plot", str(run), str(finished_run), "--out", picture]) == 0
    assert "start" in capsys.readouterr().out


def test_a_finished_run_with_more_steps_is_told_of_extend(complaint, finished_run):
    shown = complaint("train", "--out", finished_run, "--resume", "--steps", 80)
    assert f"minibig train --out {finished_run} --extend 74" in shown


def test_only_a_preset_that_is_named_is_spoken_of(complaint):
    assert "shakespeare" not in complaint("train")
    assert "tinyshakespeare" in complaint("train", "--preset", "shakespeare-char")


def test_ids_may_be_one_argument(capsys, bpe_folder):
    assert main(["tokenize", "decode", str(bpe_folder), "97 98"]) == 0
    both = capsys.readouterr().out
    assert main(["tokenize", "decode", str(bpe_folder), "97", "98"]) == 0
    assert capsys.readouterr().out == both


def test_a_text_that_is_too_short_leaves_nothing_behind(complaint, tmp_path):
    (tmp_path / "short.txt").write_text("too short")
    run = tmp_path / "run"
    complaint("train", "--data", tmp_path / "short.txt", "--out", run)
    assert not (run / "tokenizer").exists() and not (run / "tokens").exists()


def test_what_lay_in_the_folder_stays_where_a_run_does_not_begin(complaint, tmp_path):
    (tmp_path / "short.txt").write_text("too short")
    run = tmp_path / "run"
    (run / "tokenizer").mkdir(parents=True)
    (run / "tokenizer" / "mine.txt").write_text("mine")
    complaint("train", "--data", tmp_path / "short.txt", "--out", run)
    assert (run / "tokenizer" / "mine.txt").exists() and not (run / "tokens").exists()


def test_a_recipe_that_cannot_be_imported_breaks_no_other_command(finished_run):
    program = (
        "import sys; sys.modules['minibig.recipes.quickstart_run'] = None; "
        "from minibig.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    for command in (["generate", str(finished_run)], ["train", "--out", str(finished_run)]):
        words = [sys.executable, "-c", program, *command]
        extra = ["--resume"] if command[0] == "train" else []
        done = subprocess.run([*words, *extra], env=environment(), capture_output=True)
        assert done.returncode == 0, done.stderr
