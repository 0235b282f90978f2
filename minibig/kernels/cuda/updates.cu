// adamw_update: every number of a parameter by itself, in place.
//
// step = lr / (1 - beta1^t), root = 1 / sqrt(1 - beta2^t), kept = 1 - lr decay.
extern "C" __global__ void adamw_update(
    number* p, const number* g, number* m, number* v, long long n, double beta1, double beta2,
    double step, double root, double eps, double kept
) {
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    real slope = real(g[i]);
    real mean = real(beta1) * real(m[i]) + real(1 - beta1) * slope;
    real square = real(beta2) * real(v[i]) + real(1 - beta2) * slope * slope;
    m[i] = number(mean);
    v[i] = number(square);
    real change = real(step) * mean / (real(root) * sqrt(square) + real(eps));
    p[i] = number(real(kept) * real(p[i]) - change);
}
