// The gradients of `convolution.h`, tile by tile as there, with D[p][o][row] = A dz the deltas of a tile.
//
//   dz[o][y][x] = delta[o][y][x] f'(z)                  dbias[o] = sum dz[o]
//   dU[p][o, i][ky] = sum_y D[p][o][y] V[p][i][y sy + ky]       dw = G' dU
//   dV[p][i][row] = sum over o, ky of U[p][o, i][ky] D[p][o][(row - ky) / sy]       din = B dV
#pragma once
#include "convolution.h"

namespace lenet {
namespace {

constexpr int MAX_K = 5;                         // kernel rows that go through a tile together
constexpr int BACK_M = LANES == 16 ? 4 : 2;

// Tiles next to each other, of which the gradient of the weights takes several at once: with few rows, the sums would
// otherwise be loaded and stored more often than added to.
struct Strip {
    int tiles;
    long d_tile, v_tile;  // floats from one tile to the next
    long d_row, v_row;
    int step, rows;
};

// acc[m][ky] += sum over tiles and rows y of d[m][y] v[y step + ky]
template <int M, int K>
void gradient_tile(const Strip& strip, const float* const* d, const float* v, float* const* acc) {
    const Strip s = strip;
    for (int h = 0; h < BLOCK; h += LANES) {
        V sum[M][K];
        each<M>([&](auto m) __attribute__((always_inline)) {
            each<K>([&](auto k) __attribute__((always_inline)) { sum[m][k] = load(acc[m] + k * BLOCK + h); });
        });
        for (int t = 0; t < s.tiles; ++t)
            for (int y = 0; y < s.rows; ++y) {
                V delta[M];
                each<M>([&](auto m) __attribute__((always_inline)) {
                    delta[m] = load(d[m] + t * s.d_tile + y * s.d_row + h);
                });
                const float* from = v + t * s.v_tile + y * s.step * s.v_row + h;
                each<K>([&](auto k) __attribute__((always_inline)) {
                    V value = load(from + k * s.v_row);
                    each<M>([&](auto m) __attribute__((always_inline)) { sum[m][k] += delta[m] * value; });
                });
            }
        each<M>([&](auto m) __attribute__((always_inline)) {
            each<K>([&](auto k) __attribute__((always_inline)) { store(acc[m] + k * BLOCK + h, sum[m][k]); });
        });
    }
}
using GradientTile = void (*)(const Strip&, const float* const*, const float*, float* const*);
template <int M> constexpr GradientTile gradient_tiles[MAX_K] = {
    gradient_tile<M, 1>, gradient_tile<M, 2>, gradient_tile<M, 3>, gradient_tile<M, 4>, gradient_tile<M, 5>,
};
GradientTile gradient_tile_for(int m, int k) {
    switch (m) {
        case 1: return gradient_tiles<1>[k - 1];
#if LANES == 16
        case 3: return gradient_tiles<3>[k - 1];
        case 4: return gradient_tiles<4>[k - 1];
#endif
        default: return gradient_tiles<2>[k - 1];
    }
}

// D[p][o][y sy] of one tile, and its share of the bias gradient.
template <int WIDTH, int N, Activation F, bool AVERAGED>
void tile_delta(const Convolution& c, const Maps& out, const Maps& delta, int x0, int d_rows, float* d,
                float* bias_sum) {
    const int columns = least(WIDTH, c.columns - x0), whole = AVERAGED ? least(columns, 2 * delta.columns - x0) : columns;
    const long plane = long(c.maps) * d_rows * BLOCK;
    for (int o = 0; o < c.maps; ++o)
        for (int h = 0; h < BLOCK; h += LANES) {
            V sum = load(bias_sum + o * BLOCK + h);
            for (int y = 0; y < c.rows; ++y) {
                const float* from = (AVERAGED ? delta.at(o, y / 2, x0 / 2) : delta.at(o, y, x0)) + h;
                const float* state = out.at(o, y, x0) + h;
                const bool inside = !AVERAGED || y / 2 < delta.rows;
                V dz[WIDTH], m[N];
                each<WIDTH>([&](auto x) __attribute__((always_inline)) {
                    dz[x] = V{};
                    if (x >= whole || !inside) return;
                    dz[x] = AVERAGED ? 0.25f * load(from + x / 2 * BLOCK) : load(from + x * BLOCK);
                    if constexpr (F != Activation::linear) dz[x] *= derivative_at<F>(load(state + x * BLOCK));
                    sum += dz[x];
                });
                if constexpr (N == POINTS) backward_output<WIDTH>(dz, m);
                else each<N>([&](auto x) __attribute__((always_inline)) { m[x] = dz[x]; });
                float* to = d + (long(o) * d_rows + long(y) * c.stride_rows) * BLOCK + h;
                each<N>([&](auto n) __attribute__((always_inline)) { store(to + n * plane, m[n]); });
            }
            store(bias_sum + o * BLOCK + h, sum);
        }
}
template <Activation F, bool AVERAGED> auto tile_delta_for(const Convolution& c) {
    return !c.transformed() ? tile_delta<2, 2, F, AVERAGED>
           : c.width == 2   ? tile_delta<2, POINTS, F, AVERAGED> : tile_delta<4, POINTS, F, AVERAGED>;
}

// dU of one product for the m links from l on of input i, from the deltas of their outputs and the columns of the input.
void link_gradients(const Convolution& c, const Strip& strip, int i, int l, int m, const float* d, long d_map,
                    const float* v, long v_map, float* du) {
    const float* deltas[BACK_M];
    float* sums[BACK_M];
    for (int ky = 0; ky < c.kernel_rows; ky += MAX_K) {
        for (int k = 0; k < m; ++k) {
            deltas[k] = d + c.outputs_of[l + k].map * d_map;
            sums[k] = du + (long(c.outputs_of[l + k].kernel) * c.kernel_rows + ky) * BLOCK;
        }
        gradient_tile_for(m, least(MAX_K, c.kernel_rows - ky))(strip, deltas, v + i * v_map + ky * strip.v_row, sums);
    }
}

// dU of one product: every kernel. The deltas of a group of outputs stay in the first-level cache while they meet the
// columns of all inputs; where a table links them, those of an input meet all its outputs instead.
void product_gradient(const Convolution& c, const Strip& strip, const float* d, long d_map, const float* v, long v_map,
                      float* du) {
    if (!c.table) {
        const int group = ceiling(c.maps, ceiling(c.maps, BACK_M));
        for (int o = 0; o < c.maps; o += group)
            for (int i = 0; i < c.inputs; ++i)
                link_gradients(c, strip, i, c.first_output[i] + o, least(group, c.maps - o), d, d_map, v, v_map, du);
        return;
    }
    for (int i = 0; i < c.inputs; ++i) {
        const int last = c.first_output[i + 1], count = last - c.first_output[i];
        if (!count) continue;  // no map reads this input
        const int group = ceiling(count, ceiling(count, BACK_M));
        for (int l = c.first_output[i]; l < last; l += group)
            link_gradients(c, strip, i, l, least(group, last - l), d, d_map, v, v_map, du);
    }
}

// A lone input: D = A dz is formed where it is used, and dz alone is stored, d[x][o][y].
template <int M, int K, int P>
void narrow_gradient_tile(const float* d, long d_map, long d_plane, const float* v, int rows, float* acc, long acc_map) {
    V sum[M][K];
    each<M>([&](auto m) __attribute__((always_inline)) {
        each<K>([&](auto k) __attribute__((always_inline)) { sum[m][k] = load(acc + m * acc_map + k * BLOCK); });
    });
    for (int y = 0; y < rows; ++y, d += BLOCK, v += BLOCK) {
        V delta[M];
        each<M>([&](auto m) __attribute__((always_inline)) {
            const V a = load(d + m * d_map), b = load(d + m * d_map + d_plane);
            if constexpr (P == 0) delta[m] = a;
            if constexpr (P == 1) delta[m] = a + b;
            if constexpr (P == 2) delta[m] = a - b;
            if constexpr (P == 3) delta[m] = a + 2.0f * b;
            if constexpr (P == 4) delta[m] = a - 2.0f * b;
            if constexpr (P == 5) delta[m] = b;
        });
        each<K>([&](auto k) __attribute__((always_inline)) {
            V value = load(v + k * BLOCK);
            each<M>([&](auto m) __attribute__((always_inline)) { sum[m][k] += delta[m] * value; });
        });
    }
    each<M>([&](auto m) __attribute__((always_inline)) {
        each<K>([&](auto k) __attribute__((always_inline)) { store(acc + m * acc_map + k * BLOCK, sum[m][k]); });
    });
}
constexpr int NARROW_K = 5;  // F(2, 5) on square kernels of one input, at full width
bool narrow_back(const Convolution& c, bool wants_input) {
    return HAS_NARROW && c.transformed() && c.width == 2 && c.inputs == 1 && !c.table && c.stride_rows == 1 &&
           c.kernel_rows == NARROW_K && !wants_input;
}
void narrow_gradient(const Convolution& c, const float* d, const float* v, long in_plane, float* du, long per_product) {
    const long d_map = long(c.rows) * BLOCK, acc_map = NARROW_K * BLOCK;
    each<POINTS>([&](auto p) __attribute__((always_inline)) {
        for (int o = 0; o < c.maps;) {
            const int m = c.maps - o >= 3 ? 3 : 1;
            const auto tile = m == 3 ? narrow_gradient_tile<3, NARROW_K, p> : narrow_gradient_tile<1, NARROW_K, p>;
            tile(d + o * d_map, d_map, c.maps * d_map, v + p * in_plane, c.rows, du + p * per_product + o * acc_map, acc_map);
            o += m;
        }
    });
}

// din[i][row][x] += B dV, for the m inputs from i0 on
void tile_input_back(const float* products, long plane, int i0, int m, int rows, int x0, const Maps& din) {
    for (int k = 0; k < m; ++k)
        for (int y = 0; y < rows; ++y)
            for (int h = 0; h < BLOCK; h += LANES) {
                V v[POINTS], d[POINTS];
                const float* from = products + (long(k) * rows + y) * BLOCK + h;
                each<POINTS>([&](auto p) __attribute__((always_inline)) { v[p] = load(from + p * plane); });
                backward_input(v, d);
                each<POINTS>([&](auto x) __attribute__((always_inline)) {
                    if (x0 + x < din.columns) {
                        float* to = din.at(i0 + k, y, x0 + x) + h;
                        store(to, load(to) + d[x]);
                    }
                });
            }
}

// din += the share of one tile (of one column of it, directly).
void tile_back(const Convolution& c, const float* weights, const float* d, int d_rows, int x0, const Maps& din,
               float* products, Source* sources) {
    const bool transformed = c.transformed();
    const int rows = input_rows(c), group = group_size(c.inputs, c.table), kx_count = transformed ? 1 : c.kernel_columns;
    const long kernel = long(c.kernel_rows) * kx_count, plane = long(c.maps) * d_rows * BLOCK;
    const long before = long(c.kernel_rows - 1) * BLOCK;
    for (int i0 = 0; i0 < c.inputs; i0 += group) {
        const int m = least(group, c.inputs - i0);
        const long out_map = long(rows) * BLOCK;
        int n = 0;
        for (int l = c.first_output[i0]; l < c.first_output[i0 + 1]; ++l)
            sources[n++] = {c.outputs_of[l].map * long(d_rows) * BLOCK,
                            c.outputs_of[l].kernel * kernel + (c.kernel_rows - 1) * kx_count};
        if (transformed) {
            for (int p = 0; p < c.points; ++p)
                column<true>(m, rows, d + p * plane - before, BLOCK, 1, d_rows, sources, n, c.kernel_rows,
                             weights + p * c.kernels * kernel, kernel, -1, products + p * m * out_map, out_map);
            tile_input_back(products, m * out_map, i0, m, rows, x0, din);
            continue;
        }
        for (int p = 0; p < c.width && x0 + p < c.columns; ++p)
            for (int kx = 0; kx < kx_count; ++kx) {
                column<true>(m, rows, d + p * plane - before, BLOCK, 1, d_rows, sources, n, c.kernel_rows, weights + kx,
                             kernel, -kx_count, products, out_map);
                for (int k = 0; k < m; ++k)
                    for (int y = 0; y < rows; ++y) {
                        float* to = din.at(i0 + k, y, (x0 + p) * c.stride_columns + kx);
                        const float* from = products + (long(k) * rows + y) * BLOCK;
                        for (int h = 0; h < BLOCK; h += LANES) store(to + h, load(to + h) + load(from + h));
                    }
            }
    }
}

struct BackScratch {
    long input, deltas;  // of one tile
    long products, gradients, biases, sums, sources;
    int d_rows, tiles;  // tiles: of a strip
};
BackScratch back_scratch_of(const Convolution& c, int in_rows) {
    constexpr int ROWS = 32, MOST = 16;
    const Scratch s = scratch_of(c, in_rows);
    const int d_rows = (c.rows - 1) * c.stride_rows + 1;
    const long kx = c.transformed() ? c.points : c.kernel_columns;
    const long gradients = kx * c.kernels * c.kernel_rows;
    return {s.input, long(c.points) * c.maps * d_rows * BLOCK, long(c.points) * MAX_M * in_rows * BLOCK,
            gradients * BLOCK, long(c.maps) * BLOCK, ceiling(int(gradients), BLOCK) * long(BLOCK), s.sources, d_rows,
            least(MOST, ceiling(ROWS, c.rows))};
}
size_t convolve_back_scratch(const Convolution& c) {
    const BackScratch s = back_scratch_of(c, input_rows(c) + c.stride_rows);
    return size_t(s.tiles * (s.input + s.deltas) + s.products + s.gradients + s.biases + s.sums + s.sources);
}

// dw[kernel][ky][kx] = sum_p G[p][kx] dU[p][kernel][ky], or the same numbers in another order
template <int K> void transform_gradient(const float* sums, long rows, float* dweights) {
    for (long r = 0; r < rows; ++r)
        for (int x = 0; x < K; ++x) {
            float sum = 0;
            for (int p = 0; p < POINTS; ++p) sum += kernel_weight(K, p, x) * sums[p * rows + r];
            dweights[r * K + x] = sum;
        }
}
void weight_gradient(const Convolution& c, const float* sums, float* dweights) {
    const int k = c.kernel_columns;
    const long rows = long(c.kernels) * c.kernel_rows;
    if (c.transformed()) return k == 5 ? transform_gradient<5>(sums, rows, dweights) : transform_gradient<3>(sums, rows, dweights);
    for (long r = 0; r < rows; ++r)
        for (int x = 0; x < k; ++x) dweights[r * k + x] = sums[x * rows + r];
}

// dU of a strip of tiles from x0 on, whose deltas and columns are ready.
void strip_gradient(const Convolution& c, const BackScratch& size, int tiles, int x0, const Maps& in, const float* d,
                    const float* v, float* du) {
    const bool transformed = c.transformed();
    const long in_plane = long(in.maps) * in.rows * BLOCK, d_plane = long(c.maps) * size.d_rows * BLOCK;
    const long per_product = long(c.kernels) * c.kernel_rows * BLOCK, d_map = long(size.d_rows) * BLOCK;
    Strip strip{tiles, size.deltas, transformed ? size.input : long(c.width) * c.stride_columns * BLOCK,
                long(c.stride_rows) * BLOCK, transformed ? BLOCK : in.row, c.stride_rows, c.rows};
    for (int p = 0; p < c.points; ++p) {
        if (transformed) {
            product_gradient(c, strip, d + p * d_plane, d_map, v + p * in_plane, long(in.rows) * BLOCK, du + p * per_product);
            continue;
        }
        strip.tiles = least(tiles, ceiling(c.columns - x0 - p, c.width));  // those that have this column
        for (int kx = 0; kx < c.kernel_columns && strip.tiles > 0; ++kx)
            product_gradient(c, strip, d + p * d_plane, d_map,
                             in.data + (long(x0 + p) * c.stride_columns + kx) * BLOCK, in.map, du + kx * per_product);
    }
}

void convolve_back(const Convolution& c, const float* weights, Activation activation, const Maps& in, const Maps& out,
                   const Maps& delta, bool averaged, float* dweights, float* dbias, const Maps* din, float* scratch) {
    const BackScratch size = back_scratch_of(c, in.rows);
    float *v = scratch, *d = v + size.tiles * size.input, *products = d + size.tiles * size.deltas;
    float *du = products + size.products, *bias_sums = du + size.gradients, *sums = bias_sums + size.biases;
    Source* sources = reinterpret_cast<Source*>(sums + size.sums);
    const bool narrow = narrow_back(c, din != nullptr);
    const long in_plane = long(in.maps) * in.rows * BLOCK, per_product = long(c.kernels) * c.kernel_rows * BLOCK;
    if (c.stride_rows > 1) __builtin_memset(d, 0, size_t(size.tiles * size.deltas) * sizeof(float));
    __builtin_memset(du, 0, size_t(size.gradients + size.biases) * sizeof(float));
    if (din)
        for (int i = 0; i < din->maps; ++i)
            for (int y = 0; y < din->rows; ++y)
                __builtin_memset(din->at(i, y, 0), 0, size_t(din->columns) * BLOCK * sizeof(float));

    for (int x0 = 0; x0 < c.columns; x0 += size.tiles * c.width) {
        const int tiles = least(size.tiles, ceiling(c.columns - x0, c.width));
        for (int t = 0, x = x0; t < tiles; ++t, x += c.width) {
            choose(activation, [&](auto f) {
                constexpr Activation F = decltype(f)::value;
                const auto tile = narrow ? (averaged ? tile_delta<2, 2, F, true> : tile_delta<2, 2, F, false>)
                                  : averaged ? tile_delta_for<F, true>(c) : tile_delta_for<F, false>(c);
                tile(c, out, delta, x, size.d_rows, d + t * size.deltas, bias_sums);
            });
            if (c.transformed()) tile_input(in, x, v + t * size.input);
            if (narrow) narrow_gradient(c, d + t * size.deltas, v + t * size.input, in_plane, du, per_product);
        }
        if (!narrow) strip_gradient(c, size, tiles, x0, in, d, v, du);
        for (int t = 0; t < tiles && din; ++t)
            tile_back(c, weights, d + t * size.deltas, size.d_rows, x0 + t * c.width, *din, products, sources);
    }
    sum_blocks(du, size.gradients / BLOCK, sums);
    weight_gradient(c, sums, dweights);
    if (dbias) sum_blocks(bias_sums, c.maps, dbias);
}

}  // namespace
}  // namespace lenet
