"""The ids of pre-tokens, remembered: most of any text is a few thousand words again and again.

What is not remembered is merged in the way that is fastest: by the compiled loop once so much text
has come that Numba is worth its start of half a second, else one by one; long ones all together.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from minibig.tokenizers.byte_level_bpe.compiled_merging import CompiledMerging, compiled_loop
from minibig.tokenizers.byte_level_bpe.pair_merging import Merges, encode_short, encode_together

LONGEST_ALONE = 100  # bytes; longer pre-tokens are encoded together
LONGEST_OF_MANY = 12  # the same where there are a hundred or more
LONGEST_COMPILED = 500  # the same for the compiled loop
WORTH_COMPILING = 500_000  # bytes merged so far
MOST_TOGETHER = 1 << 20  # bytes, unless one pre-token has more; takes 40 MB
LONGEST_KEPT = 32  # characters
MOST_KEPT = 65_536  # pre-tokens

Ids = tuple[int, ...]


class PreTokenIds(dict[str, Ids]):
    """A dictionary from pre-token to ids that is filled while it is used, and forgets when full.

    It keeps at most 65,536 pre-tokens of at most 32 characters, about 15 MB for ordinary text, and
    is emptied when that is reached: what is frequent is soon there again.
    """

    def __init__(self, byte_ids: Sequence[int], merges: Merges, n_tokens: int) -> None:
        super().__init__()
        self.byte_ids = byte_ids  # by value of the byte
        self.merges = merges
        self.n_tokens = n_tokens
        self.compiled = CompiledMerging(byte_ids, merges)
        self.n_merged = 0  # bytes so far

    def encode(self, pre_tokens: Sequence[str]) -> list[int]:
        """The ids of all the pre-tokens, one after the other."""
        ids: list[int] = []
        for begin in range(0, len(pre_tokens), MOST_KEPT):
            asked = pre_tokens[begin : begin + MOST_KEPT]
            found = [self.get(key, ()) for key in asked]
            if not all(found):
                unknown = {key for key, known in zip(asked, found, strict=True) if not known}
                new = self._merged(unknown)
                self._keep(new)
                both = zip(asked, found, strict=True)
                found = [known or new[key] for key, known in both]
            ids.extend(chain.from_iterable(found))
        return ids

    def _merged(self, pre_tokens: Collection[str]) -> dict[str, Ids]:
        """The ids of pre-tokens that are not remembered."""
        data = {pre_token: pre_token.encode() for pre_token in pre_tokens}
        self.n_merged += sum(map(len, data.values()))
        if self.n_merged > WORTH_COMPILING and compiled_loop():
            encode, longest = self.compiled.encode, LONGEST_COMPILED
        else:
            encode = self._encoded_one_by_one
            longest = LONGEST_ALONE if len(data) < 100 else LONGEST_OF_MANY
        short = {key: each for key, each in data.items() if len(each) <= longest}
        found = dict(zip(short, encode(list(short.values())), strict=True)) if short else {}
        for long in _portions({key: each for key, each in data.items() if key not in found}):
            ids = encode_together(long.values(), self.merges, self.byte_ids, self.n_tokens)
            found.update(zip(long, ids, strict=True))
        return found

    def _encoded_one_by_one(self, pieces: Sequence[bytes]) -> list[Ids]:
        rows = (map(self.byte_ids.__getitem__, piece) for piece in pieces)
        return [tuple(encode_short(list(row), self.merges)) for row in rows]

    def _keep(self, new: dict[str, Ids]) -> None:
        kept = {key: ids for key, ids in new.items() if len(key) <= LONGEST_KEPT}
        if len(self) + len(kept) > MOST_KEPT:
            self.clear()
        self.update(kept)


def _portions(data: dict[str, bytes]) -> Iterator[dict[str, bytes]]:
    """As many at a time as may be encoded together."""
    portion: dict[str, bytes] = {}
    n_bytes = 0
    for key, each in data.items():
        portion[key] = each
        n_bytes += len(each)
        if n_bytes >= MOST_TOGETHER:
            yield portion
            portion, n_bytes = {}, 0
    if portion:
        yield portion
