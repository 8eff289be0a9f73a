// The layers on one picture of any size, without a batch to fill the lanes.
//
// Where a row fills a vector, lanes run along x and a tile is M maps x R rows; elsewhere they run along LANES maps,
// and a tile is up to 12 columns. Both sum a unit's inputs in the same order: input map, kernel row, kernel column.
#pragma once
#include "convolution.h"

namespace lenet {
namespace {

// M maps (o0...) x R rows (y0...) x LANES columns (x...), kernel stride 1 along x.
template <int M, int R, Activation F>
void rows_tile(const Convolution& c, const float* weights, const float* bias, const Picture& in, const Picture& out,
               int o0, int y0, int x) {
    V acc[M][R];
    each<M>([&](auto m) __attribute__((always_inline)) {
        each<R>([&](auto r) __attribute__((always_inline)) { acc[m][r] = all(bias ? bias[o0 + m] : 0.0f); });
    });
    const int kernel = c.kernel_rows * c.kernel_columns, w_map = c.inputs * kernel;
    const long step = long(c.stride_rows) * in.columns;
    for (int l = c.first_input[o0]; l < c.first_input[o0 + 1]; ++l) {
        const float* w = weights + long(c.inputs_of[l].kernel) * kernel;
        const float* from = in.data + (long(c.inputs_of[l].map) * in.rows + y0 * c.stride_rows) * in.columns + x;
        for (int ky = 0; ky < c.kernel_rows; ++ky, from += in.columns)
            for (int kx = 0; kx < c.kernel_columns; ++kx, ++w) {
                V weight[M];
                each<M>([&](auto m) __attribute__((always_inline)) { weight[m] = all(w[m * w_map]); });
                each<R>([&](auto r) __attribute__((always_inline)) {
                    V v = load_anywhere(from + r * step + kx);
                    each<M>([&](auto m) __attribute__((always_inline)) { acc[m][r] += weight[m] * v; });
                });
            }
    }
    each<M>([&](auto m) __attribute__((always_inline)) {
        each<R>([&](auto r) __attribute__((always_inline)) {
            store_anywhere(out.data + ((long(o0) + m) * out.rows + y0 + r) * out.columns + x, apply<F>(acc[m][r]));
        });
    });
}

constexpr int PICTURE_M = LANES == 16 ? 3 : 2, PICTURE_R = ACCUMULATORS / PICTURE_M - (LANES == 16 ? 1 : 2);

template <int M, Activation F>
void rows_of_maps(const Convolution& c, const float* weights, const float* bias, const Picture& in, const Picture& out,
                  int o0) {
    for (int x = 0; x < c.columns; x += LANES) {
        const int at = least(x, c.columns - LANES);  // the last vector overlaps the one before
        int y = 0;
        for (; y + PICTURE_R <= c.rows; y += PICTURE_R) rows_tile<M, PICTURE_R, F>(c, weights, bias, in, out, o0, y, at);
        for (; y < c.rows; ++y) rows_tile<M, 1, F>(c, weights, bias, in, out, o0, y, at);
    }
}

template <Activation F>
void convolve_along_columns(const Convolution& c, const float* weights, const float* bias, const Picture& in,
                            const Picture& out) {
    int o = 0;
    if (!c.table)
        for (; o + PICTURE_M <= c.maps; o += PICTURE_M) rows_of_maps<PICTURE_M, F>(c, weights, bias, in, out, o);
    for (; o < c.maps; ++o) rows_of_maps<1, F>(c, weights, bias, in, out, o);
}

// LANES maps (o0...) x T columns (x...) of row y.
template <int T, Activation F>
void maps_tile(const Convolution& c, const float* by_map, const float* bias, const Picture& in, const Picture& out,
               int o0, int y, int x) {
    V acc[T], start{};
    const int maps = least(LANES, c.maps - o0);
    if (bias)
        for (int l = 0; l < maps; ++l) start[l] = bias[o0 + l];
    each<T>([&](auto t) __attribute__((always_inline)) { acc[t] = start; });
    const float* w = by_map;
    for (int i = 0; i < c.inputs; ++i) {
        const float* from = in.data + (long(i) * in.rows + y * c.stride_rows) * in.columns + x * c.stride_columns;
        for (int ky = 0; ky < c.kernel_rows; ++ky, from += in.columns)
            for (int kx = 0; kx < c.kernel_columns; ++kx, w += LANES) {
                const V weight = load(w);
                each<T>([&](auto t) __attribute__((always_inline)) {
                    acc[t] += weight * from[kx + t * c.stride_columns];
                });
            }
    }
    float results[T][LANES] __attribute__((aligned(64)));
    each<T>([&](auto t) __attribute__((always_inline)) { store(results[t], apply<F>(acc[t])); });
    for (int l = 0; l < maps; ++l) {
        float* to = out.data + ((long(o0) + l) * out.rows + y) * out.columns + x;
        each<T>([&](auto t) __attribute__((always_inline)) { to[t] = results[t][l]; });
    }
}

template <Activation F>
void convolve_along_maps(const Convolution& c, const float* by_map, const float* bias, const Picture& in,
                         const Picture& out) {
    const long group = long(c.inputs) * c.kernel_rows * c.kernel_columns * LANES;
    for (int o0 = 0; o0 < c.maps; o0 += LANES, by_map += group)
        for (int y = 0; y < c.rows; ++y) {
            int x = 0;
            for (; x + 10 <= c.columns; x += 10) maps_tile<10, F>(c, by_map, bias, in, out, o0, y, x);
            for (; x + 4 <= c.columns; x += 4) maps_tile<4, F>(c, by_map, bias, in, out, o0, y, x);
            for (; x < c.columns; ++x) maps_tile<1, F>(c, by_map, bias, in, out, o0, y, x);
        }
}

void picture_convolve(const Convolution& c, const float* weights, const float* by_map, const float* bias,
                      Activation activation, const Picture& in, const Picture& out) {
    choose(activation, [&](auto f) {
        constexpr Activation F = decltype(f)::value;
        const bool along_columns = c.stride_columns == 1 && c.columns >= LANES;
        if (along_columns) convolve_along_columns<F>(c, weights, bias, in, out);
        else convolve_along_maps<F>(c, by_map, bias, in, out);
    });
}

template <Activation F> INLINE void activate(float* numbers, long n) {
    if constexpr (F == Activation::linear) return;
    float rest[LANES] __attribute__((aligned(64))) = {};
    long k = 0;
    for (; k + LANES <= n; k += LANES) store_anywhere(numbers + k, apply<F>(load_anywhere(numbers + k)));
    for (long j = k; j < n; ++j) rest[j - k] = numbers[j];
    store(rest, apply<F>(load(rest)));
    for (long j = k; j < n; ++j) numbers[j] = rest[j - k];
}

void picture_subsample(const Subsampling& s, const float* coefficients, const float* biases, Activation activation,
                       const Picture& in, const Picture& out) {
    const float share = 1.0f / float(s.window_rows * s.window_columns);
    for (int m = 0; m < out.maps; ++m)
        for (int y = 0; y < out.rows; ++y) {
            const float* from = in.data + (long(m / s.copies) * in.rows + y * s.stride_rows) * in.columns;
            float* to = out.data + (long(m) * out.rows + y) * out.columns;
            for (int x = 0; x < out.columns; ++x, from += s.stride_columns) {
                float value = from[0];
                for (int wy = 0; wy < s.window_rows; ++wy)
                    for (int wx = wy ? 0 : 1; wx < s.window_columns; ++wx) {
                        const float next = from[long(wy) * in.columns + wx];
                        value = s.pooling == Pooling::max ? (value > next ? value : next) : value + next;
                    }
                if (s.pooling == Pooling::average) value *= share;
                if (s.pooling == Pooling::trainable) value = coefficients[m] * value + biases[m];
                to[x] = value;
            }
        }
    choose(activation, [&](auto f) { activate<decltype(f)::value>(out.data, long(out.maps) * out.rows * out.columns); });
}

// Lanes along the units, in tiles of 4 vectors; two sums each hide the latency of an FMA.
template <int T, Activation F>
void picture_dense_tile(const float* w, int inputs, int units, const float* bias, const float* from, float* to, int u) {
    V even[T], odd[T];
    each<T>([&](auto t) __attribute__((always_inline)) {
        even[t] = bias ? load_anywhere(bias + u + t * LANES) : V{};
        odd[t] = V{};
    });
    const float* row = w + u;
    int i = 0;
    for (; i + 1 < inputs; i += 2, row += 2 * long(units)) {
        const V a = all(from[i]), b = all(from[i + 1]);
        each<T>([&](auto t) __attribute__((always_inline)) {
            even[t] += a * load_anywhere(row + t * LANES);
            odd[t] += b * load_anywhere(row + units + t * LANES);
        });
    }
    if (i < inputs)
        each<T>([&](auto t) __attribute__((always_inline)) { even[t] += all(from[i]) * load_anywhere(row + t * LANES); });
    each<T>([&](auto t) __attribute__((always_inline)) { store_anywhere(to + u + t * LANES, apply<F>(even[t] + odd[t])); });
}

template <Activation F>
void picture_dense_all(const float* w, int inputs, int units, const float* bias, const float* from, float* to) {
    int u = 0;
    for (; u + 4 * LANES <= units; u += 4 * LANES) picture_dense_tile<4, F>(w, inputs, units, bias, from, to, u);
    for (; u + LANES <= units; u += LANES) picture_dense_tile<1, F>(w, inputs, units, bias, from, to, u);
    if (u == units) return;
    if (units >= LANES) return picture_dense_tile<1, F>(w, inputs, units, bias, from, to, units - LANES);
    for (int o = 0; o < units; ++o) {
        float sum = bias ? bias[o] : 0.0f;
        for (int i = 0; i < inputs; ++i) sum += w[long(i) * units + o] * from[i];
        to[o] = sum;
    }
    activate<F>(to, units);
}

void picture_dense(const float* weights, int inputs, int units, const float* bias, Activation activation,
                   const float* from, float* to) {
    choose(activation,
           [&](auto f) { picture_dense_all<decltype(f)::value>(weights, inputs, units, bias, from, to); });
}

void picture_scale_shift(const float* scale, const float* shift, Activation activation, const Picture& p) {
    const long size = long(p.rows) * p.columns;
    choose(activation, [&](auto f) {
        for (int m = 0; m < p.maps; ++m) {
            float* numbers = p.data + m * size;
            for (long k = 0; k < size; ++k) numbers[k] = scale[m] * numbers[k] + shift[m];
            activate<decltype(f)::value>(numbers, size);
        }
    });
}

}  // namespace
}  // namespace lenet
