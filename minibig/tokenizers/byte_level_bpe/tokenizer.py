"""Byte-level byte pair encoding: GPT-2's tokenizer, trained here or read from its files.

Text is cut into pre-tokens (`pretokenization.py`), each becomes its UTF-8 bytes, and learned merges
(`pair_merging.py`) join bytes into tokens. Every byte is a token, so nothing is ever unknown. A
token may be half a character: `decode_bytes` shows what it really is, and `StreamDecoder` waits.
"""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike

from minibig.backend.checks import flag, instance, iterable, path, shown, whole
from minibig.backend.errors import InputError
from minibig.tokenizers.byte_level_bpe.byte_symbols import SYMBOLS, to_symbols
from minibig.tokenizers.byte_level_bpe.files import (
    MERGES_FILE,
    VOCABULARY_FILE,
    merges_content,
    read_merges,
    read_vocabulary,
    vocabulary_content,
)
from minibig.tokenizers.byte_level_bpe.pre_token_ids import PreTokenIds
from minibig.tokenizers.byte_level_bpe.pretokenization import (
    count_pre_tokens,
    pre_token_finder,
    split_at_special_tokens,
)
from minibig.tokenizers.byte_level_bpe.training import learn_merges
from minibig.tokenizers.byte_level_bpe.vocabulary import (
    bytes_of_tokens,
    check_vocabulary,
    checked_special_tokens,
    ranked_merges,
    trained_vocabulary,
)
from minibig.tokenizers.files import SETTINGS_FILE, read_settings, write_tokenizer
from minibig.tokenizers.inputs import check_text, checked_texts, token_ids

END_OF_TEXT = "<|endoftext|>"


class ByteLevelBPE:
    """A tokenizer that begins with the 256 bytes and merges frequent neighbours.

    `vocabulary` and `merges` are spelled in byte symbols, as in GPT-2's files; `train`,
    `from_files` and `load` are the usual ways to make a tokenizer. `isolate_han` makes each Han
    character a pre-token: GPT-2's pattern takes a whole Chinese clause for one word, because
    there are no spaces in it, and merges characters across words.

    Special tokens, such as the one between documents, are no text. `encode` yields them only with
    `allow_special=True`: text from a user or a corpus that spells "<|endoftext|>" is otherwise
    encoded as these thirteen characters, and cannot end a document.

    Raises:  InputError if a byte has no token, a merge uses a token that does not exist before it,
             or a token is neither byte, nor merge, nor special.
    Source:  Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", 2.2.

    >>> tokenizer = ByteLevelBPE.train("low lower lowest", vocab_size=260)
    >>> tokenizer.encode("slow"), tokenizer.decode_bytes([256])
    ([82, 257], b'lo')
    >>> tokenizer.decode(tokenizer.encode("慢 slower!"))
    '慢 slower!'
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        merges: Sequence[tuple[str, str]],
        *,
        special_tokens: Sequence[str] = (END_OF_TEXT,),
        isolate_han: bool = False,
    ) -> None:
        self.vocabulary = dict(instance("vocabulary", vocabulary, Mapping))  # type: ignore[type-abstract]
        check_vocabulary(self.vocabulary)
        self.merges = tuple(iterable("merges", merges, "pairs of tokens"))
        self.special_tokens = checked_special_tokens(special_tokens)
        self.isolate_han = flag("isolate_han", isolate_han)
        ranked = ranked_merges(self.vocabulary, self.merges)
        self._bytes = bytes_of_tokens(self.vocabulary, self.merges, self.special_tokens)
        byte_ids = [self.vocabulary[to_symbols(bytes([byte]))] for byte in range(256)]
        self._known = PreTokenIds(byte_ids, ranked, len(self._bytes))

    @classmethod
    def train(
        cls,
        texts: str | Iterable[str],
        *,
        vocab_size: int,
        special_tokens: Sequence[str] = (END_OF_TEXT,),
        isolate_han: bool = False,
    ) -> "ByteLevelBPE":
        """Learn a vocabulary of at most `vocab_size` tokens, bytes and special tokens included.

        It stays smaller if no pair of tokens is left that occurs twice. The result depends on the
        texts alone, not on their order: `learn_merges` says how equal counts are decided. Special
        tokens in the texts separate; they are not learned from. The ids are GPT-2's layout: the
        bytes, the merges in the order learned, the special tokens.

        Cost:    memory for the different pre-tokens, not for the texts: a large corpus is best
                 given as an iterable that reads it piece by piece. Of more than four million
                 characters of different ones the rarest are forgotten, as `count_pre_tokens` says.
        Raises:  InputError if `vocab_size` has no room for bytes and special tokens, or there is
                 nothing to learn from.
        """
        special_tokens = checked_special_tokens(special_tokens)
        flag("isolate_han", isolate_han)
        n_merges = _room_for_merges(vocab_size, len(special_tokens))
        counts = count_pre_tokens(
            checked_texts(texts), special_tokens=special_tokens, isolate_han=isolate_han
        )
        if not counts:
            raise InputError(
                "texts must hold at least one character beside special tokens; got none. "
                "Is a file empty?"
            )
        vocabulary, merges = trained_vocabulary(learn_merges(counts, n_merges), special_tokens)
        return cls(vocabulary, merges, special_tokens=special_tokens, isolate_han=isolate_han)

    @classmethod
    def from_files(
        cls,
        vocab_json: str | PathLike[str],
        merges_txt: str | PathLike[str],
        *,
        special_tokens: Sequence[str] = (END_OF_TEXT,),
        isolate_han: bool = False,
    ) -> "ByteLevelBPE":
        """Read files in GPT-2's formats, its own (`encoder.json`, `vocab.bpe`) or others.

        Raises:  InputError that names the file and the line or token that cannot be right.
        """
        vocabulary = read_vocabulary(path("vocab_json", vocab_json))
        merges = read_merges(path("merges_txt", merges_txt))
        try:
            return cls(vocabulary, merges, special_tokens=special_tokens, isolate_han=isolate_han)
        except InputError as error:
            raise InputError(f"{vocab_json} with {merges_txt}: {error}") from error

    def __repr__(self) -> str:
        return f"ByteLevelBPE({self.vocab_size:,} tokens)"

    @property
    def vocab_size(self) -> int:
        """How many tokens there are: bytes, merges and special tokens."""
        return len(self._bytes)

    @property
    def end_of_text(self) -> int | None:
        """The id of "<|endoftext|>", or None if it is not among the special tokens."""
        return self.vocabulary[END_OF_TEXT] if END_OF_TEXT in self.special_tokens else None

    def encode(self, text: str, *, allow_special: bool = False) -> list[int]:
        """The ids of the text; special tokens that it spells are ids only if they are allowed.

        Raises:  InputError if the text holds a lone surrogate.
        """
        check_text(text)
        find = pre_token_finder(self.isolate_han)
        if not allow_special:
            return self._known.encode(find(text))
        ids: list[int] = []
        for place, piece in enumerate(split_at_special_tokens(text, self.special_tokens)):
            ids += [self.vocabulary[piece]] if place % 2 else self.encode(piece)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids; bytes that are no whole character become U+FFFD.

        Raises:  InputError if an id is not an integer in 0 … vocab_size - 1.
        """
        return self.decode_bytes(ids).decode(errors="replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of the ids, which may begin or end inside a character."""
        return b"".join(map(self._bytes.__getitem__, token_ids(ids, self.vocab_size)))

    def save(self, folder: str | PathLike[str]) -> None:
        """Write `vocab.json` and `merges.txt` as GPT-2 has them, settings and checksums beside.

        Raises:  InputError if the folder holds another tokenizer.
        """
        settings = {
            "kind": "byte_level_bpe",
            "isolate_han": self.isolate_han,
            "special_tokens": self.special_tokens,
        }
        files = {
            VOCABULARY_FILE: vocabulary_content(self.vocabulary),
            MERGES_FILE: merges_content(self.merges),
        }
        write_tokenizer(folder, settings, files)

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> "ByteLevelBPE":
        """Read what `save` wrote.

        Raises:  InputError that names the file that is missing, was changed, or cannot be right.
        """
        folder = path("folder", folder)
        files = (VOCABULARY_FILE, MERGES_FILE)
        settings = read_settings(folder, ("byte_level_bpe",), files)
        special_tokens, isolate_han = settings.get("special_tokens"), settings.get("isolate_han")
        if (
            not isinstance(special_tokens, list)
            or not all(isinstance(token, str) for token in special_tokens)
            or not isinstance(isolate_han, bool)
        ):
            raise InputError(
                f'{folder / SETTINGS_FILE} must have "special_tokens", a list of strings, and '
                f'"isolate_han", true or false; got {shown(special_tokens)} and '
                f"{shown(isolate_han)}."
            )
        return cls.from_files(
            folder / VOCABULARY_FILE,
            folder / MERGES_FILE,
            special_tokens=special_tokens,
            isolate_han=isolate_han,
        )


def _room_for_merges(vocab_size: int, n_special: int) -> int:
    """How many merges a vocabulary has beside bytes and special tokens."""
    smallest = len(SYMBOLS) + n_special
    if whole("vocab_size", vocab_size) < smallest:
        raise InputError(
            f"vocab_size must be at least {smallest}: 256 bytes and {n_special} special "
            f"token{'s' * (n_special != 1)}; got {vocab_size}."
        )
    return vocab_size - smallest
