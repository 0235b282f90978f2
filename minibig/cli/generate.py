"""`minibig generate`: a trained model goes on with a text, token by token as it writes."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minibig.backend import InputError, device
from minibig.cli.console import add_errors_flag, given_text, say
from minibig.cli.preparation import check_vocabularies, opening
from minibig.cli.run_folders import model_folder, tokenizer_of
from minibig.generation import stream
from minibig.storage import load
from minibig.tokenizers import StreamDecoder, Tokenizer

EXAMPLE = 'minibig generate runs/quickstart --prompt "The list" --max-new-tokens 50'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("folder", metavar="FOLDER", help="a run, or a model with its tokenizer")
    parser.add_argument("--prompt", metavar="TEXT", help="what to go on with; - reads the input")
    parser.add_argument(
        "--max-new-tokens", type=int, default=200, metavar="N", help="how far it goes (200)"
    )
    parser.add_argument(
        "--temperature", type=float, default=0.8, metavar="X", help="0 takes the likeliest (0.8)"
    )
    parser.add_argument("--top-k", type=int, metavar="N", help="choose among the N likeliest")
    parser.add_argument(
        "--top-p", type=float, metavar="X", help="choose among the likeliest that make up X"
    )
    parser.add_argument(
        "--repetition-penalty", type=float, default=1.0, metavar="X", help="above 1: less of it (1)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="another one, another text (0)"
    )
    parser.add_argument(
        "--n-sequences", type=int, default=1, metavar="N", help="texts to write (1)"
    )
    parser.add_argument("--device", metavar="NAME", help="cpu, cuda, cuda:1 ... or auto")
    add_errors_flag(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write."""
    if arguments.n_sequences < 1:
        raise InputError(f"n_sequences must be at least 1; got {arguments.n_sequences}.")
    folder = Path(arguments.folder)
    place = model_folder(folder)
    tokenizer = tokenizer_of(folder)
    model: Any = load(place, device(arguments.device))
    check_vocabularies(model.config.vocab_size, tokenizer, str(place))
    prompt = given_text(arguments.prompt or "", errors=arguments.errors) or opening(tokenizer)
    for number in range(arguments.n_sequences):
        if arguments.n_sequences > 1:
            say(f"--- {number + 1}")
        pieces = written(
            model,
            tokenizer,
            prompt,
            max_new_tokens=arguments.max_new_tokens,
            temperature=arguments.temperature,
            top_k=arguments.top_k,
            top_p=arguments.top_p,
            repetition_penalty=arguments.repetition_penalty,
            seed=arguments.seed + number,
        )
        say(prompt, end="")
        for piece in pieces:
            say(piece, end="")
        say()
    return 0


def written(model: Any, tokenizer: Tokenizer, prompt: str, **sampling: Any) -> Iterator[str]:
    """What a model writes after a prompt, in pieces of whole characters; `sampling` as `stream`."""
    tokens = stream(model, tokenizer.encode(prompt), stop_token=tokenizer.end_of_text, **sampling)
    return _decoded(tokens, tokenizer)


def _decoded(tokens: Iterator[int], tokenizer: Tokenizer) -> Iterator[str]:
    decoder = StreamDecoder(tokenizer)
    for token in tokens:
        if token != tokenizer.end_of_text:
            yield decoder.feed([token])
    yield decoder.finish()
