"""A trained model goes on with a text, token by token as it writes."""

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from minibig import generation, recipes, training
from minibig.cli.console import given_text, say
from minibig.cli.options import argument, errors_setting
from minibig.generation.sampling import Sampling
from minibig.settings import Settings, group, setting

EXAMPLE = 'minibig generate runs/quickstart --prompt "Anna" --max-new-tokens 50'


@dataclass(frozen=True, kw_only=True)
class Options(Settings):
    """What `minibig generate` takes."""

    folder: Path = argument("a run, or a model with its tokenizer")
    prompt: str = setting("", "what to go on with; - reads the input")
    max_new_tokens: int = setting(200, "how far it goes", least=0)
    sampling: Sampling = group(Sampling, temperature=0.8)
    seed: int = setting(0, "another one, another text", least=0)
    n_sequences: int = setting(1, "texts to write", least=1)
    device: str | None = setting(None, "cpu, cuda, cuda:1 ... or auto")
    errors: str = errors_setting()


def run(given: dict[str, Any]) -> int:
    """Write."""
    options = Options.of(given)
    recipes.check_use(given, options)
    model, tokenizer = recipes.model_and_tokenizer(options.folder, options.device)
    prompt = given_text(options.prompt, errors=options.errors) or training.opening(tokenizer)
    for number in range(options.n_sequences):
        if options.n_sequences > 1:
            say(f"--- {number + 1}")
        pieces = generation.stream_text(
            model,
            tokenizer,
            prompt,
            max_new_tokens=options.max_new_tokens,
            seed=options.seed + number,
            sampling=options.sampling,
        )
        for piece in chain([prompt], pieces):
            say(piece, end="")
        say()
    return 0
