"""Train a tokenizer, turn text into ids and back, look at the tokens."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig import recipes
from minibig.backend import InputError
from minibig.cli.console import given_text, input_bytes, remark, say
from minibig.cli.options import Action, argument, errors_setting
from minibig.files import decoded_blocks, quoted, read_blocks
from minibig.recipes.text import TOKENIZERS
from minibig.settings import Settings, required, setting
from minibig.tokenizers import encode_stream, load_tokenizer, read_ids, visible

EXAMPLE = 'minibig tokenize show runs/quickstart "How is this cut?"'


@dataclass(frozen=True, kw_only=True)
class TrainOptions(Settings):
    """What `minibig tokenize train` takes."""

    data: str = required("as for train: a text, rows.csv:column or stdlib")
    out: Path = required("where it is saved")
    tokenizer: str = setting("bpe", "the kind", choices=TOKENIZERS)
    vocab_size: int = setting(2000, "tokens that bpe may learn, bytes included", least=1)
    errors: str = errors_setting()


@dataclass(frozen=True, kw_only=True)
class TextOptions(Settings):
    """What `encode` and `show` take."""

    folder: Path = argument("a tokenizer, or a run that has one")
    text: str = argument("the text; without, the input", default="-")
    file: Path | None = setting(None, "a file with the text")
    errors: str = errors_setting()


@dataclass(frozen=True, kw_only=True)
class DecodeOptions(Settings):
    """What `decode` takes."""

    folder: Path = argument("a tokenizer, or a run that has one")
    ids: tuple[str, ...] = argument("ids; without, the input", default=())


def _train(given: dict[str, Any]) -> int:
    options = TrainOptions.of(given)
    recipes.check_use(given, options)
    tokenizer, text = recipes.train_tokenizer(**vars(options))
    learned = f"{tokenizer.vocab_size:,} tokens from {text.characters:,} characters"
    say(f"{quoted(options.out)}: {learned}")
    return 0


def _encode(given: dict[str, Any]) -> int:
    options = TextOptions.of(given)
    tokenizer = load_tokenizer(options.folder)
    for number, ids in enumerate(encode_stream(tokenizer, _pieces(options))):
        say(" " * (number > 0) + " ".join(map(str, ids)), end="")
    say()
    return 0


def _decode(given: dict[str, Any]) -> int:
    options = DecodeOptions.of(given)
    tokenizer = load_tokenizer(options.folder)
    say(tokenizer.decode(read_ids(" ".join(options.ids).split() or given_text("-").split())))
    return 0


def _show(given: dict[str, Any]) -> int:
    options = TextOptions.of(given)
    tokenizer = load_tokenizer(options.folder)
    width, count = len(str(tokenizer.vocab_size)), 0
    for ids in encode_stream(tokenizer, _pieces(options)):
        for token in ids:
            say(f"{token:>{width}}  {visible(tokenizer.decode_bytes([token]))}")
        count += len(ids)
    say(f"{count:,} tokens")
    return 0


def _pieces(options: TextOptions) -> Iterator[str]:
    """The text, piece by piece."""
    if options.text != "-":
        if options.file is not None:
            raise InputError(f"a text and --file {options.file} are given. Leave out one of them.")
        yield given_text(options.text, errors=options.errors)
        return
    if options.file is None and sys.stdin.isatty():
        remark("Type a text; Ctrl-D on a line of its own ends it.")
    read = input_bytes().read
    blocks = (
        read_blocks(options.file, 1 << 16) if options.file else iter(lambda: read(1 << 16), b"")
    )
    yield from decoded_blocks(options.file or "the standard input", blocks, options.errors)


ACTIONS = {
    "train": Action(
        "learn a tokenizer from a text",
        "minibig tokenize train --data stdlib --out my-tokenizer",
        TrainOptions,
        _train,
    ),
    "encode": Action(
        "text to token ids",
        "minibig tokenize encode my-tokenizer --file text.txt > ids.txt",
        TextOptions,
        _encode,
    ),
    "decode": Action(
        "token ids to text", "minibig tokenize decode my-tokenizer 262 2 40", DecodeOptions, _decode
    ),
    "show": Action(
        "the tokens of a text, each with its id",
        'minibig tokenize show my-tokenizer "How is this cut?"',
        TextOptions,
        _show,
    ),
}
