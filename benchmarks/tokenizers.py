"""Byte-level BPE side by side: minibig, Hugging Face tokenizers, tiktoken.

    python benchmarks/tokenizers.py [--text FILE] [--rounds N]

Each round runs the contenders one after the other, so that a busy machine slows all of them alike;
the best of the rounds counts. Contenders that are not installed are left out. Without `--text`
the English is the source and documentation of Python's standard library; the Chinese is drawn.
"""

import argparse
import importlib.util
import random
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# The folder of this file would otherwise shadow the package `tokenizers` with this very file.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from minibig.tokenizers import ByteLevelBPE  # noqa: E402
from minibig.tokenizers.byte_level_bpe.byte_symbols import from_symbols  # noqa: E402
from minibig.tokenizers.byte_level_bpe.pretokenization import pre_token_finder  # noqa: E402

Contenders = dict[str, Callable[[], object]]  # by name: what is timed
NAMES = ("minibig", "hugging face", "tiktoken")


def english(n_bytes: int) -> str:
    """Source files of the standard library, in alphabetical order."""
    text = ""
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        text += path.read_text(encoding="utf-8", errors="replace")
        if len(text) >= n_bytes:
            break
    return text[:n_bytes]


def chinese(n_bytes: int, seed: int = 0) -> str:
    """Clauses of words of 1 to 4 characters; characters and words follow Zipf's law."""
    draw = random.Random(seed)
    characters = [chr(code) for code in draw.sample(range(0x4E00, 0x9FA6), 4000)]
    by_rank = [1 / rank for rank in range(1, 20_001)]
    lengths = draw.choices((1, 2, 3, 4), (30, 50, 15, 5), k=20_000)
    words = ["".join(draw.choices(characters, by_rank[:4000], k=length)) for length in lengths]
    clauses, size = [], 0
    while size < n_bytes:
        clause = "".join(draw.choices(words, by_rank, k=draw.randint(2, 8)))
        clauses.append(clause + draw.choice("，，。"))
        size += 3 * len(clauses[-1])
    return "".join(clauses)


def training(text: str, vocab_size: int, isolate_han: bool) -> Contenders:
    """Learning a vocabulary from the text.

    Hugging Face is left out where it has no such option (Han isolated), and where it would take
    many minutes: its time grows with the square of the longest pre-token.
    """

    def ours() -> object:
        return ByteLevelBPE.train(text, vocab_size=vocab_size, isolate_han=isolate_han)

    def theirs() -> object:
        from tokenizers.implementations import ByteLevelBPETokenizer

        tokenizer = ByteLevelBPETokenizer()
        options = {"vocab_size": vocab_size, "min_frequency": 2, "show_progress": False}
        tokenizer.train_from_iterator([text], special_tokens=["<|endoftext|>"], **options)
        return tokenizer

    contenders: Contenders = {"minibig": ours}
    hopeless = max(map(len, pre_token_finder(False)(text))) > 200_000
    if importlib.util.find_spec("tokenizers") and not isolate_han and not hopeless:
        contenders["hugging face"] = theirs
    return contenders


def encoding(text: str, tokenizer: ByteLevelBPE) -> Contenders:
    """Encoding the text with tokenizers of the same vocabulary that have seen no text yet."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(folder)
        fresh = ByteLevelBPE.load(folder)
        contenders: Contenders = {"minibig": lambda: fresh.encode(text)}
        if importlib.util.find_spec("tokenizers") and not tokenizer.isolate_han:
            from tokenizers.implementations import ByteLevelBPETokenizer

            files = (str(Path(folder) / name) for name in ("vocab.json", "merges.txt"))
            theirs = ByteLevelBPETokenizer(*files)
            contenders["hugging face"] = lambda: theirs.encode(text).ids
    if importlib.util.find_spec("tiktoken") and not tokenizer.isolate_han:
        import tiktoken

        pattern = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
        special = {token: tokenizer.vocabulary[token] for token in tokenizer.special_tokens}
        ordinary = {t: i for t, i in tokenizer.vocabulary.items() if t not in special}
        ranks = {from_symbols(token): number for token, number in ordinary.items()}
        third = tiktoken.Encoding(
            "same", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special
        )
        contenders["tiktoken"] = lambda: third.encode_ordinary(text)
    return contenders


def measure(make: Callable[[], Contenders], rounds: int) -> dict[str, float]:
    """The best time of each contender, new ones in every round."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, contender in make().items():
            start = time.perf_counter()
            contender()
            seconds = time.perf_counter() - start
            best[name] = min(seconds, best.get(name, seconds))
    return best


def report(title: str, text: str, seconds: dict[str, float]) -> None:
    """One row: seconds and MB/s of minibig; seconds of the others, ours in multiples of theirs."""
    megabytes = len(text.encode()) / 1e6
    row = f"{title:<40}{seconds['minibig']:8.2f} s {megabytes / seconds['minibig']:8.2f} MB/s"
    for name in NAMES[1:]:
        if name in seconds:
            ratio = seconds["minibig"] / seconds[name]
            row += f"{seconds[name]:9.2f} s {f'({ratio:.2f} x)':>10}"
        else:
            row += f"{'-':>22}"
    print(row, flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Byte-level BPE side by side.")
    parser.add_argument("--text", type=Path, help="a UTF-8 file to use as the English text")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    arguments = parser.parse_args()
    rounds = arguments.rounds
    read = arguments.text.read_text(encoding="utf-8") if arguments.text else english(1_100_000)
    texts = [
        ("English", read, False),
        ("Chinese", chinese(1_000_000), False),
        ("Chinese, Han isolated", chinese(1_000_000), True),
        ("1,000,000 times a", "a" * 1_000_000, False),
    ]
    print(f"{'':<40}{NAMES[0]:>10}{'':>14}{NAMES[1]:>22}{NAMES[2]:>22}")
    for title, text, han in texts:
        size = 4000 if han else 2000
        learned = measure(lambda: training(text, size, han), rounds)  # noqa: B023
        report(f"{title}: train to {size:,}", text, learned)
        tokenizer = ByteLevelBPE.train(text, vocab_size=size, isolate_han=han)
        encoded = measure(lambda: encoding(text, tokenizer), rounds)  # noqa: B023
        report(f"{title}: encode", text, encoded)
    print("(n x): minibig took n times as long.")


if __name__ == "__main__":
    main()
