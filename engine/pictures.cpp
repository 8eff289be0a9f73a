// Pictures one at a time: a few images, feature maps, and large pictures over which a network slides.
#include <algorithm>
#include <stdexcept>

#include "network.h"
#include "threads.h"

namespace lenet {

namespace {

bool all_finite(const float* numbers, long n) { return is_finite(numbers, n); }
bool all_finite(const uint8_t*, long) { return true; }

// to[m][top + y][left + x] = low + scale * from[m][y][x]; from_map and to_map: from one map to the next. Returns whether
// all numbers are finite.
template <class T>
bool place_numbers(const T* from, long from_map, int maps, int rows, int columns, float low, float scale, float* to,
                   long to_map, int to_columns, int top, int left) {
    bool finite = true;
    for (int m = 0; m < maps; ++m)
        for (int y = 0; y < rows; ++y) {
            const T* source = from + m * from_map + long(y) * columns;
            float* row = to + m * to_map + long(top + y) * to_columns + left;
            finite = finite && all_finite(source, columns);
            for (int x = 0; x < columns; ++x) row[x] = low + scale * float(source[x]);
        }
    return finite;
}

void radial_basis_picture(const Layer& layer, const Picture& in, float* out, int rows, int columns) {
    const long plane = long(in.rows) * in.columns;
    for (int o = 0; o < layer.out.maps; ++o)
        for (int y = 0; y < rows; ++y)
            for (int x = 0; x < columns; ++x) {
                const float* code = layer.is.codes.data() + o * layer.in.size();
                float sum = 0;
                for (int i = 0; i < layer.in.maps; ++i)
                    for (int ky = 0; ky < layer.in.rows; ++ky)
                        for (int kx = 0; kx < layer.in.columns; ++kx) {
                            const float d = in.data[i * plane + (y + ky) * in.columns + x + kx] - *code++;
                            sum += d * d;
                        }
                *out++ = sum;
            }
}

// The input of a convolution, with zeros around it in `wide` where it is padded.
Picture padded_picture(const Layer& layer, const Picture& in, Buffer& wide) {
    const int top = layer.is.padding[0], left = layer.is.padding[1];
    if (layer.is.kind != Kind::convolution || (!top && !left)) return in;
    Picture out{nullptr, in.maps, in.rows + 2 * top, in.columns + 2 * left};
    const long map = long(out.rows) * out.columns;
    wide.at_least(size_t(out.maps * map));
    out.data = wide.data();
    std::fill_n(out.data, out.maps * map, 0.0f);
    place_numbers(in.data, long(in.rows) * in.columns, in.maps, in.rows, in.columns, 0.0f, 1.0f, out.data, map,
                  out.columns, top, left);
    return out;
}

// A layer that is not pooled at once.
void run_layer(const Layer& layer, const Prepared& p, const Picture& in, const Picture& out) {
    const Kernels& k = kernels();
    if (layer.is.kind == Kind::radial_basis) return radial_basis_picture(layer, in, out.data, out.rows, out.columns);
    if (layer.is.kind == Kind::subsampling)
        return k.picture_subsample(layer.subsampling, p.weights, p.bias, layer.is.activation, in, out);
    if (layer.dense && out.rows == 1 && out.columns == 1)
        return k.picture_dense(p.weights, layer.in.size(), out.maps, p.bias, layer.is.activation, in.data, out.data);
    Convolution c = layer.convolution;
    c.rows = out.rows, c.columns = out.columns;
    k.picture_convolve(c, layer.dense ? p.by_output.data() : p.weights, p.by_map.data(), p.bias, layer.is.activation, in, out);
}

// A convolution of which the 2x2 averages or maxima alone are kept; `out`: of the convolution, before pooling.
void run_pair(const Layer& layer, const Layer& pooling, const Prepared& p, Shape out, const Picture& in,
              const Picture& pooled, Buffer& scratch) {
    Convolution c = layer.convolution;
    c.rows = out.rows, c.columns = out.columns;
    scratch.at_least(kernels().picture_pair_scratch(in));
    kernels().picture_pair(c, p.weights, p.by_map.data(), p.bias, layer.is.activation, pooling.subsampling.pooling, in,
                           pooled, scratch.data());
}

}  // namespace

// Place a band of an image in the middle of its canvas; returns whether its numbers are finite.
bool Network::place(const Images& images, int image, const Band& band, Buffer& to) const {
    const long map = long(band.rows) * band.columns, from_map = long(images.rows) * images.columns;
    const int above = (band.canvas_rows - images.rows) / 2, left = (band.columns - images.columns) / 2;
    const int first = std::max(band.first - above, 0), last = std::min(band.first + band.rows - above, images.rows);
    to.at_least(size_t(input.maps * map));
    if (last - first < band.rows || images.columns < band.columns) std::fill_n(to.data(), input.maps * map, low);
    const auto put = [&](const auto* from, float scale) {
        return place_numbers(from + long(first) * images.columns, from_map, input.maps, last - first, images.columns, low,
                             scale, to.data(), map, band.columns, first + above - band.first, left);
    };
    return images.bytes ? put(static_cast<const uint8_t*>(images.at(image)), (high - low) / 255.0f)
                        : put(static_cast<const float*>(images.at(image)), high - low);
}

bool Network::picture(const Images& images, int image, const Band& band, bool keep_maps, std::vector<Buffer>& keep,
                      Outputs& outputs) {
    const AllPrepared all = prepared();
    outputs.shapes = shapes(band.rows, band.columns);
    keep.resize(2 * (layers.size() + 2));  // of each layer: its output, and its input with padding
    outputs.data.assign(layers.size(), nullptr);
    if (!place(images, image, band, keep[0])) return false;
    float* from = keep[0].data();
    for (size_t l = 0; l < layers.size(); ++l) {
        const Layer& layer = layers[l];
        const Shape in = outputs.shapes[l];
        const bool pair = !keep_maps && layer.is.kind == Kind::convolution && !layer.dense && l + 1 < layers.size() &&
                          plain_pair(layers[l + 1]);
        const Shape out = outputs.shapes[pair ? l + 2 : l + 1];
        Buffer& buffer = keep[2 * l + 2];
        buffer.at_least(size_t(out.size()));
        const Picture from_picture = padded_picture(layer, {from, in.maps, in.rows, in.columns}, keep[2 * l + 3]);
        const Picture to{buffer.data(), out.maps, out.rows, out.columns};
        if (pair) run_pair(layer, layers[l + 1], (*all)[l], outputs.shapes[l + 1], from_picture, to, keep[1]);
        else run_layer(layer, (*all)[l], from_picture, to);
        l += pair;
        outputs.data[l] = from = to.data;
    }
    return true;
}

void Network::scan(const Images& images, float* outputs, int threads) {
    constexpr int HEIGHT = 16;  // rows of outputs that are computed together: their maps stay in the cache
    const int rows = std::max(images.rows, input.rows), columns = std::max(images.columns, input.columns);
    const Shape last = shapes(rows, columns).back();
    int step = 1;  // input rows from one row of outputs to the next
    bool padded = false;
    for (const Layer& layer : layers) step *= layer.is.stride[0], padded = padded || layer.is.padding[0] > 0;
    const int field = input.rows - (output().rows - 1) * step;            // input rows of one row of outputs
    const int height = padded ? last.rows : std::min(HEIGHT, last.rows);  // zeros above and below belong to the whole
    const int bands = (last.rows + height - 1) / height, tasks = images.n * bands;
    std::vector<std::vector<Buffer>> keep(size_t(std::min(threads > 0 ? threads : default_threads(), tasks)));
    std::atomic<bool> finite{true};
    run(tasks, int(keep.size()), [&](int task, int worker) {
        const int image = task / bands, first = task % bands * height, count = std::min(height, last.rows - first);
        const int seen = padded ? rows : std::min((count - 1) * step + field, rows - first * step);
        Outputs made;
        if (!picture(images, image, {first * step, seen, rows, columns}, false, keep[size_t(worker)], made)) {
            finite = false;
            return;
        }
        for (int m = 0; m < last.maps; ++m)
            std::copy_n(made.data.back() + long(m) * count * last.columns, long(count) * last.columns,
                        outputs + ((long(image) * last.maps + m) * last.rows + first) * last.columns);
    });
    if (!finite) throw std::invalid_argument(NOT_FINITE);
}

}  // namespace lenet
