"""Stages: each is done once, whenever the command was stopped, and its time is kept."""

import json

import pytest

from minibig.backend import InputError
from minibig.recipes.stages import Stages

NAMES = ("first", "second", "third")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "stages.json"


def go(path, done, stop_in=None):
    """A command of three stages that may be stopped in one of them."""
    stages = Stages(NAMES, path)

    def work(name):
        if name == stop_in:
            raise KeyboardInterrupt
        done.append(name)
        return 2.5 if name == "second" else None

    for name in NAMES:
        stages.run(name, lambda name=name: work(name))
    return stages


@pytest.mark.parametrize("stop_in", NAMES)
def test_finished_stages_are_not_repeated(path, stop_in, capsys):
    done = []
    with pytest.raises(KeyboardInterrupt):
        go(path, done, stop_in)
    assert done == list(NAMES[: NAMES.index(stop_in)])
    capsys.readouterr()
    stages = go(path, done)
    assert done == list(NAMES)
    shown = capsys.readouterr().out
    for place, name in enumerate(NAMES):
        before = ": finished before, in" if place < NAMES.index(stop_in) else "\n"
        assert f"[{place + 1}/3] {name}{before}" in shown
    assert stages.seconds["second"] == 2.5, "what the work says of its own time"
    assert 0 <= stages.seconds["first"] < 1
    assert json.loads(path.read_text()) == stages.seconds


def test_a_stage_can_be_repeated(path):
    done = []
    go(path, done).repeat("third", "first")
    go(path, done)
    assert done == [*NAMES, "first", "third"]


@pytest.mark.parametrize("text", ["[]", '{"fourth": 1}', '{"first": "long"}', "{"])
def test_a_file_that_is_something_else_is_refused(path, text):
    path.write_text(text)
    with pytest.raises(InputError):
        Stages(NAMES, path)
