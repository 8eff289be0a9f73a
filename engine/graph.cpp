#include "graph.h"

#include <stdexcept>

namespace lenet::graph {
namespace {

template <typename NodeOf>
Index index_by(const View& graph, NodeOf node_of) {
  Index index;
  index.first.assign(graph.node_count + 1, 0);
  index.arcs.resize(graph.arc_count);
  for (std::size_t a = 0; a < graph.arc_count; ++a) ++index.first[node_of(graph.arcs[a]) + 1];
  for (std::size_t n = 0; n < graph.node_count; ++n) index.first[n + 1] += index.first[n];
  std::vector<std::int32_t> next(index.first.begin(), index.first.end() - 1);
  for (std::size_t a = 0; a < graph.arc_count; ++a)
    index.arcs[next[node_of(graph.arcs[a])]++] = static_cast<std::int32_t>(a);
  return index;
}

// Mark with `mark` what can be reached from the nodes that carry `flag`, along the arcs of `index`.
template <typename NextOf>
void reach(const View& graph, const Index& index, NodeFlag flag, NextOf next_of, std::uint8_t mark,
           std::vector<std::uint8_t>& marks) {
  std::vector<std::int32_t> waiting;
  const auto visit = [&](std::int32_t node) {
    if (marks[node] & mark) return;
    marks[node] |= mark;
    waiting.push_back(node);
  };
  for (std::size_t n = 0; n < graph.node_count; ++n)
    if (graph.nodes[n] & flag) visit(static_cast<std::int32_t>(n));
  while (!waiting.empty()) {
    const std::int32_t node = waiting.back();
    waiting.pop_back();
    for (const auto* a = index.begin(node); a != index.end(node); ++a) visit(next_of(graph.arcs[*a]));
  }
}

// ---- Removing labels -----------------------------------------------------------------------------------------------

// The best way through null arcs from one node to each that they reach.
class Closure {
 public:
  Closure(const View& graph, const double* weights, const Index& out, const std::vector<std::uint8_t>& null)
      : graph_(graph), weights_(weights), out_(out), null_(null), score_(graph.node_count, IMPOSSIBLE),
        arc_(graph.node_count, -1), rounds_(graph.node_count, 0), waits_(graph.node_count, 0) {}

  // A queue of nodes whose score rose. A node that rises as often as there are nodes lies on a cycle that never ends.
  void start(std::int32_t from) {
    for (const std::int32_t node : reached) score_[node] = IMPOSSIBLE, arc_[node] = -1, rounds_[node] = 0;
    reached.assign(1, from);
    score_[from] = 0;
    std::vector<std::int32_t> queue{from};
    for (std::size_t q = 0; q < queue.size(); ++q) {
      const std::int32_t node = queue[q];
      waits_[node] = 0;
      for (const auto* a = out_.begin(node); a != out_.end(node); ++a)
        if (null_[*a]) relax(*a, from, queue);
    }
  }

  double score(std::int32_t node) const { return score_[node]; }

  // The arcs of the best way to a node, last first.
  std::vector<std::int32_t> way(std::int32_t node) const {
    std::vector<std::int32_t> arcs;
    for (; arc_[node] >= 0; node = graph_.arcs[arc_[node]].source) arcs.push_back(arc_[node]);
    return arcs;
  }

  std::vector<std::int32_t> reached;  // in the order of their discovery, the node itself first

 private:
  void relax(std::int32_t arc, std::int32_t from, std::vector<std::int32_t>& queue) {
    const Arc& step = graph_.arcs[arc];
    const double score = plus(score_[step.source], weights_[arc]);
    if (!(score > score_[step.target])) return;
    if (score_[step.target] == IMPOSSIBLE) reached.push_back(step.target);
    if (step.target == from || ++rounds_[step.target] > static_cast<std::int64_t>(reached.size()) + 1)
      check_no_cycle(arc);
    score_[step.target] = score;
    arc_[step.target] = arc;
    if (!waits_[step.target]) queue.push_back(step.target);
    waits_[step.target] = 1;
  }

  // Walk back from an arc: a way that comes by its target again would rise for ever.
  void check_no_cycle(std::int32_t arc) const {
    std::int32_t node = graph_.arcs[arc].source;
    for (std::size_t steps = 0; steps <= reached.size(); ++steps) {
      if (node == graph_.arcs[arc].target)
        throw std::invalid_argument("arcs to be removed lie on a cycle with a score above 0: no way through is best");
      if (arc_[node] < 0) return;
      node = graph_.arcs[arc_[node]].source;
    }
    throw std::invalid_argument("arcs to be removed lie on a cycle with a score above 0: no way through is best");
  }

  const View& graph_;
  const double* weights_;
  const Index& out_;
  const std::vector<std::uint8_t>& null_;
  std::vector<double> score_;
  std::vector<std::int32_t> arc_;
  std::vector<std::int64_t> rounds_;
  std::vector<std::uint8_t> waits_;
};

class Removal {
 public:
  Removal(const View& graph, const double* weights, std::int32_t input, std::int32_t output)
      : graph_(graph), out_(leaving(graph)), null_(graph.arc_count), place_(graph.node_count, -1),
        twin_(graph.node_count, -1), ending_(graph.node_count), closure_(graph, weights, out_, null_) {
    for (std::size_t a = 0; a < graph.arc_count; ++a)
      null_[a] = graph.arcs[a].input == input && graph.arcs[a].output == output;
  }

  Reduced run() {
    place_nodes();
    for (std::size_t n = 0; n < graph_.node_count; ++n)
      if (place_[n] >= 0) find_ending(static_cast<std::int32_t>(n));
    for (std::size_t n = 0; n < graph_.node_count; ++n)
      if (place_[n] >= 0) add_arcs(static_cast<std::int32_t>(n));
    return std::move(result_);
  }

 private:
  // Kept are the starts and whatever an arc that stays leads to.
  void place_nodes() {
    std::vector<std::uint8_t> kept(graph_.node_count);
    for (std::size_t n = 0; n < graph_.node_count; ++n) kept[n] = graph_.nodes[n] & START;
    for (std::size_t a = 0; a < graph_.arc_count; ++a)
      if (!null_[a]) kept[graph_.arcs[a].target] = 1;
    for (std::size_t n = 0; n < graph_.node_count; ++n)
      if (kept[n]) place_[n] = add_node(graph_.nodes[n] & START);
  }

  // How a string may end after node n: in n itself, or in a twin of it, reached with the score of the null arcs.
  void find_ending(std::int32_t n) {
    closure_.start(n);
    double best = IMPOSSIBLE;
    std::int32_t last = -1;
    for (const std::int32_t node : closure_.reached)
      if ((graph_.nodes[node] & ACCEPT) && closure_.score(node) > best) best = closure_.score(node), last = node;
    if (last < 0) return;
    if (best == 0) {
      result_.nodes[place_[n]] |= ACCEPT;
      return;
    }
    ending_[n] = closure_.way(last);
    twin_[n] = add_node(ACCEPT);
    if (graph_.nodes[n] & START) add_arc({place_[n], twin_[n], EPSILON, EPSILON}, {}, -1, ending_[n]);
  }

  void add_arcs(std::int32_t n) {
    closure_.start(n);
    for (const std::int32_t node : closure_.reached) {
      std::vector<std::int32_t> way;
      for (const auto* a = out_.begin(node); a != out_.end(node); ++a) {
        if (null_[*a]) continue;
        if (way.empty()) way = closure_.way(node);
        const Arc& arc = graph_.arcs[*a];
        add_arc({place_[n], place_[arc.target], arc.input, arc.output}, way, *a, {});
        if (twin_[arc.target] >= 0)
          add_arc({place_[n], twin_[arc.target], arc.input, arc.output}, way, *a, ending_[arc.target]);
      }
    }
  }

  std::int32_t add_node(std::uint8_t flags) {
    result_.nodes.push_back(flags);
    return static_cast<std::int32_t>(result_.nodes.size()) - 1;
  }

  void add_arc(const Arc& arc, const std::vector<std::int32_t>& before, std::int32_t own,
               const std::vector<std::int32_t>& after) {
    if (result_.arcs.size() >= MOST_ARCS || result_.parts.size() >= 4 * MOST_ARCS)
      throw std::length_error("the graph without these labels is too large");
    const auto k = static_cast<std::int32_t>(result_.arcs.size());
    result_.arcs.push_back(arc);
    for (const std::int32_t a : before) result_.parts.push_back({k, a});
    if (own >= 0) result_.parts.push_back({k, own});
    for (const std::int32_t a : after) result_.parts.push_back({k, a});
  }

  const View& graph_;
  const Index out_;
  std::vector<std::uint8_t> null_;
  std::vector<std::int32_t> place_, twin_;         // in the result, of each node of the graph; -1: none
  std::vector<std::vector<std::int32_t>> ending_;  // the null arcs that the twin stands for
  Closure closure_;
  Reduced result_;
};

}  // namespace

Index leaving(const View& graph) {
  return index_by(graph, [](const Arc& arc) { return arc.source; });
}

Index entering(const View& graph) {
  return index_by(graph, [](const Arc& arc) { return arc.target; });
}

std::vector<std::uint8_t> useful(const View& graph) {
  std::vector<std::uint8_t> marks(graph.node_count);
  reach(graph, leaving(graph), START, [](const Arc& arc) { return arc.target; }, START, marks);
  reach(graph, entering(graph), ACCEPT, [](const Arc& arc) { return arc.source; }, ACCEPT, marks);
  for (std::uint8_t& mark : marks) mark = mark == (START | ACCEPT);
  return marks;
}

std::vector<std::int32_t> topological_order(const View& graph) {
  const std::vector<std::uint8_t> used = useful(graph);
  const Index out = leaving(graph);
  std::vector<std::int32_t> unseen(graph.node_count, 0), order;  // unseen: arcs that enter from nodes not yet in order
  for (std::size_t a = 0; a < graph.arc_count; ++a) unseen[graph.arcs[a].target] += used[graph.arcs[a].source];
  std::size_t count = 0;
  for (std::size_t n = 0; n < graph.node_count; ++n) {
    count += used[n];
    if (used[n] && unseen[n] == 0) order.push_back(static_cast<std::int32_t>(n));
  }
  for (std::size_t k = 0; k < order.size(); ++k)
    for (const auto* a = out.begin(order[k]); a != out.end(order[k]); ++a) {
      const std::int32_t target = graph.arcs[*a].target;
      if (used[target] && --unseen[target] == 0) order.push_back(target);
    }
  if (order.size() < count) throw std::invalid_argument("a path of the graph comes by the same node again");
  return order;
}

Reduced remove(const View& graph, const double* weights, std::int32_t input, std::int32_t output) {
  return Removal(graph, weights, input, output).run();
}

}  // namespace lenet::graph
