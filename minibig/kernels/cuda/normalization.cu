// layer_norm: one warp a row, its lanes side by side along the row.

// y = (x - mean x) / sqrt(var x + eps) * weight + bias; weight and bias may be null.
// Grid: a block of (32, n) threads does n of the N rows.
extern "C" __global__ void layer_norm_forward(
    const number* x, const number* weight, const number* bias, number* y, real* mean, real* r,
    long long N, long long D, double eps
) {
    long long row = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= N) return;
    x += row * D;
    y += row * D;
    real sum = 0, squares = 0;
    for (long long d = threadIdx.x; d < D; d += WARP) sum += real(x[d]);
    real mu = sum_over(WARP, sum) / D;
    for (long long d = threadIdx.x; d < D; d += WARP) {
        real centred = real(x[d]) - mu;
        squares += centred * centred;
    }
    real inverse = 1 / sqrt(sum_over(WARP, squares) / D + real(eps));
    for (long long d = threadIdx.x; d < D; d += WARP) {
        real scaled = (real(x[d]) - mu) * inverse;
        if (weight) scaled *= real(weight[d]);
        if (bias) scaled += real(bias[d]);
        y[d] = number(scaled);
    }
    if (threadIdx.x == 0) {
        mean[row] = mu;
        r[row] = inverse;
    }
}

// dL/dx = r (h - mean h - x^ mean(h x^)), with h = g weight and x^ = (x - mean) r. Grid as above.
extern "C" __global__ void layer_norm_backward(
    const number* g, const number* x, const number* weight, const real* mean, const real* r,
    number* x_grad, long long N, long long D
) {
    long long row = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= N) return;
    g += row * D;
    x += row * D;
    x_grad += row * D;
    real mu = mean[row], inverse = r[row], sum = 0, along = 0;
    for (long long d = threadIdx.x; d < D; d += WARP) {
        real h = weight ? real(g[d]) * real(weight[d]) : real(g[d]);
        sum += h;
        along += h * (real(x[d]) - mu) * inverse;
    }
    sum = sum_over(WARP, sum) / D;
    along = sum_over(WARP, along) / D;
    for (long long d = threadIdx.x; d < D; d += WARP) {
        real h = weight ? real(g[d]) * real(weight[d]) : real(g[d]);
        x_grad[d] = number(inverse * (h - sum - (real(x[d]) - mu) * inverse * along));
    }
}

// Part by part of the rows, the sums over them of g x^ and of g: gradients of weight and bias.
// Grid: (columns / 32, parts) blocks of (32, 8) threads.
extern "C" __global__ void layer_norm_columns(
    const number* g, const number* x, const real* mean, const real* r, real* weight_parts,
    real* bias_parts, long long N, long long D, long long rows_of_a_part
) {
    __shared__ real sums[2][8][WARP];
    long long d = (long long)blockIdx.x * WARP + threadIdx.x;
    long long start = blockIdx.y * rows_of_a_part, stop = min(start + rows_of_a_part, N);
    real along = 0, sum = 0;
    if (d < D)
        for (long long row = start + threadIdx.y; row < stop; row += 8) {
            real above = real(g[row * D + d]);
            along += above * (real(x[row * D + d]) - mean[row]) * r[row];
            sum += above;
        }
    sums[0][threadIdx.y][threadIdx.x] = along;
    sums[1][threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y < 2 && d < D) {
        real total = 0;
        for (int i = 0; i < 8; i++) total += sums[threadIdx.y][i][threadIdx.x];
        (threadIdx.y ? bias_parts : weight_parts)[blockIdx.y * D + d] = total;
    }
}
