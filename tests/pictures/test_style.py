"""Pictures look the same everywhere, and one that cannot be drawn stops nothing."""

import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

import minibig as mb
from minibig.pictures import draw_graph, draw_losses, own_defaults, picture_of, reason_not_drawn
from minibig.pictures.curves import Phase

STRANGE = """
text.usetex: True
font.family: No Such Font
axes.facecolor: black
lines.linewidth: 9
savefig.dpi: 20
figure.constrained_layout.use: True
backend: pdf
"""


class Lines:
    """Metrics that lie in memory."""

    path = Path("metrics.jsonl")

    def read(self):
        lines = [{"step": i, "loss": 3 / i, "seconds": 1} for i in range(1, 9)]
        return [*lines, {"step": 8, "validation_loss": 0.5}]


SCRIPT = """
import sys
from pathlib import Path
from minibig.pictures import legible, picture_of
from minibig.pictures.curves import Phase
assert legible("run 1") == "run 1"
class Lines:
    path = Path("metrics.jsonl")
    def read(self):
        lines = [{"step": i, "loss": 3 / i, "seconds": 1} for i in range(1, 9)]
        return [*lines, {"step": 8, "validation_loss": 0.5}]
Path("picture.png").write_bytes(picture_of([Phase(Lines())]))
"""


def test_a_matplotlibrc_of_the_current_folder_changes_nothing_and_nothing_is_said(tmp_path):
    (tmp_path / "matplotlibrc").write_text(STRANGE)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "picture.png").read_bytes() == picture_of([Phase(Lines())])


def test_settings_of_the_user_are_as_before_afterwards(tmp_path):
    import matplotlib

    before = matplotlib.get_backend()
    with matplotlib.rc_context({"lines.linewidth": 7.5, "text.usetex": True}):
        expected = dict(matplotlib.rcParams)
        picture_of([Phase(Lines())])
        draw_graph(mb.tensor(1.0, requires_grad=True) * 2, tmp_path / "graph.png")
        with pytest.raises(KeyError), own_defaults():
            assert not matplotlib.rcParams["text.usetex"]
            raise KeyError
        assert dict(matplotlib.rcParams) == expected
    assert matplotlib.get_backend() == before


def test_threads_draw_side_by_side():
    pictures = [b""] * 4

    def draw(i):
        pictures[i] = picture_of([Phase(Lines())])

    threads = [threading.Thread(target=draw, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(pictures) == {picture_of([Phase(Lines())])}


def test_a_picture_that_cannot_be_drawn_gives_the_reason(tmp_path):
    assert reason_not_drawn(lambda: draw_losses(Lines(), tmp_path / "loss.png")) == ""
    (tmp_path / "file").write_text("")
    reason = reason_not_drawn(lambda: draw_losses(Lines(), tmp_path / "file" / "loss.png"))
    assert reason.startswith("StorageError: ") and "\n" not in reason

    def long():
        raise RuntimeError("x\n" * 10**6)

    assert len(reason_not_drawn(long)) < 400
    assert reason_not_drawn(lambda: [][0]) == "IndexError: list index out of range"


def test_an_interrupt_is_not_a_reason():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reason_not_drawn(interrupted)


@pytest.mark.parametrize("title", ["\ufdfd" * 255, "e" + "\u0301" * 255, "\u2e3b" * 255])
def test_a_title_of_wide_letters_or_many_accents_leaves_room_for_the_curves(title):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        picture_of([Phase(Lines(), title), Phase(Lines(), title)])
    assert not [each for each in warned if "layout" in str(each.message)]
