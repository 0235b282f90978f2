// CUDA's language on a CPU: what stands before and after a source so that a C++ compiler takes it.
//
// The threads of a block are contexts of one thread of the CPU, which takes turns with them: each
// runs until it waits at a barrier or ends. Their order is shuffled before every turn, so that a
// missing barrier is likely to show; threads that wait at different barriers are an error. Shared
// memory is static, and filled with NaN before each block.

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#define __global__
#define __device__
#define __launch_bounds__(threads)
#define __shared__ static __attribute__((section("shared_memory")))
extern "C" char __start_shared_memory[] __attribute__((weak));
extern "C" char __stop_shared_memory[] __attribute__((weak));

using std::exp, std::log, std::min, std::sqrt;

struct dim3 {
    unsigned x, y, z;
};

namespace cpu {

enum Barrier { NONE, WARP_BARRIER, BLOCK_BARRIER, END };
const int LANES = 32;
const size_t STACK = 1 << 17;

struct Thread {
    ucontext_t context;
    std::unique_ptr<char[]> stack;
    dim3 index;
    size_t number;
    Barrier waits;
    uint64_t given[2];  // to a shuffle; two in turns, for a quick thread may be one shuffle ahead
    int turn;
};

std::vector<Thread> threads;
Thread* current;
ucontext_t scheduler;
dim3 block_index, block_size, grid_size;
void (*body)();
bool broken;
uint32_t random_state;

inline void wait(Barrier barrier) {
    current->waits = barrier;
    swapcontext(&current->context, &scheduler);
}

inline void start_thread() {
    body();
    wait(END);
}

inline void shuffle(std::vector<size_t>& order) {
    for (size_t i = order.size(); i > 1; i--) {
        random_state = random_state * 1664525 + 1013904223;
        std::swap(order[i - 1], order[(random_state >> 8) % i]);
    }
}

inline bool all_wait(size_t first, size_t last, Barrier barrier) {
    for (size_t i = first; i < last; i++)
        if (threads[i].waits != barrier) return false;
    return true;
}

inline bool release(size_t first, size_t last, Barrier barrier) {
    if (!all_wait(first, last, barrier)) return false;
    for (size_t i = first; i < last; i++) threads[i].waits = NONE;
    return true;
}

inline void run_block(size_t n) {
    size_t shared = __stop_shared_memory - __start_shared_memory;
    if (shared) std::memset(__start_shared_memory, 0xff, shared);
    std::vector<size_t> order(n);
    for (size_t i = 0; i < n; i++) {
        Thread& thread = threads[i];
        order[i] = thread.number = i;
        unsigned x = i % block_size.x, rest = i / block_size.x;
        thread.index = {x, rest % block_size.y, unsigned(rest / block_size.y)};
        thread.waits = NONE;
        thread.turn = 0;
        if (!thread.stack) thread.stack.reset(new char[STACK]);
        getcontext(&thread.context);
        thread.context.uc_stack.ss_sp = thread.stack.get();
        thread.context.uc_stack.ss_size = STACK;
        thread.context.uc_link = nullptr;
        makecontext(&thread.context, start_thread, 0);
    }
    while (!broken) {
        shuffle(order);
        for (size_t i : order)
            if (threads[i].waits == NONE) {
                current = &threads[i];
                swapcontext(&scheduler, &current->context);
            }
        if (all_wait(0, n, END)) return;
        bool progress = release(0, n, BLOCK_BARRIER);
        for (size_t i = 0; i + LANES <= n; i += LANES)
            progress = release(i, i + LANES, WARP_BARRIER) || progress;
        if (!progress) broken = true;  // some have ended, or wait elsewhere: on a GPU, undefined
    }
}

template <class T>
std::string code_of(T*) { return "pointer"; }
template <class T>
std::string code_of(T) { return "struct of " + std::to_string(sizeof(T)); }
inline std::string code_of(long long) { return "int"; }
inline std::string code_of(unsigned long long) { return "uint64"; }
inline std::string code_of(double) { return "float"; }

template <class... P>
struct Kernel {
    static inline void (*function)(P...);
    static inline std::tuple<P...> arguments;

    static void call() { std::apply(function, arguments); }

    template <size_t... I>
    static void read(void** given, std::index_sequence<I...>) {
        arguments = std::tuple<P...>{*static_cast<P*>(given[I])...};
    }

    static int run(void (*f)(P...), const unsigned* grid, const unsigned* block, void** given) {
        function = f;
        body = call;
        read(given, std::index_sequence_for<P...>());
        grid_size = {grid[0], grid[1], grid[2]};
        block_size = {block[0], block[1], block[2]};
        size_t n = size_t(block[0]) * block[1] * block[2];
        if (threads.size() < n) threads.resize(n);
        broken = false;
        for (unsigned z = 0; z < grid[2]; z++)
            for (unsigned y = 0; y < grid[1]; y++)
                for (unsigned x = 0; x < grid[0] && !broken; x++) {
                    block_index = {x, y, z};
                    run_block(n);
                }
        return broken;
    }
};

template <class... P>
int run(void (*f)(P...), const unsigned* grid, const unsigned* block, void** given) {
    return Kernel<P...>::run(f, grid, block, given);
}

template <class... P>
const char* types(void (*)(P...)) {
    static std::string text;
    text.clear();
    ((text += code_of(P()) + ","), ...);
    return text.c_str();
}

template <class To, class From>
To same_bits(From x) {
    static_assert(sizeof(To) == sizeof(From));
    To y;
    std::memcpy(&y, &x, sizeof y);
    return y;
}

}  // namespace cpu

#define threadIdx (cpu::current->index)
#define blockIdx cpu::block_index
#define blockDim cpu::block_size
#define gridDim cpu::grid_size

inline void __syncthreads() { cpu::wait(cpu::BLOCK_BARRIER); }

template <class T>
T __shfl_xor_sync(unsigned mask, T x, int lanes) {
    cpu::Thread* me = cpu::current;
    int turn = me->turn;
    me->turn = 1 - turn;
    std::memcpy(&me->given[turn], &x, sizeof x);
    if (mask != 0xffffffff) cpu::broken = true;  // no kernel here does that
    cpu::wait(cpu::WARP_BARRIER);
    std::memcpy(&x, &cpu::threads[me->number ^ lanes].given[turn], sizeof x);
    return x;
}

inline unsigned __float_as_uint(float x) { return cpu::same_bits<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return cpu::same_bits<float>(x); }
inline float __int_as_float(int x) { return cpu::same_bits<float>(x); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned __int128)a * b >> 64;
}

// The two instructions that a source writes as assembly.
inline void cvt_rn_f16_f32(unsigned short& y, float x) {
    y = cpu::same_bits<unsigned short>(_Float16(x));
}
inline void cvt_f32_f16(float& y, unsigned short x) { y = cpu::same_bits<_Float16>(x); }
