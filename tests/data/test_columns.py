"""Columns of tables: what json and csv write comes back, in bounded memory; errors name lines."""

import csv
import io
import json
import tracemalloc
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend.errors import InputError
from minibig.data import column_texts, load_documents
from minibig.data.columns import split_column

cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"))
rows_of_cells = st.lists(st.tuples(cell, cell), max_size=6)


def in_pieces(text, size):
    return (text[i : i + size] for i in range(0, len(text), size))


def whole(pieces):
    return ["".join(text for _, text in group) for _, group in groupby(pieces, key=lambda p: p[0])]


@given(rows_of_cells, st.integers(1, 9), st.booleans())
def test_what_json_writes_comes_back(rows, size, escaped):
    lines = [json.dumps({"a": a, "text": b}, ensure_ascii=escaped) for a, b in rows]
    texts = in_pieces("\n".join(lines), size)
    assert list(column_texts(texts, "x.jsonl", "text")) == [b for _, b in rows if b]


@given(rows_of_cells, st.integers(1, 9), st.sampled_from(["x.csv", "x.TSV"]))
def test_what_csv_writes_comes_back_with_its_quoted_newlines(rows, size, path):
    file = io.StringIO(newline="")
    delimiter = "," if path == "x.csv" else "\t"
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerows([("a", "text"), *rows])
    texts = in_pieces(file.getvalue(), size)
    assert list(column_texts(texts, path, "text")) == [b for _, b in rows if b]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.jsonl:text", ("a.jsonl", "text")),
        ("C:\\data\\a.csv:text", ("C:\\data\\a.csv", "text")),
        ("C:/data/*.JSONL:the text", ("C:/data/*.JSONL", "the text")),
        ("a.csv:b:c", ("a.csv", "b:c")),
        ("a.csv:b.csv:c", ("a.csv", "b.csv:c")),
        ("数据.tsv:文本", ("数据.tsv", "文本")),
        ("C:\\data\\a.csv", None),
        ("C:\\data\\a.txt:text", None),
        ("a.jsonl", None),
        ("a.jsonl:", None),
        (".csv:text", None),
        ("stdlib", None),
    ],
)
def test_a_column_is_told_from_a_path(name, parts):
    assert split_column(name) == (parts or (name, None))


def test_a_table_is_a_corpus_of_its_rows(tmp_path):
    path = tmp_path / "rows.csv"
    content = 'id,text\r\n1,"one\r\nline and a ""word"""\r\n\r\n2,\r\n3,three<|endoftext|>four\r\n'
    path.write_bytes(b"\xef\xbb\xbf" + content.encode())
    documents = whole(load_documents(f"{path}:text"))
    assert documents == ['one\nline and a "word"', "three", "four"]
    assert whole(load_documents(f"{path}:id")) == ["1", "2", "3"]


def test_a_glob_takes_the_column_of_every_file(tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"text": name}) + "\n\n")
    assert whole(load_documents(f"{tmp_path}/*.jsonl:text")) == ["a", "b"]


def test_rows_that_begin_with_a_newline_or_end_like_a_separator_stay_as_they_are(tmp_path):
    texts = ["\nfirst\n", "second<|endof", "\n", "text|>"]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert whole(load_documents(f"{path}:text")) == texts


def test_a_file_whose_name_has_a_colon_is_that_file(tmp_path):
    path = tmp_path / "rows.csv:text"
    try:
        path.write_text("a text")
    except OSError:
        pytest.skip("this file system has no colons in names")
    assert whole(load_documents(str(path))) == ["a text"]


def test_bytes_that_are_no_utf8_are_errors_or_replaced(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"text\nok\ncaf\xe9\n")
    with pytest.raises(InputError, match="must be UTF-8; byte 0xe9 at offset 11 is not"):
        list(load_documents(f"{path}:text"))
    assert whole(load_documents(f"{path}:text", errors="replace")) == ["ok", "caf\ufffd"]
    with pytest.raises(InputError, match="errors must be"):
        load_documents(f"{path}:text", errors="ignore")


def test_half_of_a_surrogate_pair_is_an_error_or_replaced():
    line = '{"text": "a\\ud83d"}'
    with pytest.raises(InputError, match=r"line 1 of x.jsonl holds half .* U\+D83D"):
        list(column_texts([line], "x.jsonl", "text"))
    assert list(column_texts([line], "x.jsonl", "text", errors="replace")) == ["a\ufffd"]
    assert list(column_texts(['{"text": "\\ud83d\\ude00"}'], "x.jsonl", "text")) == ["\U0001f600"]


JSONL_ERRORS = [
    ('{"text": "a"}\n\n{"text": }', "line 3 of t.jsonl is no JSON .Expecting value"),
    ('{"text": "a"}\n["text"]', "line 2 of t.jsonl must be a JSON object; it is a list"),
    ('{"a": 1, "b": 2}', "line 1 of t.jsonl has no column 'text'; it has 'a', 'b'"),
    ("{}", "line 1 of t.jsonl has no column 'text'; it has none"),
    ('{"text": 7}', "line 1 of t.jsonl must hold a text as 'text'; it holds a int"),
    ('{"text": null}', "line 1 of t.jsonl must hold a text as 'text'; it holds a NoneType"),
    ('{"text": "a"', "line 1 of t.jsonl is no JSON"),
    ("[" * 100_000, "line 1 of t.jsonl is no JSON"),
    ('{"text": "a"}\n{"text": "b", "text": "b"}', "line 2 of .* .the key 'text' comes twice"),
    ('{"text": "a", "more": {"b": 1, "b": 2}}', "line 1 of .* .the key 'b' comes twice"),
    ('{"text": "a"}\r{"text": "b"}\r', r"line 1 of .*end in CR alone, convert it: tr '.r' '.n'"),
    ('{"text": ' + "9" * 5000 + "}", "line 1 of t.jsonl is no JSON"),
]
CSV_ERRORS = [
    ("a,b\n1,2\n", "line 1 of t.csv has no column 'text'; it has 'a', 'b'"),
    ("text,text\n1,2\n", "line 1 of t.csv names the column 'text' more than once"),
    ("a,text\n1,x\n2\n", "line 3 of t.csv begins a row of 1 cells; the first row has 2"),
    ('a,text\n1,"x\ny"\n2,x,y\n', "line 4 of t.csv begins a row of 3 cells"),
    ('a,text\n1,x\n2,"never closed\n3,x\n', "line 3 of t.csv begins a row that cannot be read"),
    ('a,text\n1,"x"y\n', "line 2 of t.csv begins a row that cannot be read"),
    ("a,text\n1,x\ry\n", "line 2 of t.csv begins a row that cannot be read: it holds a carriage"),
    ("a,text\r1,x\r", r"line 1 of t.csv .*end in CR alone, convert it: tr '.r' '.n'"),
]


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [("t.jsonl", *case) for case in JSONL_ERRORS] + [("t.csv", *case) for case in CSV_ERRORS],
)
def test_what_is_wrong_with_a_table_is_said_with_its_line(path, content, words):
    with pytest.raises(InputError, match=words):
        list(column_texts([content], path, "text"))


@pytest.mark.parametrize("content", ["", "text\n", "text\n\n\n"])
def test_a_table_without_any_text_is_refused(tmp_path, content):
    path = tmp_path / "rows.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=r"rows.csv:text is empty"):
        list(load_documents(f"{path}:text"))


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"rows.csv is no file or folder"):
        load_documents(f"{tmp_path}/rows.csv:text")
    with pytest.raises(InputError, match=r"no file matches .*\*.csv"):
        load_documents(f"{tmp_path}/*.csv:text")


@pytest.mark.parametrize("path", ["t.csv", "t.jsonl"])
def test_a_row_without_an_end_is_refused_before_it_fills_the_memory(path, monkeypatch):
    monkeypatch.setattr("minibig.data.columns._LONGEST", 1 << 20)
    begin = 'text\n"' if path == "t.csv" else '{"text": "'
    endless = (
        begin if i == 0 else "a\n" * 500 if path == "t.csv" else "a" * 1000 for i in range(10**7)
    )
    with pytest.raises(InputError, match=r"field limit|1,048,576 characters"):
        list(column_texts(endless, path, "text"))


@pytest.mark.parametrize("path", ["t.csv", "t.jsonl"])
def test_a_long_table_streams(path):
    line = "word " * 20
    head = ["text\n"] if path == "t.csv" else []
    row = f"{line}\n" if path == "t.csv" else json.dumps({"text": line}) + "\n"
    tracemalloc.start()
    count = sum(1 for _ in column_texts((*head, *(row for _ in range(50_000))), path, "text"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 50_000
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "n,word\n1,one\n", r"t\.csv is a table: .*t\.csv:n\. It has 'n', 'word'\."),
        ("t.TSV", "n\tword, and more\n", r"It has 'n', 'word, and more'\."),
        ("t.jsonl", '\n{"id": 1, "text": "a"}\n', r"It has 'id', 'text'\."),
        ("t.ndjson", "[1]\n", r"such as .*:text\. It has none\."),
        ("t.csv", '"unclosed', "is a table"),
        ("t.csv", "n,word\r1,one\r", r"It has 'n', 'word'\."),
        ("t.json", '[{"text": "a"}]', r"is JSON and no text\. Write one object a line"),
        ("wide.csv", ",".join(f"c{i}" for i in range(500)), "'c11' and 488 more"),
        ("wide.csv", ",".join(f"c{i}" for i in range(30_000)), "'c11' and 29,988 more"),
        ("wide.jsonl", json.dumps({f"c{i}": 0 for i in range(30_000)}), "'c11' and 29,988 more"),
        ("t.csv", '"two\nlines",text\n', r"It has 'two.nlines', 'text'"),
    ],
)
def test_a_table_without_a_column_is_refused_with_those_that_it_has(
    tmp_path, name, content, message
):
    (tmp_path / name).write_text(content)
    for path in (tmp_path / name, f"{tmp_path}/*"):
        for read in (load_documents, load_documents):
            with pytest.raises(InputError, match=message):
                list(read(path))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("t.json:text", r"t\.json has no column 'text': only .* Write one object a line"),
        ("t.txt:text", r"only \.jsonl, .* have columns\. Give the file without a column"),
        ("t.parquet:text", "has no column 'text'"),
        ("t.csv:", "names no column; write its name after the colon"),
        ("none.csv:text", r"none\.csv is no file or folder"),
        ("none.json:text", "is no file or folder, nor a corpus"),
    ],
)
def test_a_column_of_something_else_is_refused_with_the_reason(tmp_path, name, message):
    for file in ("t.json", "t.txt", "t.parquet", "t.csv"):
        (tmp_path / file).write_text("x")
    with pytest.raises(InputError, match=message):
        load_documents(f"{tmp_path}/{name}")
