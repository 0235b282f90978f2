"""Samples of a language model, for the looks of a run."""

from collections.abc import Callable
from typing import Any

from minibig.generation import Sampling, generate
from minibig.tokenizers import Characters, Tokenizer

_SAMPLING = Sampling(temperature=0.8)


def text_sampler(
    model: Any,
    tokenizer: Tokenizer,
    prompt: str,
    length: int,
    *,
    seed: int = 0,
    sampling: Sampling = _SAMPLING,
) -> Callable[[], str]:
    """A function that lets the model go on with a prompt, always with the same random numbers.

    So two samples of a run differ by what was learned between them, and by nothing else.
    """
    ids = tokenizer.encode(prompt)

    def sample() -> str:
        written = generate(model, ids, max_new_tokens=length, sampling=sampling, seed=seed)
        return tokenizer.decode(written[0].tolist())

    return sample


def opening(tokenizer: Tokenizer) -> str:
    """The prompt where none is given: a new line, or else the first character there is.

    >>> opening(Characters.train("ab\\n")), opening(Characters.train("ab"))
    ('\\n', 'a')
    """
    if isinstance(tokenizer, Characters) and "\n" not in tokenizer.characters:
        return tokenizer.characters[0]
    return "\n"
