// cross_entropy: a block of 256 threads for each row of V logits.

const int THREADS = 256, WARPS = THREADS / WARP;

// The sum of e^(x - top) over several x, with their largest: what is needed for their softmax.
struct Exponentials {
    real top, sum;

    __device__ void add(real x) {
        if (x > top) {
            sum = sum * exp(top - x) + 1;
            top = x;
        } else if (x != -infinity()) {  // nothing to add; NaN is not equal, and spoils the sum
            sum += exp(x - top);
        }
    }
};

// Both sums together. A sum of nothing has top = -infinity, and adds nothing.
__device__ Exponentials joined(Exponentials a, Exponentials b) {
    real top = larger(a.top, b.top);
    if (top == -infinity()) return a;
    return {top, a.sum * exp(a.top - top) + b.sum * exp(b.top - top)};
}

// The largest logit of each row, the logarithm of the sum of e^(x - top), and the loss of the row:
// -(1 - e) ln p[target] - e/V sum ln p, with e the smoothing; 0 where the target is ignored.
extern "C" __global__ void cross_entropy_forward(
    const number* logits, const long long* targets, real* top, real* log_sum, real* losses,
    long long V, long long ignored, double smoothing
) {
    __shared__ Exponentials warps[WARPS];
    __shared__ real sums[WARPS];
    long long row = blockIdx.x, target = targets[row];
    const number* x = logits + row * V;
    Exponentials all = {-infinity(), 0};
    real sum = 0;
    for (long long v = threadIdx.x; v < V; v += THREADS) {
        all.add(real(x[v]));
        if (smoothing) sum += real(x[v]);
    }
    for (int step = WARP / 2; step > 0; step /= 2)
        all = joined(all, {__shfl_xor_sync(0xffffffff, all.top, step),
                           __shfl_xor_sync(0xffffffff, all.sum, step)});
    sum = sum_over(WARP, sum);
    if (threadIdx.x % WARP == 0) {
        warps[threadIdx.x / WARP] = all;
        sums[threadIdx.x / WARP] = sum;
    }
    __syncthreads();
    if (threadIdx.x) return;
    for (int i = 1; i < WARPS; i++) {
        all = joined(all, warps[i]);
        sum += sums[i];
    }
    top[row] = all.top;
    log_sum[row] = log(all.sum);
    real e = smoothing, loss = 0;
    if (target != ignored) {
        loss = log(all.sum) - (1 - e) * (real(x[target]) - all.top);
        if (smoothing) loss -= e * (sum / V - all.top);
    }
    losses[row] = loss;
}

// (softmax - target) g / count, with the targets smoothed; 0 where the target is ignored.
extern "C" __global__ void cross_entropy_backward(
    const number* g, const number* logits, const long long* targets, const real* top,
    const real* log_sum, const long long* count, number* gradient, long long V, long long ignored,
    double smoothing
) {
    long long row = blockIdx.x, target = targets[row];
    real share = target == ignored ? real(0) : real(*g) / real(*count);
    real e = smoothing, highest = top[row], below = log_sum[row];
    for (long long v = threadIdx.x; v < V; v += THREADS) {
        real p = exp(real(logits[row * V + v]) - highest - below);
        real wanted = (v == target ? 1 - e : real(0)) + e / V;
        gradient[row * V + v] = number(share ? (p - wanted) * share : real(0));
    }
}
