"""Writing: the model of a run or of a folder, its tokenizer, and text that grows piece by piece."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minibig.backend import device
from minibig.generation import stream
from minibig.recipes.folder import tokenizer_of
from minibig.recipes.text import check_vocabularies
from minibig.storage import find_model, load
from minibig.tokenizers import StreamDecoder, Tokenizer


def model_and_tokenizer(folder: Path, device_name: str | None = None) -> tuple[Any, Tokenizer]:
    """The model in a folder, on a device, and the tokenizer that it was made with."""
    target = device(device_name)
    place, tokenizer = find_model(folder), tokenizer_of(folder)
    model: Any = load(place, target)
    check_vocabularies(model.config.vocab_size, tokenizer, str(place))
    return model, tokenizer


def text_after(prompt: str, model: Any, tokenizer: Tokenizer, **choices: Any) -> Iterator[str]:
    """What a model writes after a prompt, in pieces of whole characters; `choices` as `stream`."""
    tokens = stream(model, tokenizer.encode(prompt), stop_token=tokenizer.end_of_text, **choices)
    decoder = StreamDecoder(tokenizer)
    for token in tokens:
        if token != tokenizer.end_of_text:
            yield decoder.feed([token])
    yield decoder.finish()
