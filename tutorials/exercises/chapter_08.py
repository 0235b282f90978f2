"""Exercises of chapter 8, a GPT from text to answers."""

import numpy as np

from exercises.exercise import exercise, expect, matches


def _next_logits(ids):
    """Logits that depend on all tokens: the likeliest of 5 is the sum of the ids, modulo 5."""
    logits = np.zeros(5)
    logits[sum(ids) % 5] = 1.0
    return logits


@exercise("08.1", hint="Append the argmax, and ask again with all tokens, the new one included.")
def greedy(answer):
    for ids, n in [([1, 2], 4), ([3], 1), ([0, 4, 4], 0)]:
        given, right = list(ids), list(ids)
        last_only = list(ids)
        for _ in range(n):
            right.append(int(_next_logits(right).argmax()))
            last_only.append(int(_next_logits(last_only[-1:]).argmax()))
        got = [int(i) for i in answer(_next_logits, given, n)]
        case = f"ids {ids}, n = {n}"
        expect(given == ids, f"{case}: the list that was given is changed; work on a copy.")
        expect(
            got == right or got != right[len(ids) :],
            f"{case}: those are the new tokens only; the result begins with the prompt.",
        )
        expect(
            got == right or got != last_only,
            f"{case}: each step must see all tokens so far, not the last one only.",
        )
        expect(got == right, f"{case}: expected {right}; got {got}.")


@exercise("08.2", hint="The prompt counts. Can less than nothing be left?")
def new_tokens(answer):
    for prompt, most in [(10, 50), (49, 50), (50, 50), (60, 50), (1, 2)]:
        matches(
            answer(prompt, most),
            max(0, most - prompt),
            f"a prompt of {prompt}, max_length = {most}",
            mistakes={
                "max_length counts the prompt as well.": most,
                "it cannot be negative: the prompt is too long, and nothing is left.": most - prompt
                if prompt > most
                else np.nan,
            },
        )


@exercise("08.3", hint="Everything moves by one: the target at t is the id at t + 1.")
def answer_targets(answer):
    for ids, marks in [
        ([7, 1, 8, 2, 3, 9], [0, 0, 0, 1, 1, 1]),
        ([7, 1, 8, 2, 9, 7, 4, 8, 5, 9], [0, 0, 0, 1, 1, 0, 0, 0, 1, 1]),
    ]:
        ids, marks = np.array(ids), np.array(marks, bool)
        unshifted = np.where(marks[:-1], ids[:-1], -100)
        half = np.where(marks[:-1], ids[1:], -100)
        without_end = np.where(marks[1:], ids[1:], -100)
        without_end[(without_end == 9)] = -100
        matches(
            answer(ids.copy(), marks.copy()),
            np.where(marks[1:], ids[1:], -100),
            f"ids {ids.tolist()}, answers {marks.astype(int).tolist()}",
            mistakes={
                "nothing has moved: the target at t is the id at t + 1.": unshifted,
                "the ids have moved by one and the marks have not.": half,
                "the question is learned as well; it should be −100.": ids[1:],
                "the end of an answer belongs to it: else the model never stops.": without_end,
                "ignored places are −100; 0 is a token.": np.where(marks[1:], ids[1:], 0),
            },
        )


@exercise(
    "08.4", hint="Sort downwards, add up, and keep a token if what came before it is too little."
)
def nucleus(answer):
    for p, threshold, kept in [
        ([0.5, 0.2, 0.3], 0.6, [1, 0, 1]),
        ([0.1, 0.6, 0.3], 0.5, [0, 1, 0]),
        ([0.2, 0.4, 0.1, 0.3], 0.95, [1, 1, 1, 1]),
        ([0.25, 0.15, 0.6], 0.8, [1, 0, 1]),
    ]:
        p, kept = np.array(p), np.array(kept)
        right = p * kept / (p * kept).sum()
        order = np.argsort(-p)
        short = np.zeros(len(p))
        short[order[np.cumsum(p[order]) <= threshold]] = 1
        with np.errstate(all="ignore"):
            too_few = p * short / (p * short).sum()
            got = np.asarray(answer(p.copy(), threshold), float)
        matches(
            got,
            right,
            f"p = {p.tolist()}, threshold {threshold}",
            mistakes={
                "the token that crosses the threshold must stay; without it too little is kept.": (
                    too_few
                ),
                "what is left must add up to 1 again.": p * kept,
                "the probabilities are sorted, but their places name the tokens.": np.sort(right)[
                    ::-1
                ],
            },
        )
