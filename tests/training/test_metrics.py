"""The metrics file: what was written is there after a kill, and is cut without a trace."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.training import Metrics

finite = st.floats(allow_nan=False, allow_infinity=False)
values = finite | st.integers() | st.text(st.characters(codec="utf-8"))
lines = st.lists(
    st.dictionaries(st.text(st.characters(codec="utf-8")), values).map(lambda d: {**d, "step": 1}),
    max_size=6,
)


@given(lines=lines, count=st.integers(0, 8), torn=st.binary(max_size=20))
def test_whole_lines_come_back_and_the_rest_is_cut(tmp_path_factory, lines, count, torn):
    path = tmp_path_factory.mktemp("run") / "metrics.jsonl"
    metrics = Metrics(path)
    for line in lines:
        metrics.write(**line)
    with open(path, "ab") as file:
        file.write(torn.replace(b"\n", b""))
    assert metrics.read() == lines
    assert metrics.keep(count) == min(count, len(lines))
    assert metrics.read() == lines[:count]
    metrics.write(step=9)
    assert metrics.read() == [*lines[:count], {"step": 9}]
    metrics.close()


def test_a_line_is_in_the_file_as_soon_as_it_is_written(tmp_path):
    metrics = Metrics(tmp_path / "new" / "metrics.jsonl")
    assert metrics.read() == []
    with metrics:
        metrics.write(step=1, loss=0.5, sample="两\u2028\n行")
        text = metrics.path.read_text(encoding="utf-8")
        assert text.count("\n") == 1
        assert json.loads(text) == {"step": 1, "loss": 0.5, "sample": "两\u2028\n行"}
        metrics.sync()


def test_a_file_that_is_whole_already_is_not_written_again(tmp_path):
    metrics = Metrics(tmp_path / "metrics.jsonl")
    metrics.write(step=1)
    before = metrics.path.stat()
    assert metrics.keep(1) == 1
    after = metrics.path.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_wrong_uses_are_told(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with pytest.raises(ValueError, match="not JSON compliant"):
        Metrics(path).write(step=1, loss=float("nan"))
    for wrong in ("{}\n", "[1]\n", "loss 3\n", '{"step": 1}\n{"step": 2, "lo\n'):
        path.write_text(wrong)
        with pytest.raises(mb.InputError, match=r"is no metrics file: line \d is no JSON object"):
            Metrics(path).read()
    for wrong in ('"1"', "1.5", "null", "true", "[1]", "-Infinity"):
        path.write_text(f'{{"step": {wrong}, "loss": 1.0}}\n')
        with pytest.raises(mb.InputError, match="is no metrics file: line 1"):
            Metrics(path).read()
    for name, wrong in (
        ("loss", '"low"'),
        ("lr", "null"),
        ("because", "3"),
        ("x", "[1]"),
        ("x", "NaN"),
    ):
        path.write_text(f'{{"step": 1, "{name}": {wrong}}}\n')
        with pytest.raises(mb.InputError, match="is no metrics file: line 1"):
            Metrics(path).read()
    with pytest.raises(mb.InputError, match="is not a regular file"):
        Metrics(tmp_path).read()
    with pytest.raises(mb.InputError, match="cannot be written: Is a directory"):
        Metrics(tmp_path).write(step=1)


def test_a_file_that_was_taken_away_is_noticed(tmp_path):
    with Metrics(tmp_path / "metrics.jsonl") as metrics:
        metrics.write(step=1)
        metrics.path.unlink()
        with pytest.raises(mb.InputError, match="it was removed while the run went on"):
            metrics.sync()


def test_the_latest_values_are_those_of_the_last_lines_that_have_them(tmp_path):
    with Metrics(tmp_path / "metrics.jsonl") as metrics:
        assert metrics.latest() == {}
        metrics.write(step=1, loss=3.0)
        metrics.write(step=1, validation_loss=2.5)
        metrics.write(step=2, loss=2.0)
        assert metrics.latest() == {"step": 2, "loss": 2.0, "validation_loss": 2.5}
