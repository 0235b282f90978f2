"""Exercises of chapter 7, tokenizers."""

from itertools import pairwise

from exercises.exercise import exercise, expect
from minibig.tokenizers import ByteLevelBPE


@exercise("07.1", hint="A Counter of pairs; each pair of a word counts as often as the word.")
def most_frequent_pair(answer):
    for words, right, unweighted in [
        (
            {("l", "o", "w"): 5, ("n", "e", "w"): 1, ("f", "e", "w"): 1},
            {("l", "o"), ("o", "w")},
            ("e", "w"),
        ),
        ({("a", "b"): 1, ("a", "b", "c"): 1, ("x", "y"): 3}, {("x", "y")}, ("a", "b")),
        ({("a", "a", "a"): 1, ("b", "c"): 1}, {("a", "a")}, 0),
    ]:
        got = answer(dict(words))
        case = f"for {words}"
        expect(
            got in right or got != unweighted,
            f"{case}: {got} stands in more words, but each word counts as often as it occurs.",
        )
        expect(isinstance(got, tuple) and len(got) == 2, f"{case}: return one pair; got {got!r}.")
        expect(got in right, f"{case}: expected {' or '.join(map(str, right))}; got {got}.")


@exercise("07.2", hint="Walk with an index: two steps after a merge, one step otherwise.")
def merge(answer):
    for tokens, pair, new, right in [
        ([1, 2, 3, 1, 2], (1, 2), 9, [9, 3, 9]),
        ([1, 1, 1], (1, 1), 9, [9, 1]),
        ([1, 1, 1, 1], (1, 1), 9, [9, 9]),
        ([1, 2], (2, 1), 9, [1, 2]),
        ([], (1, 2), 9, []),
        ([5], (1, 2), 9, [5]),
        ([3, 1, 2], (1, 2), 9, [3, 9]),
    ]:
        given = list(tokens)
        got = list(answer(given, pair, new))
        case = f"merge({tokens}, {pair}, {new})"
        expect(given == tokens, f"{case}: the list that was given is changed; return a new one.")
        expect(
            right == got or sorted(got) != sorted(right),
            f"{case}: expected {right}, from left to right; got {got}.",
        )
        expect(
            got != [9, 9] or tokens != [1, 1, 1],
            f"{case}: the middle 1 can be used once only; got {got}, expected {right}.",
        )
        expect(
            right == got or not tokens or got[-1:] == right[-1:],
            f"{case}: the end is lost or wrong; got {got}, expected {right}.",
        )
        expect(right == got, f"{case}: expected {right}; got {got}.")


@exercise("07.3", hint="`decode_bytes([id])` gives the bytes of one token; `decode` gives text.")
def byte_lengths(answer):
    tokenizer = ByteLevelBPE.train("low lower lowest 你好 你好", vocab_size=264)
    for text in ("low", "slower 你好", "再见", ""):
        ids = tokenizer.encode(text)
        right = [len(tokenizer.decode_bytes([number])) for number in ids]
        got = list(answer(tokenizer, text))
        in_characters = [len(tokenizer.decode([number])) for number in ids]
        expect(
            got == right or got != in_characters,
            f"{text!r}: those are characters. A Chinese one has three bytes, and a token may be "
            "less than a character.",
        )
        expect(
            got == right or sum(got) == sum(right),
            f"{text!r}: the lengths add up to {sum(got)}, the text has {len(text.encode())} bytes.",
        )
        expect(got == right, f"{text!r}: expected {right}; got {got}.")


@exercise("07.4", hint='codecs.getincrementaldecoder("utf-8")() keeps what is not whole yet.')
def stream_text(answer):
    for text, cuts in [("abc", (1, 2)), ("你好", (1, 2, 3, 5)), ("a☕b", (2, 3)), ("é", (1,))]:
        data = text.encode()
        edges = [0, *cuts, len(data)]
        pieces = [data[a:b] for a, b in pairwise(edges)]
        got = list(answer(list(pieces)))
        case = f"{pieces}"
        expect(
            len(got) == len(pieces),
            f"{case}: one text for each piece, '' if nothing became whole; got {got}.",
        )
        expect(
            "\ufffd" not in "".join(got),
            f"{case}: {got} has �: a piece was decoded alone, in the middle of a character.",
        )
        expect("".join(got) == text, f"{case}: joined it must be {text!r}; got {got}.")
        whole = [len(data[:end].decode(errors="ignore")) for end in edges[1:]]
        expect(
            [len("".join(got[: i + 1])) for i in range(len(got))] == whole,
            f"{case}: a character must come with the piece that completes it; got {got}.",
        )
