"""Cutting text into pre-tokens, the pieces that merging never reaches across.

Byte pair encoding alone would make "dog." and "dog!" tokens of their own. GPT-2 therefore first
cuts text into English clitics, runs of letters, of digits and of other signs (each with the one
space before it), and runs of white space; the last space of a run goes to the word behind it.
The pieces together are the text again, whatever the text is.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import itemgetter

_CLITICS = r"'(?:[sdmt]|ll|ve|re)"
_SPACES = r"\s+(?!\S)|\s+"

_MOST_CHARACTERS = 1 << 22  # of different pre-tokens; learning merges from them takes 0.4 GB


@cache
def pre_token_finder(isolate_han: bool) -> Callable[[str], list[str]]:
    """The function that cuts a text into pre-tokens.

    Chinese has no spaces, so under GPT-2's pattern a whole clause is one run of letters: words are
    merged together with whatever happened to stand beside them. With `isolate_han` each Han
    character is a pre-token of its own (Unicode's script Han: 汉, 々, 〇, not 、 or かな).
    Then no token ever spans two of them, and a vocabulary of a few thousand holds most characters.

    Source:  Radford et al. 2019, section 2.2; the pattern is that of the GPT-2 release.

    >>> pre_token_finder(False)("I'm  at 中文系 2.")
    ['I', "'m", ' ', ' at', ' 中文系', ' 2', '.']
    >>> pre_token_finder(True)("I'm  at 中文系 2.")
    ['I', "'m", ' ', ' at', ' ', '中', '文', '系', ' 2', '.']
    """
    import regex  # type: ignore[import-untyped]

    if isolate_han:
        # A negated class of a negated property is an intersection: letters that are not Han.
        runs = r"\p{Han}| ?[^\P{L}\p{Han}]+| ?[^\P{N}\p{Han}]+| ?[^\s\p{L}\p{N}\p{Han}]+"
    else:
        runs = r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+"
    finder: Callable[[str], list[str]] = regex.compile(f"{_CLITICS}|{runs}|{_SPACES}").findall
    return finder


def split_at_special_tokens(text: str, special_tokens: Sequence[str]) -> list[str]:
    """Pieces of the text, ordinary at even places and special tokens at odd ones.

    Where two special tokens could begin at one place, the longer one does.

    >>> split_at_special_tokens("a<end>b", ["<end>"])
    ['a', '<end>', 'b']
    """
    if not any(token in text for token in special_tokens):
        return [text]
    import re

    longest_first = sorted(special_tokens, key=len, reverse=True)
    return re.split(f"({'|'.join(map(re.escape, longest_first))})", text)


def count_pre_tokens(
    texts: Iterable[str], *, special_tokens: Sequence[str], isolate_han: bool
) -> Counter[str]:
    """How often each pre-token occurs in the texts, special tokens left out.

    Where the different ones have more than four million characters, which takes an endless word of
    random letters or hundreds of megabytes of prose, the rarest so far are forgotten between two
    texts, and again whenever there are as many: what is frequent is counted, in bounded memory.

    >>> count_pre_tokens(["to be<end> to be"], special_tokens=["<end>"], isolate_han=False)
    Counter({' be': 2, 'to': 1, ' to': 1})
    """
    find = pre_token_finder(isolate_han)
    counts: Counter[str] = Counter()
    room = _MOST_CHARACTERS
    for text in texts:
        if room < len(text):  # perhaps full: many of the characters were no different ones
            room = _room_left(counts)
        room -= len(text)
        for piece in split_at_special_tokens(text, special_tokens)[::2]:
            counts.update(find(piece))
    return counts


def _room_left(counts: Counter[str]) -> int:
    """For how many more characters there is room; where little is left, the rarest make half."""
    room = _MOST_CHARACTERS - sum(map(len, counts))
    if room < _MOST_CHARACTERS // 8:
        for pre_token, _ in sorted(counts.items(), key=itemgetter(1)):
            del counts[pre_token]
            room += len(pre_token)
            if room >= _MOST_CHARACTERS // 2:
                break
    return room
