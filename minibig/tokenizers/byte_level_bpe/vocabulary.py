"""What makes a vocabulary and a list of merges a tokenizer.

Every byte has a token, so that all text can be encoded; every merge makes a token that exists, out
of tokens that exist before it; and no token is left over. Files of two different models, or a file
that lost some lines, fail here and not in the middle of a text.
"""

from collections.abc import Mapping, Sequence

from minibig.backend.checks import iterable, refusal
from minibig.backend.errors import InputError
from minibig.tokenizers.byte_level_bpe.byte_symbols import SYMBOLS, from_symbols
from minibig.tokenizers.byte_level_bpe.pair_merging import Merges
from minibig.tokenizers.byte_level_bpe.token_row import Pair
from minibig.tokenizers.inputs import check_text

_SAME_MODEL = "Take vocabulary and merges from the same model, unchanged."


def trained_vocabulary(
    pairs: Sequence[Pair], special_tokens: Sequence[str]
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges in GPT-2's layout: the bytes, the merges, the special tokens.

    >>> vocabulary, merges = trained_vocabulary([(71, 68)], ["<end>"])
    >>> merges, vocabulary["he"], vocabulary["<end>"]
    ([('h', 'e')], 256, 257)
    """
    tokens = list(SYMBOLS)
    for left, right in pairs:
        tokens.append(tokens[left] + tokens[right])
    for token in special_tokens:
        if token in tokens:
            raise _like_an_ordinary_token(token)
    merges = [(tokens[left], tokens[right]) for left, right in pairs]
    return {token: number for number, token in enumerate([*tokens, *special_tokens])}, merges


def checked_special_tokens(special_tokens: Sequence[str]) -> tuple[str, ...]:
    """The special tokens, which must be distinct texts of at least one character."""
    if isinstance(special_tokens, str):
        raise InputError(
            f"special_tokens must be a sequence of str; got one str. Write [{special_tokens!r}]."
        )
    special_tokens = tuple(iterable("special_tokens", special_tokens, "str"))
    for token in special_tokens:
        check_text(token)
    if "" in special_tokens or len(set(special_tokens)) < len(special_tokens):
        raise InputError(
            f"special_tokens must be distinct and not empty; got {list(special_tokens)!r}."
        )
    return special_tokens


def ranked_merges(vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]]) -> Merges:
    """The merges in ids, by rank.

    Raises:  InputError that names the merge, counted from 1, unless it makes a token of the
             vocabulary from bytes and earlier merges.
    """
    made = set(SYMBOLS)
    used: set[str] = set()
    ranks: dict[Pair, int] = {}
    tokens: list[int] = []
    for number, merge in enumerate(merges, start=1):
        try:
            left, right = merge
            token = left + right
        except (TypeError, ValueError):
            raise refusal("merges", "pairs of str", merge) from None
        if token not in vocabulary:
            problem = f"makes {token!r}, which is not in the vocabulary"
        elif left not in made or right not in made:
            problem = f"uses {min({left, right} - made)!r}, which no earlier merge makes"
        elif (pair := (vocabulary[left], vocabulary[right])) in ranks:
            problem = "stands there a second time"
        elif token in used:
            problem = f"makes {token!r}, which an earlier merge already uses"
        else:
            made.add(token)
            used.add(left)
            used.add(right)
            ranks[pair] = len(ranks)
            tokens.append(vocabulary[token])
            continue
        raise InputError(f"merge {number}, {f'{left} {right}'!r}, {problem}. {_SAME_MODEL}")
    return Merges(list(ranks), tokens, ranks)


def bytes_of_tokens(
    vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]], special_tokens: Sequence[str]
) -> list[bytes]:
    """The bytes of each token, by id.

    Raises:  InputError that names the token, unless the tokens are the results of the merges, the
             special tokens and nothing else but the bytes.
    """
    ordinary = {*SYMBOLS, *map("".join, merges)}
    for token in special_tokens:
        if token in ordinary:
            raise _like_an_ordinary_token(token)
        if token not in vocabulary:
            raise InputError(
                f"special token {token!r} must be in the vocabulary, and is not. Name those that "
                "are, or () for none."
            )
    special = set(special_tokens)
    for token, number in vocabulary.items():
        if token not in ordinary and token not in special:
            raise InputError(
                f"token {token!r} (id {number}) is neither a byte nor made by a merge. Name it in "
                f"special_tokens if it is special. {_SAME_MODEL}"
            )
    in_order = sorted(vocabulary, key=vocabulary.__getitem__)
    return [token.encode() if token in special else from_symbols(token) for token in in_order]


def check_vocabulary(vocabulary: Mapping[str, int]) -> None:
    """Refuse a vocabulary without all 256 bytes, or with ids other than 0 … n - 1.

    >>> check_vocabulary({"a": 0})
    Traceback (most recent call last):
    ...
    minibig.backend.errors.InputError: a vocabulary must have a token for each of the 256 bytes; ...
    """
    missing = [symbol for symbol in SYMBOLS if symbol not in vocabulary]
    if missing:
        raise InputError(
            "a vocabulary must have a token for each of the 256 bytes; "
            f"{', '.join(map(repr, missing[:3]))}{' …' * (len(missing) > 3)} missing "
            f"({len(missing)} in all). Use the vocab.json of a byte-level tokenizer."
        )
    token_of: dict[int, str] = {}
    for token, number in vocabulary.items():
        if not 0 <= number < len(vocabulary):
            problem = f"{token!r} has {number}"
        elif number in token_of:
            problem = f"{token_of[number]!r} and {token!r} both have {number}"
        else:
            token_of[number] = token
            continue
        raise InputError(
            f"the ids of {len(vocabulary)} tokens must be 0 … {len(vocabulary) - 1}, each once; "
            f"{problem}. {_SAME_MODEL}"
        )


def _like_an_ordinary_token(token: str) -> InputError:
    return InputError(
        f"special token {token!r} must differ from all ordinary tokens, and is spelled like one. "
        "Choose another spelling."
    )
