"""The settings of a pre-training: its text, its model, its training."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig.data import CORPORA
from minibig.files import DECODE_ERRORS
from minibig.models import GPTSizes
from minibig.settings import Settings, group, setting, types_of
from minibig.training import TrainingSettings

SHAKESPEARE = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
)
# What a run that starts from another model takes from it.
START_SIZES = tuple(name for name in types_of(GPTSizes) if name != "dropout")
TAKEN_FROM_START = (*START_SIZES, "tokenizer", "vocab_size")


@dataclass(frozen=True, kw_only=True)
class Pretraining(Settings):
    """The settings of a pre-training.

    Sizes that are named, alone or in a dictionary, change those of the small model that is the
    default. A record `GPTSizes` is all sizes: where it is not told otherwise, those of GPT-2.

    >>> Pretraining(n_layers=2).model.d_model, Pretraining(model={"n_layers": 2}).model.d_model
    (128, 128)
    >>> Pretraining(model=GPTSizes(n_layers=2)).model.d_model
    768
    >>> Pretraining(data="stdlib").folder
    PosixPath('runs/stdlib')
    """

    data: str | None = setting(
        None,
        "a text file, a folder, a glob, a column of a table (rows.jsonl:text, rows.csv:text), or "
        f"the name of a corpus: {', '.join(CORPORA)}",
    )
    from_: Path | None = setting(
        None, "a run or a model to start from: its weights, its sizes and its tokenizer"
    )
    out: Path | None = setting(None, "where the run lives (runs/NAME of the text)")
    errors: str = setting(
        "strict", "what to do with bytes that are no UTF-8", choices=DECODE_ERRORS
    )
    validation_fraction: float = setting(
        0.1, "the part of the text, at its end, kept aside", above=0, below=1
    )
    tokenizer: str = setting("bpe", "characters, bpe, bpe-han, bpe-dialogue, or a folder with one")
    vocab_size: int = setting(2000, "tokens that bpe may learn, bytes included", least=1)
    model: GPTSizes = group(GPTSizes, context_length=128, n_layers=4, n_heads=4, d_model=128)
    training: TrainingSettings = group(TrainingSettings)
    sample_prompt: str | None = setting(None, "what samples begin with (without it: a new line)")
    sample_length: int = setting(100, "tokens of a sample", least=1)
    device: str | None = setting(
        None, "cpu, cuda, cuda:1 ... or auto (MINIBIG_DEVICE, or else cpu)"
    )

    @property
    def folder(self) -> Path:
        """Where the run lives."""
        return self.out or Path("runs", Path(self.data or "text").stem)


def pretraining_of(values: Mapping[str, Any]) -> Pretraining:
    """The settings in a record; those of older versions lay in one row, and may be fewer."""
    return Pretraining().changed(values)
