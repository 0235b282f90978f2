"""From text to what a run needs: a tokenizer that saw the training part only, and token files.

A text is read once for its length, its hash and its characters, and once for its tokens; a long one
is read another time for a tokenizer that learns from it. A run that goes on finds all in its folder
and needs the text no more.

Characters are the exception to the rule that a tokenizer sees the training part only: they are
collected from the whole text, for a character without an id cannot be written at all, and a list of
characters tells nothing of a text.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from minibig.backend import InputError
from minibig.data import Text, TokenFile, Tokens, write_token_parts
from minibig.dialogue import DIALOGUE_TOKENS
from minibig.evaluation import bits_per_byte
from minibig.recipes.folder import TextRecord, check_vocabularies, is_run
from minibig.recipes.settings import Pretraining
from minibig.tokenizers import ByteLevelBPE, Characters, Tokenizer, load_tokenizer
from minibig.tokenizers.byte_level_bpe import END_OF_TEXT

_SPECIAL = (END_OF_TEXT, *DIALOGUE_TOKENS)
_BPE: dict[str, dict[str, Any]] = {
    "bpe": {},
    "bpe-han": {"isolate_han": True},
    "bpe-dialogue": {"isolate_han": True, "special_tokens": _SPECIAL},
}
BPE_KINDS = tuple(_BPE)
TOKENIZERS = ("characters", *BPE_KINDS)


def record_of(text: Text) -> TextRecord:
    """What the record of a run says of its text."""
    return TextRecord(name=text.name, characters=text.characters, sha256=text.sha256)


def text_of(settings: Pretraining) -> Text:
    """The text that a run learns from.

    Raises:  InputError if none is given, or it cannot be read.
    """
    if settings.data is None:
        raise InputError(
            "a run needs a text: --data FILE, a folder, a glob, or a corpus such as --data stdlib."
        )
    return Text(
        settings.data, validation_fraction=settings.validation_fraction, errors=settings.errors
    )


class TokenizedText(NamedTuple):
    """A tokenizer, and the tokens of the two parts of a text."""

    tokenizer: Tokenizer
    training: TokenFile
    validation: TokenFile


def tokenized(
    folder: Path, text: Text, kind: str, vocab_size: int, say: Callable[[str], None]
) -> TokenizedText:
    """Make and save the tokenizer and the tokens of a text in the folder of a run."""
    characters = text.characters
    say(f"text: {text.name}, {characters:,} characters")
    if not text.validation_fraction:
        raise InputError(
            f"{text.name} has no validation part: its validation_fraction is 0. Give one: "
            "Text(name, validation_fraction=0.1)"
        )
    if not 0 < text.training_characters < characters:
        raise InputError(
            f"{text.name} has {characters:,} characters, too few for a training and a validation "
            "part. Give more text, or another validation_fraction."
        )
    tokenizer = new_tokenizer(kind, text, vocab_size)
    tokenizer.save(folder / "tokenizer")
    say(f"tokenizer: {tokenizer.vocab_size:,} tokens ({kind})")
    training, validation = write_token_parts(text.parts(), tokenizer, _token_paths(folder))
    say(f"tokens: {training.n_tokens:,} for training, {validation.n_tokens:,} for validation")
    return TokenizedText(tokenizer, training, validation)


def tokens_of(folder: Path) -> TokenizedText:
    """What `tokenized` saved, for a run that goes on."""
    tokenizer = load_tokenizer(folder / "tokenizer")
    training, validation = (TokenFile(path) for path in _token_paths(folder))
    for tokens in (training, validation):
        check_vocabularies(tokens.vocab_size, tokenizer, str(tokens.path))
    return TokenizedText(tokenizer, training, validation)


def new_tokenizer(kind: str, text: Text, vocab_size: int) -> Tokenizer:
    """A tokenizer of a kind that has learned from a text, or the one in a folder.

    Raises:  InputError if it is neither.
    """
    if kind == "characters":
        return Characters(text.alphabet)
    if kind in _BPE:
        pieces = (piece for _, piece in text.training())
        return ByteLevelBPE.train(pieces, vocab_size=vocab_size, **_BPE[kind])
    return load_tokenizer(Path(kind))


def train_tokenizer(
    data: str, out: Path, tokenizer: str = "bpe", vocab_size: int = 2000, errors: str = "strict"
) -> tuple[Tokenizer, Text]:
    """Let a tokenizer of a kind learn from a text, and save it in a folder of its own.

    Raises:  InputError for the folder of a run or a model, whose own tokenizer would be hidden.
    """
    if is_run(out) or (out / "config.json").exists():
        raise InputError(
            f"{out} holds a run or a model, whose own tokenizer would be hidden. Choose another "
            "folder."
        )
    text = Text(data, errors=errors)
    made = new_tokenizer(tokenizer, text, vocab_size)
    made.save(out)
    return made, text


def check_tokenizer(kind: str) -> None:
    """Refuse the name of a tokenizer that there is not."""
    if kind not in TOKENIZERS and not os.path.isdir(kind):
        raise InputError(
            f"tokenizer must be {', '.join(TOKENIZERS)}, or a folder with a tokenizer; got {kind}."
        )


def check_length(tokens: TokenizedText, context_length: int) -> None:
    """Refuse a text that does not fill the context once in each of its parts."""
    parts: dict[str, Tokens] = {"training": tokens.training, "validation": tokens.validation}
    for part, each in parts.items():
        if each.n_tokens < context_length + 1:
            raise InputError(
                f"the {part} part of the text has {each.n_tokens:,} tokens; a context_length of "
                f"{context_length} needs at least {context_length + 1}. Give more text or a "
                "shorter context."
            )


def bits_per_byte_of(loss: float, tokens: TokenFile) -> float:
    """A loss in nats per token, measured on these tokens, in bits per byte of their text."""
    return bits_per_byte(loss, n_tokens=tokens.n_tokens, n_bytes=tokens.text_bytes)


def bytes_per_token(tokens: TokenFile) -> float:
    """How many bytes of text a token stands for; by these a loss per token becomes one per byte."""
    return tokens.text_bytes / tokens.n_tokens


def _token_paths(folder: Path) -> tuple[Path, Path]:
    return folder / "tokens" / "training.bin", folder / "tokens" / "validation.bin"
