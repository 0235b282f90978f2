// dropout: the mask is Philox4x64-10, drawn where it is used and never stored.
//
// Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", figure 2 and table 2.

typedef unsigned long long word;

// Ten rounds on a counter of four words, in place.
__device__ void philox(word* c, word key0, word key1) {
    const word M0 = 0xD2E7470EE14C6C93, M1 = 0xCA5A826395121157;
    for (int round = 0; round < 10; round++) {
        word high0 = __umul64hi(M0, c[0]), low0 = M0 * c[0];
        word high1 = __umul64hi(M1, c[2]), low1 = M1 * c[2];
        c[0] = high1 ^ c[1] ^ key0;
        c[1] = low1;
        c[2] = high0 ^ c[3] ^ key1;
        c[3] = low0;
        key0 += 0x9E3779B97F4A7C15;
        key1 += 0xBB67AE8584CAA73B;
    }
}

// y = x scale where the 32 bits of a number are at least `threshold`, x 0 elsewhere.
// A thread draws for eight numbers of one example: block b of example i has the counter
// (b + 1, first_example + i, 0, 0), because NumPy counts up before it draws; low halves come first.
extern "C" __global__ void masked(
    const number* x, number* y, unsigned long long key0, unsigned long long key1,
    long long first_example, long long examples, long long lanes, long long threshold, double scale
) {
    long long blocks = (lanes + 7) / 8, i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= examples * blocks) return;
    long long example = i / blocks, block = i % blocks;
    word c[4] = {word(block + 1), word(first_example + example), 0, 0};
    philox(c, key0, key1);
#pragma unroll  // else c would not be registers
    for (int j = 0; j < 8; j++) {
        if (8 * block + j >= lanes) break;
        long long bits = c[j / 2] >> 32 * (j % 2) & 0xffffffff;
        long long at = example * lanes + 8 * block + j;
        y[at] = number(real(x[at]) * (bits >= threshold ? real(scale) : real(0)));
    }
}
