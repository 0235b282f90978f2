import shutil
import sys

import pytest

from minibig.cli import main
from minibig.tokenizers import ByteLevelBPE, load_tokenizer

from .commands import called, minibig

TEXT = "the cat é 你好\n\tsat"


def test_encode_and_decode_are_inverse(bpe_folder):
    encoded = called("tokenize", "encode", bpe_folder, TEXT)
    assert encoded.returncode == 0, encoded.stderr
    decoded = called("tokenize", "decode", bpe_folder, *encoded.stdout.split())
    assert decoded.stdout == TEXT + "\n"
    assert called("tokenize", "decode", bpe_folder, input=encoded.stdout).stdout == TEXT + "\n"


def test_text_comes_as_argument_file_or_input(bpe_folder, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8", newline="")
    ways = [
        called("tokenize", "encode", bpe_folder, TEXT),
        called("tokenize", "encode", bpe_folder, "--file", path),
        minibig("tokenize", "encode", bpe_folder, input=TEXT),
        called("tokenize", "encode", bpe_folder, "-", input=TEXT),
    ]
    assert len({way.stdout for way in ways}) == 1
    assert ways[0].stdout.strip()


def test_show_makes_whitespace_and_parts_of_characters_visible(bpe_folder):
    done = called("tokenize", "show", bpe_folder, "the cat\n é")
    shown = [line.split(maxsplit=1)[1] for line in done.stdout.splitlines()[:-1]]
    assert "".join(shown[:-2]).replace("␣", " ").replace("⏎", "\n") == "the cat\n "
    assert shown[-2:] == ["<c3>", "<a9>"]
    assert done.stdout.splitlines()[-1] == f"{len(shown)} tokens"


def test_bytes_that_are_no_text_are_refused_or_replaced(bpe_folder):
    refused = minibig("tokenize", "encode", bpe_folder, input=b"caf\xe9 au lait")
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert b"byte 0xe9 at offset 3" in refused.stderr
    replaced = called(
        "tokenize", "encode", bpe_folder, "--errors", "replace", input=b"caf\xe9 au lait"
    )
    as_text = called("tokenize", "encode", bpe_folder, "caf\ufffd au lait")
    assert replaced.stdout == as_text.stdout


@pytest.mark.parametrize("kind", ["characters", "bpe", "bpe-han"])
def test_every_kind_of_tokenizer_can_be_trained(kind, text_file, tmp_path, capsys):
    arguments = ["--data", str(text_file), "--out", str(tmp_path), "--tokenizer", kind]
    arguments += [] if kind == "characters" else ["--vocab-size", "260"]
    assert main(["tokenize", "train", *arguments]) == 0
    capsys.readouterr()
    assert main(["tokenize", "encode", str(tmp_path), "the cat"]) == 0
    ids = capsys.readouterr().out.split()
    assert main(["tokenize", "decode", str(tmp_path), *ids]) == 0
    assert capsys.readouterr().out == "the cat\n"


@pytest.mark.parametrize("place", ["", "model"])
def test_the_tokenizer_of_a_run_or_a_model_is_not_hidden(finished_run, text_file, place, capsys):
    out = finished_run / place
    before = sorted(path for path in finished_run.rglob("*"))
    assert main(["tokenize", "train", "--data", str(text_file), "--out", str(out)]) == 1
    assert "whose own tokenizer would be hidden" in capsys.readouterr().err
    assert sorted(path for path in finished_run.rglob("*")) == before


def test_a_tokenizer_that_lies_in_a_run_all_the_same_does_not_count(finished_run, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    assert main(["tokenize", "encode", str(run), "the cat"]) == 0
    expected = capsys.readouterr().out
    for path in (finished_run / "tokenizer").iterdir():
        shutil.copy(path, run)
    (run / "tokenizer_settings.json").write_text("{}")
    assert main(["tokenize", "encode", str(run), "the cat"]) == 0
    assert capsys.readouterr().out == expected


def test_a_long_file_is_encoded_piece_by_piece(bpe_folder, tmp_path, capsys, monkeypatch):
    path = tmp_path / "long.txt"
    path.write_bytes("the cat é 你好 sat on the mat\r\n".encode() * 20_000)  # 760 kB
    longest = 0
    encode = ByteLevelBPE.encode

    def watched(self, text):
        nonlocal longest
        longest = max(longest, len(text))
        return encode(self, text)

    monkeypatch.setattr(ByteLevelBPE, "encode", watched)
    assert main(["tokenize", "encode", str(bpe_folder), "--file", str(path)]) == 0
    ids = list(map(int, capsys.readouterr().out.split()))
    assert longest < 100_000
    text = path.read_bytes().decode().replace("\r\n", "\n")
    assert ids == encode(load_tokenizer(bpe_folder), text)


@pytest.mark.parametrize("word", ["9" * 5000, "-1", "x", "1.5", "０"])
def test_what_is_no_id_is_one_line(bpe_folder, word, capsys):
    assert main(["tokenize", "decode", str(bpe_folder), "--", word]) == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and len(shown) < 400


@pytest.mark.skipif(sys.platform == "win32", reason="arguments there are Unicode")
def test_bytes_of_an_argument_that_are_no_text_are_refused_or_replaced(bpe_folder, capsys):
    argument = b"caf\xe9".decode("utf-8", "surrogateescape")  # as Python reads a command line
    assert main(["tokenize", "encode", str(bpe_folder), argument]) == 1
    assert "UTF-8" in capsys.readouterr().err
    assert main(["tokenize", "encode", str(bpe_folder), argument, "--errors", "replace"]) == 0
    shown = capsys.readouterr().out
    assert main(["tokenize", "encode", str(bpe_folder), "caf\ufffd"]) == 0
    assert capsys.readouterr().out == shown
