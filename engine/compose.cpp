#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include "graph.h"

namespace lenet::graph {
namespace {

// Null arcs of the two graphs may be taken in many orders that all spell the same. One of them is kept: those of both
// that can be taken together are, then what one graph has left, alone. (Mohri's epsilon-matching filter.)
enum Filter : std::uint64_t { BOTH, FIRST_ALONE, SECOND_ALONE, FILTERS };

class Composition {
 public:
  Composition(const View& first, const View& second)
      : first_(first), second_(second), out1_(leaving(first)), out2_(leaving(second)) {
    sort(out1_, first, [&](std::int32_t arc) { return first_.arcs[arc].output; });
    sort(out2_, second, [&](std::int32_t arc) { return second_.arcs[arc].input; });
  }

  Composed run() {
    for (std::size_t n1 = 0; n1 < first_.node_count; ++n1)
      for (std::size_t n2 = 0; n2 < second_.node_count && (first_.nodes[n1] & START); ++n2)
        if (second_.nodes[n2] & START) {
          const std::int32_t node = place(static_cast<std::int32_t>(n1), static_cast<std::int32_t>(n2), BOTH);
          result_.nodes[node] |= START;
        }
    for (here_ = 0; here_ < static_cast<std::int32_t>(pairs_.size()); ++here_) expand();
    return trimmed();
  }

 private:
  struct Pair {
    std::int32_t first, second;
    Filter filter;
  };

  template <typename LabelOf>
  static void sort(Index& out, const View& graph, LabelOf label_of) {
    for (std::size_t n = 0; n < graph.node_count; ++n)
      std::stable_sort(out.arcs.begin() + out.first[n], out.arcs.begin() + out.first[n + 1],
                       [&](std::int32_t a, std::int32_t b) { return label_of(a) < label_of(b); });
  }

  std::int32_t output(const std::int32_t* arc) const { return first_.arcs[*arc].output; }
  std::int32_t input(const std::int32_t* arc) const { return second_.arcs[*arc].input; }

  // The node of a pair; a new one is expanded in its turn.
  std::int32_t place(std::int32_t n1, std::int32_t n2, Filter filter) {
    const std::uint64_t key = (static_cast<std::uint64_t>(n1) * second_.node_count + n2) * FILTERS + filter;
    const auto [found, is_new] = places_.try_emplace(key, static_cast<std::int32_t>(pairs_.size()));
    if (is_new) {
      pairs_.push_back({n1, n2, filter});
      result_.nodes.push_back(first_.nodes[n1] & second_.nodes[n2] & ACCEPT);
    }
    return found->second;
  }

  void add_arc(std::int32_t target, std::int32_t arc1, std::int32_t arc2) {
    if (result_.arcs.size() >= MOST_ARCS) throw std::length_error("the composition is too large");
    result_.arcs.push_back({here_, target, arc1 < 0 ? EPSILON : first_.arcs[arc1].input,
                            arc2 < 0 ? EPSILON : second_.arcs[arc2].output});
    result_.first.push_back(arc1);
    result_.second.push_back(arc2);
  }

  void expand() {
    const Pair pair = pairs_[here_];
    match(pair);
    if (pair.filter != SECOND_ALONE)
      for (const auto* a = out1_.begin(pair.first); a != out1_.end(pair.first) && output(a) == EPSILON; ++a)
        add_arc(place(first_.arcs[*a].target, pair.second, FIRST_ALONE), *a, -1);
    if (pair.filter != FIRST_ALONE)
      for (const auto* a = out2_.begin(pair.second); a != out2_.end(pair.second) && input(a) == EPSILON; ++a)
        add_arc(place(pair.first, second_.arcs[*a].target, SECOND_ALONE), -1, *a);
  }

  // Arcs whose labels agree are taken together: both lists are sorted, and each leaps to where the other stands.
  void match(const Pair& pair) {
    const std::int32_t *a = out1_.begin(pair.first), *const a_end = out1_.end(pair.first);
    const std::int32_t *b = out2_.begin(pair.second), *const b_end = out2_.end(pair.second);
    while (a != a_end && b != b_end) {
      const std::int32_t left = output(a), right = input(b);
      if (left < right) {
        a = std::lower_bound(a, a_end, right, [&](const std::int32_t& x, std::int32_t label) { return output(&x) < label; });
      } else if (right < left) {
        b = std::lower_bound(b, b_end, left, [&](const std::int32_t& x, std::int32_t label) { return input(&x) < label; });
      } else {
        const std::int32_t* const b_first = b;
        for (; a != a_end && output(a) == left; ++a)
          for (b = b_first; b != b_end && input(b) == left; ++b)
            if (left != EPSILON || pair.filter == BOTH)
              add_arc(place(first_.arcs[*a].target, second_.arcs[*b].target, BOTH), *a, *b);
      }
    }
  }

  // Without what leads to no accepting node.
  Composed trimmed() const {
    const std::vector<std::uint8_t> used =
        useful({result_.nodes.data(), result_.nodes.size(), result_.arcs.data(), result_.arcs.size()});
    Composed kept;
    std::vector<std::int32_t> place(result_.nodes.size(), -1);
    for (std::size_t n = 0; n < used.size(); ++n) {
      if (!used[n]) continue;
      place[n] = static_cast<std::int32_t>(kept.nodes.size());
      kept.nodes.push_back(result_.nodes[n]);
    }
    for (std::size_t a = 0; a < result_.arcs.size(); ++a) {
      const Arc& arc = result_.arcs[a];
      if (!used[arc.source] || !used[arc.target]) continue;
      kept.arcs.push_back({place[arc.source], place[arc.target], arc.input, arc.output});
      kept.first.push_back(result_.first[a]);
      kept.second.push_back(result_.second[a]);
    }
    return kept;
  }

  const View &first_, &second_;
  Index out1_, out2_;  // sorted by the labels that have to agree
  std::unordered_map<std::uint64_t, std::int32_t> places_;
  std::vector<Pair> pairs_;
  std::int32_t here_ = 0;
  Composed result_;
};

}  // namespace

Composed compose(const View& first, const View& second) { return Composition(first, second).run(); }

}  // namespace lenet::graph
