// Convolution of a block of 16 images, forward and backward.
//
//   z[o][y][x] = bias[o] + sum over inputs i linked with o, ky, kx of w[o, i][ky][kx] in[i][y sy + ky][x sx + kx]
//
// Work goes tile by tile along x (see `Convolution`). Within a tile every product is a convolution along y alone,
// of kernels U[p][o, i][ky] with columns V[p][i][row]; its loop is `column_tile`, where nearly all time is spent.
#pragma once
#include "toom.h"

namespace lenet {
namespace {

struct Source {    // one column of input rows, and its kernel column
    long column;   // floats from the column pointer
    long weight;   // floats from the weight pointer
};

// out[m][r] (=, or += with `add`) sum over sources s, ky of w[s.weight + m w_map + ky w_ky] in[s.column][r step + ky]
template <int R, int M>
void column_tile(const float* in, long row, int step, const Source* sources, int n, int kernel_rows, const float* w,
                 long w_map, long w_ky, float* out, long out_map) {
    for (int h = 0; h < BLOCK; h += LANES) {
        V acc[M][R];
        each<M>([&](auto m) __attribute__((always_inline)) {
            each<R>([&](auto r) __attribute__((always_inline)) { acc[m][r] = V{}; });
        });
        for (int s = 0; s < n; ++s) {
            const float* column = in + sources[s].column + h;
            const float* ws = w + sources[s].weight;
            for (int ky = 0; ky < kernel_rows; ++ky, column += row, ws += w_ky) {
                V weight[M];
                each<M>([&](auto m) __attribute__((always_inline)) { weight[m] = all(ws[m * w_map]); });
                each<R>([&](auto r) __attribute__((always_inline)) {
                    V v = load(column + r * step * row);
                    each<M>([&](auto m) __attribute__((always_inline)) { acc[m][r] += weight[m] * v; });
                });
            }
        }
        each<M>([&](auto m) __attribute__((always_inline)) {
            each<R>([&](auto r) __attribute__((always_inline)) { store(out + m * out_map + r * BLOCK + h, acc[m][r]); });
        });
    }
}

constexpr int MAX_M = LANES == 16 ? 4 : 2, MAX_R = 8;
constexpr int rows_of_tile(int m) { return least(MAX_R, ACCUMULATORS / m); }
using ColumnTile = void (*)(const float*, long, int, const Source*, int, int, const float*, long, long, float*, long);
template <int M> constexpr ColumnTile column_tiles[MAX_R] = {
    column_tile<1, M>, column_tile<2, M>, column_tile<3, M>, column_tile<4, M>,
    column_tile<5, M>, column_tile<6, M>, column_tile<7, M>, column_tile<8, M>,
};

// All rows of M maps at one column.
template <int M>
void column_of(int rows, const float* in, long row, int step, const Source* sources, int n, int kernel_rows,
               const float* w, long w_map, long w_ky, float* out, long out_map) {
    const int parts = ceiling(rows, rows_of_tile(M)), height = ceiling(rows, parts);
    for (int y = 0; y < rows; y += height) {
        const int r = least(height, rows - y);
        column_tiles<M>[r - 1](in + y * step * row, row, step, sources, n, kernel_rows, w, w_map, w_ky, out + y * BLOCK,
                               out_map);
    }
}
void column(int m, int rows, const float* in, long row, int step, const Source* sources, int n, int kernel_rows,
            const float* w, long w_map, long w_ky, float* out, long out_map) {
    switch (m) {
        case 1: return column_of<1>(rows, in, row, step, sources, n, kernel_rows, w, w_map, w_ky, out, out_map);
        case 2: return column_of<2>(rows, in, row, step, sources, n, kernel_rows, w, w_map, w_ky, out, out_map);
#if LANES == 16
        case 3: return column_of<3>(rows, in, row, step, sources, n, kernel_rows, w, w_map, w_ky, out, out_map);
        case 4: return column_of<4>(rows, in, row, step, sources, n, kernel_rows, w, w_map, w_ky, out, out_map);
#endif
    }
}

// How many maps go through a tile together: as even groups as possible, one by one where a table links them.
int group_size(int maps, bool table) { return table ? 1 : ceiling(maps, ceiling(maps, MAX_M)); }

// V[p][i][row] of one tile, all inputs, all rows; columns past the edge count as 0 (their outputs are dropped).
void tile_input(const Maps& in, int x0, float* v) {
    const long plane = long(in.maps) * in.rows * BLOCK;
    for (int i = 0; i < in.maps; ++i)
        for (int y = 0; y < in.rows; ++y)
            for (int h = 0; h < BLOCK; h += LANES) {
                const float* from = in.at(i, y, x0) + h;
                float* to = v + (long(i) * in.rows + y) * BLOCK + h;
                V d[POINTS], t[POINTS];
                if (x0 + POINTS <= in.columns)
                    each<POINTS>([&](auto x) __attribute__((always_inline)) { d[x] = load(from + x * BLOCK); });
                else
                    each<POINTS>([&](auto x) __attribute__((always_inline)) {
                        d[x] = x0 + x < in.columns ? load(from + x * BLOCK) : V{};
                    });
                forward_input(d, t);
                each<POINTS>([&](auto p) __attribute__((always_inline)) { store(to + p * plane, t[p]); });
            }
}

// From the products[p][m][row] of one tile to the outputs, and to their 2x2 averages or maxima.
template <int WIDTH, int N, Activation F>
void tile_output(const Convolution& c, const float* products, long plane, int m0, int m, const float* bias, int x0,
                 const Maps* out, const Maps* pooled, Pooling pooling) {
    const int columns = least(WIDTH, c.columns - x0);
    for (int k = 0; k < m; ++k) {
        const V b = all(bias ? bias[m0 + k] : 0.0f);
        for (int y = 0; y < c.rows; y += 2)
            for (int h = 0; h < BLOCK; h += LANES) {
                V z[2][WIDTH];
                each<2>([&](auto second) __attribute__((always_inline)) {
                    const float* from = products + (long(k) * c.rows + least(y + second, c.rows - 1)) * BLOCK + h;
                    V p[N];
                    each<N>([&](auto n) __attribute__((always_inline)) { p[n] = load(from + n * plane); });
                    if constexpr (N == POINTS) forward_output<WIDTH>(p, z[second]);
                    else each<WIDTH>([&](auto x) __attribute__((always_inline)) { z[second][x] = p[x]; });
                    each<WIDTH>([&](auto x) __attribute__((always_inline)) { z[second][x] += b; });
                });
                const bool whole = y + 1 < c.rows;
                if (!out && pooling == Pooling::average) {
                    each<WIDTH / 2>([&](auto x) __attribute__((always_inline)) {
                        if (whole && 2 * x + 1 < columns)
                            store(pooled->at(m0 + k, y / 2, x0 / 2 + x) + h,
                                  mean_of_four<F>(z[0][2 * x], z[0][2 * x + 1], z[1][2 * x], z[1][2 * x + 1]));
                    });
                    continue;
                }
                each<2>([&](auto second) __attribute__((always_inline)) {
                    each<WIDTH>([&](auto x) __attribute__((always_inline)) {
                        z[second][x] = apply<F>(z[second][x]);
                        if (out && (second == 0 || whole) && x < columns)
                            store(out->at(m0 + k, y + second, x0 + x) + h, z[second][x]);
                    });
                });
                if (pooled)
                    each<WIDTH / 2>([&](auto x) __attribute__((always_inline)) {
                        V upper[2] = {z[0][2 * x], z[0][2 * x + 1]}, lower[2] = {z[1][2 * x], z[1][2 * x + 1]};
                        if (whole && 2 * x + 1 < columns)
                            store(pooled->at(m0 + k, y / 2, x0 / 2 + x) + h,
                                  pooling == Pooling::max
                                      ? larger(larger(upper[0], upper[1]), larger(lower[0], lower[1]))
                                      : 0.25f * ((upper[0] + upper[1]) + (lower[0] + lower[1])));
                    });
            }
    }
}

// Scratch of a tile, in floats. Sources lie behind the numbers.
struct Scratch {
    long input, products, sources;
};
Scratch scratch_of(const Convolution& c, int in_rows) {
    const int columns = c.transformed() ? 1 : c.kernel_columns;
    const int most = c.inputs > c.maps ? c.inputs : c.maps;
    return {long(c.points) * c.inputs * in_rows * BLOCK, long(c.points) * MAX_M * c.rows * BLOCK,
            long(most) * columns * long(sizeof(Source) / sizeof(float))};
}
int input_rows(const Convolution& c) { return (c.rows - 1) * c.stride_rows + c.kernel_rows; }
size_t convolve_scratch(const Convolution& c) {
    const Scratch s = scratch_of(c, input_rows(c) + c.stride_rows);
    return size_t(s.input + s.products + s.sources);
}

void convolve(const Convolution& c, const float* weights, const float* bias, Activation activation, const Maps& in,
              const Maps* out, const Maps* pooled, Pooling pooling, float* scratch) {
    const Scratch size = scratch_of(c, in.rows);
    float *v = scratch, *products = v + size.input;
    Source* sources = reinterpret_cast<Source*>(products + size.products);
    const bool transformed = c.transformed();
    const int columns = transformed ? 1 : c.kernel_columns, group = group_size(c.maps, c.table);
    const long row = transformed ? BLOCK : in.row, kernel = long(c.kernel_rows) * columns;
    const long in_plane = long(in.maps) * in.rows * BLOCK, out_map = long(c.rows) * BLOCK;
    for (int x0 = 0; x0 < c.columns; x0 += c.width) {
        if (transformed) tile_input(in, x0, v);
        for (int m0 = 0; m0 < c.maps; m0 += group) {
            const int m = least(group, c.maps - m0);
            int n = 0;
            for (int l = c.first_input[m0]; l < c.first_input[m0 + 1]; ++l)
                for (int kx = 0; kx < columns; ++kx)
                    sources[n++] = {transformed ? c.inputs_of[l].map * long(in.rows) * BLOCK
                                                : c.inputs_of[l].map * in.map + kx * BLOCK,
                                    c.inputs_of[l].kernel * kernel + kx};
            for (int p = 0; p < c.points; ++p) {
                const int x = x0 + p;
                if (!transformed && x >= c.columns) continue;
                column(m, c.rows, transformed ? v + p * in_plane : in.data + long(x) * c.stride_columns * BLOCK, row,
                       c.stride_rows, sources, n, c.kernel_rows,
                       transformed ? weights + p * c.kernels * kernel : weights, c.inputs * kernel, columns,
                       products + p * m * out_map, out_map);
            }
            choose(activation, [&](auto f) {
                constexpr Activation F = decltype(f)::value;
                const long plane = m * out_map;
                if (!transformed) tile_output<2, 2, F>(c, products, plane, m0, m, bias, x0, out, pooled, pooling);
                else if (c.width == 2)
                    tile_output<2, POINTS, F>(c, products, plane, m0, m, bias, x0, out, pooled, pooling);
                else tile_output<4, POINTS, F>(c, products, plane, m0, m, bias, x0, out, pooled, pooling);
            });
        }
    }
}

void transform_weights(const Convolution& c, const float* weights, float* transformed) {
    const int k = c.kernel_columns;
    const long rows = long(c.kernels) * c.kernel_rows;
    for (int p = 0; p < POINTS; ++p)
        for (long r = 0; r < rows; ++r) {
            float sum = 0;
            for (int x = 0; x < k; ++x) sum += kernel_weight(k, p, x) * weights[r * k + x];
            transformed[p * rows + r] = sum;
        }
}

}  // namespace
}  // namespace lenet
