"""Byte-level BPE: learning a vocabulary from a text, and encoding the text with it.

English is the source and documentation of Python's standard library, Chinese is drawn. Encoders
have one vocabulary, which minibig learned in another process, and have seen no text before: each
time it is a new one. A million times one letter is one word, which is the hardest case.
"""

import random
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.workload import OURS, Action, Side, Workload, minibig

_REPEATS, _WARMUP = 3, 1
_PEER, _TIKTOKEN = ("minibig", "tokenizers.implementations"), ("minibig", "tiktoken")


def english(n_bytes: int) -> str:
    """Source files of the standard library, in alphabetical order."""
    text = ""
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        text += path.read_text(encoding="utf-8", errors="replace")
        if len(text) >= n_bytes:
            break
    return text[:n_bytes]


def chinese(n_bytes: int) -> str:
    """Clauses of words of 1 to 4 characters; characters and words follow Zipf's law."""
    draw = random.Random(0)
    characters = [chr(code) for code in draw.sample(range(0x4E00, 0x9FA6), 4000)]
    by_rank = list(accumulate(1 / rank for rank in range(1, 20_001)))
    lengths = draw.choices((1, 2, 3, 4), (30, 50, 15, 5), k=20_000)
    words = [
        "".join(draw.choices(characters, cum_weights=by_rank[:4000], k=length))
        for length in lengths
    ]
    clauses, size = [], 0
    while size < n_bytes:
        clause = "".join(draw.choices(words, cum_weights=by_rank, k=draw.randint(2, 8)))
        clauses.append(clause + draw.choice("，，。"))
        size += 3 * len(clauses[-1])
    return "".join(clauses)


def one_letter(n_bytes: int) -> str:
    """A word of so many letters."""
    return "a" * n_bytes


_TEXTS: dict[str, Callable[[int], str]] = {
    "English": english,
    "Chinese": chinese,
    "one letter": one_letter,
}


@dataclass(frozen=True)
class Sizes:
    """The text, its bytes, the tokens that are learned, whether Han characters stand alone."""

    language: str
    n_bytes: int
    vocab_size: int
    isolate_han: bool = False

    @property
    def text(self) -> str:
        """The text."""
        return _TEXTS[self.language](self.n_bytes)


def learn(sizes: Sizes, text: str) -> Any:
    """minibig's tokenizer, learned from the text."""
    from minibig.tokenizers import ByteLevelBPE

    return ByteLevelBPE.train(text, vocab_size=sizes.vocab_size, isolate_han=sizes.isolate_han)


def minibig_learns(sizes: Sizes) -> Action:
    """Learning with minibig."""
    text = sizes.text
    return lambda: learn(sizes, text)


def hugging_face_learns(sizes: Sizes) -> Action:
    """Learning with Hugging Face's tokenizers."""
    from tokenizers.implementations import ByteLevelBPETokenizer

    text = sizes.text
    options = {"vocab_size": sizes.vocab_size, "min_frequency": 2, "show_progress": False}
    special = ["<|endoftext|>"]
    return lambda: ByteLevelBPETokenizer().train_from_iterator(
        [text], special_tokens=special, **options
    )


def encoders(sizes: Sizes, load: Callable[[Path], Callable[[str], object]]) -> Action:
    """Encoding the text, each time with a new encoder; `load` makes one from a folder."""
    text = sizes.text
    with tempfile.TemporaryDirectory() as folder:
        options = [sizes.language, str(sizes.n_bytes), str(sizes.vocab_size)]
        command = [sys.executable, "-m", __name__, folder, *options]
        subprocess.run([*command, *["han"] * sizes.isolate_han], check=True)
        new = [load(Path(folder)) for _ in range(_REPEATS + _WARMUP)]
    return lambda: new.pop()(text)


def minibig_encodes(sizes: Sizes) -> Action:
    """Encoding with minibig."""
    from minibig.tokenizers import ByteLevelBPE

    return encoders(sizes, lambda folder: ByteLevelBPE.load(folder).encode)


def hugging_face_encodes(sizes: Sizes) -> Action:
    """Encoding with Hugging Face's tokenizers."""
    from tokenizers.implementations import ByteLevelBPETokenizer

    def load(folder: Path) -> Callable[[str], object]:
        files = (str(folder / name) for name in ("vocab.json", "merges.txt"))
        tokenizer = ByteLevelBPETokenizer(*files)
        return lambda text: tokenizer.encode(text).ids

    return encoders(sizes, load)


def tiktoken_encodes(sizes: Sizes) -> Action:
    """Encoding with tiktoken."""
    import tiktoken

    from minibig.tokenizers import ByteLevelBPE
    from minibig.tokenizers.byte_level_bpe.byte_symbols import from_symbols

    def load(folder: Path) -> Callable[[str], object]:
        ours = ByteLevelBPE.load(folder)
        special = {token: ours.vocabulary[token] for token in ours.special_tokens}
        ordinary = {t: i for t, i in ours.vocabulary.items() if t not in special}
        return tiktoken.Encoding(
            "same",
            pat_str=r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
            mergeable_ranks={from_symbols(token): number for token, number in ordinary.items()},
            special_tokens=special,
        ).encode_ordinary

    return encoders(sizes, load)


def workload(name: str, what: str, sides: Mapping[str, Side], sizes: Sizes) -> Workload:
    """A workload on a text."""
    quick = Sizes(sizes.language, 3000, 300, sizes.isolate_han)
    return Workload(
        name=name,
        what=f"byte-level BPE, {what}",
        sides=sides,
        sizes={"sizes": sizes},
        quick={"sizes": quick},
        repeats=_REPEATS,
        warmup=_WARMUP,
        amount=lambda sizes: sizes.n_bytes / 1e6,
        unit="MB",
    )


_LEARN = {**minibig(minibig_learns), "HF tokenizers": Side(hugging_face_learns, _PEER)}
_ENCODE = {
    **minibig(minibig_encodes),
    "HF tokenizers": Side(hugging_face_encodes, _PEER),
    "tiktoken": Side(tiktoken_encodes, _TIKTOKEN),
}
_ENGLISH = Sizes("English", 1_100_000, 2000)
_CHINESE = Sizes("Chinese", 1_000_000, 2000)
_HAN = Sizes("Chinese", 1_000_000, 4000, isolate_han=True)  # no other has this option
_LETTER = Sizes("one letter", 1_000_000, 2000)  # others take minutes, or hours

WORKLOADS = [
    workload("bpe-learn-english", "learn 2,000 tokens from English", _LEARN, _ENGLISH),
    workload("bpe-encode-english", "encode English", _ENCODE, _ENGLISH),
    workload("bpe-learn-chinese", "learn 2,000 tokens from Chinese", _LEARN, _CHINESE),
    workload("bpe-encode-chinese", "encode Chinese", _ENCODE, _CHINESE),
    workload(
        "bpe-learn-han",
        "learn 4,000 tokens from Chinese, Han characters alone",
        {OURS: _LEARN[OURS]},
        _HAN,
    ),
    workload("bpe-encode-han", "encode Chinese, Han characters alone", {OURS: _ENCODE[OURS]}, _HAN),
    workload(
        "bpe-encode-letter", "encode a million times one letter", {OURS: _ENCODE[OURS]}, _LETTER
    ),
]


def main() -> None:
    """Learn a vocabulary and save it in a folder."""
    folder, language, n_bytes, vocab_size, *han = sys.argv[1:]
    sizes = Sizes(language, int(n_bytes), int(vocab_size), bool(han))
    learn(sizes, sizes.text).save(folder)


if __name__ == "__main__":
    main()
