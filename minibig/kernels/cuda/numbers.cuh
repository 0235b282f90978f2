// What stands before every source here: the types of numbers, and sums over a warp.
//
//     number   a number in memory, of the type of the arrays: float, double, float16 or bfloat16
//     real     a number while it is computed with: double for double, float for all others
//
// The compiler is told both as STORED and COMPUTED. Kernels take every whole number as long long
// and every real one as double, which is what CuPy makes of Python's int and float.

struct bfloat16 {  // the upper half of a float
    unsigned short bits;
    bfloat16() = default;
    __device__ bfloat16(float x) {  // to the nearest, ties to even; NaN stays NaN
        unsigned int whole = __float_as_uint(x);
        bits = x == x ? (whole + 0x7fff + (whole >> 16 & 1)) >> 16 : 0x7fff;
    }
    __device__ operator float() const { return __uint_as_float((unsigned int)bits << 16); }
};

struct float16 {  // IEEE 754's half precision
    unsigned short bits;
    float16() = default;
    __device__ float16(float x) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x)); }
    __device__ operator float() const {
        float x;
        asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
        return x;
    }
};

typedef STORED number;
typedef COMPUTED real;

[[maybe_unused]] const int WARP = 32;  // threads that run in step

__device__ inline real infinity() { return __int_as_float(0x7f800000); }

__device__ inline real larger(real a, real b) { return a > b ? a : b; }

// The sum of x over the `width` neighbours among the threads of a warp; each of them gets it.
__device__ inline real sum_over(int width, real x) {
    for (int step = width / 2; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffff, x, step);
    return x;
}

__device__ inline real max_over(int width, real x) {
    for (int step = width / 2; step > 0; step /= 2)
        x = larger(x, __shfl_xor_sync(0xffffffff, x, step));
    return x;
}
