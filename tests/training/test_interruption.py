"""Signals: the first one saves and stops, the second ends the process, a kill costs nothing."""

import os
import random
import signal
import threading
import time

import pytest

from minibig.storage import list_checkpoints
from minibig.training import Interrupted
from minibig.training.interruption import stop_on_signals

from .tiny_runs import STEPS, child, is_finite, measure_of, remains, stale_files, trainer, with_look

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
STOPPING = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if os.name != "nt" else [])]
WAIT = 60.0  # seconds until a child that does not end is a failure


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    trainer(folder).run()
    return remains(folder)


def signal_at(place, number):
    def loss(step, micro_step, value):
        if (step, micro_step) == place:
            signal.raise_signal(number)
        return value

    return loss


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("place", [(0, 0), (3, 1), (7, 0), (STEPS - 1, 1)])
def test_the_first_signal_finishes_the_step_and_saves(tmp_path, unbroken, number, place):
    with pytest.raises(Interrupted) as stopped:
        trainer(tmp_path, loss=signal_at(place, number)).run()
    assert stopped.value.exit_code == 128 + number
    latest = list_checkpoints(tmp_path / "checkpoints")[-1].name
    assert latest == f"step-{place[0] + 1:08}"
    trainer(tmp_path, seed=1).run()
    assert remains(tmp_path) == unbroken


def test_a_kill_between_an_interruption_and_the_evaluation_it_put_off_repeats_nothing(
    tmp_path, unbroken
):
    with pytest.raises(Interrupted):
        trainer(tmp_path, loss=signal_at((3, 0), signal.SIGINT)).run()
    run = trainer(tmp_path)

    def crash():  # due at step 5, after the evaluation of step 4
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        with_look(run, "sample", crash).run()
    trainer(tmp_path).run()
    assert remains(tmp_path) == unbroken


def test_a_signal_during_an_evaluation_is_not_lost(tmp_path, unbroken):
    run = trainer(tmp_path)
    plain = measure_of(run, "validation")

    def evaluate():
        if run.state.step == 8:
            signal.raise_signal(signal.SIGTERM)
        return plain()

    with pytest.raises(Interrupted):
        with_look(run, "validation", evaluate).run()
    trainer(tmp_path).run()
    assert remains(tmp_path) == unbroken


@pytest.mark.parametrize("where", ["validation", "sample", "saving"])
def test_a_signal_after_the_last_step_is_not_lost(tmp_path, unbroken, where, monkeypatch):
    run = trainer(tmp_path)
    if where == "saving":
        plain = run._save_model

        def save(name):
            if run.state.step == STEPS and name == "model":
                signal.raise_signal(signal.SIGINT)
            plain(name)

        monkeypatch.setattr(run, "_save_model", save)
    else:
        measure = measure_of(run, where)

        def look():
            if run.state.step == STEPS:
                signal.raise_signal(signal.SIGINT)
            return measure()

        with_look(run, where, look)
    with pytest.raises(Interrupted):
        run.run()
    assert trainer(tmp_path).run().steps == STEPS
    assert remains(tmp_path) == unbroken


def test_handlers_are_put_back(tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(Interrupted):
        trainer(tmp_path, loss=signal_at((1, 0), signal.SIGINT)).run()
    with pytest.raises(ZeroDivisionError):
        trainer(tmp_path, loss=lambda step, micro_step, value: 1 / 0).run()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_other_threads_train_without_handlers(tmp_path, unbroken):
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def loss(step, micro_step, value):
        seen.append(signal.getsignal(signal.SIGINT))
        return value

    thread = threading.Thread(target=lambda: trainer(tmp_path, loss=loss).run())
    thread.start()
    thread.join()
    assert set(seen) == {before}
    assert remains(tmp_path) == unbroken


def test_without_a_signal_nothing_is_noted():
    with stop_on_signals() as request:
        assert request.signal_number is None
        signal.raise_signal(signal.SIGINT)
        assert request.signal_number == signal.SIGINT


SLOW_STEP = """
def loss(step, micro_step, loss):
    if (step, micro_step) == (5, 0):
        print("ready", flush=True)
        time.sleep(float(sys.argv[2]))
    return loss
tiny_runs.main(sys.argv[1], loss)
"""


@posix
@pytest.mark.parametrize("number", STOPPING)
def test_a_process_ends_with_the_status_that_shells_expect(tmp_path, unbroken, number):
    process = child(SLOW_STEP, tmp_path, 0.5)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=WAIT)
    assert (process.returncode, errors) == (128 + number, "")
    trainer(tmp_path).run()
    assert remains(tmp_path) == unbroken


@posix
def test_a_second_signal_ends_the_process_at_once(tmp_path, unbroken):
    process = child(SLOW_STEP, tmp_path, 1000)
    assert process.stdout.readline() == "ready\n"
    deadline = time.monotonic() + WAIT
    while process.poll() is None and time.monotonic() < deadline:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.05)
    process.communicate(timeout=WAIT)
    assert process.returncode == 128 + signal.SIGTERM
    trainer(tmp_path).run()
    assert remains(tmp_path) == unbroken


def killed_at_a_random_moment(folder, chance):
    """Start the run, kill it, and say whether it was still running."""
    code = "tiny_runs.main(sys.argv[1], checkpoint_every=1, keep_checkpoints=1)"
    process = child(code, folder)
    deadline = time.monotonic() + WAIT
    while not (folder / "metrics.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(chance.uniform(0.0, 0.25))
    process.kill()
    _, errors = process.communicate(timeout=WAIT)
    assert errors == ""
    return process.returncode != 0


def assert_kills_cost_nothing(folder, unbroken, kills, chance):
    for _ in range(kills):
        killed_at_a_random_moment(folder, chance)
        if os.path.exists(folder / "checkpoints" / "latest.json"):
            assert is_finite(folder)
    run = trainer(folder, checkpoint_every=1, keep_checkpoints=1)
    run.run()
    assert remains(folder) == unbroken
    assert not stale_files(folder)


@pytest.mark.long
def test_two_kills_in_a_row_at_random_moments_cost_nothing(tmp_path, unbroken, amount):
    chance, runs = random.Random(0), amount(1, 20)
    for number in range(runs):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert_kills_cost_nothing(folder, unbroken, 2, chance)
    print(f"{runs} runs, each killed twice at random moments: the bits of the unbroken run")


KILLED_AT = """
import signal
place = int(sys.argv[2]), int(sys.argv[3])
def loss(step, micro_step, loss):
    if (step, micro_step) == place:
        os.kill(os.getpid(), signal.SIGKILL)
    return loss
tiny_runs.main(sys.argv[1], loss)
"""


@posix
@pytest.mark.long
def test_kills_within_a_step_cost_nothing(tmp_path, unbroken, amount):
    """At random steps, after one batch of two or after both: mid-epoch, with dropout, twice."""
    chance, n_places = random.Random(2), amount(2, 20)
    places = [(chance.randrange(STEPS), chance.randrange(2)) for _ in range(n_places)]
    for number, (step, micro_step) in enumerate(places):
        folder = tmp_path / str(number)
        again = (min(step + chance.randrange(4), STEPS - 1), chance.randrange(2))
        for place in ((step, micro_step), again):
            process = child(KILLED_AT, folder, *place)
            _, errors = process.communicate(timeout=WAIT)
            assert (process.returncode, errors) in [(-signal.SIGKILL, ""), (0, "")]
        trainer(folder, seed=1).run()
        assert remains(folder) == unbroken
        assert not stale_files(folder)
    print(f"{n_places} runs, each killed twice within a step: the bits of the unbroken run")


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_is_ignored_stays_ignored(tmp_path, number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        assert trainer(tmp_path, loss=signal_at((3, 0), number)).run().steps == STEPS
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def impatient(monkeypatch):
    """As if a second had passed since each signal."""
    monkeypatch.setattr("minibig.training.interruption._PATIENCE", 0.0)


def test_a_long_step_is_given_up_between_its_batches(tmp_path, unbroken, monkeypatch):
    impatient(monkeypatch)
    with pytest.raises(Interrupted):
        trainer(tmp_path, loss=signal_at((7, 0), signal.SIGINT)).run()
    assert list_checkpoints(tmp_path / "checkpoints")[-1].name == "step-00000007"
    trainer(tmp_path).run()
    assert remains(tmp_path) == unbroken


@pytest.mark.parametrize(("name", "step"), [("validation", 8), ("sample", 10)])
def test_a_long_look_is_given_up_and_taken_again(tmp_path, unbroken, monkeypatch, name, step):
    """Between the batches of the evaluation, between the tokens of the sample; streams included."""
    impatient(monkeypatch)
    run = trainer(tmp_path)
    plain = measure_of(run, name)
    ended = []

    def measure():
        if run.state.step == step:
            signal.raise_signal(signal.SIGINT)
        found = plain()
        ended.append(run.state.step)
        return found

    with pytest.raises(Interrupted):
        with_look(run, name, measure).run()
    assert step not in ended
    trainer(tmp_path).run()
    assert remains(tmp_path) == unbroken


SLOW_LOOK = """
import time
run = tiny_runs.trainer(sys.argv[1])
def measure():
    print("ready", flush=True)
    from minibig.stopping import stop_if_requested
    for _ in range(1000):
        time.sleep(0.05)
        stop_if_requested()
try:
    tiny_runs.with_look(run, "sample", measure).run()
except tiny_runs.Interrupted as stopped:
    sys.exit(stopped.exit_code)
"""


@posix
def test_ctrl_c_during_a_long_look_is_answered_within_two_seconds(tmp_path, unbroken):
    process = child(SLOW_LOOK, tmp_path)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    asked = time.monotonic()
    process.communicate(timeout=WAIT)
    assert process.returncode == 128 + signal.SIGINT
    assert time.monotonic() - asked < 10  # 2 s on a quiet machine
    trainer(tmp_path).run()
    assert remains(tmp_path) == unbroken
