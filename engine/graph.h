// Weighted finite-state transducers as plain arrays, and the searches over them (LeCun et al. 1998, sections VI, VIII).
// Weights are natural-log scores: higher is better, a penalty of the paper is the negative of a weight, and the score of
// a path is the sum of its weights. Nothing here recurses, so that a graph may be as long as memory allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace lenet::graph {

constexpr std::int32_t EPSILON = -1;  // the null label
constexpr double IMPOSSIBLE = -std::numeric_limits<double>::infinity();

enum NodeFlag : std::uint8_t { START = 1, ACCEPT = 2 };

struct Arc {
  std::int32_t source, target, input, output;
};

// A graph that somebody else owns. Weights, where a function needs them, come beside it, one an arc.
struct View {
  const std::uint8_t* nodes;  // NodeFlag
  std::size_t node_count;
  const Arc* arcs;
  std::size_t arc_count;
};

// A new graph. Arc k came from arc first[k] of the first graph it was made from and second[k] of the second; -1: none.
struct Composed {
  std::vector<std::uint8_t> nodes;
  std::vector<Arc> arcs;
  std::vector<std::int32_t> first, second;
};

// A new graph. Pair k says that arc parts[k].arc holds the weight of arc parts[k].origin, among others.
struct Reduced {
  struct Part {
    std::int32_t arc, origin;
  };
  std::vector<std::uint8_t> nodes;
  std::vector<Arc> arcs;
  std::vector<Part> parts;
};

struct Path {
  double score;
  std::vector<std::int32_t> arcs;
};

// The arcs of each node: those of node n are arcs[first[n]] up to arcs[first[n + 1]].
struct Index {
  std::vector<std::int32_t> first, arcs;

  const std::int32_t* begin(std::int32_t node) const { return arcs.data() + first[node]; }
  const std::int32_t* end(std::int32_t node) const { return arcs.data() + first[node + 1]; }
};
Index leaving(const View& graph);
Index entering(const View& graph);

// Add two scores. What is impossible stays so, whatever else: -inf + inf is -inf, and no NaN arises.
inline double plus(double a, double b) {
  const double sum = a + b;
  return sum == sum ? sum : IMPOSSIBLE;
}

// The nodes that lie on some path from a start to an accepting node; then those in an order in which every arc between
// two of them leads forward. Throws std::invalid_argument where they lie on a cycle.
std::vector<std::uint8_t> useful(const View& graph);
std::vector<std::int32_t> topological_order(const View& graph);

// The best path, first in the order of arcs among equals; score IMPOSSIBLE and no arcs where there is none. (Eq. 10)
Path viterbi(const View& graph, const double* weights);

// The log of the sum of exp(score) over all paths. Where shares is not null, it receives for each arc the derivative
// by its weight, which is the share of the paths through it; zeros where the score is not finite. (Eqs. 13-16)
double forward(const View& graph, const double* weights, double* shares);

// The best paths of the n best different label sequences, best first; input and output labels are compared, arcs
// where both are null are not seen. Throws std::invalid_argument on a cycle or where the best score is infinite.
std::vector<Path> n_best(const View& graph, const double* weights, std::size_t n);

// Pair every path of the first with every path of the second that reads what the first writes, once, however null
// labels stand; of nodes and arcs only what both ends reach. Throws std::length_error where MOST_ARCS are not enough.
constexpr std::size_t MOST_ARCS = std::size_t(1) << 24;
Composed compose(const View& first, const View& second);

// Leave out the arcs that read `input` and write `output`, as if they were null: the nodes they joined are joined by
// the best way through them. Where such a way ends in an accepting node with a score other than 0, arcs lead to a twin
// of the node before it; the empty string then keeps one null arc. Throws std::invalid_argument where a cycle of such
// arcs has a score above 0, and std::length_error where MOST_ARCS are not enough.
Reduced remove(const View& graph, const double* weights, std::int32_t input, std::int32_t output);

}  // namespace lenet::graph
