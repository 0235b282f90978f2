"""The picture of a run: everything that was measured is seen in it."""

import math

import numpy as np
import pytest
from training.tiny_runs import child

import minibig as mb
from minibig.pictures import draw_losses, draw_phases, draw_runs, smoothed_losses
from minibig.training import Metrics

BLUE, ORANGE, GREEN = (0x2F, 0x6F, 0x9F), (0xD1, 0x60, 0x3D), (0x5B, 0x8C, 0x5A)


def metrics_of_a_run(folder, steps=200, every=20, above=0.0):
    metrics = Metrics(folder / "metrics.jsonl")
    rng = np.random.default_rng(0)
    for step in range(1, steps + 1):
        loss = above + 1.5 + 3 * math.exp(-step / 40)
        metrics.write(step=step, loss=loss + 0.1 * rng.standard_normal())
        if every and step % every == 0:
            metrics.write(step=step, validation_loss=loss + 0.2)
    metrics.close()
    return metrics


def pixels(path, color):
    from matplotlib.image import imread

    image = np.round(imread(path)[..., :3] * 255).astype(int)
    assert image.shape == (675, 1200, 3)
    return int((np.abs(image - color).max(axis=-1) <= 2).sum())


def test_each_thing_that_was_measured_is_seen_in_its_color(tmp_path):
    path = tmp_path / "new" / "loss.png"
    draw_losses(metrics_of_a_run(tmp_path), path, floor=1.2, title="A run")
    assert path.read_bytes().startswith(b"\x89PNG")
    for color in (BLUE, ORANGE, GREEN):
        assert pixels(path, color) > 400


def test_what_was_not_measured_is_not_drawn(tmp_path):
    path = tmp_path / "loss.png"
    draw_losses(metrics_of_a_run(tmp_path, every=0), path)
    assert pixels(path, BLUE) > 400
    assert pixels(path, ORANGE) == pixels(path, GREEN) == 0


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_first_steps_have_a_picture_too(tmp_path, steps):
    path = tmp_path / "loss.png"
    draw_losses(metrics_of_a_run(tmp_path, steps=steps, every=1), path)
    assert pixels(path, ORANGE) > 0


def test_each_run_of_several_is_seen_in_its_own_color(tmp_path):
    runs = {name: metrics_of_a_run(tmp_path / name, above=len(name)) for name in ("one", "three")}
    path = tmp_path / "both.png"
    draw_runs(runs, path)
    assert pixels(path, BLUE) > 400 and pixels(path, ORANGE) > 400 and pixels(path, GREEN) == 0
    draw_runs({"one": runs["one"]}, path)
    assert pixels(path, BLUE) > 400 and pixels(path, ORANGE) == 0


def test_more_runs_than_colors_and_runs_without_validation(tmp_path):
    runs = {
        f"{i}": metrics_of_a_run(tmp_path / f"{i}", steps=9, every=3 * (i % 2)) for i in range(20)
    }
    draw_runs(runs, tmp_path / "many.png")
    assert (tmp_path / "many.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("n", [1, 2, 59, 300])
def test_smoothing_is_the_mean_of_a_window(n):
    losses = np.random.default_rng(n).standard_normal(n)
    steps, found = smoothed_losses(np.arange(n), losses)
    half = max(1, n // 60)
    for i in range(n):
        reach = min(half, i)
        window = losses[i - reach : i + reach + 1]
        assert found[i] == pytest.approx(sum(window) / len(window))
    assert len(steps) == n


def test_wrong_uses_are_told(tmp_path):
    with pytest.raises(mb.InputError, match="has no losses to draw yet"):
        draw_losses(Metrics(tmp_path / "none.jsonl"), tmp_path / "loss.png")
    with pytest.raises(mb.InputError, match="has no losses to draw yet"):
        draw_runs({"none": Metrics(tmp_path / "none.jsonl")}, tmp_path / "loss.png")
    metrics = metrics_of_a_run(tmp_path, steps=3)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(mb.InputError, match="a folder is in the way"):
        draw_losses(metrics, tmp_path / "folder.png")
    (tmp_path / "file").write_text("")
    with pytest.raises(mb.InputError, match="file cannot be written"):
        draw_losses(metrics, tmp_path / "file" / "loss.png")


def test_drawing_touches_nothing_global(tmp_path):
    metrics_of_a_run(tmp_path, steps=3)
    code = (
        "from minibig.pictures import draw_losses\n"
        "from minibig.training import Metrics\n"
        "assert 'matplotlib' not in sys.modules and 'tqdm' not in sys.modules\n"
        "draw_losses(Metrics(sys.argv[1] + '/metrics.jsonl'), sys.argv[1] + '/loss.png')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    process = child(code, tmp_path)
    assert process.communicate(timeout=60) == ("", "") and process.returncode == 0


class Lines:
    """A log that is in memory."""

    def __init__(self, losses):
        self.path, self.losses = "a log", losses

    def read(self):
        return [{"step": i, "loss": loss} for i, loss in enumerate(self.losses, 1)]


def test_a_run_of_one_step_is_seen(tmp_path):
    draw_losses(Lines([3.0]), tmp_path / "one.png")
    draw_losses(Lines([3.0, 3.0]), tmp_path / "two.png")
    # the sample in the legend has a point as well
    assert pixels(tmp_path / "one.png", BLUE) > 250 and pixels(tmp_path / "two.png", BLUE) > 250
    draw_runs({"a": Lines([3.0])}, tmp_path / "runs.png")


@pytest.mark.parametrize("hole", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_hides_no_other(tmp_path, hole):
    losses = np.linspace(3, 1, 200)
    losses[20] = hole
    smooth = smoothed_losses(np.arange(200), losses)[1]
    whole = smoothed_losses(np.arange(200), np.linspace(3, 1, 200))[1]
    assert np.isfinite(smooth).all() and np.abs(smooth - whole).max() < 0.02
    draw_losses(Lines(losses), tmp_path / "loss.png")
    draw_losses(Lines(np.full(9, hole)), tmp_path / "none.png")


@pytest.mark.parametrize(
    "names",
    [
        [f"run {i}" for i in range(30)],
        ["a name " * 60 + str(i) for i in range(3)],
        ["line\nbreak", "", "\u202eturned", "<script>", "$\\frac{1}"],
    ],
    ids=["many", "long", "odd"],
)
def test_names_of_runs_leave_the_picture_its_room(tmp_path, names):
    plain = {str(i): Lines(np.linspace(3, 1, 50)) for i in range(3)}
    draw_runs(plain, tmp_path / "plain.png")
    draw_runs(dict.fromkeys(names, Lines(np.linspace(3, 1, 50))), tmp_path / "names.png")
    assert grid_rows(tmp_path / "names.png") >= grid_rows(tmp_path / "plain.png") - 12


def grid_rows(path):
    """How many rows of pixels the axis on the left takes."""
    from matplotlib.image import imread

    image = np.round(imread(path)[..., :3] * 255).astype(int)
    axis = (np.abs(image - (0x8A, 0x98, 0xA3)).max(axis=-1) <= 40).sum(axis=0)
    return int(axis.max())


def test_a_long_title_is_cut_and_turns_nothing_around(tmp_path):
    log = Lines(np.linspace(3, 1, 50))
    draw_losses(log, tmp_path / "long.png", title="\u202e" + "a title " * 100)
    draw_losses(log, tmp_path / "plain.png", title="a title")
    assert grid_rows(tmp_path / "long.png") >= grid_rows(tmp_path / "plain.png") - 12


def test_nothing_to_draw_and_no_path_are_told(tmp_path):
    with pytest.raises(mb.InputError, match="at least one run"):
        draw_runs({}, tmp_path / "a.png")
    with pytest.raises(mb.InputError, match="at least one phase"):
        draw_phases([], tmp_path / "a.png")
    for draw in (draw_losses, lambda log, path: draw_runs({"a": log}, path)):
        with pytest.raises(mb.InputError, match="path must be the path of a file"):
            draw(Lines([1.0, 2.0]), None)
