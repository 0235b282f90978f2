"""A run to its answers: every stage once, whenever it was stopped; a tiny one, end to end."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from cli.commands import ROOT, called, environment

from minibig.cli import main
from minibig.data import TokenFile, World
from minibig.recipes.examination import ARTICLE_GREETING, LANGUAGE_NAMES
from minibig.recipes.quickstart_run import STAGES
from minibig.storage import load
from minibig.tokenizers import load_tokenizer

from .small_quickstart import small_world

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

LOOP = {"warmup_steps": 1, "evaluate_every": 3, "checkpoint_every": 2, "sample_every": 3}
TINY = {
    "vocab_size": 300,
    "context_length": 96,
    "n_layers": 1,
    "n_heads": 1,
    "d_model": 8,
    "optimizer": "adamw",  # with it six steps change what such a small model answers
    "steps": 6,
    "lr": 4e-3,
    "batch_size": 2,
    "evaluate_batches": 2,
    "sample_length": 5,
    **LOOP,
    "finetuning": {"steps": 6, "batch_size": 2, **LOOP},
}
FILES = {"examination.json", "loss.png", "metrics.json", "metrics.jsonl", "report.html"}
FOLDERS = {"best", "checkpoints", "model", "pretraining", "tokenizer"}
COMMAND = (sys.executable, "-m", "recipes.small_quickstart", "quickstart")
PATHS = os.pathsep.join([str(ROOT), str(ROOT / "tests")])


def quickstart(*arguments):
    with small_world():
        return called("quickstart", *arguments)


def begun(*arguments):
    """The same as a process that can be stopped."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(PYTHONPATH=PATHS),
    )


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "tiny.json"
    path.write_text(json.dumps(TINY))
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory, config):
    """A finished run, and what was printed."""
    run = tmp_path_factory.mktemp("runs") / "run"
    done = quickstart("--config", config, "--out", run)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return run, done.stdout


def json_of(path):
    return json.loads(path.read_text(encoding="utf-8"))


def results(run):
    """What a run has come to, apart from the time it took."""
    return (
        (run / "model" / "model.safetensors").read_bytes(),
        (run / "pretraining" / "model" / "model.safetensors").read_bytes(),
        json_of(run / "examination.json"),
        {k: v for k, v in json_of(run / "metrics.json").items() if k != "seconds"},
    )


def test_a_run_leaves_all_that_is_promised(finished):
    run, shown = finished
    assert {path.name for path in run.iterdir()} == {*FILES, *FOLDERS, "run.json", "stages.json"}
    assert list(json_of(run / "stages.json")) == list(STAGES)
    for number, name in enumerate(STAGES, 1):
        assert f"[{number}/5] {name}\n" in shown
    record = json_of(run / "run.json")
    assert record["settings"]["finetuning"]["steps"] == 6
    assert record["settings"]["pretraining"]["model"]["n_layers"] == 1
    assert len(record["text"]["sha256"]) == 64
    tokenizer = load_tokenizer(run / "tokenizer")
    assert load(run / "model").config.vocab_size == tokenizer.vocab_size


def test_the_numbers_are_those_of_the_answers(finished):
    run, shown = finished
    metrics, examined = json_of(run / "metrics.json"), json_of(run / "examination.json")
    for language, name in LANGUAGE_NAMES.items():
        shares, asked = metrics["answers"][language], examined["asked"][language]
        assert set(shares) == {"trained", "held_out", "control", "majority"}
        everything = [*asked["trained"], *asked["held_out"]]
        for lines, column, who in (
            (asked["trained"], "trained", "answer"),
            (asked["held_out"], "held_out", "answer"),
            (everything, "control", "control"),
        ):
            right = [line for line in lines if line[who].strip() == line["expected"]]
            assert shares[column] == len(right) / len(lines)
        commonest = examined["commonest_answers"][language]
        right = [line for line in everything if line["expected"] == commonest]
        assert shares["majority"] == len(right) / len(everything) > 0
        assert f"\n{name}" in shown
    seconds = dict(metrics["seconds"])
    assert seconds.pop("total") == pytest.approx(sum(seconds.values()))
    assert list(seconds) == list(STAGES)


def test_the_losses_are_those_of_the_trainings_beside_the_floor(finished):
    run, _ = finished
    losses = json_of(run / "metrics.json")["losses"]
    tokens = TokenFile(run / "pretraining" / "tokens" / "validation.bin")
    bytes_per_token = tokens.text_bytes / tokens.n_tokens
    for name, loss in losses["pretraining"].items():
        assert loss == pytest.approx(losses["pretraining_per_byte"][name] * bytes_per_token)
    for folder, phase in ((run / "pretraining", "pretraining"), (run, "finetuning")):
        text = (folder / "metrics.jsonl").read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines()]
        latest = [line["loss"] for line in lines if "loss" in line][-1]
        assert losses[phase]["training"] == latest
    assert 0 < losses["pretraining"]["entropy_floor"] < losses["pretraining"]["validation"]


def test_the_conversation_holds_the_article_s_greeting(finished):
    run, shown = finished
    talk = json_of(run / "examination.json")["conversation"]
    assert ARTICLE_GREETING in [question for question, _ in talk]
    for question, answer in talk:
        assert f"  you    {question}\n  model  {answer}\n" in shown


def test_a_finished_run_repeats_nothing_and_shows_all_again(finished, config):
    run, shown = finished
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
    again = quickstart("--config", config, "--out", run)
    assert again.returncode == 0, again.stderr
    for name in STAGES:
        assert f"] {name}: finished before, in" in again.stdout
    assert again.stdout.endswith(shown[shown.index("\nA conversation:") :])
    for once in ("\nanswers right ", "\nEnglish ", "\nChinese "):
        assert shown.count(once) == again.stdout.count(once) == 1
    assert shown.count("\nmodel: GPT, ") == 1
    after = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
    changed = {path.name for path in after if after[path] != before.get(path)}
    assert changed <= {"metrics.json"}


@pytest.mark.parametrize("name", ["report.html", "loss.png"])
def test_a_removed_page_or_picture_is_made_again_and_hinders_nothing(
    finished, config, tmp_path, name
):
    run = tmp_path / "run"
    shutil.copytree(finished[0], run)
    (run / name).unlink()
    for command in (["info", run], ["plot", run, "--out", tmp_path / "a.png"]):
        done = called(*command)
        assert (done.returncode, done.stderr) == (0, "")
    examined = (run / "examination.json").stat().st_mtime_ns
    assert quickstart("--config", config, "--out", run).returncode == 0
    assert (run / name).stat().st_size > 1000
    assert (run / "examination.json").stat().st_mtime_ns == examined


def test_another_checkpoint_answers_otherwise(finished, config, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished[0], run)
    shutil.copytree(run / "pretraining" / "model", run / "model", dirs_exist_ok=True)
    done = quickstart("--config", config, "--out", run)
    assert done.returncode == 0, done.stderr
    assert f"] {STAGES[2]}: finished before" in done.stdout
    assert f"[4/5] {STAGES[3]}\n" in done.stdout
    old, new = (json_of(each / "examination.json") for each in (finished[0], run))
    assert old["conversation"] != new["conversation"]
    assert old["model_sha256"] != new["model_sha256"]


STOPS = {
    "text and tokenizer": "text: world",
    "pre-training": "step 3: validation",
    "fine-tuning": "loss looks at the answers",
    "questions and answers": "answers right",
}


@posix
@pytest.mark.parametrize("stage", STOPS)
@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_end(finished, config, tmp_path, stage):
    run = tmp_path / "run"
    arguments = ("--config", config, "--out", run)
    with begun(*arguments) as process:
        deadline = time.monotonic() + 60
        for line in process.stdout:
            assert time.monotonic() < deadline
            if STOPS[stage] in line:
                process.send_signal(signal.SIGKILL)
                break
    done = quickstart(*arguments)
    assert done.returncode == 0, done.stderr
    for name in STAGES[: STAGES.index(stage)]:
        assert f"] {name}: finished before, in" in done.stdout
    assert results(run) == results(finished[0])


@posix
@pytest.mark.parametrize("stage", ["pre-training", "fine-tuning"])
def test_ctrl_c_while_learning_saves_and_says_how_to_go_on(tmp_path, stage):
    long = tmp_path / "long.json"
    slow = {"steps": 100_000, "checkpoint_every": 0, "evaluate_every": 0}
    finetuning = {**TINY["finetuning"], **slow}
    settings = {**TINY, "finetuning": finetuning}
    long.write_text(json.dumps({**settings, **slow} if stage == "pre-training" else settings))
    with begun("--config", long, "--out", tmp_path / "run") as process:
        for line in process.stdout:
            if "/100000" in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
        assert process.wait(timeout=60) == 130
        complaint = process.stderr.read()
    assert complaint.count("\n") == 1
    assert "its state is saved; the same command goes on" in complaint
    assert "finished before" not in rest
    folder = tmp_path / "run" / ("pretraining" if stage == "pre-training" else "")
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"context_length": 32}, "context_length must be at least 96 for questions with answers"),
        ({"data": "stdlib"}, "only the data world has questions with answers; got stdlib"),
        ({"finetuning": {"n_layers": 2}}, "TrainingSettings has no setting 'n_layers'"),
        ({"finetuning": {"step": 2}}, "has no setting 'step'; did you mean steps?"),
        ({"optimizer": "adafactor", "lr": 0.1, "betas": [0.9, 0.9]}, "adafactor has none. Leave"),
        ({"finetuning": {"optimizer": "adafactor", "betas": [0.9, 0.9]}}, "adafactor has none"),
        ({"finetuning": 3}, "finetuning must be of type TrainingSettings; got int: 3"),
        ({"finetuning": {"steps": 1, "warmup_steps": 1}}, "steps must be more than warmup_steps"),
        ({"n_heads": 3}, "n_heads must divide d_model"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_made(tmp_path, capsys, changes, complaint):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**TINY, **changes}))
    assert main(["quickstart", "--config", str(path), "--out", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err
    assert complaint in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_other_settings_or_another_text_do_not_go_on_with_a_run(
    finished, tmp_path, capsys, text_file
):
    run, _ = finished
    before = results(run)
    for changes, complaint in (
        ({"d_model": 16}, "began with d_model = 8; got d_model = 16"),
        ({"finetuning": {**TINY["finetuning"], "lr": 0.5}}, "got lr = 0.5"),
    ):
        path = tmp_path / "a.json"
        path.write_text(json.dumps({**TINY, **changes}))
        assert main(["quickstart", "--config", str(path), "--out", str(run)]) == 1
        error = capsys.readouterr().err
        assert complaint in error and error.count("\n") == 1
    for command in ("quickstart", "train"):
        assert main([command, "--data", str(text_file), "--out", str(run)]) == 1
        assert "--out" in capsys.readouterr().err
    assert results(run) == before


def test_a_run_on_a_text_is_not_gone_on_with(tmp_path, finished_run, config, capsys):
    assert main(["quickstart", "--config", str(config), "--out", str(finished_run)]) == 1
    assert "holds a run of another kind" in capsys.readouterr().err


def test_restart_begins_anew_and_leaves_other_files(finished, config, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished[0], run)
    (run / "notes.txt").write_text("mine")
    done = quickstart("--config", config, "--out", run, "--restart")
    assert done.returncode == 0, done.stderr
    assert "finished before" not in done.stdout
    assert (run / "notes.txt").read_text() == "mine"
    assert results(run) == results(finished[0])


def test_the_other_commands_know_the_run(finished, capsys):
    run, _ = finished
    assert main(["info", str(run)]) == 0
    assert "6 of 6" in capsys.readouterr().out
    assert main(["generate", str(run), "--prompt", "Anna", "--max-new-tokens", "3"]) == 0
    assert capsys.readouterr().out.startswith("Anna")
    assert main(["train", "--resume", "--out", str(run)]) == 1
    error = capsys.readouterr().err
    assert f"minibig quickstart --out {run}" in error and error.count("\n") == 1


@pytest.mark.slow
def test_all_questions_of_the_world_fit_as_well(config, tmp_path):
    with small_world(World):
        done = called("quickstart", "--config", config, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    asked = json_of(tmp_path / "run" / "examination.json")["asked"]
    for language in LANGUAGE_NAMES:
        for split, lines in asked[language].items():
            expected = World().questions(language, split)
            assert [(line["question"], line["expected"]) for line in lines] == expected
