"""Token ids on disk, mapped into memory: tokenized once, read by every run without loading.

`write_tokens` streams a corpus through a tokenizer into three files:

    tokens.bin             the ids, one after the other: little-endian uint16, or uint32 where the
                           vocabulary is larger than 65,536
    tokens.bin.documents   where each document starts: little-endian uint64
    tokens.bin.json        the sidecar: dtype, counts, vocabulary size, and the SHA-256 of the text
                           and of both files

A tokenizer is any object with `encode(text) -> list[int]`, `vocab_size` and `end_of_text`: the id
that closes each document, or None. The sidecar goes first and comes back last, so files that do
not belong together are never taken for a token file.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from minibig.backend.errors import InputError
from minibig.data.corpora import Piece
from minibig.data.tokens import Tokens, check_starts, check_vocab_size, checked_ids, token_dtype

FORMAT = "minibig tokens"
FORMAT_VERSION = 1

_BLOCK = 1 << 20
_LONGEST_WORD = 1 << 20

# The end of the last word that whitespace follows.
_SAFE_CUT = re.compile(r".*\S(?=[ \t\n])", re.DOTALL)


class Tokenizer(Protocol):
    """What `write_tokens` needs of a tokenizer."""

    @property
    def vocab_size(self) -> int: ...

    @property
    def end_of_text(self) -> int | None: ...

    def encode(self, text: str, /) -> list[int]: ...


class TokenFile(Tokens):
    """The tokens that `write_tokens` has written to `path`, mapped into memory read-only.

    Opening reads the file through once: its bytes must have the SHA-256 of the sidecar and its ids
    must lie in the vocabulary. `sidecar` holds what the sidecar says: `text_sha256` is the same
    for the same text in the same documents, `text_bytes` its length in UTF-8.

    Raises: InputError when the files are missing, damaged or do not belong together.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.sidecar = _read_sidecar(self.path)
        vocab_size, n_tokens = self.sidecar["vocab_size"], self.sidecar["tokens"]
        ids = _mapped(self.path, token_dtype(vocab_size), n_tokens)
        documents = _documents_path(self.path)
        starts = _mapped(documents, np.dtype("<u8"), self.sidecar["documents"])
        _check_hash(self.path, self.sidecar["tokens_sha256"])
        _check_hash(documents, self.sidecar["documents_sha256"])
        for block in _blocks(self.path, ids.dtype):
            checked_ids(block, vocab_size, str(self.path))
        check_starts(starts, n_tokens, str(documents))
        super().__init__(ids, starts, vocab_size)


def write_tokens(
    pieces: Iterable[Piece], tokenizer: Tokenizer, path: str | os.PathLike[str]
) -> TokenFile:
    """Tokenize a corpus into a token file at `path`, in bounded memory.

    `pieces` are pairs (document index, text) as `load_documents` gives them; `enumerate(texts)`
    turns a list of documents into such pairs. How a document is cut into pieces does not change
    the ids: it is cut anew, between a word and the whitespace behind it. Pre-tokenizers like
    GPT-2's split there anyway and look only ahead, so either side gives the tokens it would have
    given in the whole. Only a million characters in a row without such a place are cut blindly.

    A file already at `path` is replaced when everything has been written, and otherwise kept.

    Raises: InputError for an id outside the vocabulary, a corpus without tokens, or files that
    cannot be written.
    """
    path = Path(path)
    _check_tokenizer(tokenizer)
    targets = [path, _documents_path(path), _sidecar_path(path)]
    temporaries = [target.with_name(target.name + ".tmp") for target in targets]
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for target in targets:
            if target.is_dir():
                raise InputError(f"{target} is a folder; choose another name for the token file.")
    try:
        _write_files(pieces, tokenizer, path, temporaries)
        with _writing(path):
            targets[-1].unlink(missing_ok=True)
            for temporary, target in zip(temporaries, targets, strict=True):
                os.replace(temporary, target)
    finally:
        for temporary in temporaries:
            if temporary.is_file():
                temporary.unlink()
    return TokenFile(path)


def _write_files(
    pieces: Iterable[Piece], tokenizer: Tokenizer, path: Path, temporaries: list[Path]
) -> None:
    """Write the three files under their temporary names and bring them to the disk."""
    with ExitStack() as stack:
        with _writing(path):
            files = [stack.enter_context(open(temporary, "wb")) for temporary in temporaries]
        sidecar = _write_ids(pieces, tokenizer, _Output(path, files[0]), _Output(path, files[1]))
        with _writing(path):
            files[2].write(json.dumps(sidecar, indent=2).encode() + b"\n")
            for file in files:
                file.flush()
                os.fsync(file.fileno())


class _Output:
    """A file being written, and the hash of what went into it."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self.file, self.digest = path, file, hashlib.sha256()

    def write(self, array: np.ndarray) -> None:
        with _writing(self.path):
            self.file.write(array.data)
        self.digest.update(array.data)


def _write_ids(
    pieces: Iterable[Piece], tokenizer: Tokenizer, ids_output: _Output, starts_output: _Output
) -> dict[str, Any]:
    """Write the ids and the starts of the documents; returns the sidecar's contents."""
    vocab_size, end_of_text = tokenizer.vocab_size, tokenizer.end_of_text
    text_digest = hashlib.sha256()
    n_documents = n_tokens = text_bytes = 0
    document_begins = True
    for text, document_ends in _slices(pieces):
        if document_begins:
            starts_output.write(np.array([n_tokens], dtype="<u8"))
            n_documents += 1
        ids = checked_ids(np.asarray(tokenizer.encode(text)), vocab_size, "the tokenizer")
        if document_ends and end_of_text is not None:
            ids = np.append(ids, end_of_text)
        ids_output.write(ids.astype(token_dtype(vocab_size)))
        n_tokens += len(ids)
        encoded = text.encode("utf-8", "surrogatepass")
        text_bytes += len(encoded)
        # 0xFF never occurs in UTF-8: the hash covers the documents' ends as well.
        text_digest.update(encoded + b"\xff" * document_ends)
        document_begins = document_ends
    if n_tokens == 0 or text_bytes == 0:
        raise InputError("the corpus gave no tokens; at least one document with text is needed.")
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "dtype": token_dtype(vocab_size).name,
        "tokens": n_tokens,
        "documents": n_documents,
        "vocab_size": vocab_size,
        "end_of_text": None if end_of_text is None else int(end_of_text),
        "text_bytes": text_bytes,
        "text_sha256": text_digest.hexdigest(),
        "tokens_sha256": ids_output.digest.hexdigest(),
        "documents_sha256": starts_output.digest.hexdigest(),
    }


def _slices(pieces: Iterable[Piece]) -> Iterator[tuple[str, bool]]:
    """Text cut at safe places, and whether a document ends with it."""
    document, held = -1, ""
    for piece in pieces:
        index, text = _checked_piece(piece, document)
        if index > document:
            if document >= 0:
                yield held, True
            document, held = index, ""
        before = max(0, len(held) - 1)  # what comes earlier was looked at with the piece before
        held += text
        match = _SAFE_CUT.match(held, before)
        cut = match.end() if match else len(held) if len(held) > _LONGEST_WORD else 0
        if cut:
            yield held[:cut], False
            held = held[cut:]
    if document >= 0:
        yield held, True


def _checked_piece(piece: Piece, document: int) -> Piece:
    if not (isinstance(piece, tuple) and len(piece) == 2 and isinstance(piece[1], str)):
        raise TypeError(
            f"pieces must be pairs (document index, text), as enumerate(texts) gives; got "
            f"{type(piece).__name__}."
        )
    if piece[0] not in (max(document, 0), document + 1):
        raise InputError(
            f"documents must be numbered 0, 1, 2, ... in order; got {piece[0]} after {document}."
        )
    return piece


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}; choose another place or make room."
        ) from error


def _documents_path(path: Path) -> Path:
    return path.with_name(path.name + ".documents")


def _sidecar_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _read_sidecar(path: Path) -> dict[str, Any]:
    """The sidecar of a token file, every entry of the kind that it must be."""
    file = _sidecar_path(path)
    try:
        sidecar = json.loads(file.read_bytes())
    except OSError as error:
        raise InputError(
            f"{path} is no complete token file: {file.name} cannot be read ({error.strerror}); "
            "write it with write_tokens."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is damaged: it is not JSON; write the tokens again.") from error
    if not isinstance(sidecar, dict) or sidecar.get("format") != FORMAT:
        raise InputError(f"{file} does not describe a token file; write it with write_tokens.")
    if sidecar.get("version") != FORMAT_VERSION:
        raise InputError(
            f"{file} has format version {sidecar.get('version')!r}; this version reads "
            f"{FORMAT_VERSION}. Write the tokens again."
        )
    for key, least in {"tokens": 1, "documents": 1, "vocab_size": 1, "text_bytes": 1}.items():
        if type(sidecar.get(key)) is not int or sidecar[key] < least:
            raise InputError(f"{file} is damaged: {key} is {sidecar.get(key)!r}; write it again.")
    check_vocab_size(sidecar["vocab_size"])
    for key in ("text_sha256", "tokens_sha256", "documents_sha256"):
        if not isinstance(sidecar.get(key), str):
            raise InputError(f"{file} is damaged: {key} is {sidecar.get(key)!r}; write it again.")
    if sidecar.get("dtype") != token_dtype(sidecar["vocab_size"]).name:
        raise InputError(f"{file} is damaged: dtype and vocab_size disagree; write it again.")
    return sidecar


def _mapped(path: Path, dtype: np.dtype[Any], count: int) -> np.ndarray:
    try:
        size = path.stat().st_size
        if size == count * dtype.itemsize:
            return np.memmap(path, dtype=dtype, mode="r")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    raise InputError(
        f"{path} has {size:,} bytes, its sidecar says {count * dtype.itemsize:,}; write it again."
    )


def _check_hash(path: Path, expected: str) -> None:
    digest = hashlib.sha256()
    for block in _blocks(path, np.dtype("u1")):
        digest.update(block.data)
    if digest.hexdigest() != expected:
        raise InputError(f"{path} is not what its sidecar describes (SHA-256); write it again.")


def _blocks(path: Path, dtype: np.dtype[Any]) -> Iterator[np.ndarray]:
    """A file from its beginning to its end; read and not mapped, so it never lies in memory."""
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                yield np.frombuffer(block, dtype)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def _check_tokenizer(tokenizer: Tokenizer) -> None:
    for name in ("encode", "vocab_size", "end_of_text"):
        if not hasattr(tokenizer, name):
            raise TypeError(
                f"a tokenizer needs encode(text), vocab_size and end_of_text; "
                f"{type(tokenizer).__name__} has no {name}."
            )
    check_vocab_size(tokenizer.vocab_size)
    if tokenizer.end_of_text is not None:
        checked_ids(np.array([tokenizer.end_of_text]), tokenizer.vocab_size, "end_of_text")
