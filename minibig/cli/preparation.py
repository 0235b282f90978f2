"""From text to what a run needs: a tokenizer that saw the training part only, and token files.

A run that goes on finds both in its folder. Characters are the exception to the first rule: they
are collected from the whole text, for a character without an id cannot be written at all, and a
list of characters tells nothing about the text.
"""

from pathlib import Path
from typing import Any

from minibig.backend import InputError
from minibig.cli.console import say
from minibig.cli.corpus import Corpus
from minibig.cli.run_folders import tokenizer_of
from minibig.data import TokenFile, Tokens, write_tokens
from minibig.dialogue import DIALOGUE_TOKENS
from minibig.tokenizers import ByteLevelBPE, Characters, Tokenizer, load_tokenizer
from minibig.tokenizers.byte_level_bpe import END_OF_TEXT

_SPECIAL = (END_OF_TEXT, *DIALOGUE_TOKENS)
_BPE: dict[str, dict[str, Any]] = {
    "bpe": {},
    "bpe-han": {"isolate_han": True},
    "bpe-dialogue": {"isolate_han": True, "special_tokens": _SPECIAL},
}
TOKENIZERS = ("characters", *_BPE)


def trained_tokenizer(kind: str, corpus: Corpus, vocab_size: int) -> Tokenizer:
    """A new tokenizer of a kind, or the one in a folder.

    Raises:  InputError if it is neither.
    """
    if kind == "characters":
        return Characters.train(text for _, text in corpus.pieces())
    if kind in _BPE:
        texts = (text for _, text in corpus.training())
        return ByteLevelBPE.train(texts, vocab_size=vocab_size, **_BPE[kind])
    if not Path(kind).is_dir():
        raise InputError(
            f"tokenizer must be {', '.join(TOKENIZERS)}, or a folder with a tokenizer; got {kind}."
        )
    return tokenizer_of(Path(kind))


def prepare(
    folder: Path, corpus: Corpus, kind: str, vocab_size: int
) -> tuple[Tokenizer, TokenFile, TokenFile]:
    """Make and save the tokenizer and the tokens for training and validation."""
    say(f"text: {corpus.name}, {corpus.characters:,} characters")
    if not 0 < corpus.training_characters < corpus.characters:
        raise InputError(
            f"{corpus.name} has {corpus.characters:,} characters, too few for a training and a "
            "validation part. Give more text, or another validation_fraction."
        )
    tokenizer = trained_tokenizer(kind, corpus, vocab_size)
    tokenizer.save(folder / "tokenizer")
    say(f"tokenizer: {tokenizer.vocab_size:,} tokens ({kind})")
    paths = _token_paths(folder)
    training = write_tokens(corpus.training(), tokenizer, paths[0])
    validation = write_tokens(corpus.validation(), tokenizer, paths[1])
    say(f"tokens: {training.n_tokens:,} for training, {validation.n_tokens:,} for validation")
    return tokenizer, training, validation


def prepared(folder: Path) -> tuple[Tokenizer, TokenFile, TokenFile]:
    """What `prepare` saved, for a run that goes on."""
    tokenizer = load_tokenizer(folder / "tokenizer")
    training, validation = (TokenFile(path) for path in _token_paths(folder))
    for tokens in (training, validation):
        check_vocabularies(tokens.vocab_size, tokenizer, str(tokens.path))
    return tokenizer, training, validation


def check_length(training: Tokens, validation: Tokens, context_length: int) -> None:
    """Refuse a text that does not fill the context once in each of its parts."""
    for part, tokens in (("training", training), ("validation", validation)):
        if tokens.n_tokens < context_length + 1:
            raise InputError(
                f"the {part} part of the text has {tokens.n_tokens:,} tokens; a context_length of "
                f"{context_length} needs at least {context_length + 1}. Give more text or a "
                "shorter context."
            )


def check_vocabularies(vocab_size: int, tokenizer: Tokenizer, name: str) -> None:
    """Refuse a model or a token file that was made with another tokenizer."""
    if vocab_size != tokenizer.vocab_size:
        raise InputError(
            f"{name} has a vocabulary of {vocab_size:,} tokens, the tokenizer one of "
            f"{tokenizer.vocab_size:,}. Use the tokenizer that it was made with."
        )


def opening(tokenizer: Tokenizer) -> str:
    """A prompt for whoever gives none: a new line, or else the first character there is.

    >>> opening(Characters.train("ab\\n")), opening(Characters.train("ab"))
    ('\\n', 'a')
    """
    if isinstance(tokenizer, Characters) and "\n" not in tokenizer.characters:
        return tokenizer.characters[0]
    return "\n"


def _token_paths(folder: Path) -> tuple[Path, Path]:
    return folder / "tokens" / "training.bin", folder / "tokens" / "validation.bin"
