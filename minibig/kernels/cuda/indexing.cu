// embedding: the gradient of a table adds up the rows of g that belong to one token.
//
// The tokens come sorted, with the places they came from, so that the rows of a token are found
// together and added in one order, by one block: no atomic additions, the same bits every time.
// Grid: (N, D / 32) blocks of (32, 8) threads; a block works if its token begins there.
extern "C" __global__ void embedding_backward(
    const number* g, const long long* tokens, const long long* places, number* gradient,
    long long N, long long D
) {
    __shared__ real sums[8][WARP];
    long long first = blockIdx.x, token = tokens[first];
    if (first > 0 && tokens[first - 1] == token) return;
    long long d = (long long)blockIdx.y * WARP + threadIdx.x;
    real sum = 0;
    if (d < D)
        for (long long i = first + threadIdx.y; i < N && tokens[i] == token; i += 8)
            sum += real(g[places[i] * D + d]);
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && d < D) {
        real total = 0;
        for (int i = 0; i < 8; i++) total += sums[i][threadIdx.x];
        gradient[token * D + d] = number(total);
    }
}
