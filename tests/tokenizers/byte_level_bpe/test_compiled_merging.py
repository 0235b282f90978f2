import os
import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig
from minibig.tokenizers.byte_level_bpe import compiled_merging
from minibig.tokenizers.byte_level_bpe.compiled_merging import (
    NO_RANK,
    CompiledMerging,
    compiled_loop,
    merge_each,
    rank_table,
)
from minibig.tokenizers.byte_level_bpe.pair_merging import Merges, encode_short

PAIRS = [(97, 97), (97, 98), (257, 256), (258, 98)]
MERGES = Merges(PAIRS, [256, 257, 258, 259], {pair: rank for rank, pair in enumerate(PAIRS)})
pieces = st.lists(st.text("abc", min_size=1, max_size=30).map(str.encode))


@given(pieces)
def test_with_and_without_numba_it_is_encode_short(pieces):
    expected = [tuple(encode_short(piece, MERGES)) for piece in pieces]
    with pytest.MonkeyPatch.context() as patch:
        for loop in (compiled_loop, lambda: None):
            patch.setattr(compiled_merging, "compiled_loop", loop)
            assert CompiledMerging(range(256), MERGES).encode(pieces) == expected


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), unique=True))
def test_the_table_holds_each_pair_once_and_is_half_free(pairs):
    keys, ranks = rank_table(pairs)
    assert {
        (key >> 32, key & 0xFFFFFFFF): rank
        for key, rank in zip(keys.tolist(), ranks.tolist(), strict=True)
        if key >= 0
    } == {pair: rank for rank, pair in enumerate(pairs)}
    assert len(keys) >= 2 * len(pairs)
    assert set(ranks[keys < 0]) == {NO_RANK}


@given(st.lists(st.integers(-5, 5).map(lambda n: n * 2**22 + 2**25), min_size=2, max_size=9))
def test_large_ids_do_not_overflow(ids):
    pairs = list(dict.fromkeys(pairwise(ids)))
    keys, ranks = rank_table(pairs)
    tokens, ends = np.array(ids, np.int32), np.array([len(ids)])
    made = np.arange(len(pairs), dtype=np.int32)
    merges = Merges(pairs, made.tolist(), {pair: rank for rank, pair in enumerate(pairs)})
    (compiled_loop() or merge_each)(tokens, ends, keys, ranks, made)
    assert tokens[: ends[0]].tolist() == encode_short(ids, merges)


@pytest.mark.parametrize("value", ["off", "numpy"])
def test_it_is_not_compiled_where_kernels_do_without(value):
    code = "from minibig.tokenizers.byte_level_bpe.compiled_merging import compiled_loop as loop"
    environment = {**os.environ, "MINIBIG_KERNELS": value}
    code += "; import sys; print(loop(), 'numba' in sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("None False\n", "")


def test_without_the_folder_kernels_nothing_is_compiled(monkeypatch):
    monkeypatch.setattr(minibig, "kernels", None)
    assert compiled_loop.__wrapped__() is None


@pytest.mark.slow
@pytest.mark.skipif(compiled_loop() is None, reason="there is no Numba to compile")
def test_what_is_kept_of_it_is_made_anew_if_it_is_damaged(tmp_path):
    code = f"from {compiled_merging.__name__} import *; print(CompiledMerging(range(256), "
    code += "Merges([(97, 97)], [256], {(97, 97): 0})).encode([b'aab']), bool(compiled_loop()))"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True
        )
        assert (done.stdout, done.stderr) == ("[(256, 98)] True\n", "")
        for path in tmp_path.rglob("*.nb?"):
            path.write_bytes(path.read_bytes()[:20])


def test_a_compiler_that_fails_is_warned_of(monkeypatch):
    def fails(*arguments):
        raise OSError("no room")

    compiling = SimpleNamespace(machine_code=fails)
    loops = SimpleNamespace(kind=lambda: "compiled", COMPILED="compiled")
    kernels = SimpleNamespace(loops=loops, compiled=SimpleNamespace(compiling=compiling))
    monkeypatch.setattr(minibig, "kernels", kernels)
    with pytest.warns(RuntimeWarning, match="cannot compile merge_each: no room"):
        assert compiled_loop.__wrapped__() is None
