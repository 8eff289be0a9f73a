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

// Where the deltas and the inputs of one product lie: rows, and the tiles along x that are summed at once.
struct GradientTiles {
    int rows, count;
    long d_row, v_step, v_row, d_tile, v_tile;  // v_step: as far as one row of the output goes; v_row: from ky to ky + 1
};

// acc[m][ky] += sum over tiles and y of d[m][tile][y] v[tile][y sy + ky]
template <int M, int K>
void gradient_tile(const GradientTiles& t, const float* const* d, const float* v, float* const* acc) {
    for (int h = 0; h < BLOCK; h += LANES) {
        V sum[M][K];
        each<M>([&](auto m) __attribute__((always_inline)) {
            each<K>([&](auto k) __attribute__((always_inline)) { sum[m][k] = load(acc[m] + k * BLOCK + h); });
        });
        for (int tile = 0; tile < t.count; ++tile)
            for (int y = 0; y < t.rows; ++y) {
                V delta[M];
                const long down = tile * t.d_tile + y * t.d_row + h;
                each<M>([&](auto m) __attribute__((always_inline)) { delta[m] = load(d[m] + down); });
                const float* from = v + tile * t.v_tile + y * t.v_step + h;
                each<K>([&](auto k) __attribute__((always_inline)) {
                    V value = load(from + k * t.v_row);
                    each<M>([&](auto m) __attribute__((always_inline)) { sum[m][k] += delta[m] * value; });
                });
            }
        each<M>([&](auto m) __attribute__((always_inline)) {
            each<K>([&](auto k) __attribute__((always_inline)) { store(acc[m] + k * BLOCK + h, sum[m][k]); });
        });
    }
}
using GradientTile = void (*)(const GradientTiles&, const float* const*, const float*, float* const*);
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

// dU of one product: every kernel, from the deltas of all outputs and the columns of all inputs. The sums of all tiles
// go to `totals` at once, added over the images, where that is given; else each image's own are kept in `du`. Kernels
// of one row lie next to each other by input, and go through a tile as the rows of one kernel do.
void product_gradient(const Convolution& c, GradientTiles tiles, const float* d, int d_rows, const float* v, long v_map,
                      float* du, float* totals) {
    const float* deltas[BACK_M];
    float* sums[BACK_M];
    const bool by_input = c.kernel_rows == 1 && !c.table;
    const int all = by_input ? c.inputs : c.kernel_rows, at_once = ceiling(all, ceiling(all, MAX_K));
    if (by_input) tiles.v_row = v_map;
    for (int i = 0; i < c.inputs; i += by_input ? c.inputs : 1) {
        const int last = c.first_output[i + 1];
        if (last == c.first_output[i]) continue;  // no map reads this input
        const int group = ceiling(last - c.first_output[i], ceiling(last - c.first_output[i], BACK_M));
        for (int k0 = 0; k0 < all; k0 += at_once) {
            const int rows = least(at_once, all - k0);
            const float* from = v + i * v_map + k0 * tiles.v_row;
            for (int l = c.first_output[i]; l < last; l += group) {
                const int m = least(group, last - l);
                const auto first = [&](int k) { return long(c.outputs_of[l + k].kernel) * c.kernel_rows + k0; };
                for (int k = 0; k < m; ++k) {
                    deltas[k] = d + long(c.outputs_of[l + k].map) * d_rows * BLOCK;
                    sums[k] = du + (totals ? long(k) * rows : first(k)) * BLOCK;
                }
                if (totals) __builtin_memset(du, 0, size_t(m) * size_t(rows) * BLOCK * sizeof(float));
                gradient_tile_for(m, rows)(tiles, deltas, from, sums);
                for (int k = 0; totals && k < m; ++k) sum_blocks(sums[k], rows, totals + first(k));
            }
        }
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

// The sums of every image apart do not fit a cache where kernels are many: all tiles are then taken at once, kernel by
// kernel, and only the sums over the images are kept.
constexpr long MOST_GRADIENTS = 1 << 17;  // floats: half a megabyte

struct BackScratch {
    int tiles, d_rows;  // tiles at once
    long input, deltas, products, gradients, biases, sums, sources;
};
BackScratch back_scratch_of(const Convolution& c, int in_rows) {
    const Scratch s = scratch_of(c, in_rows);
    const int d_rows = (c.rows - 1) * c.stride_rows + 1;
    const long kx = c.transformed() ? c.points : c.kernel_columns;
    const long gradients = kx * c.kernels * c.kernel_rows;
    const int tiles = c.transformed() && gradients * BLOCK > MOST_GRADIENTS ? ceiling(c.columns, c.width) : 1;
    const long apart = tiles > 1 ? long(BACK_M) * MAX_K : gradients;
    return {tiles, d_rows, s.input * tiles, long(c.points) * c.maps * d_rows * BLOCK * tiles,
            long(c.points) * MAX_M * in_rows * BLOCK, apart * BLOCK, long(c.maps) * BLOCK,
            ceiling(int(gradients), BLOCK) * long(BLOCK), s.sources};
}
size_t convolve_back_scratch(const Convolution& c) {
    const BackScratch s = back_scratch_of(c, input_rows(c) + c.stride_rows);
    return size_t(s.input + s.deltas + s.products + s.gradients + s.biases + s.sums + s.sources);
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

void convolve_back(const Convolution& c, const float* weights, Activation activation, const Maps& in, const Maps& out,
                   const Maps& delta, bool averaged, float* dweights, float* dbias, const Maps* din, float* scratch) {
    const BackScratch size = back_scratch_of(c, in.rows);
    float *v = scratch, *d = v + size.input, *products = d + size.deltas, *du = products + size.products;
    float *bias_sums = du + size.gradients, *sums = bias_sums + size.biases;
    Source* sources = reinterpret_cast<Source*>(sums + size.sums);
    const bool transformed = c.transformed(), narrow = narrow_back(c, din != nullptr);
    const long in_plane = long(in.maps) * in.rows * BLOCK, d_plane = long(c.maps) * size.d_rows * BLOCK;
    const long per_product = long(c.kernels) * c.kernel_rows, d_tile = size.deltas / size.tiles;
    const long v_tile = size.input / size.tiles;
    const bool apart = size.tiles == 1;  // the sums of every image
    const long row = long(c.stride_rows) * BLOCK;
    const GradientTiles rows{c.rows, 1, row, row, BLOCK, d_tile, v_tile};
    if (c.stride_rows > 1) __builtin_memset(d, 0, size_t(size.deltas) * sizeof(float));
    __builtin_memset(du, 0, size_t(size.gradients + size.biases) * sizeof(float));
    if (din)
        for (int i = 0; i < din->maps; ++i)
            for (int y = 0; y < din->rows; ++y)
                __builtin_memset(din->at(i, y, 0), 0, size_t(din->columns) * BLOCK * sizeof(float));

    for (int x0 = 0; x0 < c.columns; x0 += c.width) {
        float *tile_d = d + (apart ? 0 : x0 / c.width * d_tile), *tile_v = v + (apart ? 0 : x0 / c.width * v_tile);
        choose(activation, [&](auto f) {
            constexpr Activation F = decltype(f)::value;
            const auto tile = narrow ? (averaged ? tile_delta<2, 2, F, true> : tile_delta<2, 2, F, false>)
                              : averaged ? tile_delta_for<F, true>(c) : tile_delta_for<F, false>(c);
            tile(c, out, delta, x0, size.d_rows, tile_d, bias_sums);
        });
        if (transformed) tile_input(in, x0, tile_v);
        if (narrow) narrow_gradient(c, d, v, in_plane, du, per_product * BLOCK);
        else if (transformed && apart)
            for (int p = 0; p < c.points; ++p)
                product_gradient(c, rows, d + p * d_plane, size.d_rows, v + p * in_plane, long(in.rows) * BLOCK,
                                 du + p * per_product * BLOCK, nullptr);
        else if (apart)
            for (int p = 0; p < c.width && x0 + p < c.columns; ++p)
                for (int kx = 0; kx < c.kernel_columns; ++kx) {
                    GradientTiles direct = rows;
                    direct.v_row = in.row, direct.v_step = c.stride_rows * in.row;
                    product_gradient(c, direct, d + p * d_plane, size.d_rows,
                                     in.data + (long(x0 + p) * c.stride_columns + kx) * BLOCK, in.map,
                                     du + kx * per_product * BLOCK, nullptr);
                }
        if (din) tile_back(c, weights, tile_d, size.d_rows, x0, *din, products, sources);
    }
    if (apart) sum_blocks(du, size.gradients / BLOCK, sums);
    else {
        GradientTiles all_tiles = rows;
        all_tiles.count = size.tiles;
        for (int p = 0; p < c.points; ++p)
            product_gradient(c, all_tiles, d + p * d_plane, size.d_rows, v + p * in_plane, long(in.rows) * BLOCK, du,
                             sums + p * per_product);
    }
    weight_gradient(c, sums, dweights);
    if (dbias) sum_blocks(bias_sums, c.maps, dbias);
}

}  // namespace
}  // namespace lenet
