// Full connections, and the distances of the RBF outputs, of a block of 16 images.
//
//   z[o] = bias[o] + sum_i w[i][o] x[i]        dx[i] = sum_o w[i][o] dz[o]       dw[i][o] = sum_image x[i] dz[o]
//
// Weights lie by input, w[i][o]: the same numbers serve all three sums as they are.
#pragma once
#include "vector.h"

namespace lenet {
namespace {

template <int T, Activation F>
void dense_tile(const float* weights, long stride_a, long stride_b, int b, const float* from, const float* start,
                float* to) {
    for (int h = 0; h < BLOCK; h += LANES) {
        V acc[T];
        each<T>([&](auto t) __attribute__((always_inline)) { acc[t] = all(start ? start[t] : 0.0f); });
        const float *w = weights, *x = from + h;
        for (int k = 0; k < b; ++k, w += stride_b, x += BLOCK) {
            V value = load(x);
            each<T>([&](auto t) __attribute__((always_inline)) { acc[t] += w[t * stride_a] * value; });
        }
        each<T>([&](auto t) __attribute__((always_inline)) { store(to + t * BLOCK + h, apply<F>(acc[t])); });
    }
}

template <Activation F>
void dense_all(const float* weights, long stride_a, long stride_b, int a, int b, const float* from, const float* start,
               float* to) {
    for (int k = 0; k < a;) {
        const float *w = weights + k * stride_a, *s = start ? start + k : nullptr;
        float* t = to + k * BLOCK;
        if (LANES == 16 && a - k >= 24) dense_tile<24, F>(w, stride_a, stride_b, b, from, s, t), k += 24;
        else if (a - k >= 12) dense_tile<12, F>(w, stride_a, stride_b, b, from, s, t), k += 12;
        else if (a - k >= 10) dense_tile<10, F>(w, stride_a, stride_b, b, from, s, t), k += 10;
        else if (a - k >= 4) dense_tile<4, F>(w, stride_a, stride_b, b, from, s, t), k += 4;
        else dense_tile<1, F>(w, stride_a, stride_b, b, from, s, t), k += 1;
    }
}

void dense(const float* weights, long stride_a, long stride_b, int a, int b, const float* from, const float* start,
           Activation activation, float* to) {
    choose(activation, [&](auto f) {
        dense_all<decltype(f)::value>(weights, stride_a, stride_b, a, b, from, start, to);
    });
}

// A tile of `inputs` rows and O vectors of units; here lanes run along the units.
template <int T, int O>
void dense_gradient_tile(const float* const* inputs, const float* const* deltas, int blocks, long padded, int i, int u,
                         int units, float* dweights) {
    V acc[T][O];
    each<T>([&](auto t) __attribute__((always_inline)) {
        each<O>([&](auto o) __attribute__((always_inline)) { acc[t][o] = V{}; });
    });
    for (int block = 0; block < blocks; ++block) {
        const float *x = inputs[block] + long(i) * BLOCK, *d = deltas[block] + u;
        for (int image = 0; image < BLOCK; ++image, d += padded) {
            V value[T];
            each<T>([&](auto t) __attribute__((always_inline)) { value[t] = all(x[t * BLOCK + image]); });
            each<O>([&](auto o) __attribute__((always_inline)) {
                V delta = load(d + o * LANES);
                each<T>([&](auto t) __attribute__((always_inline)) { acc[t][o] += value[t] * delta; });
            });
        }
    }
    each<T>([&](auto t) __attribute__((always_inline)) {
        each<O>([&](auto o) __attribute__((always_inline)) {
            float* to = dweights + (long(i) + t) * units + u + o * LANES;
            if (u + (o + 1) * LANES <= units) store_anywhere(to, acc[t][o]);
            else
                for (int l = 0; u + o * LANES + l < units; ++l) to[l] = acc[t][o][l];
        });
    });
}

template <int T, int O>
void dense_gradient_rows(const float* const* inputs, const float* const* deltas, int blocks, long padded, int u,
                         int units, int first, int last, float* dweights) {
    int i = first;
    for (; i + T <= last; i += T) dense_gradient_tile<T, O>(inputs, deltas, blocks, padded, i, u, units, dweights);
    for (; i < last; ++i) dense_gradient_tile<1, O>(inputs, deltas, blocks, padded, i, u, units, dweights);
}

void dense_gradient(const float* const* inputs, const float* const* deltas, int blocks, int units, long padded,
                    int first, int last, float* dweights) {
    constexpr int MOST = LANES == 16 ? 8 : 4;
    const int vectors = ceiling(units, LANES);
    for (int o = 0; o < vectors;) {
        const int count = least(MOST, ceiling(vectors - o, ceiling(vectors - o, MOST))), u = o * LANES;
        switch (count) {
            case 1: dense_gradient_rows<6, 1>(inputs, deltas, blocks, padded, u, units, first, last, dweights); break;
            case 2: dense_gradient_rows<6, 2>(inputs, deltas, blocks, padded, u, units, first, last, dweights); break;
            case 3: dense_gradient_rows<4, 3>(inputs, deltas, blocks, padded, u, units, first, last, dweights); break;
            case 4: dense_gradient_rows<3, 4>(inputs, deltas, blocks, padded, u, units, first, last, dweights); break;
#if LANES == 16
            case 5: dense_gradient_rows<4, 5>(inputs, deltas, blocks, padded, u, units, first, last, dweights); break;
            case 6: dense_gradient_rows<4, 6>(inputs, deltas, blocks, padded, u, units, first, last, dweights); break;
            case 7: dense_gradient_rows<3, 7>(inputs, deltas, blocks, padded, u, units, first, last, dweights); break;
            case 8: dense_gradient_rows<3, 8>(inputs, deltas, blocks, padded, u, units, first, last, dweights); break;
#endif
        }
        o += count;
    }
}

void by_image(const float* from, int units, long padded, float* to) {
    for (int image = 0; image < BLOCK; ++image) {
        for (int u = 0; u < units; ++u) to[image * padded + u] = from[u * BLOCK + image];
        for (long u = units; u < padded; ++u) to[image * padded + u] = 0;
    }
}

// y[i] = sum_j (x[j] - code[i][j])^2, eq. 7
void distances(const float* codes, int classes, int units, const float* x, float* y) {
    for (int i = 0; i < classes; ++i)
        for (int h = 0; h < BLOCK; h += LANES) {
            V sum{};
            for (int j = 0; j < units; ++j) {
                V difference = load(x + j * BLOCK + h) - codes[i * units + j];
                sum += difference * difference;
            }
            store(y + i * BLOCK + h, sum);
        }
}
void distances_back(const float* codes, int classes, int units, const float* x, const float* delta, float* dx) {
    for (int j = 0; j < units; ++j)
        for (int h = 0; h < BLOCK; h += LANES) {
            V sum{}, value = load(x + j * BLOCK + h);
            for (int i = 0; i < classes; ++i) sum += load(delta + i * BLOCK + h) * (value - codes[i * units + j]);
            store(dx + j * BLOCK + h, 2.0f * sum);
        }
}

// v = momentum v + (g + decay w); w -= rate v, or with Nesterov rate (g + decay w + momentum v)
void sgd(float* w, const float* g, float* velocity, long n, float rate, float momentum, float decay, int nesterov) {
    for (long k = 0; k < n; ++k) {
        const float gradient = g[k] + decay * w[k], v = momentum * velocity[k] + gradient;
        velocity[k] = v;
        w[k] -= rate * (nesterov ? gradient + momentum * v : v);
    }
}
void adamw(float* w, const float* g, float* m, float* v, long n, float rate, float beta1, float beta2,
           float correction1, float correction2, float epsilon, float decay) {
    const float step = rate / correction1, scale = 1.0f / correction2;
    for (long k = 0; k < n; ++k) {
        m[k] = beta1 * m[k] + (1.0f - beta1) * g[k];
        v[k] = beta2 * v[k] + (1.0f - beta2) * g[k] * g[k];
        w[k] -= rate * decay * w[k] + step * m[k] / (__builtin_sqrtf(v[k] * scale) + epsilon);
    }
}

}  // namespace
}  // namespace lenet
