// Loss, gradients, and whole passes of SGD and AdamW over a set of images.
#pragma once
#include <functional>

#include "network.h"

namespace lenet {

enum class Loss { cross_entropy, squared_error };

// Forward and backward over one batch, in blocks of 16 images. Blocks are independent between two points where the
// whole batch must be known: the statistics of a batch normalisation, and the end. Every sum over images has a fixed
// order, so that results have the same bits for any number of threads.
class Pass {
  public:
    Pass(const Network& network, int threads);
    ~Pass();

    // Scores of images[which[0..count)], keeping what `backward` needs. Batch normalisation uses the batch's own
    // statistics and moves the running ones. images.shape may have another width than in the call before.
    // Where a parameter is not finite, scores and losses are NaN.
    void forward(const Images&, const int64_t* which, int count);
    // Forward, loss and deltas in one go; returns the sum of the losses, and adds to `wrong`. labels[which[k]]; with
    // `targets`, the cross entropy is taken against row which[k] of it, [classes], and the label only counts as wrong.
    double forward_loss(const Images&, const int64_t* which, int count, Loss, const int64_t* labels,
                        const float* targets, int64_t& wrong);
    // From the deltas of the scores, d loss / d score [count][classes][rows][columns].
    void set_deltas(const float* upstream);
    void scores(float* to) const;
    Shape output() const { return net_.output(); }
    int passed() const { return passed_; }  // images of the last forward, 0 where there was none or it was refused
    // Gradients of everything in the arena, into `gradient`; of the inputs too, if `inputs` is given:
    // [count][maps][rows][columns]. `ready` is called for each stretch of the arena once its gradient is complete,
    // on any thread: first, last, whether these are weights (and decay).
    using Ready = std::function<void(long first, long last, bool weights)>;
    void backward(float* inputs, const Ready& ready);

    Buffer gradient;
    bool moves_statistics = true;  // of batch normalisation

  private:
    struct Block;
    struct Task {  // of the last phase: a stretch of the arena of one layer
        int layer, first, last;
        enum { dense_weights, dense_biases, others } what;
    };
    void fit(Shape input, int count);
    void prepare_weights();
    int next_statistics(int from) const;
    void forward_layers(Block&, int from, int to, int worker);
    void normalise(int layer);
    void apply_norm(Block&, int layer);
    void loss_of(Block&, int first, Loss, const int64_t* which, const int64_t* labels, const float* targets);
    void backward_layers(Block&, int from, int to, bool inputs, int worker);
    void normalise_back(int layer);
    void apply_norm_back(Block&, int layer);
    void finish(const Task&, const Ready&);
    bool averaged(int layer) const;  // whether a layer's delta is that of the 2x2 averages after it

    Network net_;
    int threads_, count_ = 0, blocks_ = 0, passed_ = 0;
    bool finite_ = true;  // the parameters
    std::vector<Prepared> prepared_;
    std::vector<std::unique_ptr<Block>> all_;
    std::vector<Buffer> scratch_;
    std::vector<Buffer> norms_;  // of each layer: a, b of y = a z + b; p, q, r of dz = p dy + q (z - mean) + r; mean, inverse
    std::vector<Task> tasks_;
};

class Trainer {
  public:
    struct Options {
        Loss loss = Loss::cross_entropy;
        bool adamw = false, nesterov = false;
        float momentum = 0.9f, decay = 0, beta2 = 0.999f, epsilon = 1e-8f;
        int threads = 0;
    };
    Trainer(const Network& network, Options options);

    // Steps over images[order[0..n)] in batches; rates[i] is the learning rate of step i. Returns the sum of the losses.
    // `targets` may be null; else row i is the distribution over the classes that image i is trained towards.
    double run(const Images&, const int64_t* labels, const float* targets, const int64_t* order, int64_t n, int batch,
               const float* rates, int64_t& wrong);

    // A step in parts, for losses taken elsewhere: go forward and back on `pass`, then take the step that `gradient`, of
    // everything in the arena, asks for.
    void step_along(const float* gradient, float rate);
    Pass& pass() { return pass_; }

    const Network& network() const { return net_; }
    Loss loss() const { return options_.loss; }

    Buffer state;      // SGD: velocities; AdamW: first moments, then second
    int64_t step = 0;  // steps taken

  private:
    void update(const float* gradient, long first, long last, bool weights, float rate);

    Network net_;
    Options options_;
    Pass pass_;
};

}  // namespace lenet
