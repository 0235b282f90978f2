"""Names of any language in pictures: with the fonts there are, or escaped, and never as boxes."""

from pathlib import Path

import numpy as np
import pytest

from minibig.nn import Module, Parameter
from minibig.pictures import draw_graph, draw_losses, draw_runs, fonts, legible, use_installed_fonts

from .test_curves import metrics_of_a_run

FILES = {
    "DejaVu Sans": "DejaVuSans",
    "DejaVu Sans Mono": "DejaVuSansMono",
    "STIXGeneral": "STIXGeneral",
    "Last Resort": "LastResortHE-Regular",
}


def bundled(name):
    """The file of a font that comes with matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path(), "fonts", "ttf", f"{FILES[name]}.ttf")


@pytest.fixture
def installed(monkeypatch):
    """Choose which of these fonts are all that is installed."""
    from matplotlib import font_manager

    def choose(*names):
        fonts._coverage.cache_clear()
        entries = [font_manager.FontEntry(fname=str(bundled(n)), name=n) for n in names]
        monkeypatch.setattr(font_manager.fontManager, "ttflist", entries)

    yield choose
    fonts._coverage.cache_clear()


def foreign_character():
    """One that STIXGeneral has and matplotlib's own font has not."""
    from matplotlib.ft2font import FT2Font

    theirs, own = (FT2Font(str(bundled(n))).get_charmap() for n in ("STIXGeneral", "DejaVu Sans"))
    return chr(min(theirs.keys() - own.keys()))


def families_of(text):
    from matplotlib.figure import Figure

    figure = Figure()
    drawn = figure.text(0, 0, text)
    use_installed_fonts(figure)
    return drawn.get_text(), drawn.get_fontfamily()


def test_a_character_is_drawn_by_a_font_that_has_it(installed):
    installed("DejaVu Sans", "STIXGeneral")
    character = foreign_character()
    text, families = families_of(f"run {character}")
    assert text == legible(text) == f"run {character}"
    assert families[-2:] == ["DejaVu Sans", "STIXGeneral"]
    assert families_of("run 1")[1][-1] == "DejaVu Sans"


def test_what_no_font_has_is_written_as_its_code_point(installed):
    installed("DejaVu Sans")
    character = foreign_character()
    assert legible(f"a{character}") == "a" + ascii(character)[1:-1]
    assert legible("中文\n1 é") == "\\u4e2d\\u6587\n1 é"
    assert families_of("中文")[0] == "\\u4e2d\\u6587"


def test_a_font_file_that_is_gone_or_damaged_is_passed_over(installed, tmp_path):
    from matplotlib import font_manager

    installed("DejaVu Sans")
    damaged = tmp_path / "damaged.ttf"
    damaged.write_bytes(b"no font")
    listed = font_manager.fontManager.ttflist
    for path in (tmp_path / "gone.ttf", damaged):
        listed.append(font_manager.FontEntry(fname=str(path), name="Sans SC"))
    assert legible("中") == "\\u4e2d"


def test_a_font_of_boxes_for_everything_is_no_help(installed):
    if not bundled("Last Resort").exists():
        pytest.skip("this matplotlib does not bring such a font")
    installed("DejaVu Sans", "Last Resort", "STIXGeneral")
    assert families_of(f"中{foreign_character()}")[1][-2:] == ["DejaVu Sans", "STIXGeneral"]
    assert legible("中\uffff") == "\\u4e2d\\uffff"


def is_drawn(path):
    """Whether a picture is there, and is not of one color."""
    from matplotlib.image import imread

    return len(np.unique(imread(path))) > 2


NAMES = ["中文", "日本語 한국어", "a\tb", "$x^2$", "_x", "😀", "\udc80", "\uffff", "العربية"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("bare", [False, True], ids=["fonts of this machine", "no other fonts"])
def test_no_name_is_warned_of_or_fails(installed, tmp_path, bare, name):
    if bare:
        installed("DejaVu Sans")
    metrics = metrics_of_a_run(tmp_path, steps=3)
    draw_losses(metrics, tmp_path / "loss.png", title=name)  # a warning is an error in tests
    assert is_drawn(tmp_path / "loss.png")


@pytest.mark.parametrize("bare", [False, True], ids=["fonts of this machine", "no other fonts"])
def test_runs_of_all_these_names_are_drawn_together(installed, tmp_path, bare):
    if bare:
        installed("DejaVu Sans")
    metrics = metrics_of_a_run(tmp_path, steps=3)
    draw_runs(dict.fromkeys(NAMES, metrics), tmp_path / "runs.png")
    assert is_drawn(tmp_path / "runs.png")


@pytest.mark.parametrize("bare", [False, True], ids=["fonts of this machine", "no other fonts"])
def test_names_of_two_unlike_characters_look_unlike(installed, tmp_path, bare):
    """Empty boxes would look alike."""
    from matplotlib.image import imread

    if bare:
        installed("DejaVu Sans")
    metrics = metrics_of_a_run(tmp_path, steps=3)
    pictures = []
    for name in ("中中", "文文"):
        draw_losses(metrics, tmp_path / "loss.png", title=name)
        pictures.append(imread(tmp_path / "loss.png"))
    assert not np.array_equal(*pictures)


def test_a_drawn_graph_takes_names_of_any_language(installed, tmp_path):
    installed("DejaVu Sans", "DejaVu Sans Mono")
    model = Module()
    model.权重 = Parameter(np.ones(2, np.float32))
    draw_graph((model.权重 * 2).sum(), tmp_path / "graph.png", model)
    assert is_drawn(tmp_path / "graph.png")
