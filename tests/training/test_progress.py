"""What is seen of a run: a bar on terminals, lines elsewhere, and everything that matters in it."""

import io

import pytest

from minibig.pictures import draw_losses
from minibig.storage import StorageError
from minibig.training import ProgressBar, ProgressLog, ProgressPicture, progress_on

from .tiny_runs import STEPS, remains, trainer


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(progress, stream, folder):
    run = trainer(folder)
    run.progress = progress
    run.expected_initial_loss = 9.0
    run.run()
    return stream.getvalue()


@pytest.mark.parametrize("kind", [ProgressBar, ProgressLog])
def test_loss_speed_time_left_validation_samples_and_warnings_are_shown(tmp_path, kind):
    stream = io.StringIO()
    text = shown(kind(stream), stream, tmp_path)
    assert f"{STEPS}/{STEPS}" in text
    for part in (
        "loss 2.",
        "rate ",
        "e-03",
        "tokens/s",
        " MB",
        " left",
        "step 4: validation loss 2.",
    ):
        assert part in text, part
    assert "step 5, a sample:\n[1, 2, " in text
    assert ("validation 2." in text) == (kind is ProgressBar)  # a log has said it in its own line
    assert "warning: the loss at the start is 2.7" in text


def test_a_log_holds_lines_only_and_few_of_them(tmp_path):
    stream = io.StringIO()
    text = shown(ProgressLog(stream, every=1000.0), stream, tmp_path)
    assert "\r" not in text and "\x1b" not in text
    steps = [line for line in text.splitlines() if "tokens/s" in line]
    assert [line.split()[1] for line in steps] == ["1/20", "20/20"]
    assert steps[-1].endswith("0:00 left")


def test_the_time_left_is_that_of_the_steps_left(monkeypatch):
    clock = iter([0.0, 10.0, 7210.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    monkeypatch.setattr("minibig.training.progress.process_memory", lambda: 1_234_000_000)
    stream = io.StringIO()
    log = ProgressLog(stream)
    log.begin(2, 12)
    log.advance({"step": 3, "loss": 1.0})
    log.advance({"step": 4, "loss": 1.0})
    assert stream.getvalue().splitlines() == [
        "step 3/12  loss 1.000  1,234 MB  1:30 left",
        "step 4/12  loss 1.000  1,234 MB  8:00:40 left",
    ]


def test_a_system_that_does_not_tell_the_memory(monkeypatch):
    monkeypatch.setattr("minibig.training.progress.process_memory", lambda: None)
    stream = io.StringIO()
    log = ProgressLog(stream)
    log.begin(0, 1)
    log.advance({"step": 1, "loss": 1.0, "lr": 0.00025})
    assert stream.getvalue() == "step 1/1  loss 1.000  rate 2.5e-04  0:00 left\n"


def test_the_bar_goes_on_where_the_run_goes_on():
    stream = io.StringIO()
    bar = ProgressBar(stream)
    bar.begin(7, 10)
    bar.advance({"step": 8, "loss": 1.0})
    bar.end()
    assert "7/10" in stream.getvalue() and "8/10" in stream.getvalue()


def test_a_terminal_gets_a_bar_and_a_file_gets_lines():
    assert isinstance(progress_on(Terminal()), ProgressBar)
    assert isinstance(progress_on(io.StringIO()), ProgressLog)


def test_a_run_that_fails_leaves_no_open_bar(tmp_path):
    stream = Terminal()
    run = trainer(tmp_path, loss=lambda step, micro_step, value: 1 / 0)
    run.progress = ProgressBar(stream)
    with pytest.raises(ZeroDivisionError):
        run.run()
    assert stream.getvalue().endswith("\n")


def test_a_picture_is_drawn_after_evaluations_that_are_far_enough_apart(monkeypatch):
    now, drawn, stream = [100.0], [], io.StringIO()
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    progress = ProgressPicture(ProgressLog(stream), lambda: drawn.append(now[0]))
    progress.begin(0, 40)
    for step in range(1, 41):
        now[0] += 1
        progress.advance({"step": step, "loss": 1.0})
        progress.report({"step": step, "sample": "text"})
        if step % 4 == 0:
            progress.report({"step": step, "validation_loss": 2.0})
    progress.end()
    assert drawn == [112.0, 124.0, 136.0]
    assert stream.getvalue().count("validation loss 2.0") == 10  # the other progress sees it all
    assert stream.getvalue().count("a sample:") == 40


@pytest.mark.parametrize("problem", [StorageError, ModuleNotFoundError])
def test_a_picture_that_cannot_be_drawn_stops_no_run(tmp_path, problem):
    def draw():
        raise problem("loss.png cannot be drawn")

    run = trainer(tmp_path)
    run.progress = ProgressPicture(ProgressLog(io.StringIO()), draw, every=0.0)
    assert run.run().steps == STEPS


def test_a_picture_drawn_on_the_way_changes_nothing_that_is_learned(tmp_path):
    drawn = []
    for name in ("drawn", "plain"):
        run = trainer(tmp_path / name)
        if name == "drawn":
            draw = lambda metrics=run.metrics: (
                draw_losses(metrics, tmp_path / "loss.png"),
                drawn.append((tmp_path / "loss.png").read_bytes()),
            )
            run.progress = ProgressPicture(ProgressLog(io.StringIO()), draw, every=0.0)
        run.run()
    assert len(set(drawn)) == STEPS // 4  # another one after each evaluation
    assert remains(tmp_path / "drawn") == remains(tmp_path / "plain")
