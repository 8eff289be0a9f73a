// What happens to maps number by number: placing images, subsampling, scaling, activations, sums.
#pragma once
#include "vector.h"

namespace lenet {
namespace {

template <class F> INLINE void each_number(const Maps& maps, F&& f) {
    for (int m = 0; m < maps.maps; ++m)
        for (int y = 0; y < maps.rows; ++y)
            for (int x = 0; x < maps.columns; ++x)
                for (int h = 0; h < BLOCK; h += LANES) f(m, y, x, h);
}

// Images smaller than the input stand in its middle, on paper.
template <class Row>
void gather(int rows, int columns, float low, const Maps& to, Row&& row) {
    const int top = (to.rows - rows) / 2, left = (to.columns - columns) / 2;
    for (int m = 0; m < to.maps; ++m)
        for (int y = 0; y < to.rows; ++y) {
            const bool inside = y >= top && y < top + rows;
            for (int x = 0; x < to.columns; ++x)
                if (!inside || x < left || x >= left + columns)
                    for (int h = 0; h < BLOCK; h += LANES) store(to.at(m, y, x) + h, all(low));
            if (inside) row((long(m) * rows + (y - top)) * columns, to.at(m, y, left));
        }
}

// Four neighbouring bytes of each image at a time, as one vector of words.
void gather_bytes(const uint8_t* const* images, int rows, int columns, float low, float high, const Maps& to) {
    constexpr int WORD = 4;
    const float scale = (high - low) / 255.0f;
    gather(rows, columns, low, to, [&](long offset, float* row) __attribute__((always_inline)) {
        const int size = columns < WORD ? 1 : WORD;
        for (int x = 0; x < columns; x += size) {
            const int at = least(x, columns - size);  // the last word overlaps the one before
            for (int h = 0; h < BLOCK; h += LANES) {
                I words = build([&](int l) __attribute__((always_inline)) {
                    int32_t word = 0;
                    const uint8_t* from = images[h + l] + offset + at;
                    if (size == WORD) __builtin_memcpy(&word, from, WORD);
                    else word = *from;
                    return word;
                });
                each<WORD>([&](auto k) __attribute__((always_inline)) {
                    if (k >= size) return;
                    const I bytes = (words >> (8 * k)) & 255;
                    store(row + (at + k) * BLOCK + h, low + scale * __builtin_convertvector(bytes, V));
                });
            }
        }
    });
}
bool gather_floats(const float* const* images, int rows, int columns, float low, float high, const Maps& to) {
    I worst{};  // the exponent's bits are all 1 in NaN and in infinity
    gather(rows, columns, low, to, [&](long offset, float* row) __attribute__((always_inline)) {
        for (int x = 0; x < columns; ++x) {
            float numbers[BLOCK] __attribute__((aligned(64)));
            for (int l = 0; l < BLOCK; ++l) numbers[l] = images[l][offset + x];
            for (int h = 0; h < BLOCK; h += LANES) {
                const V ink = load(numbers + h);
                const I exponent = (I)ink & 0x7f800000;
                worst = worst > exponent ? worst : exponent;
                store(row + x * BLOCK + h, low + (high - low) * ink);
            }
        }
    });
    for (int l = 0; l < LANES; ++l)
        if (worst[l] == 0x7f800000) return false;
    return true;
}

// average: y = f(mean of the window); max: y = f(its largest); trainable: y = f(coefficient * sum + bias) (II-B)
void subsample(const Subsampling& s, const float* coefficients, const float* biases, Activation activation,
               const Maps& in, const Maps& out) {
    const float share = 1.0f / float(s.window_rows * s.window_columns);
    choose(activation, [&](auto f) {
        constexpr Activation F = decltype(f)::value;
        each_number(out, [&](int m, int y, int x, int h) {
            const float* from = in.at(m / s.copies, y * s.stride_rows, x * s.stride_columns) + h;
            V value = load(from);
            for (int wy = 0; wy < s.window_rows; ++wy)
                for (int wx = wy ? 0 : 1; wx < s.window_columns; ++wx) {
                    V next = load(from + wy * in.row + wx * BLOCK);
                    value = s.pooling == Pooling::max ? larger(value, next) : value + next;
                }
            if (s.pooling == Pooling::average) value = share * value;
            if (s.pooling == Pooling::trainable) value = coefficients[m] * value + biases[m];
            store(out.at(m, y, x) + h, apply<F>(value));
        });
    });
}

// What a window's output owes: d, the delta of what it was made of, to the numbers of its window.
INLINE void window_back(const Subsampling& s, float coefficient, V d, const float* from, long in_row, float* to,
                        long to_row) {
    V largest = load(from), left = d;  // left: what the first largest has not yet taken
    for (int wy = 0; wy < s.window_rows && s.pooling == Pooling::max; ++wy)
        for (int wx = 0; wx < s.window_columns; ++wx) largest = larger(largest, load(from + wy * in_row + wx * BLOCK));
    for (int wy = 0; wy < s.window_rows; ++wy)
        for (int wx = 0; wx < s.window_columns; ++wx) {
            float* at = to + wy * to_row + wx * BLOCK;
            V part = coefficient * d;
            if (s.pooling == Pooling::max) {
                I hit = load(from + wy * in_row + wx * BLOCK) == largest;
                part = (V)((I)left & hit);
                left = (V)((I)left & ~hit);
            }
            store(at, load(at) + part);
        }
}
INLINE V window_sum(const Subsampling& s, const float* from, long in_row) {
    V total{};
    for (int wy = 0; wy < s.window_rows; ++wy)
        for (int wx = 0; wx < s.window_columns; ++wx) total += load(from + wy * in_row + wx * BLOCK);
    return total;
}

void subsample_back(const Subsampling& s, const float* coefficients, Activation activation, const Maps& in,
                    const Maps& out, const Maps& delta, float* dcoefficients, float* dbiases, const Maps* din) {
    const float share = 1.0f / float(s.window_rows * s.window_columns);
    const bool trainable = s.pooling == Pooling::trainable;
    if (din) each_number(*din, [&](int m, int y, int x, int h) { store(din->at(m, y, x) + h, V{}); });
    for (int m = 0; m < out.maps; ++m) {
        float sums[2 * BLOCK] __attribute__((aligned(64))) = {};  // of the coefficient and of the bias
        choose(activation, [&](auto f) {
            constexpr Activation F = decltype(f)::value;
            for (int y = 0; y < out.rows; ++y)
                for (int x = 0; x < out.columns; ++x)
                    for (int h = 0; h < BLOCK; h += LANES) {
                        const V d = load(delta.at(m, y, x) + h) * derivative_at<F>(load(out.at(m, y, x) + h));
                        const float* from = in.at(m / s.copies, y * s.stride_rows, x * s.stride_columns) + h;
                        if (trainable) {
                            store(sums + h, load(sums + h) + d * window_sum(s, from, in.row));
                            store(sums + BLOCK + h, load(sums + BLOCK + h) + d);
                        }
                        if (!din) continue;
                        float* to = din->at(m / s.copies, y * s.stride_rows, x * s.stride_columns) + h;
                        window_back(s, trainable ? coefficients[m] : share, d, from, in.row, to, din->row);
                    }
        });
        if (!trainable) continue;
        float two[2];
        sum_blocks(sums, 2, two);
        dcoefficients[m] = two[0], dbiases[m] = two[1];
    }
}

void scale_shift(const float* scale, const float* shift, Activation activation, const Maps& x, const Maps& y) {
    choose(activation, [&](auto f) {
        constexpr Activation F = decltype(f)::value;
        each_number(x, [&](int m, int r, int c, int h) {
            store(y.at(m, r, c) + h, apply<F>(scale[m] * load(x.at(m, r, c) + h) + shift[m]));
        });
    });
}
void derivative(Activation activation, const Maps& y, const Maps& delta) {
    choose(activation, [&](auto f) {
        constexpr Activation F = decltype(f)::value;
        each_number(y, [&](int m, int r, int c, int h) {
            float* d = delta.at(m, r, c) + h;
            store(d, load(d) * derivative_at<F>(load(y.at(m, r, c) + h)));
        });
    });
}
void map_moments(const Maps& a, int m, float* mean, float* squares) {
    const float share = 1.0f / float(a.rows * a.columns);
    for (int h = 0; h < BLOCK; h += LANES) {
        V sum{}, spread{};
        for (int y = 0; y < a.rows; ++y)
            for (int x = 0; x < a.columns; ++x) sum += load(a.at(m, y, x) + h);
        const V average = share * sum;
        for (int y = 0; y < a.rows; ++y)
            for (int x = 0; x < a.columns; ++x) {
                const V distance = load(a.at(m, y, x) + h) - average;
                spread += distance * distance;
            }
        store(mean + h, average);
        store(squares + h, spread);
    }
}
void map_sums(const Maps& a, const Maps& b, float centre, int m, float* sum, float* product) {
    for (int h = 0; h < BLOCK; h += LANES) {
        V s{}, p{};
        for (int y = 0; y < a.rows; ++y)
            for (int x = 0; x < a.columns; ++x) {
                V value = load(a.at(m, y, x) + h);
                s += value;
                p += value * (load(b.at(m, y, x) + h) - centre);
            }
        store(sum + h, s);
        store(product + h, p);
    }
}
void combine(const float* p, const Maps& a, const float* q, const Maps& b, const float* centre, const float* r,
             const Maps& to) {
    each_number(to, [&](int m, int y, int x, int h) {
        store(to.at(m, y, x) + h, p[m] * load(a.at(m, y, x) + h) + (q[m] * (load(b.at(m, y, x) + h) - centre[m]) + r[m]));
    });
}

}  // namespace
}  // namespace lenet
