"""What is seen of a run: a bar on terminals, lines elsewhere, and everything that matters in it."""

import io
import os
import struct
import time

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
    for part in ("loss 2.", "tokens/s", " left", "step 4: validation loss 2."):
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


@pytest.mark.parametrize(
    ("columns", "seen", "unseen"),
    [
        (40, ["/2000", "left", "loss 2.123"], ["tokens/s"]),
        (80, ["/2000", "left", "loss 2.123", "25,300 tokens/s", "validation 2.301"], []),
        (140, ["loss 2.123", "25,300 tokens/s", "validation 2.301", "lr 1.0e-03", "MB"], []),
    ],
)
def test_the_bar_is_one_line_of_the_terminal(columns, seen, unseen):
    fcntl, termios = map(pytest.importorskip, ("fcntl", "termios"))
    pty, stream = os.openpty()
    fcntl.ioctl(stream, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(stream, "w") as terminal:
        bar = ProgressBar(terminal)
        bar.begin(1200, 2000)
        bar.report({"step": 1200, "validation_loss": 2.3014})
        values = {"loss": 2.1234, "lr": 1e-3, "tokens_per_second": 25300.0}
        for step in range(1201, 1235):
            time.sleep(0.005)
            bar.advance({"step": step, **values})
        bar.end()
        written = os.read(pty, 1_000_000).decode()
    os.close(pty)
    last = written.replace("\n", "\r").replace("\r\r", "\r").rstrip("\r").split("\r")[-1]
    assert len(last) <= columns
    assert all(part in last for part in seen), last
    assert not any(part in last for part in unseen), last


def test_the_bar_of_a_finished_run_says_so_and_not_that_time_is_left():
    stream = Terminal()
    bar = ProgressBar(stream)
    bar.begin(6, 6)
    bar.end()
    assert "6/6" in stream.getvalue() and "finished" in stream.getvalue()
    assert "left" not in stream.getvalue()
