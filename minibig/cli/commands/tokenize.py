"""Train a tokenizer, turn text into ids and back, look at the tokens."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig.backend import InputError, Settings, required, setting
from minibig.cli.console import decoded_blocks, file_blocks, given_text, input_blocks, say
from minibig.cli.options import Action, argument
from minibig.data import Text
from minibig.recipes.folder import is_run, tokenizer_of
from minibig.recipes.text import TOKENIZERS, new_tokenizer
from minibig.tokenizers import encode_stream, read_ids, visible

EXAMPLE = 'minibig tokenize show runs/quickstart "How is this cut?"'
_ERRORS = ("strict", "replace")


@dataclass(frozen=True, kw_only=True)
class TrainOptions(Settings):
    """What `minibig tokenize train` takes."""

    data: str = required("as for train: a text, rows.csv:column or stdlib")
    out: Path = required("where it is saved")
    tokenizer: str = setting("bpe", "the kind", choices=TOKENIZERS)
    vocab_size: int = setting(2000, "tokens that bpe may learn, bytes included", least=1)
    errors: str = setting("strict", "what to do with bytes that are no UTF-8", choices=_ERRORS)


@dataclass(frozen=True, kw_only=True)
class TextOptions(Settings):
    """What `encode` and `show` take."""

    folder: Path = argument("a tokenizer, or a run that has one")
    text: str = argument("the text; without, the input", default="-")
    file: Path | None = setting(None, "a file with the text")
    errors: str = setting("strict", "what to do with bytes that are no UTF-8", choices=_ERRORS)


@dataclass(frozen=True, kw_only=True)
class DecodeOptions(Settings):
    """What `decode` takes."""

    folder: Path = argument("a tokenizer, or a run that has one")
    ids: tuple[str, ...] = argument("ids; without, the input", default=())


def _train(given: dict[str, Any]) -> int:
    options = TrainOptions.of(given)
    if is_run(options.out) or (options.out / "config.json").exists():
        raise InputError(
            f"{options.out} holds a run or a model, whose own tokenizer would be hidden. Choose "
            "another --out."
        )
    text = Text(options.data, errors=options.errors)
    tokenizer = new_tokenizer(options.tokenizer, text, options.vocab_size)
    tokenizer.save(options.out)
    size, characters = tokenizer.vocab_size, text.characters
    say(f"{options.out}: {size:,} tokens from {characters:,} characters")
    return 0


def _encode(given: dict[str, Any]) -> int:
    options = TextOptions.of(given)
    tokenizer = tokenizer_of(options.folder)
    between = ""
    for ids in encode_stream(tokenizer, _pieces(options)):
        say(between + " ".join(map(str, ids)), end="")
        between = " "
    say()
    return 0


def _decode(given: dict[str, Any]) -> int:
    options = DecodeOptions.of(given)
    tokenizer = tokenizer_of(options.folder)
    say(tokenizer.decode(read_ids(options.ids or given_text("-").split())))
    return 0


def _show(given: dict[str, Any]) -> int:
    options = TextOptions.of(given)
    tokenizer = tokenizer_of(options.folder)
    width, count = len(str(tokenizer.vocab_size)), 0
    for ids in encode_stream(tokenizer, _pieces(options)):
        for token in ids:
            say(f"{token:>{width}}  {visible(tokenizer.decode_bytes([token]))}")
        count += len(ids)
    say(f"{count:,} tokens")
    return 0


def _pieces(options: TextOptions) -> Iterator[str]:
    """The text, piece by piece."""
    if options.file is None and options.text != "-":
        yield given_text(options.text, errors=options.errors)
        return
    blocks = file_blocks(options.file) if options.file else input_blocks()
    yield from decoded_blocks(blocks, str(options.file or "the standard input"), options.errors)


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
