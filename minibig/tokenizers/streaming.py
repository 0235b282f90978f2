"""Text and ids that come piece by piece: encoded in bounded memory, decoded character by character.

A text cannot be cut anywhere before it is encoded: a word whose halves are encoded apart has other
tokens. And a token may end inside a character: its bytes alone would print as "�" and the next
token's too. So the end of what has come so far waits until it is known.
"""

import codecs
import re
from collections.abc import Iterable, Iterator

from minibig.tokenizers.protocol import Tokenizer

_LONGEST_WORD = 1 << 20  # characters

# The end of the last word that white space follows.
_SAFE_CUT = re.compile(r".*\S(?=[ \t\n])", re.DOTALL)


class StreamEncoder:
    """Encodes a text as it comes; all the ids together are what `encode` gives for all the text.

    The text is cut between a word and the white space behind it. Pre-tokenizers like GPT-2's split
    there anyway and look only ahead, so either side gives the tokens that it would have given in
    the whole. Only a million characters in a row without such a place are cut blindly.

    >>> from minibig.tokenizers.characters import Characters
    >>> stream = StreamEncoder(Characters.train("a word"))
    >>> stream.feed("a wo"), stream.feed("rd a"), stream.finish()
    ([1], [0, 5, 3, 4, 2], [0, 1])
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._held = ""

    def feed(self, text: str) -> list[int]:
        """The ids of what is complete, perhaps none.

        Raises:  InputError as `encode` does.
        """
        before = max(0, len(self._held) - 1)  # what comes earlier was looked at before
        self._held += text
        match = _SAFE_CUT.match(self._held, before)
        cut = match.end() if match else len(self._held) * (len(self._held) > _LONGEST_WORD)
        ready, self._held = self._held[:cut], self._held[cut:]
        return self.tokenizer.encode(ready) if ready else []

    def finish(self) -> list[int]:
        """The ids of what is left; the encoder can then be used anew."""
        rest, self._held = self._held, ""
        return self.tokenizer.encode(rest) if rest else []


def encode_stream(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[list[int]]:
    """The ids of one long text that comes in pieces, piece by piece and in bounded memory.

    >>> from minibig.tokenizers.characters import Characters
    >>> list(encode_stream(Characters.train("ab "), ["ab", " ab"]))
    [[1, 2], [0, 1, 2]]
    """
    stream = StreamEncoder(tokenizer)
    for text in texts:
        if ids := stream.feed(text):
            yield ids
    if ids := stream.finish():
        yield ids


class StreamDecoder:
    """Decodes ids as they come; all the pieces together are what `decode` gives for all the ids.

    At most three bytes wait. Bytes that can no longer become a character are U+FFFD at once, so
    nothing blocks the stream.

    >>> from minibig.tokenizers.byte_level_bpe import ByteLevelBPE
    >>> tokenizer = ByteLevelBPE.train("a text", vocab_size=257)
    >>> stream = StreamDecoder(tokenizer)
    >>> [stream.feed([token]) for token in tokenizer.encode("né")], stream.finish()
    (['n', '', 'é'], '')
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, ids: Iterable[int]) -> str:
        """The text that the ids complete, perhaps none.

        Raises:  InputError if an id is not in the vocabulary; nothing is fed then.
        """
        return self._decoder.decode(self.tokenizer.decode_bytes(ids))

    def finish(self) -> str:
        """What is left, U+FFFD for half a character; the decoder can then be used anew."""
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return rest
