"""What is seen of a run: a bar on terminals, lines elsewhere, and everything that matters in it."""

import io

import pytest

from minibig.training import ProgressBar, ProgressLog, progress_on

from .tiny_runs import STEPS, trainer


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


class Broken:
    """A progress whose terminal is gone after the beginning."""

    def begin(self, step, steps):
        pass

    def advance(self, values):
        raise BrokenPipeError("nobody reads")

    report = end = advance


def test_a_terminal_that_is_gone_stops_no_run(tmp_path):
    run = trainer(tmp_path / "run")
    run.progress = Broken()
    assert run.run().steps == STEPS
    [warning] = [x["warning"] for x in run.metrics.read() if "warning" in x]
    assert warning == "the progress is not shown any more: nobody reads"
