// A vector of LANES floats, the loops' only type, and the functions of a vector that the layers need.
// Included by kernels.cpp alone; everything here has internal linkage, since it is compiled for several processors.
#pragma once
#include "../kernels.h"

namespace lenet {
namespace {

#define INLINE inline __attribute__((always_inline))

typedef float V __attribute__((vector_size(4 * LANES), aligned(4 * LANES), may_alias));
typedef float U __attribute__((vector_size(4 * LANES), aligned(4), may_alias));  // the same, anywhere
typedef int32_t I __attribute__((vector_size(4 * LANES), aligned(4 * LANES), may_alias));

constexpr int HALVES = BLOCK / LANES;                     // vectors that hold one number of a block
constexpr int ACCUMULATORS = LANES == 16 ? 24 : 12;       // vectors of a register tile: 32 or 16 registers

INLINE V load(const float* p) { return *reinterpret_cast<const V*>(p); }
INLINE void store(float* p, V v) { *reinterpret_cast<V*>(p) = v; }
INLINE V load_anywhere(const float* p) { return *reinterpret_cast<const U*>(p); }
INLINE void store_anywhere(float* p, V v) { *reinterpret_cast<U*>(p) = v; }
INLINE V all(float x) { return V{} + x; }
INLINE V smaller(V a, V b) { return a < b ? a : b; }
INLINE V larger(V a, V b) { return a > b ? a : b; }
constexpr int least(int a, int b) { return a < b ? a : b; }
constexpr int ceiling(int a, int b) { return (a + b - 1) / b; }

// Call f with the constants 0..N-1. The compiler then sees constant indices before it assigns registers; a loop,
// even one it unrolls, leaves arrays of vectors in memory.
template <int N> struct Constant { constexpr operator int() const { return N; } };
template <int N> struct Unroll {
    template <class F> static INLINE void run(F&& f) {
        Unroll<N - 1>::run(f);
        f(Constant<N - 1>{});
    }
};
template <> struct Unroll<0> {
    template <class F> static INLINE void run(F&&) {}
};
template <int N, class F> INLINE void each(F&& f) { Unroll<N>::run(f); }

// The vector f(0), f(1), ...
template <int... K, class F> INLINE I build_from(const F& f) { return I{f(K)...}; }
template <class F> INLINE I build(const F& f) {
    if constexpr (LANES == 16) return build_from<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>(f);
    else if constexpr (LANES == 8) return build_from<0, 1, 2, 3, 4, 5, 6, 7>(f);
    else return build_from<0, 1, 2, 3>(f);
}

// 2^x for |x| <= 126: the integer part by adding 1.5 * 2^23, the rest by a polynomial (relative error 2e-7).
INLINE V exp2_of(V x) {
    const V magic = all(12582912.0f);
    V shifted = x + magic;
    V f = x - (shifted - magic);
    V p = all(0.0013276469f);
    p = p * f + 0.009675541f;
    p = p * f + 0.055507135f;
    p = p * f + 0.2402212f;
    p = p * f + 0.69314694f;
    p = p * f + 1.0000001f;
    return (V)((I)p + ((I)shifted << 23));
}

constexpr float A = 1.7159f, S = 2.0f / 3.0f;  // the paper's squashing function, appendix A

// exp(2x) + 1, clamped where tanh(x) is +-1 in float32; tanh(x) = 1 - 2 / that.
INLINE V tanh_denominator(V x) {
    x = larger(smaller(x, all(9.01f)), all(-9.01f));
    return exp2_of(x * 2.8853900817779268f) + 1.0f;
}
INLINE V tanh_of(V x) { return 1.0f - 2.0f / tanh_denominator(x); }
// The mean of four tanh with one division: 1/a + 1/b = (a + b) / ab. No overflow: each is below 2^27.
INLINE V tanh_mean(V a, V b, V c, V d) {
    a = tanh_denominator(a), b = tanh_denominator(b), c = tanh_denominator(c), d = tanh_denominator(d);
    V ab = a * b, cd = c * d;
    return 1.0f - 0.5f * ((a + b) * cd + (c + d) * ab) / (ab * cd);
}

template <Activation F> INLINE V apply(V x) {
    if constexpr (F == Activation::tanh) return tanh_of(x);
    if constexpr (F == Activation::scaled_tanh) return A * tanh_of(S * x);
    if constexpr (F == Activation::sigmoid) return 1.0f - 1.0f / tanh_denominator(0.5f * x);
    if constexpr (F == Activation::relu) return larger(x, V{});
    return x;
}
template <Activation F> INLINE V mean_of_four(V a, V b, V c, V d) {
    if constexpr (F == Activation::tanh) return tanh_mean(a, b, c, d);
    if constexpr (F == Activation::scaled_tanh) return A * tanh_mean(S * a, S * b, S * c, S * d);
    return 0.25f * ((apply<F>(a) + apply<F>(b)) + (apply<F>(c) + apply<F>(d)));
}
// f' as a function of y = f(x).
template <Activation F> INLINE V derivative_at(V y) {
    if constexpr (F == Activation::tanh) return 1.0f - y * y;
    if constexpr (F == Activation::scaled_tanh) return A * S - (S / A) * (y * y);
    if constexpr (F == Activation::sigmoid) return y - y * y;
    if constexpr (F == Activation::relu) return y > V{} ? all(1.0f) : V{};
    return all(1.0f);
}

// Call f with the activation as a constant.
template <Activation F> struct Chosen { static constexpr Activation value = F; };
template <class G> INLINE void choose(Activation activation, G&& f) {
    switch (activation) {
        case Activation::linear: return f(Chosen<Activation::linear>{});
        case Activation::tanh: return f(Chosen<Activation::tanh>{});
        case Activation::scaled_tanh: return f(Chosen<Activation::scaled_tanh>{});
        case Activation::sigmoid: return f(Chosen<Activation::sigmoid>{});
        case Activation::relu: return f(Chosen<Activation::relu>{});
    }
}

// Element j of the result is element mask[j] of a and b laid side by side.
template <class T, class M> INLINE T shuffle(T a, T b, M mask) {
#ifdef __clang__
    constexpr int n = sizeof(T) / sizeof(a[0]);
    T result{};
    for (int j = 0; j < n; ++j) result[j] = mask[j] < n ? a[mask[j]] : b[mask[j] - n];
    return result;
#else
    return __builtin_shuffle(a, b, mask);
#endif
}

// The sums of LANES vectors over their lanes, as one vector. Lane j is first added to lane j + G/2 of its group of
// G, then G is halved, so that a block's 16 images are added in the same order whatever LANES is.
template <int G> INLINE V fold(V a, V b) {
    I low{}, high{};
    each<LANES>([&](auto j) __attribute__((always_inline)) {
        constexpr int half = LANES / 2, within = j % half, lane = within / (G / 2) * G + within % (G / 2);
        low[int(j)] = (j < half ? 0 : LANES) + lane;
        high[int(j)] = low[int(j)] + G / 2;
    });
    return shuffle(a, b, low) + shuffle(a, b, high);
}
template <int N> INLINE V fold_all(const V* v) {
    if constexpr (N == 1) return v[0];
    else {
        V left = fold_all<N / 2>(v), right = fold_all<N / 2>(v + N / 2);
        return fold<2 * LANES / N>(left, right);
    }
}
INLINE V block_as_vector(const float* p) {  // the lanes of a block's number added down to one vector
    if constexpr (HALVES == 1) return load(p);
    if constexpr (HALVES == 2) return load(p) + load(p + LANES);
    return (load(p) + load(p + 2 * LANES)) + (load(p + LANES) + load(p + 3 * LANES));
}
// sums[k] = sum over the block of numbers[k], k < n.
[[maybe_unused]] void sum_blocks(const float* numbers, long n, float* sums) {
    for (long k = 0; k < n; k += LANES) {
        V v[LANES];
        const int count = n - k < LANES ? int(n - k) : LANES;
        for (int j = 0; j < LANES; ++j) v[j] = j < count ? block_as_vector(numbers + (k + j) * BLOCK) : V{};
        V s = fold_all<LANES>(v);
        for (int j = 0; j < count; ++j) sums[k + j] = s[j];
    }
}

}  // namespace
}  // namespace lenet
