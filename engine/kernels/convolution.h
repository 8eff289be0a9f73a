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

// out[m][r] = sum over sources s, ky of w[s.weight + m w_map + ky w_ky] in[s.column][r step + ky]
//
// With CLIP only the rows first <= r + ky < last of a column exist, and the others count as 0 (the step is then 1).
template <int R, int M, bool CLIP>
void column_tile(const float* in, long row, int step, int first, int last, const Source* sources, int n,
                 int kernel_rows, const float* w, long w_map, long w_ky, float* out, long out_map) {
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
                    if (CLIP && (r + ky < first || r + ky >= last)) return;
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
using ColumnTile = void (*)(const float*, long, int, int, int, const Source*, int, int, const float*, long, long, float*,
                            long);
template <int M, bool CLIP> constexpr ColumnTile column_tiles[MAX_R] = {
    column_tile<1, M, CLIP>, column_tile<2, M, CLIP>, column_tile<3, M, CLIP>, column_tile<4, M, CLIP>,
    column_tile<5, M, CLIP>, column_tile<6, M, CLIP>, column_tile<7, M, CLIP>, column_tile<8, M, CLIP>,
};

// Rows of M maps at one column. With CLIP, `in` points at row 0 - (kernel_rows - 1) of a column of `in_rows` rows.
template <int M, bool CLIP>
void column_of(int rows, const float* in, long row, int step, int in_rows, const Source* sources, int n,
               int kernel_rows, const float* w, long w_map, long w_ky, float* out, long out_map) {
    const int parts = ceiling(rows, rows_of_tile(M)), height = ceiling(rows, parts), before = kernel_rows - 1;
    for (int y = 0; y < rows; y += height)
        column_tiles<M, CLIP>[least(height, rows - y) - 1](in + y * step * row, row, step, before - y,
                                                           before - y + in_rows, sources, n, kernel_rows, w, w_map,
                                                           w_ky, out + y * BLOCK, out_map);
}
template <bool CLIP>
void column(int m, int rows, const float* in, long row, int step, int in_rows, const Source* sources, int n,
            int kernel_rows, const float* w, long w_map, long w_ky, float* out, long out_map) {
    const auto tiles = m == 1   ? column_of<1, CLIP>
                       : m == 2 ? column_of<2, CLIP>
#if LANES == 16
                       : m == 3 ? column_of<3, CLIP>
                       : m == 4 ? column_of<4, CLIP>
#endif
                                : nullptr;
    tiles(rows, in, row, step, in_rows, sources, n, kernel_rows, w, w_map, w_ky, out, out_map);
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

// Where a window of 2 rows and WIDTH columns of z goes: the outputs f(z), and their 2x2 averages or maxima.
// A copy, not a reference: the compiler has to know that storing numbers does not change it.
struct Output {
    Maps out, pooled;
    int rows, columns;
    bool keeps_out, keeps_pooled, maximum;
    const float* bias;
};
Output output_of(const Convolution& c, const float* bias, const Maps* out, const Maps* pooled, Pooling pooling) {
    return {out ? *out : Maps{}, pooled ? *pooled : Maps{}, c.rows, c.columns, out != nullptr, pooled != nullptr,
            pooling == Pooling::max, bias};
}

template <int WIDTH, Activation F>
INLINE void put_window(const Output& o, int m, int y, int x0, int h, V (&z)[2][WIDTH]) {
    const bool two_rows = y + 1 < o.rows;
    const int columns = o.columns - x0;
    if (!o.keeps_out && !o.maximum) {
        float* to = o.pooled.at(m, y / 2, x0 / 2) + h;
        each<WIDTH / 2>([&](auto x) __attribute__((always_inline)) {
            if (two_rows && 2 * x + 1 < columns)
                store(to + x * BLOCK, mean_of_four<F>(z[0][2 * x], z[0][2 * x + 1], z[1][2 * x], z[1][2 * x + 1]));
        });
        return;
    }
    each<2>([&](auto second) __attribute__((always_inline)) {
        float* to = o.out.at(m, y + second, x0) + h;
        each<WIDTH>([&](auto x) __attribute__((always_inline)) {
            z[second][x] = apply<F>(z[second][x]);
            if (o.keeps_out && (second == 0 || two_rows) && x < columns) store(to + x * BLOCK, z[second][x]);
        });
    });
    if (!o.keeps_pooled) return;
    float* to = o.pooled.at(m, y / 2, x0 / 2) + h;
    each<WIDTH / 2>([&](auto x) __attribute__((always_inline)) {
        if (!two_rows || 2 * x + 1 >= columns) return;
        V a = z[0][2 * x], b = z[0][2 * x + 1], c = z[1][2 * x], d = z[1][2 * x + 1];
        store(to + x * BLOCK, o.maximum ? larger(larger(a, b), larger(c, d)) : 0.25f * ((a + b) + (c + d)));
    });
}

// From the products[p][m][row] of some rows (y0...) of one tile to the outputs.
template <int WIDTH, int N, Activation F>
void tile_output(const Output o, const float* products, int y0, int rows, int m0, int m, int x0) {
    const long plane = long(m) * rows * BLOCK;
    for (int k = 0; k < m; ++k) {
        const V b = all(o.bias ? o.bias[m0 + k] : 0.0f);
        for (int y = 0; y < rows; y += 2)
            for (int h = 0; h < BLOCK; h += LANES) {
                V z[2][WIDTH];
                each<2>([&](auto second) __attribute__((always_inline)) {
                    const float* from = products + (long(k) * rows + least(y + second, rows - 1)) * BLOCK + h;
                    V p[N];
                    each<N>([&](auto n) __attribute__((always_inline)) { p[n] = load(from + n * plane); });
                    if constexpr (N == POINTS) forward_output<WIDTH>(p, z[second]);
                    else each<WIDTH>([&](auto x) __attribute__((always_inline)) { z[second][x] = p[x]; });
                    each<WIDTH>([&](auto x) __attribute__((always_inline)) { z[second][x] += b; });
                });
                put_window<WIDTH, F>(o, m0 + k, y0 + y, x0, h, z);
            }
    }
}

// Few inputs: all six products of 2 maps x 4 rows of a tile of F(2, 5) stay in registers, and so do the outputs.
constexpr bool HAS_NARROW = LANES == 16;
template <int P> INLINE void add_product(V product, V& even, V& odd) {  // of A', see forward_output
    if constexpr (P == 0) even = product;
    if constexpr (P >= 1 && P <= 4) even += product;
    if constexpr (P == 1) odd = product;
    if constexpr (P == 2) odd -= product;
    if constexpr (P == 3) odd += 2.0f * product;
    if constexpr (P == 4) odd -= 2.0f * product;
    if constexpr (P == 5) odd += product;
}
template <int M, Activation F>
void narrow_tile(const Output o, const float* v, long plane, long in_map, const Link* links, int n, int kernel_rows,
                 const float* weights, long w_plane, long w_map, int m0, int y, int x0) {
    constexpr int R = 4;
    V z[2][M][R];
    each<POINTS>([&](auto p) __attribute__((always_inline)) {
        V acc[M][R];
        each<M>([&](auto m) __attribute__((always_inline)) {
            each<R>([&](auto r) __attribute__((always_inline)) { acc[m][r] = V{}; });
        });
        for (int l = 0; l < n; ++l) {
            const float* column = v + p * plane + links[l].map * in_map + y * BLOCK;
            const float* w = weights + p * w_plane + long(links[l].kernel) * kernel_rows;
            for (int ky = 0; ky < kernel_rows; ++ky, column += BLOCK, ++w) {
                V weight[M];
                each<M>([&](auto m) __attribute__((always_inline)) { weight[m] = all(w[m * w_map]); });
                each<R>([&](auto r) __attribute__((always_inline)) {
                    V value = load(column + r * BLOCK);
                    each<M>([&](auto m) __attribute__((always_inline)) { acc[m][r] += weight[m] * value; });
                });
            }
        }
        each<M>([&](auto m) __attribute__((always_inline)) {
            each<R>([&](auto r) __attribute__((always_inline)) {
                add_product<p>(acc[m][r], z[0][m][r], z[1][m][r]);
            });
        });
    });
    each<M>([&](auto m) __attribute__((always_inline)) {
        const V b = all(o.bias ? o.bias[m0 + m] : 0.0f);
        each<R / 2>([&](auto r) __attribute__((always_inline)) {
            if (y + 2 * r >= o.rows) return;
            V window[2][2] = {{z[0][m][2 * r] + b, z[1][m][2 * r] + b}, {z[0][m][2 * r + 1] + b, z[1][m][2 * r + 1] + b}};
            put_window<2, F>(o, m0 + m, y + 2 * r, x0, 0, window);
        });
    });
}

// Scratch of a tile, in floats. Sources lie behind the numbers.
struct Scratch {
    long input, products, sources;
};
Scratch scratch_of(const Convolution& c, int in_rows) {
    const int columns = c.transformed() ? 1 : c.kernel_columns;
    const int most = c.inputs > c.maps ? c.inputs : c.maps;
    return {long(c.points) * c.inputs * in_rows * BLOCK + 4 * BLOCK, long(c.points) * MAX_M * c.rows * BLOCK,
            long(most) * columns * long(sizeof(Source) / sizeof(float))};
}
int input_rows(const Convolution& c) { return (c.rows - 1) * c.stride_rows + c.kernel_rows; }
size_t convolve_scratch(const Convolution& c) {
    const Scratch s = scratch_of(c, input_rows(c) + c.stride_rows);
    return size_t(s.input + s.products + s.sources);
}

// A convolution under way: what it is of, where it goes, and its scratch.
struct Work {
    const Convolution& c;
    const float* weights;
    Activation activation;
    const Maps& in;
    Output output;
    float *v, *products;
    Source* sources;
};

// One tile of all maps, two by two and four rows by four; the last rows may be computed for nothing.
void convolve_narrow(const Work& w, int x0) {
    const Convolution& c = w.c;
    const long plane = long(w.in.maps) * w.in.rows * BLOCK, w_plane = long(c.kernels) * c.kernel_rows;
    choose(w.activation, [&](auto f) {
        constexpr Activation F = decltype(f)::value;
        for (int m = 0; m < c.maps;) {
            const int count = !c.table && m + 2 <= c.maps ? 2 : 1, first = c.first_input[m];
            const auto tile = count == 2 ? narrow_tile<2, F> : narrow_tile<1, F>;
            for (int y = 0; y < c.rows; y += 4)
                tile(w.output, w.v, plane, long(w.in.rows) * BLOCK, c.inputs_of + first, c.first_input[m + 1] - first,
                     c.kernel_rows, w.weights, w_plane, long(c.inputs) * c.kernel_rows, m, y, x0);
            m += count;
        }
    });
}

// What the maps that begin with m0 sum; returns how many sources.
int find_sources(const Work& w, int m0) {
    const Convolution& c = w.c;
    const int columns = c.transformed() ? 1 : c.kernel_columns;
    int n = 0;
    for (int l = c.first_input[m0]; l < c.first_input[m0 + 1]; ++l)
        for (int kx = 0; kx < columns; ++kx)
            w.sources[n++] = {c.transformed() ? c.inputs_of[l].map * long(w.in.rows) * BLOCK
                                              : c.inputs_of[l].map * w.in.map + kx * BLOCK,
                              c.inputs_of[l].kernel * long(c.kernel_rows) * columns + kx};
    return n;
}

// Rows y... of the m maps from m0 on of the tile at x0, from n sources.
void convolve_rows(const Work& w, int n, int m0, int m, int x0, int y, int rows) {
    const Convolution& c = w.c;
    const bool transformed = c.transformed();
    const int columns = transformed ? 1 : c.kernel_columns;
    const long row = transformed ? BLOCK : w.in.row, kernel = long(c.kernel_rows) * columns;
    const long in_plane = long(w.in.maps) * w.in.rows * BLOCK;
    for (int p = 0; p < c.points; ++p) {
        if (!transformed && x0 + p >= c.columns) continue;
        const float* from = transformed ? w.v + p * in_plane : w.in.data + long(x0 + p) * c.stride_columns * BLOCK;
        column<false>(m, rows, from + long(y) * c.stride_rows * row, row, c.stride_rows, 0, w.sources, n, c.kernel_rows,
                      transformed ? w.weights + p * c.kernels * kernel : w.weights, c.inputs * kernel, columns,
                      w.products + long(p) * m * rows * BLOCK, long(rows) * BLOCK);
    }
    choose(w.activation, [&](auto f) {
        constexpr Activation F = decltype(f)::value;
        const auto put = !transformed   ? tile_output<2, 2, F>
                         : c.width == 2 ? tile_output<2, POINTS, F> : tile_output<4, POINTS, F>;
        put(w.output, w.products, y, rows, m0, m, x0);
    });
}

void convolve(const Convolution& c, const float* weights, const float* bias, Activation activation, const Maps& in,
              const Maps* out, const Maps* pooled, Pooling pooling, float* scratch) {
    const Scratch size = scratch_of(c, in.rows);
    float *v = scratch, *products = v + size.input;
    const Work w{c, weights, activation, in, output_of(c, bias, out, pooled, pooling), v, products,
                 reinterpret_cast<Source*>(products + size.products)};
    const int group = group_size(c.maps, c.table);
    const bool narrow = HAS_NARROW && c.transformed() && c.width == 2 && c.stride_rows == 1 && c.inputs == 1;
    for (int x0 = 0; x0 < c.columns; x0 += c.width) {
        if (c.transformed()) tile_input(in, x0, v);
        if (narrow) {
            convolve_narrow(w, x0);
            continue;
        }
        for (int m0 = 0; m0 < c.maps; m0 += group) {
            const int m = least(group, c.maps - m0), n = find_sources(w, m0);
            // so many rows at a time that their products stay in the first-level cache
            const int parts = ceiling(c.rows, 2 * rows_of_tile(m)), height = 2 * ceiling(c.rows, 2 * parts);
            for (int y = 0; y < c.rows; y += height) convolve_rows(w, n, m0, m, x0, y, least(height, c.rows - y));
        }
    }
}

template <int K> void transform_rows(const float* weights, long rows, float* transformed) {
    for (long r = 0; r < rows; ++r)
        for (int p = 0; p < POINTS; ++p) {
            float sum = 0;
            for (int x = 0; x < K; ++x) sum += kernel_weight(K, p, x) * weights[r * K + x];
            transformed[p * rows + r] = sum;
        }
}
void transform_weights(const Convolution& c, const float* weights, float* transformed) {
    const long rows = long(c.kernels) * c.kernel_rows;
    if (c.kernel_columns == 5) transform_rows<5>(weights, rows, transformed);
    else transform_rows<3>(weights, rows, transformed);
}

}  // namespace
}  // namespace lenet
