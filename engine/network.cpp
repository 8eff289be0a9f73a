#include "network.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <numeric>
#include <stdexcept>

#include "threads.h"

namespace lenet {

Buffer::Buffer(size_t n) { at_least(n); }
Buffer::Buffer(Buffer&& other) noexcept : data_(other.data_), size_(other.size_) { other.data_ = nullptr, other.size_ = 0; }
Buffer& Buffer::operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_), std::swap(size_, other.size_);
    return *this;
}
Buffer::~Buffer() { std::free(data_); }
void Buffer::at_least(size_t n) {
    if (n <= size_) return;
    std::free(data_), data_ = nullptr, size_ = 0;
    const size_t bytes = (n * sizeof(float) + 63) / 64 * 64 + 256;  // loops may read a vector past the end
    data_ = static_cast<float*>(std::aligned_alloc(64, bytes));
    if (!data_) throw std::bad_alloc();
    std::memset(data_, 0, bytes);
    size_ = n;
}

namespace {

constexpr int FEW = 7;  // so many images are read sooner one by one than as a block

int output_size(int size, int kernel, int stride) { return (size - kernel) / stride + 1; }

Shape output_of(const Description& is, Shape in) {
    const int rows = in.rows + 2 * is.padding[0], columns = in.columns + 2 * is.padding[1];
    const Shape out{is.kind == Kind::subsampling ? in.maps * is.copies : is.maps,
                    output_size(rows, is.kernel[0], is.stride[0]), output_size(columns, is.kernel[1], is.stride[1])};
    if (rows < is.kernel[0] || columns < is.kernel[1] || out.size() < 1 || out.size() > INT_MAX)
        throw std::invalid_argument("layer " + is.name + " does not fit its input");
    return out;
}

void link(Layer& layer) {
    const Description& is = layer.is;
    Convolution& c = layer.convolution;
    auto links = std::make_shared<Links>();
    c.inputs = layer.in.maps, c.maps = is.maps, c.table = is.has_table;
    c.kernel_rows = is.kernel[0], c.kernel_columns = is.kernel[1];
    c.stride_rows = is.stride[0], c.stride_columns = is.stride[1];
    c.rows = layer.out.rows, c.columns = layer.out.columns;
    const bool fast = c.stride_columns == 1 && (c.kernel_columns == 5 || c.kernel_columns == 3) && c.columns > 1;
    c.width = fast && c.kernel_columns == 3 ? 4 : 2;
    c.points = fast ? 6 : c.width;
    std::vector<std::vector<Link>> outputs(size_t(c.inputs));
    for (int o = 0; o < c.maps; ++o) {
        for (int k = 0; k < (c.table ? int(is.table[size_t(o)].size()) : c.inputs); ++k) {
            const int i = c.table ? is.table[size_t(o)][size_t(k)] : k, kernel = int(links->inputs_of.size());
            links->inputs_of.push_back({i, kernel});
            outputs[size_t(i)].push_back({o, kernel});
        }
        links->first_input.push_back(int(links->inputs_of.size()));
    }
    for (const auto& list : outputs) {
        links->outputs_of.insert(links->outputs_of.end(), list.begin(), list.end());
        links->first_output.push_back(int(links->outputs_of.size()));
    }
    c.kernels = int(links->inputs_of.size());
    c.first_input = links->first_input.data(), c.inputs_of = links->inputs_of.data();
    c.first_output = links->first_output.data(), c.outputs_of = links->outputs_of.data();
    layer.links = std::move(links);
}

// Whether a layer reads maps of one size only: a larger picture would make it slide, which it was not made for.
bool tied(const Layer& layer) {
    const Description& is = layer.is;
    return is.kind == Kind::full || is.kind == Kind::radial_basis ||
           (is.kind == Kind::convolution && is.kernel[0] == layer.in.rows && is.kernel[1] == layer.in.columns &&
            is.padding[0] == 0 && is.padding[1] == 0);
}

Layer make_layer(Description description, Shape in, bool padded_next) {
    Layer layer;
    layer.is = std::move(description), layer.in = in;
    Description& is = layer.is;
    if (is.kind == Kind::full || is.kind == Kind::radial_basis) is.kernel[0] = in.rows, is.kernel[1] = in.columns;
    layer.out = output_of(is, in);
    layer.dense = !padded_next &&  // its outputs lie one after another, without room for padding
                  is.kind != Kind::radial_basis && !is.has_table && tied(layer);
    if (is.kind == Kind::subsampling)
        layer.subsampling = {is.pooling, is.copies, is.kernel[0], is.kernel[1], is.stride[0], is.stride[1]};
    if (layer.linked()) link(layer);
    return layer;
}

}  // namespace

bool plain_pair(const Layer& layer) {
    const Subsampling& s = layer.subsampling;
    return layer.is.kind == Kind::subsampling && s.pooling != Pooling::trainable && s.window_rows == 2 &&
           s.window_columns == 2 && s.stride_rows == 2 && s.stride_columns == 2 &&
           layer.is.activation == Activation::linear;
}

size_t padded_size(Shape shape, const Layer* next) {
    const int rows = next && next->is.kind == Kind::convolution ? next->is.padding[0] : 0;
    const int columns = next && next->is.kind == Kind::convolution ? next->is.padding[1] : 0;
    return size_t(shape.maps) * size_t(shape.rows + 2 * rows) * size_t(shape.columns + 2 * columns) * BLOCK;
}

Padded padded_maps(float* data, Shape shape, const Layer* next) {
    const int top = next && next->is.kind == Kind::convolution ? next->is.padding[0] : 0;
    const int left = next && next->is.kind == Kind::convolution ? next->is.padding[1] : 0;
    Padded maps;
    const long row = long(shape.columns + 2 * left) * BLOCK, map = row * (shape.rows + 2 * top);
    maps.outer = {data, shape.maps, shape.rows + 2 * top, shape.columns + 2 * left, map, row};
    maps.inner = {data + top * row + left * BLOCK, shape.maps, shape.rows, shape.columns, map, row};
    return maps;
}

bool is_finite(const float* numbers, long n) {
    uint32_t carries = 0;  // the exponent's bits are all 1 in NaN and in infinity: 1 more carries into the sign
    for (long k = 0; k < n; ++k) {
        uint32_t bits;
        std::memcpy(&bits, numbers + k, sizeof bits);
        carries |= (bits & 0x7f800000u) + 0x00800000u;
    }
    return !(carries >> 31);
}

void clear_padding(const Padded& maps) {
    const Maps &all = maps.outer, &inner = maps.inner;
    const int top = (all.rows - inner.rows) / 2, left = (all.columns - inner.columns) / 2;
    for (int m = 0; m < all.maps && (top || left); ++m)
        for (int y = 0; y < all.rows; ++y) {
            const bool inside = y >= top && y < top + inner.rows;
            std::fill_n(all.at(m, y, 0), (inside ? left : all.columns) * BLOCK, 0.0f);
            if (inside) std::fill_n(all.at(m, y, left + inner.columns), left * BLOCK, 0.0f);
        }
}

void copy_images(const Maps& maps, int count, float* numbers) {
    for (int image = 0; image < count; ++image)
        for (int m = 0; m < maps.maps; ++m)
            for (int y = 0; y < maps.rows; ++y) {
                const float* from = maps.at(m, y, 0) + image;
                for (int x = 0; x < maps.columns; ++x) *numbers++ = from[long(x) * BLOCK];
            }
}
void set_images(const float* numbers, int count, const Maps& maps) {
    for (int image = 0; image < BLOCK; ++image)
        for (int m = 0; m < maps.maps; ++m)
            for (int y = 0; y < maps.rows; ++y) {
                float* to = maps.at(m, y, 0) + image;
                for (int x = 0; x < maps.columns; ++x) to[long(x) * BLOCK] = image < count ? *numbers++ : 0.0f;
            }
}

void softmax(float* scores, int n, int classes, float scale) {
    for (int k = 0; k < n; ++k, scores += classes) {
        double sum = 0;
        float best = scale * scores[0];
        for (int c = 1; c < classes; ++c) best = std::max(best, scale * scores[c]);
        for (int c = 0; c < classes; ++c) sum += scores[c] = std::exp(scale * scores[c] - best);
        for (int c = 0; c < classes; ++c) scores[c] = float(scores[c] / sum);
    }
}

Network::Network(std::vector<Description> descriptions, Shape shape, float low_, float high_)
    : input(shape), low(low_), high(high_), shared_(std::make_shared<Shared>()) {
    long parameters = 0, statistics = 0;
    if (descriptions.empty()) throw std::invalid_argument("a network needs a layer");
    check_input(shape);
    for (size_t l = 0; l < descriptions.size(); ++l) {
        check(descriptions[l], shape, l + 1 == descriptions.size());
        const Description* next = l + 1 < descriptions.size() ? &descriptions[l + 1] : nullptr;
        const bool padded_next = next && next->kind == Kind::convolution && (next->padding[0] || next->padding[1]);
        layers.push_back(make_layer(std::move(descriptions[l]), shape, padded_next));
        any_width = any_width && !tied(layers.back());
        arrange(layers.back(), parameters, statistics);
        shape = layers.back().out;
    }
    shared_->parameters = Buffer(size_t(parameters)), shared_->statistics = Buffer(size_t(statistics));
    for (Layer& layer : layers) {
        const int maps = layer.out.maps;
        if (layer.scale >= 0) std::fill_n(shared_->parameters.data() + layer.scale, maps, 1.0f);
        if (layer.statistics >= 0) std::fill_n(shared_->statistics.data() + layer.statistics + maps, maps, 1.0f);
    }
}

Network::Shared::~Shared() = default;

// Give a layer's tensors their places in the arenas, from `parameters` and `statistics` on.
void Network::arrange(Layer& layer, long& parameters, long& statistics) {
    const Convolution& c = layer.convolution;
    const int maps = layer.out.maps;
    auto add = [&](const char* what, std::vector<int> sizes, bool by_input = false) {
        const long at = parameters;
        long count = 1;
        for (int size : sizes) count *= size;
        shared_->entries.push_back({layer.is.name, what, at, std::move(sizes), by_input});
        parameters += count;
        return at;
    };
    if (layer.linked()) {
        std::vector<int> sizes = layer.is.kind == Kind::full ? std::vector<int>{maps, int(layer.in.size())}
                                 : c.table ? std::vector<int>{c.kernels, c.kernel_rows, c.kernel_columns}
                                           : std::vector<int>{maps, c.inputs, c.kernel_rows, c.kernel_columns};
        layer.weights = add("weights", std::move(sizes), layer.dense);
        layer.weight_count = parameters - layer.weights;
        if (layer.batch_norm()) layer.scale = add("scale", {maps});
        layer.biases = add(layer.batch_norm() ? "shift" : "biases", {maps});
    }
    if (layer.is.kind == Kind::subsampling && layer.is.pooling == Pooling::trainable) {
        layer.weights = add("coefficients", {maps});
        layer.biases = add("biases", {maps});
    }
    if (layer.batch_norm()) {
        layer.statistics = statistics;
        shared_->entries.push_back({layer.is.name, "mean", statistics, {maps}, false});
        shared_->entries.push_back({layer.is.name, "variance", statistics + maps, {maps}, false});
        statistics += 2 * maps;
    }
}

Network Network::at_width(int columns) const {
    Network other = *this;
    if (columns == input.columns) return other;
    if (!any_width) throw std::invalid_argument("a layer of the network reads maps of one width only");
    Shape shape = other.input = {input.maps, input.rows, columns};
    for (Layer& layer : other.layers) {
        layer.in = shape, layer.out = shape = output_of(layer.is, shape);
        layer.convolution.rows = shape.rows, layer.convolution.columns = shape.columns;
    }
    return other;
}

std::vector<Shape> Network::shapes(int rows, int columns) const {
    std::vector<Shape> list{{input.maps, rows, columns}};
    for (const Layer& layer : layers) {
        const Description& is = layer.is;
        list.push_back({layer.out.maps, output_size(list.back().rows + 2 * is.padding[0], is.kernel[0], is.stride[0]),
                        output_size(list.back().columns + 2 * is.padding[1], is.kernel[1], is.stride[1])});
    }
    return list;
}

// The buffers of one thread that reads blocks.
struct Network::Workspace {
    // Lay out the maps of `net`, which is the network of before, perhaps for another width.
    void fit(const Network& net) {
        if (columns == net.input.columns) return;
        columns = net.input.columns;
        const size_t count = net.layers.size();
        buffers.resize(count + 1), maps.clear();
        for (size_t l = 0; l <= count; ++l) {
            const Shape shape = l ? net.layers[l - 1].out : net.input;
            const Layer* next = l < count ? &net.layers[l] : nullptr;
            buffers[l].at_least(padded_size(shape, next));
            maps.push_back(padded_maps(buffers[l].data(), shape, next));
            clear_padding(maps.back());
            if (next && next->linked() && !next->dense) scratch.at_least(kernels().convolve_scratch(next->convolution));
        }
        if (net.has_bfloat16()) pairs.at_least(size_t(net.input.size()) * BLOCK);
    }
    int columns = 0;
    std::vector<Buffer> buffers;
    std::vector<Padded> maps;  // maps[l]: input of layer l
    // The first columns of some images, one after another.
    Images cut(const Images& images, const int* which, int count, int width) {
        const size_t number = images.bytes ? 1 : sizeof(float), row = size_t(images.columns) * number;
        const size_t rows = size_t(images.shape.maps) * size_t(images.rows), length = size_t(width) * number;
        bytes.resize(size_t(count) * rows * length);
        uint8_t* to = bytes.data();
        for (int l = 0; l < count; ++l)
            for (size_t y = 0; y < rows; ++y, to += length)
                std::memcpy(to, static_cast<const uint8_t*>(images.at(which[l])) + y * row, length);
        return {bytes.data(), images.bytes, count, images.rows, width, {images.shape.maps, images.shape.rows, width}};
    }
    Buffer scratch, pairs;
    std::vector<uint8_t> bytes;  // of images that were cut
    std::vector<Buffer> keep;    // of pictures
    Outputs outputs;
};

std::unique_ptr<Network::Workspace> Network::take() {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    if (shared_->idle.empty()) return std::make_unique<Workspace>();
    auto workspace = std::move(shared_->idle.back());
    shared_->idle.pop_back();
    return workspace;
}
void Network::give_back(std::unique_ptr<Workspace> workspace) {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->idle.push_back(std::move(workspace));
}

bool Network::gather(const Images& images, const int64_t* which, int count, const Maps& to) const {
    const void* lanes[BLOCK];
    for (int l = 0; l < BLOCK; ++l) lanes[l] = images.at(which[l < count ? l : 0]);  // spare lanes repeat the first
    if (!images.bytes)
        return kernels().gather_floats(reinterpret_cast<const float* const*>(lanes), images.rows, images.columns, low,
                                       high, to);
    kernels().gather_bytes(reinterpret_cast<const uint8_t* const*>(lanes), images.rows, images.columns, low, high, to);
    return true;
}

// From the widths of a block's images to those of a layer's outputs.
void narrow(int* widths, const Layer& layer) {
    for (int l = 0; l < BLOCK; ++l)
        widths[l] = output_size(widths[l] + 2 * layer.is.padding[1], layer.is.kernel[1], layer.is.stride[1]);
}

// Make zeros of what stands right of each image's own columns, which is padding to the layer that reads them.
void clear_beyond(const Maps& maps, const int* widths) {
    for (int image = 0; image < BLOCK; ++image)
        for (int m = 0; m < maps.maps && widths[image] < maps.columns; ++m)
            for (int y = 0; y < maps.rows; ++y)
                for (int x = widths[image]; x < maps.columns; ++x) maps.at(m, y, x)[image] = 0;
}

// From a block's input to its outputs. `widths`: how many columns each image has, where they differ; then of its outputs.
void Network::run_block(Workspace& w, const std::vector<Prepared>& prepared, int* widths) {
    const Kernels& k = kernels();
    if (widths) clear_beyond(w.maps[0].inner, widths);
    for (size_t l = 0; l < layers.size(); ++l) {
        const Layer& layer = layers[l];
        const Prepared& p = prepared[l];
        const Activation activation = layer.is.activation;
        const Maps &in = w.maps[l].outer, *out = &w.maps[l + 1].inner;
        if (layer.is.kind == Kind::radial_basis) {
            k.distances(layer.is.codes.data(), layer.out.maps, layer.in.size(), in.data, out->data);
        } else if (layer.dense) {
            k.dense(p.weights, 1, layer.out.maps, layer.out.maps, layer.in.size(), in.data, p.bias, activation, out->data);
        } else if (layer.is.kind == Kind::subsampling) {
            k.subsample(layer.subsampling, p.weights, p.bias, activation, in, *out);
        } else if (l + 1 < layers.size() && plain_pair(layers[l + 1])) {
            k.convolve(layer.convolution, p.for_blocks(layer), p.bias, activation, in, nullptr, &w.maps[l + 2].inner,
                       layers[l + 1].subsampling.pooling, w.scratch.data());
            if (widths) narrow(widths, layer);
            ++l;
        } else {
            k.convolve(layer.convolution, p.for_blocks(layer), p.bias, activation, in, out, nullptr, Pooling::average,
                       w.scratch.data());
        }
        if (widths) narrow(widths, layers[l]), clear_beyond(w.maps[l + 1].inner, widths);
    }
}

bool Network::forward_block(Workspace& w, const std::vector<Prepared>& prepared, const Images& images, int first,
                            int count, float* scores) {
    int64_t which[BLOCK];
    for (int l = 0; l < count; ++l) which[l] = first + l;
    if (!gather(images, which, count, w.maps[0].inner)) return false;
    run_block(w, prepared);
    copy_scores(w, first, count, scores);
    return true;
}

void Network::copy_scores(const Workspace& w, int first, int count, float* scores) const {
    copy_images(w.maps.back().inner, count, scores + first * output().size());
}

bool Network::forward_pairs(Workspace& w, const std::vector<Prepared>& prepared, const Images& images, int first,
                            int count, float* scores) {
    int64_t which[BLOCK];
    for (int l = 0; l < count; ++l) which[l] = first + l;
    if (!gather(images, which, count, w.maps[0].inner)) return false;
    const Bfloat16Kernels& k = *bfloat16_kernels();
    auto buffer = [&](size_t l) { return reinterpret_cast<PairOfNumbers*>(w.buffers[l].data()); };
    const PairOfNumbers* from = reinterpret_cast<const PairOfNumbers*>(w.pairs.data());
    k.pack(w.maps[0].inner, input.maps % 2 != 0, reinterpret_cast<PairOfNumbers*>(w.pairs.data()));
    for (size_t l = 0; l < layers.size(); ++l) {
        const Layer& layer = layers[l];
        const Pairs& p = prepared[l].pairs;
        const Activation activation = layer.is.activation;
        const bool pooled = l + 1 < layers.size() && plain_pair(layers[l + 1]);
        const size_t to = pooled ? l + 2 : l + 1;
        if (layer.dense)
            k.dense(p.weights.data(), layer.in.size() / 2, layer.out.maps, p.bias.data(), from, activation,
                    to == layers.size(), buffer(to));
        else
            k.convolve(from, layer.in.columns, p.offsets.data(), int(p.offsets.size()), p.weights.data(), p.bias.data(),
                       layer.out.maps, layer.out.rows, layer.out.columns, layer.is.stride[0], activation, pooled,
                       pooled && layers[l + 1].subsampling.pooling == Pooling::max, buffer(to));
        from = buffer(to);
        l = to - 1;
    }
    copy_scores(w, first, count, scores);
    return true;
}

bool Network::forward_picture(Workspace& w, const Images& images, int image, float* scores) {
    if (!picture(images, image, {0, input.rows, input.rows, input.columns}, false, w.keep, w.outputs)) return false;
    std::copy_n(w.outputs.data.back(), output().size(), scores + image * output().size());
    return true;
}

long Network::multiply_adds() const {
    long sum = 0;
    for (const Layer& layer : layers) sum += layer.weight_count * layer.out.rows * layer.out.columns;
    return sum;
}

void Network::forward(const Images& images, float* scores, int threads, bool bfloat16) {
    constexpr long MANY = 8'000'000;  // multiply-adds that are worth waking a thread
    const bool singly = images.n <= FEW && !bfloat16;
    const int tasks = singly ? images.n : (images.n + BLOCK - 1) / BLOCK;
    if (singly && (images.n == 1 || images.n * multiply_adds() < MANY)) threads = 1;
    threads = std::min(threads > 0 ? threads : default_threads(), tasks);
    std::vector<std::unique_ptr<Workspace>> workspaces;
    for (int t = 0; t < threads; ++t) {
        workspaces.push_back(take());
        if (!singly) workspaces.back()->fit(*this);
    }
    const AllPrepared all = prepared();
    std::atomic<bool> finite{true};
    run(tasks, threads, [&](int task, int worker) {
        Workspace& w = *workspaces[size_t(worker)];
        const int first = task * BLOCK, count = std::min(BLOCK, images.n - first);
        const bool done = singly     ? forward_picture(w, images, task, scores)
                          : bfloat16 ? forward_pairs(w, *all, images, first, count, scores)
                                     : forward_block(w, *all, images, first, count, scores);
        if (!done) finite = false;
    });
    for (auto& workspace : workspaces) give_back(std::move(workspace));
    if (!finite) throw std::invalid_argument(NOT_FINITE);
}


// Images cut to the width of this network, of which the first is as wide: a block, or a picture by itself.
bool Network::forward_cut(Workspace& w, const std::vector<Prepared>& prepared, const Images& cut, const int* widths,
                          const Shape& out, float* const* outputs) {
    const auto put = [&](int image, int columns, auto number) {  // what it has, and zeros up to the widest
        float* to = outputs[image];
        for (int m = 0; m < out.maps; ++m)
            for (int y = 0; y < out.rows; ++y, to += out.columns) {
                for (int x = 0; x < columns; ++x) to[x] = number(m, y, x);
                std::fill(to + columns, to + out.columns, 0.0f);
            }
    };
    if (cut.n == 1) {
        if (!picture(cut, 0, {0, input.rows, input.rows, input.columns}, false, w.keep, w.outputs)) return false;
        const Shape own = output();
        put(0, own.columns, [&](int m, int y, int x) { return w.outputs.data.back()[(m * own.rows + y) * own.columns + x]; });
        return true;
    }
    w.fit(*this);
    int64_t which[BLOCK];
    int columns[BLOCK];
    std::iota(which, which + BLOCK, 0);
    for (int l = 0; l < BLOCK; ++l) columns[l] = widths[l < cut.n ? l : 0];
    if (!gather(cut, which, cut.n, w.maps[0].inner)) return false;
    run_block(w, prepared, columns);
    const Maps& last = w.maps.back().inner;
    for (int l = 0; l < cut.n; ++l)
        put(l, columns[l], [&](int m, int y, int x) { return last.at(m, y, x)[l]; });
    return true;
}

// The widest images come first, so that those of a block are of like width and the last tasks are short ones.
void Network::forward_widths(const Images& images, const int64_t* widths, float* outputs, int threads) {
    std::vector<int> order(size_t(images.n));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return widths[a] > widths[b]; });
    const int rest = images.n % BLOCK, singly = rest <= FEW ? rest : 0, blocks = (images.n - singly + BLOCK - 1) / BLOCK;
    const int tasks = blocks + singly;
    threads = std::min(threads > 0 ? threads : default_threads(), tasks);
    std::vector<std::unique_ptr<Workspace>> workspaces;
    for (int t = 0; t < threads; ++t) workspaces.push_back(take());
    const AllPrepared all = prepared();
    std::atomic<bool> finite{true};
    run(tasks, threads, [&](int task, int worker) {
        Workspace& w = *workspaces[size_t(worker)];
        const int first = task < blocks ? task * BLOCK : images.n - singly + task - blocks;
        const int count = task < blocks ? std::min(BLOCK, images.n - first) : 1;
        int own[BLOCK];
        float* to[BLOCK];
        for (int l = 0; l < count; ++l) {
            own[l] = int(widths[order[size_t(first + l)]]);
            to[l] = outputs + order[size_t(first + l)] * output().size();
        }
        const Images cut = w.cut(images, &order[size_t(first)], count, own[0]);
        if (!at_width(own[0]).forward_cut(w, *all, cut, own, output(), to)) finite = false;
    });
    for (auto& workspace : workspaces) give_back(std::move(workspace));
    if (!finite) throw std::invalid_argument(NOT_FINITE);
}

}  // namespace lenet
