// The layers on one picture of any size, without a batch to fill the lanes.
//
// Where a row fills a vector, lanes run along x and a tile is M maps x R rows; elsewhere they run along LANES maps,
// and a tile is up to 10 columns. Both sum a unit's inputs in the same order: input map, kernel row, kernel column.
// Rows may be read up to a vector past their end: pictures lie in buffers with that much room.
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

constexpr int PICTURE_M = LANES == 16 ? 6 : 2;                              // maps of a tile, or else 2, or 1
constexpr int picture_rows(int m) { return least(8, ACCUMULATORS / m - (LANES == 16 ? 0 : 2)); }
int picture_maps(const Convolution& c, int o) {
    return c.table ? 1 : c.maps - o >= PICTURE_M ? PICTURE_M : c.maps - o >= 2 ? 2 : 1;
}

using RowsTile = void (*)(const Convolution&, const float*, const float*, const Picture&, const Picture&, int, int, int);
template <int M, int R, Activation F> constexpr RowsTile rows_tile_if() {
    if constexpr (R <= picture_rows(M)) return rows_tile<M, R, F>;
    else return nullptr;
}
template <int M, Activation F> constexpr RowsTile rows_tiles[] = {
    rows_tile_if<M, 1, F>(), rows_tile_if<M, 2, F>(), rows_tile_if<M, 3, F>(), rows_tile_if<M, 4, F>(),
    rows_tile_if<M, 5, F>(), rows_tile_if<M, 6, F>(), rows_tile_if<M, 7, F>(), rows_tile_if<M, 8, F>(),
};

// As even groups of rows as possible: a tile of one row waits for its own sums.
template <int M, Activation F>
void rows_of_maps(const Convolution& c, const float* weights, const float* bias, const Picture& in, const Picture& out,
                  int o0) {
    const int height = ceiling(c.rows, ceiling(c.rows, picture_rows(M)));
    for (int x = 0; x < c.columns; x += LANES)
        for (int y = 0; y < c.rows; y += height)  // the last vector of a row overlaps the one before
            rows_tiles<M, F>[least(height, c.rows - y) - 1](c, weights, bias, in, out, o0, y, least(x, c.columns - LANES));
}

template <Activation F>
void convolve_along_columns(const Convolution& c, const float* weights, const float* bias, const Picture& in,
                            const Picture& out) {
    for (int o = 0, m; o < c.maps; o += m) {
        m = picture_maps(c, o);
        const auto all_rows = m == PICTURE_M ? rows_of_maps<PICTURE_M, F> : m == 2 ? rows_of_maps<2, F> : rows_of_maps<1, F>;
        all_rows(c, weights, bias, in, out, o);
    }
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

// A convolution and the 2x2 averages or maxima of its outputs in one go.

// M maps (o0...) x rows 2y and 2y + 1 x LANES pairs of columns (2x...). `even` and `odd` hold the columns 2j and 2j + 1
// of the input side by side: the output of column 2j + parity reads input column 2j + parity + kx.
template <int M, Activation F>
void pairs_tile(const Convolution& c, const float* weights, const float* bias, const float* even, const float* odd,
                const Picture& in, int half, const Picture& out, bool maximum, int o0, int y, int x) {
    V acc[M][2][2];
    each<M>([&](auto m) __attribute__((always_inline)) {
        const V start = all(bias ? bias[o0 + m] : 0.0f);
        each<2>([&](auto r) __attribute__((always_inline)) { acc[m][r][0] = acc[m][r][1] = start; });
    });
    const int kernel = c.kernel_rows * c.kernel_columns, w_map = c.inputs * kernel;
    for (int l = c.first_input[o0]; l < c.first_input[o0 + 1]; ++l) {
        const float* w = weights + long(c.inputs_of[l].kernel) * kernel;
        const long start = (long(c.inputs_of[l].map) * in.rows + 2 * y) * half + x;
        for (int ky = 0; ky < c.kernel_rows; ++ky)
            for (int kx = 0; kx < c.kernel_columns; ++kx, ++w) {
                const long at = start + long(ky) * half + kx / 2;
                const float *left = (kx % 2 ? odd : even) + at, *right = kx % 2 ? even + at + 1 : odd + at;
                V weight[M];
                each<M>([&](auto m) __attribute__((always_inline)) { weight[m] = all(w[m * w_map]); });
                each<2>([&](auto r) __attribute__((always_inline)) {
                    const V a = load_anywhere(left + r * half), b = load_anywhere(right + r * half);
                    each<M>([&](auto m) __attribute__((always_inline)) {
                        acc[m][r][0] += weight[m] * a;
                        acc[m][r][1] += weight[m] * b;
                    });
                });
            }
    }
    each<M>([&](auto m) __attribute__((always_inline)) {
        V value = maximum ? apply<F>(larger(larger(acc[m][0][0], acc[m][0][1]), larger(acc[m][1][0], acc[m][1][1])))
                          : mean_of_four<F>(acc[m][0][0], acc[m][0][1], acc[m][1][0], acc[m][1][1]);
        float* to = out.data + ((long(o0) + m) * out.rows + y) * out.columns + x;
        if (x + LANES <= out.columns) store_anywhere(to, value);
        else
            for (int l = 0; x + l < out.columns; ++l) to[l] = value[l];
    });
}

template <Activation F>
void pairs_along_columns(const Convolution& c, const float* weights, const float* bias, const Picture& in,
                         const Picture& out, bool maximum, float* scratch) {
    const int half = (in.columns + 1) / 2;
    const long plane = long(in.maps) * in.rows * half + 2 * LANES;
    float *even = scratch, *odd = scratch + plane;
    for (long row = 0; row < long(in.maps) * in.rows; ++row)
        for (int j = 0; j < half; ++j) {
            even[row * half + j] = in.data[row * in.columns + 2 * j];
            odd[row * half + j] = in.data[row * in.columns + 2 * j + 1];
        }
    for (int o = 0, m; o < c.maps; o += m) {
        m = picture_maps(c, o);
        const auto tile = m == PICTURE_M ? pairs_tile<PICTURE_M, F> : m == 2 ? pairs_tile<2, F> : pairs_tile<1, F>;
        for (int y = 0; y < out.rows; ++y)
            for (int x = 0; x < out.columns; x += LANES)
                tile(c, weights, bias, even, odd, in, half, out, maximum, o, y, x);
    }
}

// LANES maps (o0...) x rows 2y and 2y + 1 x T columns (x...).
template <int T, Activation F>
void pairs_of_maps_tile(const Convolution& c, const float* by_map, const float* bias, const Picture& in,
                        const Picture& out, bool maximum, int o0, int y, int x) {
    V acc[2][T], start{};
    const int maps = least(LANES, c.maps - o0);
    if (bias)
        for (int l = 0; l < maps; ++l) start[l] = bias[o0 + l];
    each<T>([&](auto t) __attribute__((always_inline)) { acc[0][t] = acc[1][t] = start; });
    const float* w = by_map;
    const long below = long(c.stride_rows) * in.columns;
    for (int i = 0; i < c.inputs; ++i) {
        const float* from = in.data + (long(i) * in.rows + 2 * y * c.stride_rows) * in.columns + x * c.stride_columns;
        for (int ky = 0; ky < c.kernel_rows; ++ky, from += in.columns)
            for (int kx = 0; kx < c.kernel_columns; ++kx, w += LANES) {
                const V weight = load(w);
                const float* row = from + kx;
                each<2>([&](auto r) __attribute__((always_inline)) {
                    each<T>([&](auto t) __attribute__((always_inline)) {
                        acc[r][t] += weight * row[r * below + t * c.stride_columns];
                    });
                });
            }
    }
    float results[T / 2][LANES] __attribute__((aligned(64)));
    each<T / 2>([&](auto t) __attribute__((always_inline)) {
        V a = acc[0][2 * t], b = acc[0][2 * t + 1], d = acc[1][2 * t], e = acc[1][2 * t + 1];
        store(results[t], maximum ? apply<F>(larger(larger(a, b), larger(d, e))) : mean_of_four<F>(a, b, d, e));
    });
    for (int l = 0; l < maps; ++l) {
        float* to = out.data + ((long(o0) + l) * out.rows + y) * out.columns + x / 2;
        each<T / 2>([&](auto t) __attribute__((always_inline)) { to[t] = results[t][l]; });
    }
}

template <Activation F>
void pairs_along_maps(const Convolution& c, const float* by_map, const float* bias, const Picture& in,
                      const Picture& out, bool maximum) {
    constexpr int T = LANES == 16 ? 10 : 4;
    const long group = long(c.inputs) * c.kernel_rows * c.kernel_columns * LANES;
    for (int o0 = 0; o0 < c.maps; o0 += LANES, by_map += group)
        for (int y = 0; y < out.rows; ++y) {
            int x = 0;
            for (; x + T <= 2 * out.columns; x += T)
                pairs_of_maps_tile<T, F>(c, by_map, bias, in, out, maximum, o0, y, x);
            for (; x < 2 * out.columns; x += 2)
                pairs_of_maps_tile<2, F>(c, by_map, bias, in, out, maximum, o0, y, x);
        }
}

size_t picture_pair_scratch(const Picture& in) {
    return 2 * (size_t(in.maps) * size_t(in.rows) * size_t((in.columns + 1) / 2) + 2 * LANES);
}
void picture_pair(const Convolution& c, const float* weights, const float* by_map, const float* bias,
                  Activation activation, Pooling pooling, const Picture& in, const Picture& out, float* scratch) {
    const bool along_columns = c.stride_columns == 1 && c.stride_rows == 1 && 2 * out.columns >= LANES;
    const bool maximum = pooling == Pooling::max;
    choose(activation, [&](auto f) {
        constexpr Activation F = decltype(f)::value;
        if (along_columns) pairs_along_columns<F>(c, weights, bias, in, out, maximum, scratch);
        else pairs_along_maps<F>(c, by_map, bias, in, out, maximum);
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

// The last vectors overlap those before; units fewer than a vector are computed beside numbers that are dropped.
template <Activation F>
void picture_dense_all(const float* w, int inputs, int units, const float* bias, const float* from, float* to) {
    if (units < LANES) {
        float numbers[LANES] __attribute__((aligned(64))), start[LANES] __attribute__((aligned(64))) = {};
        for (int u = 0; u < units && bias; ++u) start[u] = bias[u];
        picture_dense_tile<1, F>(w, inputs, units, start, from, numbers, 0);
        __builtin_memcpy(to, numbers, size_t(units) * sizeof(float));
        return;
    }
    constexpr int T = 4;
    const int wide = units >= T * LANES ? units / (T * LANES) * T * LANES : 0;
    for (int u = 0; u < wide; u += T * LANES) picture_dense_tile<T, F>(w, inputs, units, bias, from, to, u);
    if (wide && units - wide > LANES) return picture_dense_tile<T, F>(w, inputs, units, bias, from, to, units - T * LANES);
    for (int u = wide; u < units; u += LANES)
        picture_dense_tile<1, F>(w, inputs, units, bias, from, to, least(u, units - LANES));
}

void picture_dense(const float* weights, int inputs, int units, const float* bias, Activation activation,
                   const float* from, float* to) {
    choose(activation,
           [&](auto f) { picture_dense_all<decltype(f)::value>(weights, inputs, units, bias, from, to); });
}

}  // namespace
}  // namespace lenet
