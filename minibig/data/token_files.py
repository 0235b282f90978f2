"""Token ids on disk, mapped into memory: tokenized once, read by every run without loading.

`write_tokens` streams a corpus through a tokenizer into three files:

    tokens.bin             the ids, one after the other: little-endian uint16, or uint32 where the
                           vocabulary is larger than 65,536
    tokens.bin.documents   where each document starts: little-endian uint64
    tokens.bin.json        the sidecar: dtype, counts, vocabulary size, and the SHA-256 of the text,
                           of both files and of itself

Where the tokenizer has an `end_of_text`, that id closes each document. The sidecar is written last,
and whoever opens the file compares the hashes, so files that do not belong together are never taken
for a token file.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from minibig.backend import checks
from minibig.backend.checks import iterable, refusal, whole
from minibig.backend.errors import InputError
from minibig.data.documents import Piece, TextHash, check_piece
from minibig.data.tokens import MOST_TOKENS, Tokens, check_starts, token_dtype
from minibig.files import (
    CheckedJson,
    StorageError,
    Whole,
    check_shape,
    make_folder,
    new_file,
    open_regular,
    read_blocks,
    read_json,
)
from minibig.tokenizers import StreamEncoder, Tokenizer
from minibig.tokenizers.inputs import token_id_array, token_ids

FORMAT = "minibig tokens"
_SIDECAR = CheckedJson(FORMAT, 2)
_BLOCK = 1 << 20
_AT_ONCE = 1 << 14  # ids that are written together
_MOST = 1 << 62
_SHAPE = {
    "dtype": str,
    "tokens": Whole(1, _MOST),
    "documents": Whole(1, _MOST),
    "vocab_size": Whole(1, MOST_TOKENS),
    "end_of_text": (int, None),
    "text_bytes": Whole(1, _MOST),
    "text_sha256": str,
    "tokens_sha256": str,
    "documents_sha256": str,
    ...: object,
}


class TokenFile(Tokens):
    """The tokens that `write_tokens` has written to `path`, mapped into memory read-only.

    Opening reads the file through once: its bytes must have the SHA-256 of the sidecar and its ids
    must lie in the vocabulary. `sidecar` holds what the sidecar says: `text_sha256` is the same
    for the same text in the same documents.

    Raises:  InputError when the files are missing, damaged or do not belong together.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = checks.path("path", path)
        self.sidecar = _read_sidecar(self.path)
        vocab_size, n_tokens = self.sidecar["vocab_size"], self.sidecar["tokens"]
        ids = _mapped(self.path, token_dtype(vocab_size), n_tokens)
        documents = _documents_path(self.path)
        starts = _mapped(documents, np.dtype("<u8"), self.sidecar["documents"])
        highest = _highest(self.path, ids.dtype, self.sidecar["tokens_sha256"])
        _highest(documents, starts.dtype, self.sidecar["documents_sha256"])
        token_ids([highest], vocab_size, f"the ids in {self.path}")
        check_starts(starts, n_tokens, str(documents))
        super().__init__(ids, starts, vocab_size)

    @property
    def text_bytes(self) -> int:
        """The length of the text in UTF-8."""
        return int(self.sidecar["text_bytes"])


def write_tokens(
    pieces: Iterable[Piece], tokenizer: Tokenizer, path: str | os.PathLike[str]
) -> TokenFile:
    """Tokenize a corpus into a token file at `path`, in bounded memory.

    `pieces` are pairs (document index, text) as `load_documents` gives them; `enumerate(texts)`
    turns a list of documents into such pairs. How a document is cut into pieces does not change
    the ids (`StreamEncoder`). A file already at `path` is replaced when everything has been
    written, and otherwise kept.

    Raises:  InputError for an id outside the vocabulary, a corpus without tokens, or files that
             cannot be written.
    """
    pieces = iterable("pieces", pieces, "pairs (document index, text)")
    return write_token_parts(((0, piece) for piece in pieces), tokenizer, [path])[0]


def write_token_parts(
    parts: Iterable[tuple[int, Piece]],
    tokenizer: Tokenizer,
    paths: Sequence[str | os.PathLike[str]],
) -> list[TokenFile]:
    """Tokenize a corpus into several files in one go, as `Text.parts` gives it.

    `parts` are pairs of the place of a file in `paths` and a piece for it.

    Raises:  InputError as `write_tokens` does.
    """
    with ExitStack() as stack:
        writers = [stack.enter_context(TokenWriter(tokenizer, path)) for path in paths]
        for part, piece in parts:
            writers[part].add(piece)
    return [TokenFile(path) for path in paths]


class TokenWriter:
    """A token file that is written piece by piece, in a `with` statement; it is there at its end.

    Raises:  InputError as `write_tokens` does; then what was there before is kept.

    >>> import tempfile
    >>> from minibig.tokenizers import Characters
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "tokens.bin")
    ...     with TokenWriter(Characters.train("abc"), path) as writer:
    ...         writer.add((0, "ab"))
    ...         writer.add((1, "c"))
    ...     tokens = TokenFile(path)
    ...     tokens.ids.tolist(), tokens.n_documents
    ([0, 1, 2], 2)
    """

    def __init__(self, tokenizer: Tokenizer, path: str | os.PathLike[str]) -> None:
        for name in ("encode", "vocab_size", "end_of_text"):
            if not hasattr(tokenizer, name):
                raise refusal("tokenizer", f"a tokenizer with {name}", tokenizer)
        self.path = checks.path("path", path)
        self._vocab_size = whole("vocab_size", tokenizer.vocab_size, 1, MOST_TOKENS)
        self._end: list[int] = []
        if tokenizer.end_of_text is not None:
            self._end = [tokenizer.end_of_text]
            token_ids(self._end, self._vocab_size, "end_of_text")
        self._encoder, self._hash = StreamEncoder(tokenizer), TextHash()
        self._document, self._n_tokens = -1, 0
        self._unwritten: list[int] = []
        self._files = ExitStack()

    def __enter__(self) -> "TokenWriter":
        make_folder(self.path.parent)
        _refuse_foreign(self.path)
        with ExitStack() as files:
            self._sidecar = files.enter_context(new_file(_sidecar_path(self.path)))
            self._starts = _Output(files.enter_context(new_file(_documents_path(self.path))))
            self._ids = _Output(files.enter_context(new_file(self.path)))
            self._files = files.pop_all()
        return self

    def add(self, piece: Piece) -> None:
        """Go on with a piece of the current document, or begin the next one."""
        document, text = check_piece(piece, self._document)
        if document > self._document:
            self._end_document()
            self._starts.write(np.array([self._n_tokens], dtype="<u8"))
            self._document = document
        self._hash.add(document, text)
        self._take(self._encoder.feed(text))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            with suppress(_Abandoned), self._files:
                raise _Abandoned
            return
        with self._files:
            self._end_document()
            self._write_ids()
            if self._n_tokens == 0 or self._hash.bytes == 0:
                raise InputError(
                    "the corpus gave no tokens; at least one document with text is needed."
                )
            self._sidecar.write(_SIDECAR.content(self._description()))
            for file in (self._ids.file, self._starts.file, self._sidecar):
                file.flush()
                os.fsync(file.fileno())  # a disk that is full keeps what was there before

    def _end_document(self) -> None:
        if self._document >= 0:
            self._take(self._encoder.finish() + self._end)

    def _take(self, ids: list[int]) -> None:
        """Keep the ids until there are some thousands: a document alone is not worth a write."""
        self._unwritten += ids
        self._n_tokens += len(ids)
        if len(self._unwritten) >= _AT_ONCE:
            self._write_ids()

    def _write_ids(self) -> None:
        known = token_id_array(self._unwritten, self._vocab_size, "ids of the tokenizer")
        self._ids.write(known.astype(token_dtype(self._vocab_size)))
        self._unwritten.clear()

    def _description(self) -> dict[str, Any]:
        """What the sidecar says."""
        return {
            "dtype": token_dtype(self._vocab_size).name,
            "tokens": self._n_tokens,
            "documents": self._document + 1,
            "vocab_size": self._vocab_size,
            "end_of_text": int(self._end[0]) if self._end else None,
            "text_characters": self._hash.characters,
            "text_bytes": self._hash.bytes,
            "text_sha256": self._hash.hexdigest(closed=True),
            "tokens_sha256": self._ids.digest.hexdigest(),
            "documents_sha256": self._starts.digest.hexdigest(),
        }


class _Abandoned(Exception):
    """An error that no file is to blame for."""


class _Output:
    """A file being written, and the hash of what went into it."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def write(self, array: np.ndarray) -> None:
        self.file.write(array.data)
        self.digest.update(array.data)


def _documents_path(path: Path) -> Path:
    return path.with_name(path.name + ".documents")


def _sidecar_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _read_sidecar(path: Path) -> dict[str, Any]:
    """The sidecar of a token file, every entry of the kind that it must be."""
    file = _sidecar_path(path)
    try:
        sidecar: dict[str, Any] = read_json(file, shape={...: object})
        if sidecar.get("format") != FORMAT:
            raise StorageError(f"{file} does not describe a token file.")
        if sidecar.get("version") != 1:  # the first version had no checksum of itself
            sidecar = _SIDECAR.read(file)
        check_shape(file, sidecar, _SHAPE)
        if sidecar["dtype"] != token_dtype(sidecar["vocab_size"]).name:
            raise StorageError(f"{file} is damaged: dtype and vocab_size disagree.")
    except StorageError as error:
        _refuse_foreign(path)
        raise InputError(f"{error} {path} is no complete token file: write it again.") from error
    return sidecar


def _refuse_foreign(path: Path) -> None:
    """Refuse a JSON file of this name that may belong to something else: it is not replaced."""
    sidecar, documents = _sidecar_path(path), _documents_path(path)
    if os.path.isfile(sidecar) and not os.path.lexists(documents):
        raise InputError(
            f"{sidecar} is no part of a token file: {documents} is missing. Give another path."
        )


def _mapped(path: Path, dtype: np.dtype[Any], count: int) -> np.ndarray:
    with open_regular(path) as (_, size):
        if size == count * dtype.itemsize:
            return np.memmap(path, dtype=dtype, mode="r")
    raise InputError(
        f"{path} has {size:,} bytes, its sidecar says {count * dtype.itemsize:,}; write it again."
    )


def _highest(path: Path, dtype: np.dtype[Any], expected: str) -> int:
    """The highest number in a file, if the file has the expected hash; read, never in memory."""
    found, highest = hashlib.sha256(), 0
    for block in read_blocks(path, _BLOCK):
        found.update(block)
        highest = max(highest, int(np.frombuffer(block, dtype).max()))
    if found.hexdigest() != expected:
        raise InputError(f"{path} is not what its sidecar describes (SHA-256); write it again.")
    return highest
