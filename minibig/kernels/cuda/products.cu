// What stands around the matrix products of linear and feed_forward; the products are cuBLAS's.

// Part by part of the N rows of g, the sums of its F columns.
// Grid: (F / 32, parts) blocks of (32, 8) threads.
extern "C" __global__ void column_sums(
    const number* g, real* parts, long long N, long long F, long long rows_of_a_part
) {
    __shared__ real sums[8][WARP];
    long long f = (long long)blockIdx.x * WARP + threadIdx.x;
    long long start = blockIdx.y * rows_of_a_part, stop = min(start + rows_of_a_part, N);
    real sum = 0;
    if (f < F)
        for (long long row = start + threadIdx.y; row < stop; row += 8) sum += real(g[row * F + f]);
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && f < F) {
        real total = 0;
        for (int i = 0; i < 8; i++) total += sums[i][threadIdx.x];
        parts[blockIdx.y * F + f] = total;
    }
}

// u gets the bias added, if there is one. y = max(0, u); its slope is 0 or 1.
extern "C" __global__ void relu(
    number* u, const number* bias, number* y, long long n, long long F
) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    real x = bias ? real(u[i]) + real(bias[i % F]) : real(u[i]);
    y[i] = number(larger(x, 0));
    u[i] = number(real(x > 0));
}

// y = x s with s = 1 / (1 + e^(-2z)), z = sqrt(2/pi) (x + 0.044715 x^3); and in the place of u the
// slope s + y (1 - s) 2z'. For large negative x, e^(-2z) is infinite and s is 0, which is right.
extern "C" __global__ void gelu_tanh(
    number* u, const number* bias, number* y, long long n, long long F
) {
    const real c = 1.5957691216057308;  // 2 sqrt(2/pi)
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    real x = bias ? real(u[i]) + real(bias[i % F]) : real(u[i]);
    real s = 1 / (1 + exp(-c * (x + real(0.044715) * x * x * x)));
    y[i] = number(x * s);
    u[i] = number(s + x * s * (1 - s) * c * (1 + real(0.134145) * x * x));
}
