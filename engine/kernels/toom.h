// Cook and Toom's algorithms F(2, 5) and F(4, 3) at the points 0, 1, -1, 2, -2 and infinity: 2 (4) outputs of a
// kernel of 5 (3) from 6 products, y = A' [(G g) * (B' d)], and the adjoint of each of the three maps.
#pragma once
#include "vector.h"

namespace lenet {
namespace {

constexpr int POINTS = 6;
constexpr float G5[POINTS][5] = {
    {1.0f / 4, 0, 0, 0, 0},
    {-1.0f / 6, -1.0f / 6, -1.0f / 6, -1.0f / 6, -1.0f / 6},
    {-1.0f / 6, 1.0f / 6, -1.0f / 6, 1.0f / 6, -1.0f / 6},
    {1.0f / 24, 2.0f / 24, 4.0f / 24, 8.0f / 24, 16.0f / 24},
    {1.0f / 24, -2.0f / 24, 4.0f / 24, -8.0f / 24, 16.0f / 24},
    {0, 0, 0, 0, 1},
};
constexpr float G3[POINTS][3] = {
    {1.0f / 4, 0, 0},
    {-1.0f / 6, -1.0f / 6, -1.0f / 6},
    {-1.0f / 6, 1.0f / 6, -1.0f / 6},
    {1.0f / 24, 2.0f / 24, 4.0f / 24},
    {1.0f / 24, -2.0f / 24, 4.0f / 24},
    {0, 0, 1},
};
constexpr float kernel_weight(int kernel_columns, int point, int x) {
    return kernel_columns == 5 ? G5[point][x] : G3[point][x];
}

// v = B' d
INLINE void forward_input(const V (&d)[POINTS], V (&v)[POINTS]) {
    v[0] = 4.0f * d[0] + (d[4] - 5.0f * d[2]);
    V even = d[4] - 4.0f * d[2], odd = d[3] - 4.0f * d[1];
    v[1] = even + odd;
    v[2] = even - odd;
    even = d[4] - d[2], odd = d[3] - d[1];
    v[3] = even + 2.0f * odd;
    v[4] = even - 2.0f * odd;
    v[5] = 4.0f * d[1] + (d[5] - 5.0f * d[3]);
}
// d = B v
INLINE void backward_input(const V (&v)[POINTS], V (&d)[POINTS]) {
    V near_sum = v[1] + v[2], near_difference = v[1] - v[2];
    V far_sum = v[3] + v[4], far_difference = v[3] - v[4];
    d[0] = 4.0f * v[0];
    d[1] = 4.0f * (v[5] - near_difference) - 2.0f * far_difference;
    d[2] = -5.0f * v[0] - 4.0f * near_sum - far_sum;
    d[3] = near_difference + 2.0f * far_difference - 5.0f * v[5];
    d[4] = v[0] + near_sum + far_sum;
    d[5] = v[5];
}
// y = A' m: 2 or 4 outputs
template <int WIDTH> INLINE void forward_output(const V (&m)[POINTS], V (&y)[WIDTH]) {
    V near_sum = m[1] + m[2], near_difference = m[1] - m[2];
    V far_sum = m[3] + m[4], far_difference = m[3] - m[4];
    y[0] = m[0] + near_sum + far_sum;
    if constexpr (WIDTH == 2) {
        y[1] = near_difference + 2.0f * far_difference + m[5];
    } else {
        y[1] = near_difference + 2.0f * far_difference;
        y[2] = near_sum + 4.0f * far_sum;
        y[3] = near_difference + 8.0f * far_difference + m[5];
    }
}
// m = A y
template <int WIDTH> INLINE void backward_output(const V (&y)[WIDTH], V (&m)[POINTS]) {
    m[0] = y[0];
    if constexpr (WIDTH == 2) {
        m[1] = y[0] + y[1];
        m[2] = y[0] - y[1];
        m[3] = y[0] + 2.0f * y[1];
        m[4] = y[0] - 2.0f * y[1];
        m[5] = y[1];
    } else {
        V even = y[0] + y[2], odd = y[1] + y[3];
        m[1] = even + odd;
        m[2] = even - odd;
        even = y[0] + 4.0f * y[2], odd = 2.0f * y[1] + 8.0f * y[3];
        m[3] = even + odd;
        m[4] = even - odd;
        m[5] = y[3];
    }
}

}  // namespace
}  // namespace lenet
