"""Text as it is generated, character by character and never half of one.

A token may end inside a character: its bytes alone would print as "�" and the next token's too.
So bytes wait until their character is whole.
"""

import codecs
from collections.abc import Iterable

from minibig.tokenizers.protocol import Tokenizer


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
