"""What the time of a run was spent on: parts that never overlap and add up to all of it."""

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.training import Clock, Interrupted, shares
from minibig.training.clock import PARTS
from training.tiny_runs import STEPS, trainer, with_look


@pytest.fixture
def now(monkeypatch):
    """The time, in a list of one number, that a test sets."""
    time = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: time[0])
    return time


def test_what_lies_inside_another_part_counts_for_itself(now):
    clock = Clock()
    now[0] += 1
    with clock.on("steps"):
        now[0] += 2
        with clock.on("data"):
            now[0] += 4
        now[0] += 8
    now[0] += 16
    assert clock.spent() == {"rest": 17.0, "steps": 10.0, "data": 4.0}
    assert clock.seconds() == sum(clock.spent().values()) == 31.0


def test_a_part_that_ends_in_an_error_ends_there(now):
    clock = Clock()
    with pytest.raises(ValueError), clock.on("steps"), clock.on("data"):
        now[0] += 1
        raise ValueError
    now[0] += 2
    assert clock.spent() == {"rest": 2.0, "steps": 0.0, "data": 1.0}


def test_a_part_that_is_under_way_counts_until_now(now):
    clock = Clock()
    with clock.on("saving"):
        now[0] += 3
        assert clock.spent()["saving"] == 3.0
        now[0] += 1
    assert clock.spent()["saving"] == 4.0


def test_it_goes_on_from_earlier_parts_and_what_is_not_known_of_them_is_the_rest(now):
    clock = Clock(50.0, {"steps": 30.0, "saving": 5.0})
    now[0] += 1
    with clock.on("steps"):
        now[0] += 2
    assert clock.spent() == {"steps": 32.0, "saving": 5.0, "rest": 16.0}
    assert clock.seconds() == 53.0
    assert Clock(50.0).spent() == {"rest": 50.0}


@given(st.dictionaries(st.text(min_size=1), st.floats(0, 1e9), max_size=6))
def test_shares_are_of_all_there_is(spent):
    told = shares(spent)
    assert all(part in told for part in spent)
    assert told.count(" % ") >= len(spent)


def test_a_run_says_what_its_time_was_spent_on(tmp_path):
    result = trainer(tmp_path).run()
    assert set(result.spent) == {*PARTS, "validation", "sample"}
    assert min(result.spent.values()) > 0
    assert sum(result.spent.values()) == pytest.approx(result.seconds, abs=1e-3)


def test_a_run_that_goes_on_adds_to_what_was_spent_before(tmp_path):
    def stopped():
        signal.raise_signal(signal.SIGINT)
        return "a sample"

    run = with_look(trainer(tmp_path), "sample", stopped)
    with pytest.raises(Interrupted):
        run.run()
    before = run.state.spent
    assert 0 < before["steps"] <= before["steps"] + before["data"] < run.clock.seconds()
    result = trainer(tmp_path).run()
    assert result.steps == STEPS
    assert all(result.spent[part] >= seconds for part, seconds in before.items())
    assert result.spent["steps"] > before["steps"]
    assert sum(result.spent.values()) == pytest.approx(result.seconds, abs=1e-3)
    again = trainer(tmp_path).run()
    assert again.spent == result.spent, "a finished run spends nothing"
