// A network: its layers, its parameters in one arena, and reading with it. Training is in training.h.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bfloat16.h"

namespace lenet {

// Floats at a multiple of 64 bytes, 0 at first.
class Buffer {
  public:
    explicit Buffer(size_t n = 0);
    Buffer(Buffer&& other) noexcept;
    Buffer& operator=(Buffer&& other) noexcept;
    ~Buffer();
    float* data() const { return data_; }
    size_t size() const { return size_; }
    void at_least(size_t n);  // grow; what was in it is lost
    float& operator[](size_t k) const { return data_[k]; }

  private:
    float* data_ = nullptr;
    size_t size_ = 0;
};

struct Shape {
    int maps = 0, rows = 0, columns = 0;
    long size() const { return long(maps) * rows * columns; }
};

enum class Kind { convolution, subsampling, full, radial_basis };

// What `lenet.architectures` says of a layer.
struct Description {
    std::string name;
    Kind kind = Kind::full;
    Activation activation = Activation::linear;
    int maps = 0;  // or units
    int kernel[2] = {1, 1}, stride[2] = {1, 1}, padding[2] = {0, 0};  // kernel: or window
    bool has_table = false, batch_norm = false;
    std::vector<std::vector<int>> table;
    Pooling pooling = Pooling::average;
    int copies = 1;
    std::vector<float> codes;
};

// Throw std::invalid_argument where a network cannot be fed with such an input, or cannot have such a layer after maps
// of that shape (description.cpp).
void check_input(Shape);
void check(const Description&, Shape in, bool last);

struct Links {  // see Convolution
    std::vector<int> first_input{0}, first_output{0};
    std::vector<Link> inputs_of, outputs_of;
};

struct Layer {
    Description is;
    Shape in, out;       // for the network's own input
    bool dense = false;  // a full connection, or a convolution as large as its input: weights lie by input
    Convolution convolution{};
    Subsampling subsampling{};
    std::shared_ptr<const Links> links;  // what `convolution` points into
    long weights = -1, weight_count = 0, biases = -1;  // offsets in the arena; of coefficients and biases, of scale and
    long scale = -1;                                   // shift, likewise
    long statistics = -1;                              // running mean, then variance
    bool batch_norm() const { return is.batch_norm; }
    bool linked() const { return is.kind == Kind::convolution || is.kind == Kind::full; }
    int channels() const { return out.maps; }
};

struct Entry {  // one tensor of the arena, as Python sees it
    std::string layer, what;
    long offset;
    std::vector<int> shape;
    bool by_input;
};

// A layer's weights as pairs of bfloat16.
struct Pairs {
    std::vector<PairOfNumbers> weights;
    std::vector<long> offsets;  // of a convolution's taps
    std::vector<float> bias;    // one for each map of the tiles
};

// Weights in the form the kernels read: batch normalisation folded in, transformed for F(2, 5) or F(4, 3), padded by map.
struct Prepared {
    Buffer folded, bias_folded, transformed, by_map, by_output;
    Pairs pairs;
    const float *weights = nullptr, *bias = nullptr;  // into the arena or `folded`
    const float* for_blocks(const Layer& layer) const {
        return layer.convolution.transformed() ? transformed.data() : weights;
    }
};

constexpr const char* NOT_FINITE = "the images hold NaN or infinite numbers";
constexpr const char* NUMBERS_NOT_FINITE = "the network's own numbers hold NaN or infinite ones";
bool is_finite(const float* numbers, long n);
constexpr float EPSILON = 1e-5f;  // of batch normalisation, as other frameworks have it

struct Images {  // n images, one after another, bytes or floats
    const void* data;
    bool bytes;
    int n, rows, columns;
    Shape shape;  // of the network's input
    const void* at(int64_t image) const {
        const int64_t offset = image * shape.maps * rows * columns;
        return bytes ? static_cast<const void*>(static_cast<const uint8_t*>(data) + offset)
                     : static_cast<const void*>(static_cast<const float*>(data) + offset);
    }
};

// Copies share their numbers; so do the copies for inputs of other widths.
class Network {
  public:
    Network(std::vector<Description> layers, Shape input, float low, float high);

    // This network for inputs of so many columns; throws std::invalid_argument where a layer does not fit them.
    Network at_width(int columns) const;
    bool any_width = true;  // no layer is tied to the size of its maps

    std::vector<Layer> layers;
    Shape input;
    float low, high;

    Buffer& parameters() const { return shared_->parameters; }
    Buffer& statistics() const { return shared_->statistics; }
    const std::vector<Entry>& entries() const { return shared_->entries; }
    Shape output() const { return layers.back().out; }
    int classes() const { return output().maps; }
    bool penalties() const { return layers.back().is.kind == Kind::radial_basis; }
    void changed() const;  // someone wrote numbers: reading prepares them anew

    // scores[n][classes][rows][columns] of the last layer; with `bfloat16`, where `has_bfloat16`, products of numbers rounded to that.
    void forward(const Images&, float* scores, int threads, bool bfloat16 = false);
    // The same of images of their own widths, from 1 to that of the network: image k has its first widths[k] columns,
    // and gives the first of outputs[k]'s, as many as a network for that width gives; the others are 0.
    void forward_widths(const Images&, const int64_t* widths, float* outputs, int threads);
    bool has_bfloat16() const;
    // The layers' outputs for a band of one picture. With `keep_maps` all of them; else pooled layers leave their maps
    // out. outputs.data[l] lies in `keep`. Returns whether its numbers are finite; if not, nothing was computed.
    struct Band {
        int first, rows;           // of the canvas
        int canvas_rows, columns;  // in whose middle the picture stands
    };
    struct Outputs {
        std::vector<Shape> shapes;
        std::vector<const float*> data;
    };
    std::vector<Shape> shapes(int rows, int columns) const;
    bool picture(const Images&, int image, const Band&, bool keep_maps, std::vector<Buffer>& keep, Outputs&);
    // The network slid over pictures of at least its input's size, or smaller ones in the middle of that:
    // outputs[n][classes][rows][columns], by `shapes`.
    void scan(const Images&, float* outputs, int threads);

    // Prepare a layer's weights for the kernels; with `fold`, batch normalisation goes into them.
    void prepare(const Layer&, bool fold, Prepared&) const;
    // Place images[which[0..count)] (at most 16) in a block's input; returns whether all their numbers are finite.
    bool gather(const Images&, const int64_t* which, int count, const Maps& to) const;

  private:
    struct Workspace;
    // Whoever reads holds on to what was prepared for him; `changed` makes the next reader prepare anew.
    using AllPrepared = std::shared_ptr<const std::vector<Prepared>>;
    struct Shared {
        Buffer parameters, statistics;
        std::vector<Entry> entries;
        AllPrepared prepared;
        std::mutex mutex;
        std::vector<std::unique_ptr<Workspace>> idle;
        ~Shared();
    };
    void arrange(Layer&, long& parameters, long& statistics);
    AllPrepared prepared();
    void run_block(Workspace&, const std::vector<Prepared>&, int* widths = nullptr);
    bool forward_block(Workspace&, const std::vector<Prepared>&, const Images&, int first, int count, float* scores);
    bool forward_pairs(Workspace&, const std::vector<Prepared>&, const Images&, int first, int count, float* scores);
    bool forward_picture(Workspace&, const Images&, int image, float* scores);
    long multiply_adds() const;  // of one image, about
    void copy_scores(const Workspace&, int first, int count, float* scores) const;
    bool forward_cut(Workspace&, const std::vector<Prepared>&, const Images&, const int* widths, const Shape& out,
                     float* const* outputs);
    bool place(const Images&, int image, const Band&, Buffer& to) const;
    std::unique_ptr<Workspace> take();
    void give_back(std::unique_ptr<Workspace>);

    std::shared_ptr<Shared> shared_;
};

// The maps of a layer's output with room for the padding of the layer after it: all of them, and the inner ones.
struct Padded {
    Maps outer, inner;
};
Padded padded_maps(float* data, Shape shape, const Layer* next);
size_t padded_size(Shape shape, const Layer* next);
void clear_padding(const Padded&);
// numbers[image][map][row][column] of the first `count` images of a block, and back; other images become 0.
void copy_images(const Maps&, int count, float* numbers);
void set_images(const float* numbers, int count, const Maps&);
// scores[n][classes] -> softmax(scale * scores), in place
void softmax(float* scores, int n, int classes, float scale);
bool plain_pair(const Layer& layer);  // 2x2 pooling without parameters or activation, in steps of 2

}  // namespace lenet
