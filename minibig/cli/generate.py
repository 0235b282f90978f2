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

EXAMPLE = 'minibig generate runs/quickstart --prompt "Anna" --max-new-tokens 50'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("folder", metavar="FOLDER", help="a run, or a model with its tokenizer")
    parser.add_argument("--prompt", metavar="TEXT", help="what to go on with; - reads the input")
    add_sampling_flags(parser, temperature=0.8)
    parser.add_argument(
        "--n-sequences", type=int, default=1, metavar="N", help="texts to write (1)"
    )
    parser.add_argument("--device", metavar="NAME", help="cpu, cuda, cuda:1 ... or auto")
    add_errors_flag(parser)


def add_sampling_flags(parser: argparse.ArgumentParser, temperature: float) -> None:
    """The flags that say how tokens are chosen, and how many."""
    parser.add_argument(
        "--max-new-tokens", type=int, default=200, metavar="N", help="how far it goes (200)"
    )
    parser.add_argument(
        "--temperature",
        type=float,
        default=temperature,
        metavar="X",
        help=f"0 takes the likeliest ({temperature})",
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


def sampling_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """What these flags ask for, as `stream` takes it, but for the seed."""
    names = ("max_new_tokens", "temperature", "top_k", "top_p", "repetition_penalty")
    return {name: getattr(arguments, name) for name in names}


def run(arguments: argparse.Namespace) -> int:
    """Write."""
    if arguments.n_sequences < 1:
        raise InputError(f"n_sequences must be at least 1; got {arguments.n_sequences}.")
    model, tokenizer = model_and_tokenizer(Path(arguments.folder), arguments.device)
    prompt = given_text(arguments.prompt or "", errors=arguments.errors) or opening(tokenizer)
    for number in range(arguments.n_sequences):
        if arguments.n_sequences > 1:
            say(f"--- {number + 1}")
        pieces = written(
            model, tokenizer, prompt, seed=arguments.seed + number, **sampling_of(arguments)
        )
        say(prompt, end="")
        for piece in pieces:
            say(piece, end="")
        say()
    return 0


def model_and_tokenizer(folder: Path, device_name: str | None) -> tuple[Any, Tokenizer]:
    """The model in a folder, on a device, and the tokenizer that it was made with."""
    place, tokenizer = model_folder(folder), tokenizer_of(folder)
    model: Any = load(place, device(device_name))
    check_vocabularies(model.config.vocab_size, tokenizer, str(place))
    return model, tokenizer


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
