// Weights in the forms that the kernels read; see Prepared.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "network.h"

namespace lenet {

namespace {

// Weights and biases that do what batch normalisation by the running statistics does.
void fold_norm(const Layer& layer, const float* arena, const float* statistics, Prepared& p) {
    const Convolution& c = layer.convolution;
    const int maps = layer.out.maps;
    const float *mean = statistics + layer.statistics, *variance = mean + maps;
    p.folded.at_least(size_t(layer.weight_count)), p.bias_folded.at_least(size_t(maps));
    const long kernel = long(c.kernel_rows) * c.kernel_columns, inputs = layer.weight_count / maps;
    for (int o = 0; o < maps; ++o) {
        const float share = arena[layer.scale + o] / std::sqrt(variance[o] + EPSILON);
        p.bias_folded[size_t(o)] = arena[layer.biases + o] - mean[o] * share;
        if (layer.dense)
            for (long i = 0; i < inputs; ++i) p.folded[size_t(i * maps + o)] = p.weights[i * maps + o] * share;
        else
            for (long k = c.first_input[o] * kernel; k < c.first_input[o + 1] * kernel; ++k)
                p.folded[size_t(k)] = p.weights[k] * share;
    }
    p.weights = p.folded.data(), p.bias = p.bias_folded.data();
}

}  // namespace

void Network::prepare(const Layer& layer, bool fold, Prepared& p) const {
    const float* arena = parameters().data();
    p.weights = layer.weights >= 0 ? arena + layer.weights : nullptr;
    p.bias = layer.biases >= 0 ? arena + layer.biases : nullptr;
    if (!layer.linked()) return;
    const Convolution& c = layer.convolution;
    if (layer.batch_norm()) {
        p.bias = nullptr;
        if (fold) fold_norm(layer, arena, statistics().data(), p);
    }
    if (!layer.dense && c.transformed()) {
        p.transformed.at_least(size_t(c.points) * size_t(c.kernels) * size_t(c.kernel_rows));
        kernels().transform_weights(c, p.weights, p.transformed.data());
    }
}

namespace {

// [group of lanes maps][input][ky][kx][lane] and, for full connections, [map][input][ky][kx], for pictures.
void prepare_pictures(const Layer& layer, Prepared& p) {
    const Convolution& c = layer.convolution;
    const int lanes = kernels().lanes, groups = (c.maps + lanes - 1) / lanes, kernel = c.kernel_rows * c.kernel_columns;
    p.by_map.at_least(size_t(groups) * size_t(c.inputs) * size_t(kernel) * size_t(lanes));
    std::fill_n(p.by_map.data(), p.by_map.size(), 0.0f);
    if (layer.dense) p.by_output.at_least(size_t(layer.weight_count));
    for (int o = 0; o < c.maps; ++o)
        for (int l = c.first_input[o]; l < c.first_input[o + 1]; ++l)
            for (int k = 0; k < kernel; ++k) {
                const Link& link = c.inputs_of[l];
                const long input = long(link.map) * kernel + k;
                const float w = layer.dense ? p.weights[input * c.maps + o] : p.weights[long(link.kernel) * kernel + k];
                p.by_map[size_t(((long(o / lanes) * c.inputs + link.map) * kernel + k) * lanes + o % lanes)] = w;
                if (layer.dense) p.by_output[size_t(o) * size_t(c.inputs) * size_t(kernel) + size_t(input)] = w;
            }
}

// Taps of a convolution as offsets to pairs and weights [group of maps][tap][map], or, of a full connection,
// weights [pair of inputs][unit]. Inputs pair up as bfloat16.h says.
void prepare_pairs(const Layer& layer, Prepared& p) {
    const Convolution& c = layer.convolution;
    const bool by_rows = layer.in.maps % 2 != 0;
    const int places = layer.in.rows * layer.in.columns, M = layer.dense ? c.maps : bfloat16_maps(c.maps);
    const int groups = (c.maps + M - 1) / M;
    struct Tap {
        long low, high;  // inputs of the kernel's own [input][ky][kx], or -1
    };
    std::vector<Tap> taps;
    Pairs& pairs = p.pairs;
    const long kernel = long(c.kernel_rows) * c.kernel_columns;
    for (int i = 0; i < c.inputs; i += by_rows ? 1 : 2)
        for (int ky = 0; ky < c.kernel_rows; ky += by_rows ? 2 : 1)
            for (int kx = 0; kx < c.kernel_columns; ++kx) {
                const long low = i * kernel + long(ky) * c.kernel_columns + kx;
                const bool single = by_rows && ky + 1 == c.kernel_rows;
                taps.push_back({low, single ? -1 : low + (by_rows ? c.kernel_columns : kernel)});
                pairs.offsets.push_back(long(by_rows ? i : i / 2) * places + long(ky) * layer.in.columns + kx);
            }
    const long inputs = c.inputs * kernel;
    std::vector<float> low, high;
    for (int g = 0; g < groups; ++g)
        for (const Tap& tap : taps)
            for (int m = g * M; m < (g + 1) * M; ++m) {
                auto weight = [&](long k) {
                    return k < 0 || m >= c.maps ? 0.0f : layer.dense ? p.weights[k * c.maps + m] : p.weights[m * inputs + k];
                };
                low.push_back(weight(tap.low)), high.push_back(weight(tap.high));
            }
    pairs.weights.resize(low.size());
    bfloat16_kernels()->pack_weights(low.data(), high.data(), long(low.size()), pairs.weights.data());
    pairs.bias.assign(size_t(groups * M), 0.0f);
    std::copy_n(p.bias, c.maps, pairs.bias.begin());
}

}  // namespace

// Plain convolutions without padding, 2x2 pooling behind a convolution, and full connections; even numbers of maps.
bool Network::has_bfloat16() const {
    if (!bfloat16_kernels()) return false;
    for (size_t l = 0; l < layers.size(); ++l) {
        const Layer& layer = layers[l];
        const Description& is = layer.is;
        const bool pooling = plain_pair(layer) && l > 0 && layers[l - 1].linked() && !layers[l - 1].dense;
        const bool linked = layer.linked() && !is.has_table && is.padding[0] == 0 && is.padding[1] == 0 &&
                            is.stride[0] == is.stride[1];
        if (!(pooling || linked) || layer.out.maps % 2) return false;
        if (layer.dense && layer.in.maps % 2) return false;
    }
    return layers.back().dense;
}

Network::AllPrepared Network::prepared() {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    if (shared_->prepared) return shared_->prepared;
    // the kernels are compiled as if there were none: the bounds of tanh, for one, would make a number of NaN
    if (!is_finite(parameters().data(), long(parameters().size())) ||
        !is_finite(statistics().data(), long(statistics().size())))
        throw std::invalid_argument(NUMBERS_NOT_FINITE);
    auto all = std::make_shared<std::vector<Prepared>>(layers.size());
    for (size_t l = 0; l < layers.size(); ++l) {
        prepare(layers[l], true, (*all)[l]);
        if (layers[l].linked()) prepare_pictures(layers[l], (*all)[l]);
        if (layers[l].linked() && has_bfloat16()) prepare_pairs(layers[l], (*all)[l]);
    }
    return shared_->prepared = all;
}
void Network::changed() const {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->prepared = nullptr;
}

}  // namespace lenet
