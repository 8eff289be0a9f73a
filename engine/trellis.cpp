#include "trellis.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace lenet::trellis {
namespace {

using graph::EPSILON;
using graph::IMPOSSIBLE;
constexpr double NOTHING = -40;  // exp of it is below the last bit of 1

// Sums of probabilities that are below LOST are 0: they could not matter to a sum above exp(SMALLEST).
constexpr double LOST = 1e-290, SMALLEST = -600;
double kept(double sum) { return sum < LOST ? 0 : sum; }

// Useful nodes, each after those from which null arcs lead to it.
std::vector<std::int32_t> null_order(const graph::View& graph, const std::vector<std::uint8_t>& used) {
  std::vector<graph::Arc> null;
  for (std::size_t a = 0; a < graph.arc_count; ++a) {
    const graph::Arc& arc = graph.arcs[a];
    if (arc.input == EPSILON && used[arc.source] && used[arc.target]) null.push_back(arc);
  }
  std::vector<std::uint8_t> ends(graph.node_count, 0);
  for (std::size_t n = 0; n < graph.node_count; ++n) ends[n] = used[n] ? graph::START | graph::ACCEPT : 0;
  return graph::topological_order({ends.data(), graph.node_count, null.data(), null.size()});
}

void check_cells(std::int64_t frames, std::size_t nodes) {
  if ((frames + 1) * static_cast<std::int64_t>(nodes) > MOST_CELLS)
    throw std::length_error("the field has too many frames for a graph of so many nodes");
}

}  // namespace

Ready::Ready(const graph::View& graph, const double* weights, std::int64_t symbols)
    : node_count_(graph.node_count), arc_count_(graph.arc_count) {
  for (std::size_t a = 0; a < graph.arc_count; ++a) {
    if (graph.arcs[a].input >= symbols) throw std::invalid_argument("an input label is no symbol of the emissions");
    if (weights[a] == -IMPOSSIBLE) throw std::invalid_argument("a weight is +inf");
  }
  const std::vector<std::uint8_t> used = graph::useful(graph);
  const std::vector<std::int32_t> order = null_order(graph, used);
  for (const std::int32_t node : order) {
    if (graph.nodes[node] & graph::START) starts_.push_back(node);
    if (graph.nodes[node] & graph::ACCEPT) accepts_.push_back(node);
  }
  const graph::Index in = graph::entering(graph);
  for (const bool null : {false, true})
    for (const std::int32_t node : order) {
      const auto first = static_cast<std::int32_t>(steps_.size());
      for (const auto* a = in.begin(node); a != in.end(node); ++a) {
        const graph::Arc& arc = graph.arcs[*a];
        if (used[arc.source] && (arc.input == EPSILON) == null)
          steps_.push_back({arc.source, arc.input, *a, weights[*a]});
      }
      const auto last = static_cast<std::int32_t>(steps_.size());
      if (last > first) (null ? null_ : moving_).push_back({node, first, last});
    }
  for (const Step& step : steps_) factors_.push_back(std::exp(step.weight));
  find_growth();
}

// Frames as probabilities multiply a node's sum by at most its arcs' factors, those of one label added up.
void Ready::find_growth() {
  std::vector<std::size_t> order;
  for (std::size_t k = 0; k < steps_.size(); ++k)
    if (steps_[k].label != EPSILON) order.push_back(k);
  const auto key = [&](std::size_t k) { return std::pair(steps_[k].source, steps_[k].label); };
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return key(a) < key(b); });
  double sum = 0, most = 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && key(order[i]) != key(order[i - 1])) sum = 0;
    most = std::max(most, sum += factors_[order[i]]);
  }
  growth_ = std::log(most);
}

void Ready::begin(double* scores) const {
  std::fill(scores, scores + node_count_, IMPOSSIBLE);
  for (const std::int32_t node : starts_) scores[node] = 0;
  settle(scores);
}

// scores(node) = log sum over arcs a into it of exp(before(source a) + weight a + emission(label a)).
void Ready::advance(const float* emissions, const double* before, double* after) const {
  std::fill(after, after + node_count_, IMPOSSIBLE);
  double terms[64];
  for (const Target& target : moving_) {
    double best = IMPOSSIBLE;
    const std::int32_t count = target.last - target.first;
    const auto term = [&](std::int32_t k) {
      const Step& step = steps_[target.first + k];
      return before[step.source] + step.weight + emissions[step.label];
    };
    for (std::int32_t k = 0; k < count; ++k) {
      const double score = term(k);
      if (k < 64) terms[k] = score;
      best = std::max(best, score);
    }
    if (best == IMPOSSIBLE) continue;
    double sum = 0;
    for (std::int32_t k = 0; k < count; ++k) {
      const double below = (k < 64 ? terms[k] : term(k)) - best;
      if (below == 0)
        sum += 1;
      else if (below > NOTHING)
        sum += std::exp(below);
    }
    after[target.node] = sum == 1 ? best : best + std::log(sum);
  }
  settle(after);
}

// Add what null arcs bring within a frame.
void Ready::settle(double* scores) const {
  for (const Target& target : null_) {
    double best = scores[target.node];
    for (std::int32_t k = target.first; k < target.last; ++k)
      best = std::max(best, scores[steps_[k].source] + steps_[k].weight);
    if (best == IMPOSSIBLE) continue;
    double sum = std::exp(scores[target.node] - best);
    for (std::int32_t k = target.first; k < target.last; ++k)
      sum += std::exp(scores[steps_[k].source] + steps_[k].weight - best);
    scores[target.node] = best + std::log(sum);
  }
}

double Ready::forward(const Emissions& field, float* by_frames, double* by_arcs) const {
  double in_doubles;
  if (forward_in_doubles(field, by_frames, by_arcs, in_doubles)) return in_doubles;
  const bool wanted = by_frames != nullptr || by_arcs != nullptr;
  if (wanted) check_cells(field.frames, node_count_);
  const std::size_t rows = wanted ? field.frames + 1 : 2;
  std::vector<double> scores(rows * node_count_);
  begin(scores.data());
  for (std::int64_t t = 0; t < field.frames; ++t)
    advance(field.frame(t), scores.data() + t % rows * node_count_, scores.data() + (t + 1) % rows * node_count_);
  const double* last = scores.data() + field.frames % rows * node_count_;
  double best = IMPOSSIBLE, sum = 0;
  for (const std::int32_t node : accepts_) best = std::max(best, last[node]);
  for (const std::int32_t node : accepts_)
    if (best > IMPOSSIBLE) sum += std::exp(last[node] - best);
  const double total = best > IMPOSSIBLE ? best + std::log(sum) : IMPOSSIBLE;
  if (wanted) share(field, scores, total, by_frames, by_arcs);
  return total;
}

// Hand the paths of each node, from the last frame to the first, to the arcs that bring them. (Eqs. 15, 16)
void Ready::share(const Emissions& field, const std::vector<double>& scores, double total, float* by_frames,
                  double* by_arcs) const {
  if (by_frames != nullptr) std::fill(by_frames, by_frames + field.frames * field.symbols, 0.0f);
  if (by_arcs != nullptr) std::fill(by_arcs, by_arcs + arc_count_, 0.0);
  if (total == IMPOSSIBLE) return;
  std::vector<double> shares(node_count_, 0.0), before(node_count_), symbols(field.symbols);
  const double* here = scores.data() + field.frames * node_count_;
  for (const std::int32_t node : accepts_) shares[node] += std::exp(here[node] - total);
  for (std::int64_t t = field.frames; t >= 0; --t) {
    here = scores.data() + t * node_count_;
    for (auto target = null_.rbegin(); target != null_.rend(); ++target) {
      if (shares[target->node] == 0) continue;
      for (std::int32_t k = target->first; k < target->last; ++k) {
        const Step& step = steps_[k];
        const double part = shares[target->node] * std::exp(here[step.source] + step.weight - here[target->node]);
        shares[step.source] += part;
        if (by_arcs != nullptr) by_arcs[step.arc] += part;
      }
    }
    if (t == 0) break;
    const float* emissions = field.frame(t - 1);
    const double* past = here - node_count_;
    std::fill(before.begin(), before.end(), 0.0);
    std::fill(symbols.begin(), symbols.end(), 0.0);
    for (const Target& target : moving_) {
      const double whole = shares[target.node];
      if (whole == 0) continue;
      for (std::int32_t k = target.first; k < target.last; ++k) {
        const Step& step = steps_[k];
        const double below = past[step.source] + step.weight + emissions[step.label] - here[target.node];
        if (below <= NOTHING) continue;
        const double part = below == 0 ? whole : whole * std::exp(below);
        before[step.source] += part;
        symbols[step.label] += part;
        if (by_arcs != nullptr) by_arcs[step.arc] += part;
      }
    }
    if (by_frames != nullptr)
      for (std::int64_t s = 0; s < field.symbols; ++s)
        by_frames[(t - 1) * field.symbols + s] = static_cast<float>(symbols[s]);
    shares.swap(before);
  }
}

// The same with products instead of sums of logarithms, ten times as fast, where nothing is lost by it: without null
// arcs, and where the sum is far from the smallest double. Says whether it was. Sums are at most exp(growth * frames).
bool Ready::forward_in_doubles(const Emissions& field, float* by_frames, double* by_arcs, double& total) const {
  if (!null_.empty() || !std::isfinite(growth_ * field.frames)) return false;
  const bool wanted = by_frames != nullptr || by_arcs != nullptr;
  if (wanted) check_cells(field.frames, node_count_);
  std::vector<double> frames(field.frames * field.symbols);
  double scale = 0;
  for (std::int64_t t = 0; t < field.frames; ++t) {
    const float* scores = field.frame(t);
    double *row = frames.data() + t * field.symbols, sum = 0;
    const double best = *std::max_element(scores, scores + field.symbols);
    if (best == IMPOSSIBLE) return false;
    for (std::int64_t s = 0; s < field.symbols; ++s) sum += row[s] = std::exp(scores[s] - best);
    for (std::int64_t s = 0; s < field.symbols; ++s) row[s] /= sum;
    scale += best + std::log(sum);
  }
  const std::size_t rows = wanted ? field.frames + 1 : 2;
  std::vector<double> sums(rows * node_count_, 0.0);
  for (const std::int32_t node : starts_) sums[node] = 1;
  for (std::int64_t t = 0; t < field.frames; ++t) {
    const double *frame = frames.data() + t * field.symbols, *before = sums.data() + t % rows * node_count_;
    double* after = sums.data() + (t + 1) % rows * node_count_;
    if (t == 1) std::fill(after, after + node_count_, 0.0);  // where rows are reused, the starts stand there
    for (const Target& target : moving_) {
      double sum = 0;
      for (std::int32_t k = target.first; k < target.last; ++k)
        sum += before[steps_[k].source] * factors_[k] * frame[steps_[k].label];
      after[target.node] = kept(sum);
    }
  }
  double sum = 0;
  for (const std::int32_t node : accepts_) sum += sums[field.frames % rows * node_count_ + node];
  if (!(std::log(sum) > SMALLEST + growth_ * field.frames)) return false;
  if (wanted) share_in_doubles(field, frames, sums, sum, by_frames, by_arcs);
  total = std::log(sum) + scale;
  return true;
}

// Products of the sums before each arc and after it, over the whole. (Eqs. 15, 16)
void Ready::share_in_doubles(const Emissions& field, const std::vector<double>& frames, const std::vector<double>& sums,
                             double total, float* by_frames, double* by_arcs) const {
  if (by_arcs != nullptr) std::fill(by_arcs, by_arcs + arc_count_, 0.0);
  std::vector<double> after(node_count_, 0.0), before(node_count_), symbols(field.symbols);
  for (const std::int32_t node : accepts_) after[node] = 1 / total;
  for (std::int64_t t = field.frames - 1; t >= 0; --t) {
    const double *frame = frames.data() + t * field.symbols, *here = sums.data() + t * node_count_;
    std::fill(before.begin(), before.end(), 0.0);
    std::fill(symbols.begin(), symbols.end(), 0.0);
    for (const Target& target : moving_) {
      const double rest = after[target.node];
      if (rest == 0) continue;
      for (std::int32_t k = target.first; k < target.last; ++k) {
        const Step& step = steps_[k];
        const double way = factors_[k] * frame[step.label] * rest;
        const double part = here[step.source] * way;
        before[step.source] += way;
        symbols[step.label] += part;
        if (by_arcs != nullptr) by_arcs[step.arc] += part;
      }
    }
    for (std::size_t n = 0; n < node_count_; ++n) after[n] = kept(before[n]);
    if (by_frames != nullptr)
      for (std::int64_t s = 0; s < field.symbols; ++s)
        by_frames[t * field.symbols + s] = static_cast<float>(symbols[s]);
  }
}

Alignment Ready::viterbi(const Emissions& field) const {
  check_cells(field.frames, node_count_);
  std::vector<double> before(node_count_), after(node_count_, IMPOSSIBLE);
  std::vector<std::int32_t> by((field.frames + 1) * node_count_, -1);  // the step that entered each node at each frame
  for (const std::int32_t node : starts_) after[node] = 0;
  const auto take = [&](const std::vector<Target>& targets, const double* from, const float* emissions,
                        std::int32_t* steps) {
    for (const Target& target : targets)
      for (std::int32_t k = target.first; k < target.last; ++k) {
        const Step& step = steps_[k];
        const double score = from[step.source] + step.weight + (emissions == nullptr ? 0 : emissions[step.label]);
        if (score > after[target.node]) after[target.node] = score, steps[target.node] = k;
      }
  };
  take(null_, after.data(), nullptr, by.data());
  for (std::int64_t t = 0; t < field.frames; ++t) {
    before.swap(after);
    std::fill(after.begin(), after.end(), IMPOSSIBLE);
    take(moving_, before.data(), field.frame(t), by.data() + (t + 1) * node_count_);
    take(null_, after.data(), nullptr, by.data() + (t + 1) * node_count_);
  }
  std::int32_t end = -1;
  for (const std::int32_t node : accepts_)
    if (after[node] > (end < 0 ? IMPOSSIBLE : after[end])) end = node;
  if (end < 0) return {IMPOSSIBLE, {}, {}};
  Alignment best{after[end], {}, {}};
  std::int64_t t = field.frames;
  for (std::int32_t node = end; by[t * node_count_ + node] >= 0;) {
    const Step& step = steps_[by[t * node_count_ + node]];
    if (step.label != EPSILON) --t;
    best.arcs.push_back(step.arc);
    best.frames.push_back(static_cast<std::int32_t>(t));
    node = step.source;
  }
  std::reverse(best.arcs.begin(), best.arcs.end());
  std::reverse(best.frames.begin(), best.frames.end());
  return best;
}

}  // namespace lenet::trellis
