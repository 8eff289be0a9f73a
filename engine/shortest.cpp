#include <algorithm>
#include <cmath>
#include <queue>
#include <stdexcept>
#include <utility>

#include "graph.h"

namespace lenet::graph {
namespace {

constexpr double CERTAIN = std::numeric_limits<double>::infinity();

// log(sum of exp) of some scores; factoring out the best keeps it accurate however large they are. (Eq. 14)
double log_sum(const std::vector<double>& scores) {
  double best = IMPOSSIBLE;
  for (const double score : scores) best = std::max(best, score);
  if (best == IMPOSSIBLE || best == CERTAIN) return best;
  double sum = 0;
  for (const double score : scores) sum += std::exp(score - best);
  return best + std::log(sum);
}

// The forward score of each node, and of the whole graph.
struct Forward {
  std::vector<double> nodes;
  double total;
};

Forward forward_scores(const View& graph, const double* weights, const std::vector<std::int32_t>& order) {
  Forward result{std::vector<double>(graph.node_count, IMPOSSIBLE), IMPOSSIBLE};
  const Index in = entering(graph);
  std::vector<double> terms, ends;
  for (const std::int32_t node : order) {
    terms.clear();
    if (graph.nodes[node] & START) terms.push_back(0);
    for (const auto* a = in.begin(node); a != in.end(node); ++a)
      terms.push_back(plus(result.nodes[graph.arcs[*a].source], weights[*a]));
    result.nodes[node] = log_sum(terms);
    if (graph.nodes[node] & ACCEPT) ends.push_back(result.nodes[node]);
  }
  result.total = log_sum(ends);
  return result;
}

// ---- n best --------------------------------------------------------------------------------------------------------

// The best score from each node to an accepting one.
std::vector<double> best_endings(const View& graph, const double* weights, const Index& out,
                                 const std::vector<std::int32_t>& order) {
  std::vector<double> best(graph.node_count, IMPOSSIBLE);
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    if (graph.nodes[*node] & ACCEPT) best[*node] = 0;
    for (const auto* a = out.begin(*node); a != out.end(*node); ++a)
      best[*node] = std::max(best[*node], plus(weights[*a], best[graph.arcs[*a].target]));
  }
  return best;
}

// Strings in the order of their best scores: A* over prefixes, each standing at all the nodes that it can reach, so
// that no string is seen twice. What is added up is the loss against the best path, 0 along it to the last bit: the
// best end of a prefix loses nothing more, and with the newest first among equals it is gone straight to.
class BestStrings {
 public:
  BestStrings(const View& graph, const double* weights)
      : graph_(graph), weights_(weights), out_(leaving(graph)), rank_(graph.node_count) {
    const std::vector<std::int32_t> order = topological_order(graph);
    for (std::size_t k = 0; k < order.size(); ++k) rank_[order[k]] = static_cast<std::int32_t>(k);
    best_ = best_endings(graph, weights, out_, order);
  }

  std::vector<Path> run(std::size_t n) {
    std::vector<Path> paths;
    start();
    while (!queue_.empty() && paths.size() < n) {
      const Candidate next = queue_.top();
      queue_.pop();
      if (next.whole)
        paths.push_back(path(next.from));
      else
        extend(next.from, next.end);
    }
    return paths;
  }

 private:
  // A node that a prefix stands at, the least loss up to it, the arc it was entered by and the place before that.
  struct Place {
    std::int32_t node, arc, before;
    double loss;
  };
  // A prefix: places_[from] up to places_[end]; or, where it is whole, the last place of its best path.
  struct Candidate {
    double loss;
    std::int32_t from, end;
    bool whole;
    std::int64_t age;
    bool operator<(const Candidate& other) const {
      return loss != other.loss ? loss > other.loss : age < other.age;
    }
  };

  void start() {
    double top = IMPOSSIBLE;
    for (std::size_t n = 0; n < graph_.node_count; ++n)
      if (graph_.nodes[n] & START) top = std::max(top, best_[n]);
    if (top == CERTAIN) throw std::invalid_argument("the best score of the graph is infinite: there is no second best");
    std::vector<Place> places;
    for (std::size_t n = 0; n < graph_.node_count; ++n)
      if ((graph_.nodes[n] & START) && best_[n] > IMPOSSIBLE)
        places.push_back({static_cast<std::int32_t>(n), -1, -1, top - best_[n]});
    add(places);
  }

  // A prefix from the places that its last label leads to: of each node the best one, and what null arcs add.
  void add(std::vector<Place> places) {
    if (places.empty()) return;
    const auto later = [&](const Place& a, const Place& b) {
      if (a.node != b.node) return rank_[a.node] > rank_[b.node];
      return a.loss != b.loss ? a.loss > b.loss : a.arc > b.arc;
    };
    std::priority_queue<Place, std::vector<Place>, decltype(later)> waiting(later, std::move(places));
    const auto from = static_cast<std::int32_t>(places_.size());
    double least = CERTAIN;
    for (; !waiting.empty(); waiting.pop()) {
      const Place place = waiting.top();
      if (static_cast<std::int32_t>(places_.size()) > from && places_.back().node == place.node) continue;
      places_.push_back(place);
      least = std::min(least, place.loss);
      const auto here = static_cast<std::int32_t>(places_.size()) - 1;
      for (const auto* a = out_.begin(place.node); a != out_.end(place.node); ++a)
        if (is_null(graph_.arcs[*a]) && leads_on(*a)) waiting.push(step(here, *a));  // its rank is higher: not yet seen
    }
    queue_.push({least, from, static_cast<std::int32_t>(places_.size()), false, age_++});
  }

  // The prefix may be whole, or one label longer.
  void extend(std::int32_t from, std::int32_t end) {
    std::vector<Place> longer;
    Candidate whole{CERTAIN, -1, -1, true, 0};
    for (std::int32_t here = from; here < end; ++here) {
      const std::int32_t node = places_[here].node;
      const double loss = places_[here].loss + best_[node];  // of ending in this node, if it accepts
      if ((graph_.nodes[node] & ACCEPT) && loss < whole.loss) whole.loss = loss, whole.from = here;
      for (const auto* a = out_.begin(node); a != out_.end(node); ++a)
        if (!is_null(graph_.arcs[*a]) && leads_on(*a)) longer.push_back(step(here, *a));
    }
    const auto label = [&](const Place& place) {
      return std::pair(graph_.arcs[place.arc].input, graph_.arcs[place.arc].output);
    };
    std::stable_sort(longer.begin(), longer.end(), [&](auto& a, auto& b) { return label(a) < label(b); });
    for (auto first = longer.begin(); first != longer.end();) {
      const auto last = std::find_if(first, longer.end(), [&](auto& place) { return label(place) != label(*first); });
      add({first, last});
      first = last;
    }
    whole.age = age_++;
    if (whole.from >= 0) queue_.push(whole);
  }

  bool is_null(const Arc& arc) const { return arc.input == EPSILON && arc.output == EPSILON; }
  bool leads_on(std::int32_t arc) const {
    return plus(weights_[arc], best_[graph_.arcs[arc].target]) > IMPOSSIBLE;
  }
  Place step(std::int32_t place, std::int32_t arc) const {
    const Arc& move = graph_.arcs[arc];
    const double lost = best_[move.source] - plus(weights_[arc], best_[move.target]);
    return {move.target, arc, place, places_[place].loss + lost};
  }

  Path path(std::int32_t place) const {
    Path path{0, {}};
    for (; places_[place].arc >= 0; place = places_[place].before) path.arcs.push_back(places_[place].arc);
    std::reverse(path.arcs.begin(), path.arcs.end());
    for (const std::int32_t arc : path.arcs) path.score = plus(path.score, weights_[arc]);
    return path;
  }

  const View& graph_;
  const double* weights_;
  const Index out_;
  std::vector<std::int32_t> rank_;
  std::vector<double> best_;
  std::vector<Place> places_;
  std::priority_queue<Candidate> queue_;
  std::int64_t age_ = 0;
};

}  // namespace

Path viterbi(const View& graph, const double* weights) {
  std::vector<double> best(graph.node_count, IMPOSSIBLE);
  std::vector<std::int32_t> by(graph.node_count, -1);
  const Index in = entering(graph);
  std::int32_t end = -1;
  for (const std::int32_t node : topological_order(graph)) {
    if (graph.nodes[node] & START) best[node] = 0;
    for (const auto* a = in.begin(node); a != in.end(node); ++a) {
      const double score = plus(best[graph.arcs[*a].source], weights[*a]);
      if (score > best[node]) best[node] = score, by[node] = *a;
    }
    if ((graph.nodes[node] & ACCEPT) && (end < 0 ? best[node] > IMPOSSIBLE : best[node] > best[end])) end = node;
  }
  if (end < 0) return {IMPOSSIBLE, {}};
  Path path{best[end], {}};
  for (std::int32_t node = end; by[node] >= 0; node = graph.arcs[by[node]].source) path.arcs.push_back(by[node]);
  std::reverse(path.arcs.begin(), path.arcs.end());
  return path;
}

double forward(const View& graph, const double* weights, double* shares) {
  const std::vector<std::int32_t> order = topological_order(graph);
  const Forward scores = forward_scores(graph, weights, order);
  if (shares == nullptr) return scores.total;
  std::fill(shares, shares + graph.arc_count, 0.0);
  if (!std::isfinite(scores.total)) return scores.total;
  const Index out = leaving(graph);
  std::vector<double> nodes(graph.node_count, 0.0);  // the share of the paths through each node
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    if (graph.nodes[*node] & ACCEPT) nodes[*node] += std::exp(scores.nodes[*node] - scores.total);
    for (const auto* a = out.begin(*node); a != out.end(*node); ++a) {
      const std::int32_t target = graph.arcs[*a].target;
      if (nodes[target] == 0) continue;  // also keeps the impossible out of the difference below
      shares[*a] = nodes[target] * std::exp(plus(scores.nodes[*node], weights[*a]) - scores.nodes[target]);
      nodes[*node] += shares[*a];
    }
  }
  return scores.total;
}

std::vector<Path> n_best(const View& graph, const double* weights, std::size_t n) {
  return BestStrings(graph, weights).run(n);
}

}  // namespace lenet::graph
