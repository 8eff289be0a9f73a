// The loops of the engine: one table of functions a processor, all compiled from kernels.cpp.
//
// Batches run in blocks of BLOCK = 16 images. A number of a block is 16 floats, one an image, so that no sum ever
// crosses images and an image's result does not depend on its neighbours (only on whether they are more than a few:
// up to seven images are read one by one, with sums in another order). `Maps` says where such numbers lie.
#pragma once
#include <cstddef>
#include <cstdint>

namespace lenet {

constexpr int BLOCK = 16;

enum class Activation : int { linear, tanh, scaled_tanh, sigmoid, relu };
enum class Pooling : int { average, max, trainable };

// maps x rows x columns numbers of a block; the distance from one map (row) to the next is `map` (`row`) floats, and
// from one column to the next BLOCK floats.
struct Maps {
    float* data = nullptr;
    int maps = 0, rows = 0, columns = 0;
    long map = 0, row = 0;
    float* at(int m, int y, int x) const { return data + m * map + y * row + x * BLOCK; }
};

// Which input map, and which kernel of the layer's weights, a connection between two maps uses.
struct Link {
    int map;     // the map at the other end
    int kernel;  // index into the kernels of the layer
};

// A convolution, its padding already inside the input maps.
//
// Along x it runs in tiles of `width` output columns made of `points` products: by Cook and Toom's algorithm F(2, 5)
// or F(4, 3), which needs 6 products where the definition needs 10 or 12; or, for other kernels, directly, where a
// product is an output. Along y it is the definition.
struct Convolution {
    int inputs, maps, kernel_rows, kernel_columns, stride_rows, stride_columns;
    int rows, columns;         // of the output
    int kernels;               // connections between an input map and an output map
    bool table;                // whether only some maps are connected
    int width, points;         // of a tile; points == width: directly
    const int* first_input;    // maps + 1 offsets into inputs_of
    const Link* inputs_of;     // for each output map, the input maps it reads
    const int* first_output;   // inputs + 1 offsets into outputs_of
    const Link* outputs_of;    // for each input map, the output maps that read it
    bool transformed() const { return points != width; }
};

struct Subsampling {
    Pooling pooling;
    int copies, window_rows, window_columns, stride_rows, stride_columns;
};

// A single picture: maps x rows x columns floats, one after another.
struct Picture {
    float* data = nullptr;
    int maps = 0, rows = 0, columns = 0;
};

struct Kernels {
    const char* name;
    int lanes;

    // images[l] is maps x rows x columns numbers of lane l; they land centred in `to`, as low + (high - low) * ink.
    void (*gather_bytes)(const uint8_t* const* images, int rows, int columns, float low, float high, const Maps& to);
    // The same of floats; returns whether all of them are finite.
    bool (*gather_floats)(const float* const* images, int rows, int columns, float low, float high, const Maps& to);

    // U[p][kernel][ky] = sum_kx G[p][kx] w[kernel][ky][kx], and back: dw = G' dU.
    void (*transform_weights)(const Convolution&, const float* weights, float* transformed);
    // out = f(conv(in) + bias); with `pooled`, its 2x2 averages or maxima too; each of the two may be absent.
    void (*convolve)(const Convolution&, const float* weights, const float* bias, Activation, const Maps& in,
                     const Maps* out, const Maps* pooled, Pooling, float* scratch);
    size_t (*convolve_scratch)(const Convolution&);
    // From delta = dE/d(out) (or of its 2x2 averages, with `averaged`): the gradients of weights and biases, summed
    // over the 16 images in a fixed order, and, with `din`, dE/d(in).
    void (*convolve_back)(const Convolution&, const float* weights, Activation, const Maps& in, const Maps& out,
                          const Maps& delta, bool averaged, float* dweights, float* dbias, const Maps* din,
                          float* scratch);
    size_t (*convolve_back_scratch)(const Convolution&);

    // to[a] = start[a] + sum_b w[a * stride_a + b * stride_b] from[b]; a and b count numbers of a block.
    void (*dense)(const float* weights, long stride_a, long stride_b, int a, int b, const float* from,
                  const float* start, Activation, float* to);
    // dw[i][o] = sum over blocks and images of in[i] * delta_by_image[o], for inputs first..last-1.
    void (*dense_gradient)(const float* const* inputs, const float* const* deltas_by_image, int blocks, int units,
                           long padded_units, int first, int last, float* dweights);
    // to[image][unit] = from[unit][image]: rows of padded_units floats.
    void (*by_image)(const float* from, int units, long padded_units, float* to);

    void (*subsample)(const Subsampling&, const float* coefficients, const float* biases, Activation, const Maps& in,
                      const Maps& out);
    void (*subsample_back)(const Subsampling&, const float* coefficients, Activation, const Maps& in, const Maps& out,
                           const Maps& delta, float* dcoefficients, float* dbiases, const Maps* din);

    // y = f(scale[m] * x + shift[m]), and delta *= f'(y).
    void (*scale_shift)(const float* scale, const float* shift, Activation, const Maps& x, const Maps& y);
    void (*derivative)(Activation, const Maps& y, const Maps& delta);

    void (*distances)(const float* codes, int classes, int units, const float* x, float* y);
    void (*distances_back)(const float* codes, int classes, int units, const float* x, const float* delta, float* dx);

    // Over all positions of map m, image by image: the mean of a, and the sum of its squared distances from that mean.
    void (*map_moments)(const Maps& a, int m, float* mean, float* squares);
    // Likewise the sums of a and of a * (b - centre).
    void (*map_sums)(const Maps& a, const Maps& b, float centre, int m, float* sum, float* product);
    // to = p[m] * a + q[m] * (b - centre[m]) + r[m]
    void (*combine)(const float* p, const Maps& a, const float* q, const Maps& b, const float* centre, const float* r,
                    const Maps& to);

    void (*sgd)(float* w, const float* g, float* velocity, long n, float rate, float momentum, float decay, int nesterov);
    void (*adamw)(float* w, const float* g, float* m, float* v, long n, float rate, float beta1, float beta2,
                  float correction1, float correction2, float epsilon, float decay);

    // Pictures, one at a time: lanes run along the columns where a row fills a vector, along the maps elsewhere.
    // `by_map` holds the weights as [group of `lanes` maps][input][ky][kx][lane], 0 where nothing is linked.
    void (*picture_convolve)(const Convolution&, const float* weights, const float* by_map, const float* bias,
                             Activation, const Picture& in, const Picture& out);
    // The same and its 2x2 averages or maxima in one go; only these are kept.
    void (*picture_pair)(const Convolution&, const float* weights, const float* by_map, const float* bias, Activation,
                         Pooling, const Picture& in, const Picture& out, float* scratch);
    size_t (*picture_pair_scratch)(const Picture& in);
    void (*picture_subsample)(const Subsampling&, const float* coefficients, const float* biases, Activation,
                              const Picture& in, const Picture& out);
    // to[o] = f(bias[o] + sum_i w[i][o] from[i])
    void (*picture_dense)(const float* weights, int inputs, int units, const float* bias, Activation, const float* from,
                          float* to);

    double (*peak)(double seconds);           // float32 multiply-adds a second, independent, in registers
};

// The active build, and those this machine can run, best first (processor.cpp).
const Kernels& kernels();
int processors(const char** names, int capacity);

}  // namespace lenet
