"""Dropout masks: Philox4x64-10, drawn as NumPy's generator of that name draws it.

Source:  Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", figure 2 and table 2.
"""

import numpy as np

from minibig.kernels.compiled.array_types import In2, Mask2, Out2, Real, Words1
from minibig.kernels.compiled.compiling import compiled, f32, inlined

u32, u64 = np.uint32, np.uint64
HALF, LOW = u64(32), u64(0xFFFFFFFF)


@inlined
def _product(a, b):
    """The upper and the lower 64 of the 128 bits of a·b.

    From products of halves, because there are vector instructions for these.
    """
    a_low, a_high, b_low, b_high = a & LOW, a >> HALF, b & LOW, b >> HALF
    low = a_low * b_low
    middle = a_low * b_high + (low >> HALF)
    other = a_high * b_low + (middle & LOW)
    return a_high * b_high + (middle >> HALF) + (other >> HALF), other << HALF | low & LOW


@inlined
def _philox(c0, c1, key0, key1):
    """Ten rounds on the counter (c0, c1, 0, 0)."""
    c2, c3 = u64(0), u64(0)
    for _ in range(10):
        high0, low0 = _product(u64(0xD2E7470EE14C6C93), c0)
        high1, low1 = _product(u64(0xCA5A826395121157), c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0
        key0, key1 = key0 + u64(0x9E3779B97F4A7C15), key1 + u64(0xBB67AE8584CAA73B)
    return c0, c1, c2, c3


@compiled
def masked_rows(x: In2, words: Words1, scale: Real, mask: Mask2, y: Out2):
    """mask = whether the 32 bits of a number are at least the last of the words,  y = x·mask·scale.

    Block b of 8 numbers of row n has the counter (b + 1, first + n, 0, 0); low halves come first.
    """
    N, L = x.shape
    key0, key1, first, least, factor = words[0], words[1], words[2], u32(words[3]), f32(scale)
    drawn = np.empty(4 * -(-L // 8), u64)
    bits = drawn.view(u32)
    for n in range(N):
        for b in range(drawn.size // 4):
            c0, c1, c2, c3 = _philox(u64(b + 1), first + u64(n), key0, key1)
            drawn[4 * b], drawn[4 * b + 1], drawn[4 * b + 2], drawn[4 * b + 3] = c0, c1, c2, c3
        for i in range(L):
            kept = bits[i] >= least
            mask[n, i] = kept
            y[n, i] = x[n, i] * (factor if kept else f32(0))
