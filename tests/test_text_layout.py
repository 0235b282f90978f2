"""Lines that fit the terminal: nothing is lost, and nothing is too wide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.text_layout import columns_of, labelled, padded, shortened, table, wrapped

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
    result = wrapped(text, width)
    assert all(columns_of(line) <= width for line in result.split("\n"))
    assert "".join(result.split()) == "".join(text.split())


@given(TEXTS)
def test_a_text_that_fits_is_left_as_it_is(text):
    lines = [line.rstrip(" ") for line in text.split("\n")]
    assert [line.rstrip(" ") for line in wrapped(text, 1000).split("\n")] == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("incomprehensible", ["incompre", "hensible"]),
        ("你好世界你好", ["你好世界", "你好"]),
        ("ab 你好世界", ["ab 你好", "世界"]),
        ("  indent", ["  indent"]),
        ("a\n\nb", ["a", "", "b"]),
    ],
)
def test_where_lines_end(text, lines):
    assert [line.rstrip() for line in wrapped(text, 8).split("\n")] == [x.rstrip() for x in lines]


@given(st.text("ab你 \n", max_size=40), st.integers(2, 20))
def test_a_shortened_text_fits_into_one_line(text, width):
    short = shortened(text, width)
    assert columns_of(short) <= width
    assert "\n" not in short
    if columns_of(" ".join(text.split())) <= width:
        assert short == " ".join(text.split())
    else:
        assert short.endswith("…")


@given(TEXTS, st.integers(10, 60))
def test_a_labelled_text_fits(text, width):
    rows = labelled("label", text, 8, width).split("\n")
    assert rows[0].startswith("label")
    assert all(columns_of(row) <= width for row in rows)


def test_a_table_is_as_wide_as_it_looks_and_fits():
    assert table([["名", "a"], ["x", "12"]], 79) == "名    a\nx    12"
    rows = [["run", *("a long name " * 3 + str(i) for i in range(4))]] * 2
    assert max(map(columns_of, table(rows, 60).splitlines())) <= 60


@pytest.mark.parametrize("text", ["a" * 100_000, "你" * 100_000, "a b\n" * 30_000])
def test_a_very_long_text_takes_no_longer_than_its_length(text):
    assert "".join(wrapped(text, 10**9).split()) == "".join(text.split())
    assert wrapped(text, 79)
