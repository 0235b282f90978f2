"""Text from a language model, piece by piece as it is written."""

from collections.abc import Iterator
from typing import Any

from minibig.generation.decoding import stream
from minibig.tokenizers import StreamDecoder, Tokenizer


def stream_text(model: Any, tokenizer: Tokenizer, prompt: str, **choices: Any) -> Iterator[str]:
    """Go on with a prompt, and yield what is new in pieces of whole characters.

    `choices` are those of `stream`. The end of the text, a token of the tokenizer, ends it.

    >>> from minibig.models import GPT, GPTConfig
    >>> from minibig.tokenizers import Characters
    >>> tokenizer = Characters.train("a small text")
    >>> config = GPTConfig(tokenizer.vocab_size, context_length=8, n_layers=1, n_heads=1, d_model=4)
    >>> len("".join(stream_text(GPT(config), tokenizer, "a ", max_new_tokens=5)))
    5
    """
    tokens = stream(model, tokenizer.encode(prompt), stop_token=tokenizer.end_of_text, **choices)
    decoder = StreamDecoder(tokenizer)
    for token in tokens:
        if token != tokenizer.end_of_text:
            yield decoder.feed([token])
    yield decoder.finish()
