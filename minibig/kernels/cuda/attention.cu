// attention: softmax(q kT scale + bias) v, without ever storing the T x S weights.
//
// A block of 8 x 16 threads holds a tile of queries and walks over tiles of keys. Forward, the
// softmax is carried along: `top` is the largest score so far, `total` the sum of e^(score - top),
// and what was added up is scaled down whenever top grows. What stays is one number a query, the
// logarithm of its sum (lse), from which the backward pass gets its weights back:
//
//     p = e^(s - lse)      ds = p (g vT - delta),  delta = g . y
//     v_grad = pT g        q_grad = ds k scale        k_grad = dsT q scale
//
// The compiler is told the sizes of a head (HEAD of q and k, VALUE of v) and of the tiles: ROWS
// queries by KEYS keys forward, SIDE by SIDE backward. With causal, hidden tiles are skipped.
// Source: Dao 2023, arXiv:2307.08691, algorithms 1 and 2; but backward in two kernels, a block for
// each tile of keys and one for each tile of queries, so that nothing is added atomically.

const int COLUMNS = 8, LINES = 16, THREADS = COLUMNS * LINES;
const int K = HEAD, U = VALUE;
const int K8 = (K + 7) / 8 * 8, U8 = (U + 7) / 8 * 8;  // filled up with zeros

// How far apart, in numbers, examples, heads and rows of an array lie; its columns are neighbours.
struct Strides {
    long long example, head, row;
};

struct ScoreStrides {
    long long example, head, row, column;
};

struct Layouts {
    Strides q, k, v;
    ScoreStrides bias;
    Strides g;  // of y or of its gradient
};

// What one call is about; z counts the pairs of example and head.
struct Sizes {
    long long heads, T, S, causal;
};

__device__ inline bool sees(const Sizes& n, long long query, long long key) {
    return query < n.T && key < n.S && (!n.causal || key <= query + n.S - n.T);
}

template <typename Layout, typename Pointer>
__device__ inline Pointer at(Pointer x, const Layout& strides, const Sizes& n, long long z) {
    return x + z / n.heads * strides.example + z % n.heads * strides.head;
}

// Rows from `first` on into a tile; zeros beyond `end`, and beyond the WIDTH columns there are.
template <int WIDTH, int SIZE, int PITCH>
__device__ inline void load(
    real (&tile)[SIZE][PITCH], const number* x, long long stride, long long first, long long end
) {
    for (int i = threadIdx.y * COLUMNS + threadIdx.x; i < SIZE * PITCH; i += THREADS) {
        int row = i / PITCH, column = i % PITCH;
        bool there = first + row < end && column < WIDTH;
        tile[row][column] = there ? real(x[(first + row) * stride + column]) : real(0);
    }
}

// sums += a bT: the thread in (column x, line y) has rows y, y + 16, ... and columns x, x + 8, ...
template <int WIDTH, int M, int N, int SIZE_A, int PITCH_A, int SIZE_B, int PITCH_B>
__device__ inline void add_product_with_rows(
    real (&sums)[M][N], const real (&a)[SIZE_A][PITCH_A], const real (&b)[SIZE_B][PITCH_B]
) {
#pragma unroll 4
    for (int d = 0; d < WIDTH; d++)
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++)
                sums[i][j] += a[threadIdx.y + LINES * i][d] * b[threadIdx.x + COLUMNS * j][d];
}

// sums += a b
template <int M, int N, int SIZE_A, int PITCH_A, int SIZE_B, int PITCH_B>
__device__ inline void add_product(
    real (&sums)[M][N], const real (&a)[SIZE_A][PITCH_A], const real (&b)[SIZE_B][PITCH_B]
) {
#pragma unroll 4
    for (int d = 0; d < SIZE_B; d++)
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++)
                sums[i][j] += a[threadIdx.y + LINES * i][d] * b[d][threadIdx.x + COLUMNS * j];
}

// sums += aT b
template <int M, int N, int SIZE_A, int PITCH_A, int SIZE_B, int PITCH_B>
__device__ inline void add_transposed_product(
    real (&sums)[M][N], const real (&a)[SIZE_A][PITCH_A], const real (&b)[SIZE_B][PITCH_B]
) {
#pragma unroll 4
    for (int d = 0; d < SIZE_A; d++)
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++)
                sums[i][j] += a[d][threadIdx.y + LINES * i] * b[d][threadIdx.x + COLUMNS * j];
}

// Rows from `first` on of an array become what the threads hold, times `factor`.
template <int WIDTH, int M, int N>
__device__ inline void store(
    const real (&sums)[M][N], number* x, long long stride, long long first, long long end,
    real factor
) {
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            long long row = first + threadIdx.y + LINES * i;
            int column = threadIdx.x + COLUMNS * j;
            if (row < end && column < WIDTH) x[row * stride + column] = number(sums[i][j] * factor);
        }
}

// Grid: a block for every z and tile of queries; with causal the longest go first.
extern "C" __global__ void __launch_bounds__(128) attention_forward(
    const number* q, const number* k, const number* v, const number* bias, number* y, real* lse,
    Layouts to, Sizes n, double scale
) {
    __shared__ real q_tile[ROWS][K + 1], k_tile[KEYS][K + 1], v_tile[KEYS][U8];
    __shared__ real p_tile[ROWS][KEYS + 8];
    const int M = ROWS / LINES, N = KEYS / COLUMNS;
    long long tiles = (n.T + ROWS - 1) / ROWS, pairs = gridDim.x / tiles, z = blockIdx.x % pairs;
    long long first = (tiles - 1 - blockIdx.x / pairs) * ROWS;
    long long last = first + ROWS < n.T ? first + ROWS : n.T;
    long long end = n.causal ? last + n.S - n.T : n.S;
    q = at(q, to.q, n, z);
    k = at(k, to.k, n, z);
    v = at(v, to.v, n, z);
    if (bias) bias = at(bias, to.bias, n, z);
    real sums[M][U8 / COLUMNS] = {}, top[M], total[M];
    for (int i = 0; i < M; i++) top[i] = -infinity(), total[i] = 0;
    load<K>(q_tile, q, to.q.row, first, n.T);
    for (long long start = 0; start < end; start += KEYS) {
        __syncthreads();  // everybody is done with the tiles before
        load<K>(k_tile, k, to.k.row, start, n.S);
        load<U>(v_tile, v, to.v.row, start, n.S);
        __syncthreads();
        real s[M][N] = {};
        add_product_with_rows<K>(s, q_tile, k_tile);
#pragma unroll  // else the arrays would not be registers
        for (int i = 0; i < M; i++) {
            long long query = first + threadIdx.y + LINES * i;
            real highest = top[i];
            for (int j = 0; j < N; j++) {
                long long key = start + threadIdx.x + COLUMNS * j;
                bool seen = sees(n, query, key);
                s[i][j] = seen ? s[i][j] * real(scale) : -infinity();
                if (bias && seen)
                    s[i][j] += real(bias[query * to.bias.row + key * to.bias.column]);
                highest = larger(highest, s[i][j]);
            }
            highest = max_over(COLUMNS, highest);  // over the threads of this line
            real shift = highest == -infinity() ? real(0) : highest;
            real shrunk = exp(top[i] - shift), sum = 0;
            for (int j = 0; j < N; j++) {
                real p = exp(s[i][j] - shift);
                p_tile[threadIdx.y + LINES * i][threadIdx.x + COLUMNS * j] = p;
                sum += p;
            }
            top[i] = highest;
            total[i] = total[i] * shrunk + sum_over(COLUMNS, sum);
            for (int j = 0; j < U8 / COLUMNS; j++) sums[i][j] *= shrunk;
        }
        __syncthreads();
        add_product(sums, p_tile, v_tile);
    }
    for (int i = 0; i < M; i++) {
        long long query = first + threadIdx.y + LINES * i;
        bool blind = top[i] == -infinity();  // it sees no key: its output is 0, and so is e^(s - lse)
        for (int j = 0; j < U8 / COLUMNS; j++) sums[i][j] = blind ? 0 : sums[i][j] / total[i];
        if (threadIdx.x == 0 && query < n.T)
            lse[z * n.T + query] = blind ? 0 : top[i] + log(total[i]);
    }
    store<U>(sums, at(y, to.g, n, z), to.g.row, first, n.T, 1);
}

// delta = g . y for each query. Grid: a block of (32, m) threads does m of the rows of all z.
extern "C" __global__ void attention_delta(
    const number* g, const number* y, real* delta, Strides to_g, Strides to_y, Sizes n,
    long long rows
) {
    long long row = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    g = at(g, to_g, n, row / n.T) + row % n.T * to_g.row;
    y = at(y, to_y, n, row / n.T) + row % n.T * to_y.row;
    real sum = 0;
    for (int u = threadIdx.x; u < U; u += WARP) sum += real(g[u]) * real(y[u]);
    sum = sum_over(WARP, sum);
    if (threadIdx.x == 0) delta[row] = sum;
}

// What both backward kernels read, at the z of a block, and the tiles in which they keep it.
struct Inputs {
    const number *q, *k, *v, *bias, *g;
    const real *lse, *delta;
    Layouts to;
};

__device__ inline Inputs at(Inputs in, const Sizes& n, long long z) {
    in.q = at(in.q, in.to.q, n, z);
    in.k = at(in.k, in.to.k, n, z);
    in.v = at(in.v, in.to.v, n, z);
    if (in.bias) in.bias = at(in.bias, in.to.bias, n, z);
    in.g = at(in.g, in.to.g, n, z);
    in.lse += z * n.T;
    in.delta += z * n.T;
    return in;
}

struct Tiles {
    real q[SIDE][K8 + 1], k[SIDE][K8 + 1], v[SIDE][U8 + 1], g[SIDE][U8 + 1];
    real p[SIDE][SIDE + 8], ds[SIDE][SIDE + 8];
};

// The weights p and the gradients ds of the scores, for SIDE queries and keys.
__device__ inline void weigh(
    Tiles& tile, const Inputs& in, const Sizes& n, long long first, long long start, real scale
) {
    const int M = SIDE / LINES, N = SIDE / COLUMNS;
    real s[M][N] = {}, dp[M][N] = {};
    add_product_with_rows<K>(s, tile.q, tile.k);
    add_product_with_rows<U>(dp, tile.g, tile.v);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            int row = threadIdx.y + LINES * i, column = threadIdx.x + COLUMNS * j;
            long long query = first + row, key = start + column;
            real p = 0, ds = 0;
            if (sees(n, query, key)) {
                real score = s[i][j] * scale;
                if (in.bias)
                    score += real(in.bias[query * in.to.bias.row + key * in.to.bias.column]);
                p = exp(score - in.lse[query]);
                ds = p * (dp[i][j] - in.delta[query]);
            }
            tile.p[row][column] = p;
            tile.ds[row][column] = ds;
        }
}

// Gradients of k and v. Grid: a block for every z and tile of keys.
extern "C" __global__ void __launch_bounds__(128) attention_keys(
    const number* q, const number* k, const number* v, const number* bias, const number* g,
    const real* lse, const real* delta, Layouts to, number* k_grad, number* v_grad,
    Strides to_k_grad, Strides to_v_grad, Sizes n, double scale
) {
    __shared__ Tiles tile;
    long long tiles = (n.S + SIDE - 1) / SIDE, z = blockIdx.x / tiles;
    Inputs in = at({q, k, v, bias, g, lse, delta, to}, n, z);
    long long start = blockIdx.x % tiles * SIDE, first = 0;
    if (n.causal && start > n.S - n.T) first = (start - (n.S - n.T)) / SIDE * SIDE;
    real k_sums[SIDE / LINES][K8 / COLUMNS] = {}, v_sums[SIDE / LINES][U8 / COLUMNS] = {};
    load<K>(tile.k, in.k, in.to.k.row, start, n.S);
    load<U>(tile.v, in.v, in.to.v.row, start, n.S);
    for (; first < n.T; first += SIDE) {
        __syncthreads();
        load<K>(tile.q, in.q, in.to.q.row, first, n.T);
        load<U>(tile.g, in.g, in.to.g.row, first, n.T);
        __syncthreads();
        weigh(tile, in, n, first, start, scale);
        __syncthreads();
        add_transposed_product(v_sums, tile.p, tile.g);
        add_transposed_product(k_sums, tile.ds, tile.q);
    }
    store<K>(k_sums, at(k_grad, to_k_grad, n, z), to_k_grad.row, start, n.S, scale);
    store<U>(v_sums, at(v_grad, to_v_grad, n, z), to_v_grad.row, start, n.S, 1);
}

// Gradients of q, and of the scores if s_grad (B, H, T, S) is not null and holds zeros.
// Grid: a block for every z and tile of queries; with causal the longest go first.
extern "C" __global__ void __launch_bounds__(128) attention_queries(
    const number* q, const number* k, const number* v, const number* bias, const number* g,
    const real* lse, const real* delta, Layouts to, number* q_grad, number* s_grad,
    Strides to_q_grad, Sizes n, double scale
) {
    __shared__ Tiles tile;
    long long tiles = (n.T + SIDE - 1) / SIDE, pairs = gridDim.x / tiles, z = blockIdx.x % pairs;
    Inputs in = at({q, k, v, bias, g, lse, delta, to}, n, z);
    long long first = (tiles - 1 - blockIdx.x / pairs) * SIDE;
    long long last = first + SIDE < n.T ? first + SIDE : n.T;
    long long end = n.causal ? last + n.S - n.T : n.S;
    real sums[SIDE / LINES][K8 / COLUMNS] = {};
    load<K>(tile.q, in.q, in.to.q.row, first, n.T);
    load<U>(tile.g, in.g, in.to.g.row, first, n.T);
    for (long long start = 0; start < end; start += SIDE) {
        __syncthreads();
        load<K>(tile.k, in.k, in.to.k.row, start, n.S);
        load<U>(tile.v, in.v, in.to.v.row, start, n.S);
        __syncthreads();
        weigh(tile, in, n, first, start, scale);
        __syncthreads();
        add_product(sums, tile.ds, tile.k);
        if (!s_grad) continue;
        for (int i = threadIdx.y; i < SIDE; i += LINES)
            for (int j = threadIdx.x; j < SIDE; j += COLUMNS)
                if (sees(n, first + i, start + j))
                    s_grad[(z * n.T + first + i) * n.S + start + j] = number(tile.ds[i][j]);
    }
    store<K>(sums, at(q_grad, to_q_grad, n, z), to_q_grad.row, first, n.T, scale);
}
