// Reading in bfloat16, on processors that multiply its pairs (AVX512-BF16): half the products' instructions, sums and
// activations still in float32. Opt-in; networks of plain convolutions, 2x2 pooling and full connections.
//
// A number here is a pair of bfloat16, for each of a block's 16 images: two neighbouring maps at a place, or, where a
// layer has an odd number of input maps, a map's values in two neighbouring rows.
#pragma once
#include "kernels.h"

namespace lenet {

using PairOfNumbers = uint32_t;

struct Bfloat16Kernels {
    // pairs[k][y][x] = maps 2k and 2k + 1 at (y, x) or, with `rows`, map k at (y, x) and (y + 1, x).
    void (*pack)(const Maps& in, bool rows, PairOfNumbers* pairs);
    // Weights w[m] to the pairs (low[k], high[k]).
    void (*pack_weights)(const float* low, const float* high, long n, PairOfNumbers* pairs);
    // z[m][y][x] = bias[m] + sum over taps t of weights[m / group][t][m % group] . in[offsets[t] + place of (y, x)],
    // to f(z) in `out` (as pairs of maps), or with `pooled` to its 2x2 averages or maxima. `row` is in numbers of a
    // block, as are `offsets`; rows and columns are those of z.
    void (*convolve)(const PairOfNumbers* in, long row, const long* offsets, int taps, const PairOfNumbers* weights,
                     const float* bias, int maps, int rows, int columns, int step, Activation, bool pooled, bool maximum,
                     PairOfNumbers* out);
    // to = f(bias + weights[pair][unit] . from[pair]), as pairs of units, or as floats with `last`.
    void (*dense)(const PairOfNumbers* weights, int pairs, int units, const float* bias, const PairOfNumbers* from,
                  Activation, bool last, void* to);
    double (*peak)(double seconds);  // multiply-adds a second
};

// Maps of a register tile.
constexpr int bfloat16_maps(int maps) { return maps % 6 == 0 ? 6 : 4; }

// Null where the processor lacks it, or where LENET_PROCESSOR asks for another build.
const Bfloat16Kernels* bfloat16_kernels();

}  // namespace lenet
