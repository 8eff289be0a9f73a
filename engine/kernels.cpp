// Compiled once a processor, with LANES (floats of a vector) and TABLE (the name of the table) set by CMake.
// Includes no standard header with inline code: compiled for AVX-512, it would be linked into every build.
#include "kernels/clock.h"
#include "kernels/convolution_back.h"
#include "kernels/dense.h"
#include "kernels/maps.h"
#include "kernels/picture.h"

namespace lenet {
namespace {

// Independent multiply-adds in registers: what the processor could do if memory cost nothing.
double peak(double seconds) {
    constexpr int N = LANES == 16 ? 24 : 12, ROUNDS = 20000;
    double best = 0;
    for (const double end = now() + seconds; now() < end;) {
        V acc[N], a = all(0.999f), b = all(1e-3f);
        each<N>([&](auto n) __attribute__((always_inline)) { acc[n] = all(1.0f + float(n)); });
        const double start = now();
        for (int round = 0; round < ROUNDS; ++round) {
            asm volatile("" : "+m"(a), "+m"(b));
            each<N>([&](auto n) __attribute__((always_inline)) { acc[n] = acc[n] * a + b; });
        }
        V sum{};
        each<N>([&](auto n) __attribute__((always_inline)) { sum += acc[n]; });
        asm volatile("" : : "m"(sum));
        const double rate = double(N) * LANES * ROUNDS / (now() - start);
        if (rate > best) best = rate;
    }
    return best;
}

}  // namespace

extern const Kernels TABLE;
const Kernels TABLE = {
    NAME,
    LANES,
    gather_bytes,
    gather_floats,
    transform_weights,
    convolve,
    convolve_scratch,
    convolve_back,
    convolve_back_scratch,
    dense,
    dense_gradient,
    by_image,
    subsample,
    subsample_back,
    scale_shift,
    derivative,
    distances,
    distances_back,
    map_moments,
    map_sums,
    combine,
    sgd,
    adamw,
    picture_convolve,
    picture_pair,
    picture_pair_scratch,
    picture_subsample,
    picture_dense,
    peak,
};

}  // namespace lenet
