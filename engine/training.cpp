#include "training.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "threads.h"

namespace lenet {

namespace {
constexpr float MOVING = 0.1f;  // how fast the running statistics of batch normalisation follow
constexpr int ROWS = 48;                         // inputs of a dense layer whose weights make one task
long padded(int units) { return (units + BLOCK - 1) / BLOCK * BLOCK; }
long own_weights(const Layer& layer) { return layer.weight_count ? layer.weight_count : layer.out.maps; }
enum Norm { A_, B_, P_, Q_, R_, MEAN, INVERSE, NORMS };
}  // namespace

// What one block of 16 images keeps from its forward pass for its backward pass.
struct Pass::Block {
    // Lay out the maps of `net`, which is the network of before, perhaps for another width.
    void fit(const Network& net) {
        if (columns == net.input.columns) return;
        columns = net.input.columns;
        size_t used = 0, slots_size = 0;
        auto take = [&](size_t size) {
            if (used == buffers.size()) buffers.emplace_back();
            buffers[used].at_least(size);
            return buffers[used++].data();
        };
        maps.clear(), deltas.clear(), before_norm.clear(), by_image.clear(), sums.clear(), slots.clear();
        for (size_t l = 0; l <= net.layers.size(); ++l) {
            const Shape shape = l ? net.layers[l - 1].out : net.input;
            const Layer* next = l < net.layers.size() ? &net.layers[l] : nullptr;
            const size_t size = padded_size(shape, next);
            maps.push_back(padded_maps(take(size), shape, next));
            deltas.push_back(padded_maps(take(size), shape, next));
            clear_padding(maps.back());
            if (!l) continue;
            const Layer& layer = net.layers[l - 1];
            before_norm.push_back(padded_maps(take(layer.batch_norm() ? size_t(shape.size()) * BLOCK : 0), shape, nullptr).inner);
            by_image.push_back(take(layer.dense ? size_t(padded(layer.out.maps)) * BLOCK : 0));
            sums.push_back(take(layer.batch_norm() ? size_t(shape.maps) * 2 * BLOCK : 0));
            slots.push_back(slots_size);
            if (!layer.dense && layer.weights >= 0) slots_size += size_t(own_weights(layer) + layer.out.maps);
        }
        gradients.at_least(slots_size);
    }
    int columns = 0;
    std::vector<Buffer> buffers;
    std::vector<Padded> maps, deltas;    // [l]: input of layer l
    std::vector<Maps> before_norm;       // [l]: output of layer l before batch normalisation
    std::vector<float*> by_image, sums;  // deltas of dense layers by image; sums of batch normalisation
    std::vector<size_t> slots;           // where a layer's own gradients (weights, biases) lie in `gradients`
    Buffer gradients;
    int count = 0;
    double loss = 0;
    int wrong = 0;
};

Pass::Pass(const Network& network, int threads)
    : gradient(network.parameters().size()), net_(network), threads_(threads > 0 ? threads : default_threads()) {
    prepared_.resize(net_.layers.size());
    for (size_t l = 0; l < net_.layers.size(); ++l) {
        const Layer& layer = net_.layers[l];
        norms_.emplace_back(layer.batch_norm() ? size_t(NORMS) * size_t(layer.out.maps) : 0);
        if (layer.weights < 0) continue;
        if (!layer.dense) tasks_.push_back({int(l), 0, 0, Task::others});
        else {
            for (int i = 0; i < layer.in.size(); i += ROWS)
                tasks_.push_back({int(l), i, std::min(i + ROWS, int(layer.in.size())), Task::dense_weights});
            tasks_.push_back({int(l), 0, 0, Task::dense_biases});
        }
    }
    // the largest first, so that no thread is left with one at the end
    std::stable_sort(tasks_.begin(), tasks_.end(), [&](const Task& a, const Task& b) {
        auto work = [&](const Task& t) { return t.what == Task::others ? 1L << 40 : long(t.last - t.first) * net_.layers[size_t(t.layer)].out.maps; };
        return work(a) > work(b);
    });
}

Pass::~Pass() = default;

// Make room for `count` images of that size.
void Pass::fit(Shape input, int count) {
    if (input.columns != net_.input.columns) net_ = net_.at_width(input.columns);
    count_ = count, blocks_ = (count + BLOCK - 1) / BLOCK;
    while (int(all_.size()) < blocks_) all_.push_back(std::make_unique<Block>());
    size_t size = 0;
    for (const Layer& layer : net_.layers)
        if (layer.linked() && !layer.dense)
            size = std::max({size, kernels().convolve_scratch(layer.convolution),
                             kernels().convolve_back_scratch(layer.convolution)});
    if (const size_t workers = size_t(std::min(threads_, blocks_)); scratch_.size() < workers) scratch_.resize(workers);
    for (Buffer& scratch : scratch_) scratch.at_least(size);
    for (int b = 0; b < blocks_; ++b) {
        all_[size_t(b)]->fit(net_);
        all_[size_t(b)]->count = std::min(BLOCK, count - b * BLOCK);
    }
}

void Pass::prepare_weights() {
    finite_ = is_finite(net_.parameters().data(), long(net_.parameters().size()));
    for (size_t l = 0; l < net_.layers.size(); ++l) net_.prepare(net_.layers[l], false, prepared_[l]);
}

bool Pass::averaged(int layer) const {
    if (layer + 1 >= int(net_.layers.size())) return false;
    const Layer &own = net_.layers[size_t(layer)], &next = net_.layers[size_t(layer) + 1];
    return own.is.kind == Kind::convolution && !own.dense && !own.batch_norm() && plain_pair(next) &&
           next.subsampling.pooling == Pooling::average;
}

// The first layer at or after `from` whose output needs the whole batch, or the number of layers.
int Pass::next_statistics(int from) const {
    while (from < int(net_.layers.size()) && !net_.layers[size_t(from)].batch_norm()) ++from;
    return from;
}

void Pass::forward_layers(Block& block, int from, int to, int worker) {
    const Kernels& k = kernels();
    for (int at = from; at < to; ++at) {
        const size_t l = size_t(at);
        const Layer& layer = net_.layers[l];
        const Prepared& p = prepared_[l];
        const bool norm = layer.batch_norm();
        const Activation activation = norm ? Activation::linear : layer.is.activation;
        const Maps &in = block.maps[l].outer, &out = norm ? block.before_norm[l] : block.maps[l + 1].inner;
        if (layer.is.kind == Kind::radial_basis) {
            k.distances(layer.is.codes.data(), layer.out.maps, layer.in.size(), in.data, out.data);
        } else if (layer.dense) {
            k.dense(p.weights, 1, layer.out.maps, layer.out.maps, layer.in.size(), in.data, p.bias, activation, out.data);
        } else if (layer.is.kind == Kind::subsampling) {
            k.subsample(layer.subsampling, p.weights, p.bias, activation, in, out);
        } else {
            const bool pair = !norm && at + 1 < to && plain_pair(net_.layers[l + 1]);
            k.convolve(layer.convolution, p.for_blocks(layer), p.bias, activation, in, &out,
                       pair ? &block.maps[l + 2].inner : nullptr,
                       pair ? net_.layers[l + 1].subsampling.pooling : Pooling::average, scratch_[size_t(worker)].data());
            if (pair) ++at;
        }
        if (norm)
            for (int m = 0; m < out.maps; ++m)
                k.map_moments(out, m, block.sums[l] + 2 * m * BLOCK, block.sums[l] + (2 * m + 1) * BLOCK);
    }
}

// The batch's mean and variance of each map, and with them y = a z + b.
void Pass::normalise(int at) {
    const Layer& layer = net_.layers[size_t(at)];
    const int maps = layer.out.maps;
    const double n = double(count_) * layer.out.rows * layer.out.columns;
    float* norm = norms_[size_t(at)].data();
    float *mean = net_.statistics().data() + layer.statistics, *variance = mean + maps;
    for (int m = 0; m < maps; ++m) {
        auto sum_of = [&](auto&& f) {  // over the images of all blocks, of f(an image's mean, its spread about it)
            double sum = 0;
            for (int b = 0; b < blocks_; ++b) {
                const float* moments = all_[size_t(b)]->sums[size_t(at)] + 2 * m * BLOCK;
                for (int image = 0; image < all_[size_t(b)]->count; ++image)
                    sum += f(double(moments[image]), double(moments[BLOCK + image]));
            }
            return sum;
        };
        const double average = sum_of([](double mean, double) { return mean; }) / count_;
        const double spread = sum_of([&](double mean, double squares) {
            return squares + n / count_ * (mean - average) * (mean - average);
        }) / n;
        const double inverse = 1.0 / std::sqrt(spread + EPSILON);
        const float scale = net_.parameters()[size_t(layer.scale + m)];
        norm[A_ * maps + m] = float(scale * inverse);
        norm[B_ * maps + m] = float(net_.parameters()[size_t(layer.biases + m)] - average * scale * inverse);
        norm[MEAN * maps + m] = float(average), norm[INVERSE * maps + m] = float(inverse);
        if (!moves_statistics) continue;
        mean[m] += MOVING * (float(average) - mean[m]);
        variance[m] += MOVING * (float(spread * n / std::max(1.0, n - 1)) - variance[m]);
    }
}
void Pass::apply_norm(Block& block, int at) {
    const float* norm = norms_[size_t(at)].data();
    const int maps = net_.layers[size_t(at)].out.maps;
    kernels().scale_shift(norm + A_ * maps, norm + B_ * maps, net_.layers[size_t(at)].is.activation,
                          block.before_norm[size_t(at)], block.maps[size_t(at) + 1].inner);
}

void Pass::forward(const Images& images, const int64_t* which, int count) {
    int64_t wrong = 0;
    forward_loss(images, which, count, Loss::cross_entropy, nullptr, nullptr, wrong);
}

double Pass::forward_loss(const Images& images, const int64_t* which, int count, Loss loss, const int64_t* labels,
                          const float* targets, int64_t& wrong) {
    passed_ = 0;
    fit(images.shape, count), prepare_weights();
    const int layers = int(net_.layers.size());
    std::atomic<bool> finite{true};
    for (int from = 0, normed = -1; from <= layers;) {
        const int stop = next_statistics(from), to = std::min(stop + 1, layers);
        run(blocks_, threads_, [&](int b, int worker) {
            Block& block = *all_[size_t(b)];
            if (from == 0 && !net_.gather(images, which + b * BLOCK, block.count, block.maps[0].inner)) finite = false;
            if (normed >= 0) apply_norm(block, normed);
            forward_layers(block, from, to, worker);
            if (stop == layers && labels) loss_of(block, b * BLOCK, loss, which, labels, targets);
        });
        if (!finite) throw std::invalid_argument(NOT_FINITE);
        if (stop == layers) break;
        normalise(stop), normed = stop, from = stop + 1;
    }
    passed_ = count;
    double total = 0;
    for (int b = 0; labels && b < blocks_; ++b) total += all_[size_t(b)]->loss, wrong += all_[size_t(b)]->wrong;
    return finite_ ? total : std::nan("");
}

void Pass::loss_of(Block& block, int first, Loss loss, const int64_t* which, const int64_t* labels, const float* targets) {
    const float* scores = block.maps.back().inner.data;
    float* deltas = block.deltas.back().inner.data;
    const int classes = net_.classes();
    const bool penalties = net_.penalties();
    const double sign = penalties ? -1 : 1, share = 1.0 / count_;
    block.loss = 0, block.wrong = 0;
    for (int image = 0; image < BLOCK; ++image) {
        auto at = [&](int c) { return long(c) * BLOCK + image; };
        if (image >= block.count) {
            for (int c = 0; c < classes; ++c) deltas[at(c)] = 0;
            continue;
        }
        const int label = int(labels[which[first + image]]);
        int best = 0;
        for (int c = 1; c < classes; ++c)
            if (sign * scores[at(c)] > sign * scores[at(best)]) best = c;
        block.wrong += best != label;
        if (loss == Loss::squared_error) {
            for (int c = 0; c < classes; ++c) {
                const double error = double(scores[at(c)]) - (c == label);
                if (!penalties) block.loss += 0.5 * error * error;
                deltas[at(c)] = float(share * (penalties ? double(c == label) : error));
            }
            if (penalties) block.loss += scores[at(label)];
            continue;
        }
        double sum = 0;
        for (int c = 0; c < classes; ++c) sum += std::exp(sign * (double(scores[at(c)]) - scores[at(best)]));
        const float* soft = targets ? targets + which[first + image] * classes : nullptr;
        for (int c = 0; c < classes; ++c) {
            const double margin = sign * (double(scores[at(c)]) - scores[at(best)]);
            const double target = soft ? soft[c] : c == label;
            deltas[at(c)] = float(sign * share * (std::exp(margin) / sum - target));
            if (target > 0) block.loss += target * (std::log(sum) - margin);
        }
    }
}

void Pass::scores(float* to) const {
    if (!finite_) return void(std::fill_n(to, count_ * output().size(), std::nanf("")));
    for (int b = 0; b < blocks_; ++b, to += BLOCK * output().size())
        copy_images(all_[size_t(b)]->maps.back().inner, all_[size_t(b)]->count, to);
}

void Pass::set_deltas(const float* upstream) {
    for (int b = 0; b < blocks_; ++b, upstream += BLOCK * output().size())
        set_images(upstream, all_[size_t(b)]->count, all_[size_t(b)]->deltas.back().inner);
}

// Layers from-1 down to `to`; a batch normalisation's sums are taken where its delta is complete.
void Pass::backward_layers(Block& block, int from, int to, bool inputs, int worker) {
    const Kernels& k = kernels();
    for (int at = from - 1; at >= to; --at) {
        const size_t l = size_t(at);
        const Layer& layer = net_.layers[l];
        const Prepared& p = prepared_[l];
        const Activation activation = layer.batch_norm() ? Activation::linear : layer.is.activation;
        const Maps &in = block.maps[l].outer, &out = block.maps[l + 1].inner, &delta = block.deltas[l + 1].inner;
        const bool wanted = at > 0 || inputs;
        const Maps* din = wanted ? &block.deltas[l].outer : nullptr;
        float* slot = block.gradients.data() + block.slots[l];
        if (layer.is.kind == Kind::radial_basis) {
            if (din) k.distances_back(layer.is.codes.data(), layer.out.maps, layer.in.size(), in.data, delta.data, din->data);
        } else if (layer.dense) {
            if (activation != Activation::linear) k.derivative(activation, out, delta);
            k.by_image(delta.data, layer.out.maps, padded(layer.out.maps), block.by_image[l]);
            if (din)
                k.dense(p.weights, layer.out.maps, 1, layer.in.size(), layer.out.maps, delta.data, nullptr,
                        Activation::linear, din->data);
        } else if (layer.is.kind == Kind::subsampling) {
            if (at > 0 && averaged(at - 1)) continue;
            k.subsample_back(layer.subsampling, p.weights, activation, in, out, delta, slot, slot + layer.out.maps, din);
        } else {
            const bool from_averages = averaged(at);
            k.convolve_back(layer.convolution, p.for_blocks(layer), activation, in, out,
                            from_averages ? block.deltas[l + 2].inner : delta, from_averages, slot,
                            slot + layer.weight_count, din, scratch_[size_t(worker)].data());
        }
    }
    if (to > 0 && net_.layers[size_t(to) - 1].batch_norm()) {
        const size_t l = size_t(to) - 1;
        const Maps& delta = block.deltas[l + 1].inner;
        k.derivative(net_.layers[l].is.activation, block.maps[l + 1].inner, delta);
        for (int m = 0; m < delta.maps; ++m)
            k.map_sums(delta, block.before_norm[l], norms_[l][size_t(MEAN * delta.maps + m)], m,
                       block.sums[l] + 2 * m * BLOCK, block.sums[l] + (2 * m + 1) * BLOCK);
    }
}

// dz = p dy + q (z - mean) + r, from the sums over the batch of dy and dy (z - mean); and the gradients of scale and shift.
void Pass::normalise_back(int at) {
    const Layer& layer = net_.layers[size_t(at)];
    const int maps = layer.out.maps;
    const double n = double(count_) * layer.out.rows * layer.out.columns;
    float* norm = norms_[size_t(at)].data();
    for (int m = 0; m < maps; ++m) {
        double sum = 0, product = 0;
        for (int b = 0; b < blocks_; ++b)
            for (int image = 0; image < all_[size_t(b)]->count; ++image) {
                sum += all_[size_t(b)]->sums[size_t(at)][2 * m * BLOCK + image];
                product += all_[size_t(b)]->sums[size_t(at)][(2 * m + 1) * BLOCK + image];
            }
        const double inverse = norm[INVERSE * maps + m];
        const double scale = net_.parameters()[size_t(layer.scale + m)];
        const double dscale = inverse * product;
        gradient[size_t(layer.scale + m)] = float(dscale), gradient[size_t(layer.biases + m)] = float(sum);
        norm[P_ * maps + m] = float(scale * inverse);
        norm[Q_ * maps + m] = float(-scale * inverse * inverse * dscale / n);
        norm[R_ * maps + m] = float(-scale * inverse * sum / n);
    }
}
void Pass::apply_norm_back(Block& block, int at) {
    const float* norm = norms_[size_t(at)].data();
    const int maps = net_.layers[size_t(at)].out.maps;
    const Maps& delta = block.deltas[size_t(at) + 1].inner;
    kernels().combine(norm + P_ * maps, delta, norm + Q_ * maps, block.before_norm[size_t(at)], norm + MEAN * maps,
                      norm + R_ * maps, delta);
    for (int m = 0; block.count < BLOCK && m < delta.maps; ++m)  // images that are not there have no delta
        for (int y = 0; y < delta.rows; ++y)
            for (int x = 0; x < delta.columns; ++x)
                std::fill(delta.at(m, y, x) + block.count, delta.at(m, y, x) + BLOCK, 0.0f);
}

void Pass::backward(float* inputs, const Ready& ready) {
    for (int from = int(net_.layers.size()), normed = -1; from >= 0;) {
        int to = from;
        while (to > 0 && !net_.layers[size_t(to) - 1].batch_norm()) --to;
        // layers [to, from) run now; if layer to-1 is normalised, its own backward waits for the whole batch
        run(blocks_, threads_, [&](int b, int worker) {
            Block& block = *all_[size_t(b)];
            if (normed >= 0) apply_norm_back(block, normed);
            backward_layers(block, normed >= 0 ? normed + 1 : from, to, inputs != nullptr, worker);
        });
        if (to == 0) break;
        normed = to - 1, from = normed;
        normalise_back(normed);
    }
    if (inputs) {
        for (int b = 0; b < blocks_; ++b, inputs += BLOCK * net_.input.size())
            copy_images(all_[size_t(b)]->deltas[0].inner, all_[size_t(b)]->count, inputs);
    }
    run(int(tasks_.size()), threads_, [&](int t, int) { finish(tasks_[size_t(t)], ready); });
}

// The last phase: sum what the blocks have left, a stretch of the arena at a time.
void Pass::finish(const Task& task, const Ready& ready) {
    const size_t l = size_t(task.layer);
    const Layer& layer = net_.layers[l];
    const int units = layer.out.maps;
    float *weights = gradient.data() + layer.weights, *biases = gradient.data() + layer.biases;
    const bool norm = layer.batch_norm();
    if (task.what == Task::dense_weights) {
        std::vector<const float*> ins, outs;
        for (int b = 0; b < blocks_; ++b) {
            ins.push_back(all_[size_t(b)]->maps[l].inner.data), outs.push_back(all_[size_t(b)]->by_image[l]);
        }
        kernels().dense_gradient(ins.data(), outs.data(), blocks_, units, padded(units), task.first, task.last, weights);
        return ready(layer.weights + long(task.first) * units, layer.weights + long(task.last) * units, true);
    }
    if (task.what == Task::others) {
        const long count = own_weights(layer);
        std::fill_n(weights, count, 0.0f);
        if (!norm) std::fill_n(biases, units, 0.0f);
        for (int b = 0; b < blocks_; ++b) {
            const float* slot = all_[size_t(b)]->gradients.data() + all_[size_t(b)]->slots[l];
            for (long k = 0; k < count; ++k) weights[k] += slot[k];
            for (int u = 0; u < units && !norm; ++u) biases[u] += slot[count + u];
        }
        ready(layer.weights, layer.weights + count, layer.linked());
    } else if (!norm) {
        std::fill_n(biases, units, 0.0f);
        for (int b = 0; b < blocks_; ++b)
            for (int image = 0; image < BLOCK; ++image)
                for (int u = 0; u < units; ++u) biases[u] += all_[size_t(b)]->by_image[l][image * padded(units) + u];
    }
    if (norm) ready(layer.scale, layer.scale + units, false);
    ready(layer.biases, layer.biases + units, false);
}

Trainer::Trainer(const Network& network, Options options)
    : state((options.adamw ? 2 : 1) * network.parameters().size()), net_(network), options_(options),
      pass_(network, options.threads) {}

void Trainer::update(const float* gradient, long first, long last, bool weights, float rate) {
    float* w = net_.parameters().data() + first;
    const float* g = gradient + first;
    const float decay = weights ? options_.decay : 0.0f;
    if (!options_.adamw)
        return kernels().sgd(w, g, state.data() + first, last - first, rate, options_.momentum, decay, options_.nesterov);
    const double t = double(step);
    kernels().adamw(w, g, state.data() + first, state.data() + net_.parameters().size() + first, last - first, rate,
                    options_.momentum, options_.beta2, float(1 - std::pow(double(options_.momentum), t)),
                    float(1 - std::pow(double(options_.beta2), t)), options_.epsilon, decay);
}

double Trainer::run(const Images& images, const int64_t* labels, const float* targets, const int64_t* order, int64_t n,
                    int batch, const float* rates, int64_t& wrong) {
    struct Changed {  // also where a batch is refused: the steps before it count
        Network& net;
        ~Changed() { net.changed(); }
    } changed{net_};
    double loss = 0;
    for (int64_t at = 0; at < n; at += batch, ++rates) {
        const int count = int(std::min<int64_t>(batch, n - at));
        loss += pass_.forward_loss(images, order + at, count, options_.loss, labels, targets, wrong);
        ++step;
        pass_.backward(nullptr, [&](long first, long last, bool weights) {
            update(pass_.gradient.data(), first, last, weights, *rates);
        });
    }
    return loss;
}

void Trainer::step_along(const float* gradient, float rate) {
    constexpr long PIECE = 4096;
    struct Stretch {
        long first, last;
        bool weights;
    };
    std::vector<Stretch> stretches;
    for (const Entry& entry : net_.entries()) {
        if (entry.what == "mean" || entry.what == "variance") continue;
        long count = 1;
        for (int size : entry.shape) count *= size;
        for (long first = 0; first < count; first += PIECE)
            stretches.push_back({entry.offset + first, entry.offset + std::min(first + PIECE, count), entry.what == "weights"});
    }
    ++step;
    lenet::run(int(stretches.size()), options_.threads, [&](int k, int) {
        update(gradient, stretches[size_t(k)].first, stretches[size_t(k)].last, stretches[size_t(k)].weights, rate);
    });
    net_.changed();
}

}  // namespace lenet
