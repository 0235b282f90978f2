"""`minibig tokenize`: train a tokenizer, turn text into ids and back, look at the tokens."""

import argparse
import sys
from pathlib import Path

from minibig.cli.console import add_errors_flag, file_text, given_text, say
from minibig.cli.corpus import Corpus
from minibig.cli.preparation import TOKENIZERS, trained_tokenizer
from minibig.cli.run_folders import tokenizer_of
from minibig.tokenizers import read_ids, visible

EXAMPLE = 'minibig tokenize show runs/quickstart "How is this cut?"'
_EXAMPLES = {
    "train": "minibig tokenize train --data stdlib --vocab-size 2000 --out my-tokenizer",
    "encode": "minibig tokenize encode my-tokenizer --file text.txt > ids.txt",
    "decode": "minibig tokenize decode my-tokenizer 262 2 40",
    "show": 'minibig tokenize show my-tokenizer "How is this cut?"',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command: one sub-command for each thing it does."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    parsers = {
        name: actions.add_parser(
            name,
            help=meaning,
            description=meaning,
            epilog=f"example: {_EXAMPLES[name]}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for name, meaning in (
            ("train", "learn a tokenizer from a text"),
            ("encode", "text to token ids"),
            ("decode", "token ids to text"),
            ("show", "the tokens of a text, each with its id"),
        )
    }
    train = parsers.pop("train")
    train.add_argument(
        "--data",
        required=True,
        metavar="NAME",
        help="as for train: a text, rows.csv:column or stdlib",
    )
    train.add_argument("--out", required=True, metavar="FOLDER", help="where it is saved")
    train.add_argument("--tokenizer", choices=TOKENIZERS, default="bpe", help="(bpe)")
    train.add_argument("--vocab-size", type=int, default=2000, metavar="N", help="(2000)")
    add_errors_flag(train)
    for name, other in parsers.items():
        other.add_argument("folder", metavar="FOLDER", help="a tokenizer, or a run that has one")
        if name == "decode":
            other.add_argument("ids", nargs="*", metavar="ID", help="ids; without, the input")
            continue
        other.add_argument("text", nargs="?", default="-", help="the text; without, the input")
        other.add_argument("--file", metavar="FILE", help="a file with the text")
        add_errors_flag(other)


def run(arguments: argparse.Namespace) -> int:
    """Do what the sub-command says."""
    actions = {"train": _train, "encode": _encode, "decode": _decode, "show": _show}
    actions[arguments.action](arguments)
    return 0


def _train(arguments: argparse.Namespace) -> None:
    corpus = Corpus(arguments.data, errors=arguments.errors)
    tokenizer = trained_tokenizer(arguments.tokenizer, corpus, arguments.vocab_size)
    tokenizer.save(arguments.out)
    say(f"{arguments.out}: {tokenizer.vocab_size:,} tokens from {corpus.characters:,} characters")


def _encode(arguments: argparse.Namespace) -> None:
    tokenizer = tokenizer_of(Path(arguments.folder))
    say(" ".join(map(str, tokenizer.encode(_text(arguments)))))


def _decode(arguments: argparse.Namespace) -> None:
    tokenizer = tokenizer_of(Path(arguments.folder))
    ids = read_ids(arguments.ids or given_text("-").split())
    sys.stdout.write(tokenizer.decode(ids) + "\n")


def _show(arguments: argparse.Namespace) -> None:
    tokenizer = tokenizer_of(Path(arguments.folder))
    ids = tokenizer.encode(_text(arguments))
    width = len(str(tokenizer.vocab_size))
    for token in ids:
        say(f"{token:>{width}}  {visible(tokenizer.decode_bytes([token]))}")
    say(f"{len(ids):,} tokens")


def _text(arguments: argparse.Namespace) -> str:
    if arguments.file:
        return file_text(arguments.file, errors=arguments.errors)
    return given_text(arguments.text, errors=arguments.errors)
