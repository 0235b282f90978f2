"""Lines that fit the terminal: nothing is lost, nothing is too wide, and pieces change nothing."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.cli.columns import (
    LineBreaker,
    columns_of,
    fitted,
    labelled,
    padded,
    shortened,
    side_by_side,
)

TEXTS = st.text("ab e\u0301你好，。“x\n", max_size=60)
WIDTHS = st.integers(4, 20)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("abc", 3),
        ("你好", 4),
        ("ｆｕｌｌ", 8),
        ("カナ", 4),
        ("ｶﾅ", 2),
        ("e\u0301", 1),
        ("\u1112\u1161\u11ab", 2),
        ("😀", 2),
        ("👩\u200d🔬", 4),
        ("a\u00adb", 3),
    ],
)
def test_columns(text, columns):
    assert columns_of(text) == columns
    assert columns_of(padded(text, 12)) == 12


@given(TEXTS, WIDTHS)
def test_no_line_is_too_wide_and_nothing_but_spaces_and_line_breaks_changes(text, width):
    result = fitted(text, width)
    assert all(columns_of(line) <= width for line in result.split("\n"))
    assert "".join(result.split()) == "".join(text.split())


@given(TEXTS, WIDTHS, st.lists(st.integers(0, 60)))
def test_pieces_give_the_same_lines_as_the_whole(text, width, cuts):
    breaker = LineBreaker(width)
    places = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    pieces = [text[i:j] for i, j in itertools.pairwise(places)]
    shown = "".join(map(breaker.feed, pieces)) + breaker.finish()
    assert shown == fitted(text, width)


@given(TEXTS)
def test_a_text_that_fits_is_left_as_it_is(text):
    lines = [line.rstrip(" ") for line in text.split("\n")]
    assert [line.rstrip(" ") for line in fitted(text, 1000).split("\n")] == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("incomprehensible", ["incompre", "hensible"]),
        ("你好世界你好", ["你好世界", "你好"]),
        ("我们在这，好", ["我们在", "这，好"]),  # a comma never begins a line
        ("ab 你好世界", ["ab 你好", "世界"]),
        ("ab cd“你”", ["ab", "cd“你”"]),
        ("  indented", ["indented"]),
        ("a\n\nb", ["a", "", "b"]),
    ],
)
def test_where_lines_end(text, lines):
    assert [line.rstrip() for line in fitted(text, 8).split("\n")] == [x.rstrip() for x in lines]


def test_words_appear_as_soon_as_they_are_complete():
    breaker = LineBreaker(80)
    assert [breaker.feed(piece) for piece in ("I", " a", "m 小", "模")] == ["", "I", " am", " 小"]
    assert breaker.finish() == "模"


@given(st.text("ab你 \n", max_size=40), st.integers(2, 20))
def test_a_shortened_text_fits_into_one_line(text, width):
    short = shortened(text, width)
    assert columns_of(short) <= width
    assert "\n" not in short
    if columns_of(" ".join(text.split())) <= width:
        assert short == " ".join(text.split())
    else:
        assert short.endswith("…")


@given(st.lists(st.lists(st.text("ab你， \n", max_size=30)), min_size=1, max_size=4), WIDTHS)
def test_side_by_side_each_column_is_its_text(texts, width):
    rows = list(side_by_side(texts, width))
    pieces = ["".join(pieces) for pieces in texts]
    for number, text in enumerate(pieces):
        start = number * (width + 3)
        cells = [cut(row, start, width) for row in rows]
        expected = [line.rstrip() for line in fitted(text, width).split("\n")]
        assert [cell.rstrip() for cell in cells] == expected + [""] * (len(rows) - len(expected))


def cut(row, start, width):
    """The characters of a row in the columns from `start` on."""
    place, found = 0, ""
    for character in row:
        if start <= place < start + width:
            found += character
        place += columns_of(character)
    return found


def test_a_row_appears_when_all_its_cells_are_complete_and_all_texts_grow_together():
    grown = []

    def text(name, *pieces):
        for piece in pieces:
            grown.append(name)
            yield piece

    rows = side_by_side([text("a", "1\n", "2\n", "3"), text("b", "x", "y\n", "z\n")], 5)
    assert next(rows).split() == ["1", "xy"]
    assert grown == ["a", "b", "a", "b"]
    assert [row.split() for row in rows] == [["2", "z"], ["3"]]


@given(TEXTS, st.integers(10, 60))
def test_a_labelled_text_fits(text, width):
    rows = labelled("label", text, 8, width).split("\n")
    assert rows[0].startswith("label")
    assert all(columns_of(row) <= width for row in rows)
