// Compiled for AVX-512 with BF16 alone; see bfloat16.h.
#include "bfloat16.h"

#define LANES 16
#include "kernels/clock.h"
#include "kernels/vector.h"

namespace lenet {
namespace {


INLINE V multiply_add(V sum, I a, I b) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}
INLINE I load_pairs(const PairOfNumbers* p) { return *reinterpret_cast<const I*>(p); }
INLINE void store_pairs(PairOfNumbers* p, I v) { *reinterpret_cast<I*>(p) = v; }
// Two vectors to pairs, each number rounded to the nearest, ties to even.
INLINE I pairs_of(V low, V high) {
    typedef uint32_t W __attribute__((vector_size(64)));
    W a = (W)low, b = (W)high;
    a = (a + 0x7fff + ((a >> 16) & 1)) >> 16;
    b = (b + 0x7fff + ((b >> 16) & 1)) & 0xffff0000u;
    return (I)(a | b);
}

void pack(const Maps& in, bool rows, PairOfNumbers* pairs) {
    for (int m = 0; m < in.maps; m += rows ? 1 : 2)
        for (int y = 0; y < in.rows; ++y)
            for (int x = 0; x < in.columns; ++x, pairs += BLOCK) {
                V low = load(in.at(m, y, x)), high{};
                if (!rows) high = load(in.at(m + 1, y, x));
                else if (y + 1 < in.rows) high = load(in.at(m, y + 1, x));
                store_pairs(pairs, pairs_of(low, high));
            }
}

void pack_weights(const float* low, const float* high, long n, PairOfNumbers* pairs) {
    for (long k = 0; k < n; ++k) {
        float numbers[2 * LANES] __attribute__((aligned(64))) = {low[k]};
        numbers[LANES] = high[k];
        pairs[k] = PairOfNumbers(pairs_of(load(numbers), load(numbers + LANES))[0]);
    }
}

// M maps of the 2x2 window at (y, x).
template <int M, Activation F>
INLINE void window(const PairOfNumbers* in, long row, const long* offsets, int taps, const PairOfNumbers* w,
                   const float* bias, int rows, int columns, int y, int x, int step, bool pooled, bool maximum,
                   PairOfNumbers* out, long out_map, int pairs) {
    V acc[M][4];
    each<M>([&](auto m) __attribute__((always_inline)) {
        each<4>([&](auto k) __attribute__((always_inline)) { acc[m][k] = all(bias[m]); });
    });
    const PairOfNumbers* from = in + (y * step * row + x * step) * BLOCK;
    const long right = x + 1 < columns ? long(step) * BLOCK : 0, below = y + 1 < rows ? step * row * BLOCK : 0;
    for (int t = 0; t < taps; ++t, w += M) {
        const PairOfNumbers* p = from + offsets[t] * BLOCK;
        I value[4] = {load_pairs(p), load_pairs(p + right), load_pairs(p + below), load_pairs(p + below + right)};
        each<M>([&](auto m) __attribute__((always_inline)) {
            const I weight = I{} + int32_t(w[m]);
            each<4>([&](auto k) __attribute__((always_inline)) { acc[m][k] = multiply_add(acc[m][k], value[k], weight); });
        });
    }
    if (pooled) {
        V mean[M];
        each<M>([&](auto m) __attribute__((always_inline)) {
            mean[m] = maximum ? apply<F>(larger(larger(acc[m][0], acc[m][1]), larger(acc[m][2], acc[m][3])))
                              : mean_of_four<F>(acc[m][0], acc[m][1], acc[m][2], acc[m][3]);
        });
        PairOfNumbers* to = out + ((y / 2) * (columns / 2) + x / 2) * BLOCK;
        each<M / 2>([&](auto k) __attribute__((always_inline)) {
            if (k < pairs) store_pairs(to + k * out_map, pairs_of(mean[2 * k], mean[2 * k + 1]));
        });
        return;
    }
    each<4>([&](auto k) __attribute__((always_inline)) {
        if (y + k / 2 >= rows || x + k % 2 >= columns) return;
        PairOfNumbers* to = out + ((y + k / 2) * columns + x + k % 2) * BLOCK;
        each<M / 2>([&](auto j) __attribute__((always_inline)) {
            if (j < pairs) store_pairs(to + j * out_map, pairs_of(apply<F>(acc[2 * j][k]), apply<F>(acc[2 * j + 1][k])));
        });
    });
}

template <int M, Activation F>
void maps_of(const PairOfNumbers* in, long row, const long* offsets, int taps, const PairOfNumbers* weights,
             const float* bias, int maps, int rows, int columns, int step, bool pooled, bool maximum, PairOfNumbers* out,
             long out_map) {
    const int last = pooled ? 1 : 0;  // a window that would hang over the edge is left out where it is pooled
    for (int m = 0; m < maps; m += M, weights += long(taps) * M, out += M / 2 * out_map)
        for (int y = 0; y + last < rows; y += 2)
            for (int x = 0; x + last < columns; x += 2)
                window<M, F>(in, row, offsets, taps, weights, bias + m, rows, columns, y, x, step, pooled, maximum, out,
                             out_map, least(M, maps - m) / 2);
}

void convolve(const PairOfNumbers* in, long row, const long* offsets, int taps, const PairOfNumbers* weights,
              const float* bias, int maps, int rows, int columns, int step, Activation activation, bool pooled,
              bool maximum, PairOfNumbers* out) {
    const long out_map = pooled ? long(rows / 2) * (columns / 2) * BLOCK : long(rows) * columns * BLOCK;
    choose(activation, [&](auto f) {
        constexpr Activation F = decltype(f)::value;
        const auto all_maps = bfloat16_maps(maps) == 6 ? maps_of<6, F> : maps_of<4, F>;
        all_maps(in, row, offsets, taps, weights, bias, maps, rows, columns, step, pooled, maximum, out, out_map);
    });
}

template <int T, Activation F>
void dense_tile(const PairOfNumbers* w, int pairs, int units, const float* bias, const PairOfNumbers* from, bool last,
                int u, void* to) {
    V acc[T];
    each<T>([&](auto t) __attribute__((always_inline)) { acc[t] = all(bias[u + t]); });
    w += u;
    for (int p = 0; p < pairs; ++p, w += units) {
        const I value = load_pairs(from + p * BLOCK);
        each<T>([&](auto t) __attribute__((always_inline)) {
            acc[t] = multiply_add(acc[t], value, I{} + int32_t(w[t]));
        });
    }
    each<T / 2>([&](auto t) __attribute__((always_inline)) {
        const V a = apply<F>(acc[2 * t]), b = apply<F>(acc[2 * t + 1]);
        if (last) {
            store(static_cast<float*>(to) + (u + 2 * t) * BLOCK, a);
            store(static_cast<float*>(to) + (u + 2 * t + 1) * BLOCK, b);
        } else {
            store_pairs(static_cast<PairOfNumbers*>(to) + (u / 2 + t) * BLOCK, pairs_of(a, b));
        }
    });
}
void dense(const PairOfNumbers* weights, int pairs, int units, const float* bias, const PairOfNumbers* from,
           Activation activation, bool last, void* to) {
    choose(activation, [&](auto f) {
        constexpr Activation F = decltype(f)::value;
        int u = 0;
        for (; u + 24 <= units; u += 24) dense_tile<24, F>(weights, pairs, units, bias, from, last, u, to);
        for (; u + 10 <= units; u += 10) dense_tile<10, F>(weights, pairs, units, bias, from, last, u, to);
        for (; u < units; u += 2) dense_tile<2, F>(weights, pairs, units, bias, from, last, u, to);
    });
}

double peak(double seconds) {
    constexpr int N = 24, ROUNDS = 20000;
    double best = 0;
    for (const double end = now() + seconds; now() < end;) {
        V acc[N];
        I a = I{} + 0x3f803f80, b = I{} + 0x00010001;
        each<N>([&](auto n) __attribute__((always_inline)) { acc[n] = all(1.0f + float(n)); });
        const double start = now();
        for (int round = 0; round < ROUNDS; ++round)
            each<N>([&](auto n) __attribute__((always_inline)) { acc[n] = multiply_add(acc[n], a, b); });
        V sum{};
        each<N>([&](auto n) __attribute__((always_inline)) { sum += acc[n]; });
        asm volatile("" : : "m"(sum));
        const double rate = 2.0 * N * LANES * ROUNDS / (now() - start);
        if (rate > best) best = rate;
    }
    return best;
}

}  // namespace

extern const Bfloat16Kernels bfloat16_table;
const Bfloat16Kernels bfloat16_table = {pack, pack_weights, convolve, dense, peak};

}  // namespace lenet
