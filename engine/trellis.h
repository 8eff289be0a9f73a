// Searches of a graph along the frames of a field, without building their composition: each arc with an input label takes
// one frame, whose score for that label is added to the arc's weight; null arcs take none. Natural-log scores throughout.
#pragma once

#include <cstdint>
#include <vector>

#include "graph.h"

namespace lenet::trellis {

// What a network says of a field: scores[frame * symbols + symbol], none of them NaN or +inf.
struct Emissions {
  const float* scores;
  std::int64_t frames, symbols;

  const float* frame(std::int64_t t) const { return scores + t * symbols; }
};

// A path: each arc with the frame it takes, or, where it is null, the frame that is next.
struct Alignment {
  double score;
  std::vector<std::int32_t> arcs, frames;
};

// A graph made ready: arcs by the node they lead to, only those that lie on a path; null arcs in an order in which none
// comes before what it waits for. Throws std::invalid_argument where null arcs make a cycle, a label is not below
// `symbols`, or a weight is +inf.
class Ready {
 public:
  Ready(const graph::View& graph, const double* weights, std::int64_t symbols);

  // The log of the sum of exp(score) over all paths that take every frame. Where they are not null, by_frames (frames *
  // symbols) and by_arcs (arcs of the graph) receive the derivatives by the emissions and the weights: the shares of the
  // paths; all 0 where there is no path. (LeCun et al. 1998, eqs. 13-16, over the frames)
  double forward(const Emissions& field, float* by_frames, double* by_arcs) const;

  // The best path, first in the order of arcs among equals; score -inf and no arcs where there is none.
  Alignment viterbi(const Emissions& field) const;

  std::size_t node_count() const { return node_count_; }

 private:
  struct Step {
    std::int32_t source, label, arc;
    double weight;
  };
  struct Target {  // the steps that enter a node
    std::int32_t node, first, last;
  };

  void add_targets(const graph::View& graph, const double* weights, const std::vector<std::int32_t>& nodes, bool null,
                   std::vector<Target>& targets);
  void begin(double* scores) const;
  void advance(const float* emissions, const double* before, double* after) const;
  void settle(double* scores) const;
  void share(const Emissions& field, const std::vector<double>& scores, double total, float* by_frames,
             double* by_arcs) const;
  void find_growth();
  bool forward_in_doubles(const Emissions& field, float* by_frames, double* by_arcs, double& total) const;
  void share_in_doubles(const Emissions& field, const std::vector<double>& frames, const std::vector<double>& sums,
                        double total, float* by_frames, double* by_arcs) const;

  std::size_t node_count_, arc_count_;
  double growth_ = 0;            // a sum over paths is multiplied by at most exp(growth) a frame
  std::vector<double> factors_;  // exp(weight) of each step
  std::vector<std::int32_t> starts_, accepts_;
  std::vector<Step> steps_;
  std::vector<Target> moving_, null_;
};

// Frames times nodes that a search may keep scores of: above it, std::length_error.
constexpr std::int64_t MOST_CELLS = std::int64_t(1) << 27;

}  // namespace lenet::trellis
