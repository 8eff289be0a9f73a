#include "prefix.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lenet::prefix {
namespace {

constexpr double IMPOSSIBLE = -std::numeric_limits<double>::infinity();

double log_add(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == IMPOSSIBLE || b - a < -40 ? a : a + std::log1p(std::exp(b - a));
}

// Sums over alignments are written once, over probabilities or over their logarithms.
//
// Frames are probabilities that add up to 1. No sum of alignments then exceeds 1, so that all that matters to a sum is at
// least as large as it: where the sum is above the SMALLEST, nothing that was lost for being too small matters to it.
template <typename Real, int smallest>
struct Linear {
  using Value = Real;
  static constexpr Real zero = 0, one = 1, lost = std::numeric_limits<Real>::min() * Real(1e18);  // denormals are slow
  static constexpr double SMALLEST = smallest;
  static Real add(Real a, Real b) { return a + b; }
  static Real times(Real a, Real b) { return a * b < lost ? 0 : a * b; }
  static Real over(Real a, Real b) { return a / b; }
  static Real of(double score) { return std::exp(Real(score)); }
  static double score(Real value) { return double(std::log(value)); }
};
using Doubles = Linear<double, -600>;
using LongDoubles = Linear<long double, std::numeric_limits<long double>::min_exponent / 2>;
struct Logarithms {
  using Value = double;
  static constexpr double zero = IMPOSSIBLE, one = 0;
  static constexpr double SMALLEST = IMPOSSIBLE;
  static double add(double a, double b) { return log_add(a, b); }
  static double times(double a, double b) { return a + b; }
  static double over(double a, double b) { return a - b; }
  static double of(double score) { return score; }
  static double score(double value) { return value; }
};

template <typename Ring>
struct Frames {
  std::vector<typename Ring::Value> values;
  double scale = 0;  // what was taken from the logarithms, in all
  std::int64_t count, symbols;

  explicit Frames(const Emissions& field)
      : values(field.frames * field.symbols), count(field.frames), symbols(field.symbols) {
    for (std::int64_t t = 0; t < count; ++t) {
      const float* scores = field.frame(t);
      const double best = *std::max_element(scores, scores + symbols);
      if (best == IMPOSSIBLE) {
        scale = IMPOSSIBLE;
        return;
      }
      typename Ring::Value *row = values.data() + t * symbols, sum = Ring::zero;
      for (std::int64_t s = 0; s < symbols; ++s) sum = Ring::add(sum, row[s] = Ring::of(scores[s] - best));
      for (std::int64_t s = 0; s < symbols; ++s) row[s] = Ring::over(row[s], sum);
      scale += best + Ring::score(sum);
    }
  }
  const typename Ring::Value* row(std::int64_t t) const { return values.data() + t * symbols; }
};

// Sum over the frames as fast as is exact. `sum` takes Frames; `more` is how far a sum may exceed what is added up last.
template <typename Sum>
double exactly(const Emissions& field, const Frames<Doubles>& frames, double more, Sum sum) {
  if (frames.scale == IMPOSSIBLE) return IMPOSSIBLE;
  double score = sum(frames);
  if (!(score > Doubles::SMALLEST + more)) score = sum(Frames<LongDoubles>(field));
  if (!(score > LongDoubles::SMALLEST + more)) score = sum(Frames<Logarithms>(field));
  return score + frames.scale;
}

// States 0, 2, ... are blanks before, between and after the symbols 1, 3, ...; of each the sum of the alignments that end
// in it. A blank may be passed over between two symbols that differ.
template <typename Ring>
double align(const Frames<Ring>& frames, const std::int32_t* symbols, std::int64_t length) {
  const std::int64_t states = 2 * length + 1;
  if (frames.count == 0) return length == 0 ? 0 : IMPOSSIBLE;
  std::vector<typename Ring::Value> sums(states + 2, Ring::zero);
  auto* at = sums.data() + 2;  // two states before the first, where nothing is
  for (std::int64_t t = 0; t < frames.count; ++t) {
    const auto* frame = frames.row(t);
    const std::int64_t first = std::max<std::int64_t>(0, states - 2 * (frames.count - t));
    for (std::int64_t s = std::min(states - 1, 2 * t + 1); s >= first; --s) {
      const std::int64_t k = s / 2;
      auto sum = Ring::add(at[s], at[s - 1]);
      if (s % 2 == 1 && k > 0 && symbols[k] != symbols[k - 1]) sum = Ring::add(sum, at[s - 2]);
      if (t == 0) sum = Ring::one;  // s is 0 or 1
      at[s] = Ring::times(sum, frame[s % 2 == 1 ? symbols[k] : 0]);
    }
  }
  return Ring::score(Ring::add(at[states - 1], length > 0 ? at[states - 2] : Ring::zero));
}

double exact_score(const Emissions& field, const Frames<Doubles>& frames, const std::vector<std::int32_t>& symbols) {
  return exactly(field, frames, 0, [&](const auto& each) {
    return align(each, symbols.data(), static_cast<std::int64_t>(symbols.size()));
  });
}

// First frame and end of each symbol in the best alignment; states are those of `align`.
std::vector<std::int32_t> best_spans(const Emissions& field, const std::vector<std::int32_t>& symbols) {
  const auto states = static_cast<std::int64_t>(2 * symbols.size() + 1);
  std::vector<double> sums(states + 2, IMPOSSIBLE);
  double* at = sums.data() + 2;
  std::vector<std::uint8_t> back(field.frames * states);  // by how many states each was reached
  for (std::int64_t t = 0; t < field.frames; ++t)
    for (std::int64_t s = states - 1; s >= 0; --s) {
      double best = at[s];
      std::uint8_t by = 0;
      if (at[s - 1] > best) best = at[s - 1], by = 1;
      if (s % 2 == 1 && s > 1 && symbols[s / 2] != symbols[s / 2 - 1] && at[s - 2] > best) best = at[s - 2], by = 2;
      if (t == 0) best = s < 2 ? 0 : IMPOSSIBLE;
      at[s] = best + field.frame(t)[s % 2 == 1 ? symbols[s / 2] : 0];
      back[t * states + s] = by;
    }
  std::vector<std::int32_t> spans(2 * symbols.size());
  std::int64_t s = states > 1 && at[states - 2] > at[states - 1] ? states - 2 : states - 1;
  for (std::int64_t t = field.frames - 1; t >= 0; s -= back[t * states + s], --t) {
    if (s % 2 == 0) continue;
    spans[s - 1] = static_cast<std::int32_t>(t);
    if (spans[s] == 0) spans[s] = static_cast<std::int32_t>(t) + 1;
  }
  return spans;
}

std::vector<float> peaks(const Emissions& field, const Found& found) {
  std::vector<float> most(found.symbols.size(), -std::numeric_limits<float>::infinity());
  for (std::size_t k = 0; k < most.size(); ++k)
    for (std::int32_t t = found.spans[2 * k]; t < found.spans[2 * k + 1]; ++t)
      most[k] = std::max(most[k], field.frame(t)[found.symbols[k]]);
  return most;
}

// ---- The beam ------------------------------------------------------------------------------------------------------

class Beam {
 public:
  Beam(const Emissions& field, const Acceptor& acceptor, std::int32_t width)
      : field_(field), acceptor_(acceptor), width_(width), taken_(width * std::size_t(acceptor.symbols()), 0) {}

  std::vector<Found> run(std::int32_t n_best) {
    nodes_.push_back({-1, 0, 0, -1, -1, -1, 0});
    if (acceptor_.needs(0, 0) <= field_.frames) slots_.push_back({0, 0, 0, IMPOSSIBLE});
    for (std::int64_t t = 0; t < field_.frames && !slots_.empty(); ++t) advance(t);
    std::vector<Found> found;
    const Frames<Doubles> frames(field_);
    for (const Slot& slot : slots_) {
      if (!acceptor_.accepts(nodes_[slot.node].state)) continue;
      std::vector<std::int32_t> symbols = spelled(slot.node);
      const double score = exact_score(field_, frames, symbols) + nodes_[slot.node].score;
      if (score > IMPOSSIBLE) found.push_back({score, std::move(symbols), {}, {}});
    }
    std::stable_sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.score > b.score; });
    if (found.size() > static_cast<std::size_t>(n_best)) found.resize(n_best);
    for (Found& each : found) {
      each.spans = best_spans(field_, each.symbols);
      each.peaks = peaks(field_, each);
    }
    return found;
  }

 private:
  // A prefix, as a node of the tree of all that were in the beam.
  struct Node {
    std::int32_t parent, symbol, state, child, sibling;
    std::int32_t slot;  // where it is in the beam, or -1
    double score;       // of the acceptor's moves
  };
  // A prefix in the beam: the sums over its alignments, all, those that end in a blank, and those in its last symbol.
  struct Slot {
    std::int32_t node;
    double total, blank, symbol;
  };
  // A prefix that may be in the next beam: one that stays (move is null), or one with a symbol more.
  struct Candidate {
    double total;
    std::int32_t slot;
    const Acceptor::Move* move;
    double blank, symbol;
  };

  void advance(std::int64_t t) {
    const float* emissions = field_.frame(t);
    const auto left = static_cast<std::int32_t>(field_.frames - t - 1);
    best_.clear();
    for (std::size_t i = 0; i < slots_.size(); ++i) nodes_[slots_[i].node].slot = static_cast<std::int32_t>(i);
    for (std::size_t i = 0; i < slots_.size(); ++i) stay(i, emissions, left);
    for (std::size_t i = 0; i < slots_.size(); ++i) extend(i, emissions, left);
    for (const Slot& slot : slots_) {
      const Node& node = nodes_[slot.node];
      if (node.parent >= 0 && nodes_[node.parent].slot >= 0) taken(nodes_[node.parent].slot, node.symbol) = 0;
    }
    for (const Slot& slot : slots_) nodes_[slot.node].slot = -1;
    next_.clear();
    for (const Candidate& candidate : best_) {
      std::int32_t node = slots_[candidate.slot].node;
      if (candidate.move != nullptr) node = child(node, *candidate.move);
      next_.push_back({node, candidate.total, candidate.blank, candidate.symbol});
    }
    slots_.swap(next_);
  }

  std::uint8_t& taken(std::int32_t slot, std::int32_t symbol) {
    return taken_[slot * std::size_t(acceptor_.symbols()) + symbol];
  }

  // The sum over alignments of a prefix after which a symbol may follow: not from itself without a blank between.
  double before(std::size_t slot, std::int32_t symbol) const {
    return nodes_[slots_[slot].node].symbol == symbol ? slots_[slot].blank : slots_[slot].total;
  }

  // The prefix as it is: a blank, its last symbol again, or that symbol for the first time after a parent that is in the
  // beam as well.
  void stay(std::size_t i, const float* emissions, std::int32_t left) {
    const Node& node = nodes_[slots_[i].node];
    double blank = slots_[i].total + emissions[0], symbol = IMPOSSIBLE;
    if (node.parent >= 0) {
      symbol = slots_[i].symbol + emissions[node.symbol];
      const Node& parent = nodes_[node.parent];
      if (parent.slot >= 0) {
        const double come = before(parent.slot, node.symbol) + emissions[node.symbol] + (node.score - parent.score);
        symbol = log_add(symbol, come);
        taken(parent.slot, node.symbol) = 1;
      }
    }
    if (acceptor_.needs(node.state, 0) > left) blank = IMPOSSIBLE;
    if (acceptor_.needs(node.state, node.symbol) > left) symbol = IMPOSSIBLE;
    offer({log_add(blank, symbol), static_cast<std::int32_t>(i), nullptr, blank, symbol});
  }

  void extend(std::size_t i, const float* emissions, std::int32_t left) {
    const std::int32_t state = nodes_[slots_[i].node].state;
    for (const auto* move = acceptor_.begin(state); move != acceptor_.end(state); ++move) {
      const double come = before(i, move->symbol) + emissions[move->symbol] + move->score;
      if (best_.size() == static_cast<std::size_t>(width_) && come <= best_.back().total) continue;
      if (taken(static_cast<std::int32_t>(i), move->symbol)) continue;
      if (acceptor_.needs(move->state, move->symbol) > left) continue;
      offer({come, static_cast<std::int32_t>(i), move, IMPOSSIBLE, come});
    }
  }

  // Keep the best, in their order; the first come first among equals.
  void offer(const Candidate& candidate) {
    if (candidate.total == IMPOSSIBLE) return;
    if (best_.size() == static_cast<std::size_t>(width_)) {
      if (candidate.total <= best_.back().total) return;
      best_.pop_back();
    }
    best_.push_back(candidate);
    for (std::size_t k = best_.size() - 1; k > 0 && best_[k].total > best_[k - 1].total; --k)
      std::swap(best_[k], best_[k - 1]);
  }

  std::int32_t child(std::int32_t parent, const Acceptor::Move& move) {
    for (std::int32_t node = nodes_[parent].child; node >= 0; node = nodes_[node].sibling)
      if (nodes_[node].symbol == move.symbol) return node;
    const auto node = static_cast<std::int32_t>(nodes_.size());
    nodes_.push_back({parent, move.symbol, move.state, -1, nodes_[parent].child, -1, nodes_[parent].score + move.score});
    nodes_[parent].child = node;
    return node;
  }

  std::vector<std::int32_t> spelled(std::int32_t node) const {
    std::vector<std::int32_t> symbols;
    for (; nodes_[node].parent >= 0; node = nodes_[node].parent) symbols.push_back(nodes_[node].symbol);
    std::reverse(symbols.begin(), symbols.end());
    return symbols;
  }

  const Emissions& field_;
  const Acceptor& acceptor_;
  const std::int32_t width_;
  std::vector<Node> nodes_;
  std::vector<Slot> slots_, next_;
  std::vector<std::uint8_t> taken_;  // of each slot and symbol: that prefix is in the beam already
  std::vector<Candidate> best_;
};

// ---- All accepted strings ------------------------------------------------------------------------------------------

// Cells: of each state one for alignments that end in a blank, and one for each symbol that leads to it.
class Cells {
 public:
  explicit Cells(const Acceptor& acceptor) : acceptor_(acceptor), first_(acceptor.states() + 1, 0) {
    std::vector<std::vector<std::int32_t>> leads(acceptor.states());
    for (std::int32_t state = 0; state < acceptor.states(); ++state)
      for (const auto* move = acceptor.begin(state); move != acceptor.end(state); ++move)
        leads[move->state].push_back(move->symbol);
    for (std::int32_t state = 0; state < acceptor.states(); ++state) {
      std::sort(leads[state].begin(), leads[state].end());
      leads[state].erase(std::unique(leads[state].begin(), leads[state].end()), leads[state].end());
      symbols_.push_back(0);
      symbols_.insert(symbols_.end(), leads[state].begin(), leads[state].end());
      first_[state + 1] = static_cast<std::int32_t>(symbols_.size());
    }
    for (std::int32_t state = 0; state < acceptor.states(); ++state)
      for (const auto* move = acceptor.begin(state); move != acceptor.end(state); ++move)
        links_.push_back({cell(state, move->symbol), cell(move->state, move->symbol), state, move->score});
  }

  template <typename Ring>
  double sum(const Frames<Ring>& frames) const {
    using Value = typename Ring::Value;
    std::vector<Value> now(symbols_.size(), Ring::zero), then(symbols_.size()), totals(acceptor_.states()), scores;
    for (const Link& link : links_) scores.push_back(Ring::of(link.score));
    now[0] = Ring::one;
    for (std::int64_t t = 0; t < frames.count; ++t) {
      const Value* frame = frames.row(t);
      then = now;
      for (std::int32_t state = 0; state < acceptor_.states(); ++state)
        then[first_[state]] = totals[state] = rest<Ring>(now, state, -1);
      for (std::size_t k = 0; k < links_.size(); ++k) {
        const Link& link = links_[k];
        const Value come = link.same < 0 ? totals[link.state] : rest<Ring>(now, link.state, link.same);
        then[link.to] = Ring::add(then[link.to], Ring::times(come, scores[k]));
      }
      for (std::size_t k = 0; k < symbols_.size(); ++k) now[k] = Ring::times(then[k], frame[symbols_[k]]);
    }
    Value total = Ring::zero;
    for (std::int32_t state = 0; state < acceptor_.states(); ++state)
      if (acceptor_.accepts(state)) total = Ring::add(total, rest<Ring>(now, state, -1));
    return Ring::score(total);
  }

 private:
  struct Link {
    std::int32_t same, to, state;  // same: the cell that may not go on to this symbol without a blank, or -1
    double score;
  };

  std::int32_t cell(std::int32_t state, std::int32_t symbol) const {
    const auto first = symbols_.begin() + first_[state], last = symbols_.begin() + first_[state + 1];
    const auto found = std::lower_bound(first, last, symbol);
    return found != last && *found == symbol ? static_cast<std::int32_t>(found - symbols_.begin()) : -1;
  }

  // The sum over a state's cells but one; not by a difference, which would drown what is small.
  template <typename Ring>
  typename Ring::Value rest(const std::vector<typename Ring::Value>& cells, std::int32_t state,
                            std::int32_t without) const {
    typename Ring::Value sum = Ring::zero;
    for (std::int32_t k = first_[state]; k < first_[state + 1]; ++k)
      if (k != without) sum = Ring::add(sum, cells[k]);
    return sum;
  }

  const Acceptor& acceptor_;
  std::vector<std::int32_t> first_, symbols_;  // of each state its cells, of each cell its symbol
  std::vector<Link> links_;
};

}  // namespace

Acceptor::Acceptor(const std::int32_t* next, const std::uint8_t* accepting, const float* scores, std::int32_t states,
                   std::int32_t symbols)
    : states_(states), symbols_(symbols), accepting_(accepting, accepting + states), first_(1, 0) {
  const auto fill = [&](bool all) {
    moves_.clear();
    first_.assign(1, 0);
    for (std::int32_t state = 0; state < states; ++state) {
      for (std::int32_t symbol = 1; symbol < symbols; ++symbol) {
        const std::size_t entry = state * std::size_t(symbols) + symbol;
        const double score = scores == nullptr ? 0 : scores[entry];
        if (next[entry] < 0 || score == IMPOSSIBLE || (!all && needs(next[entry], symbol) == NEVER)) continue;
        moves_.push_back({symbol, next[entry], score});
        most_score_ = std::max(most_score_, score);
      }
      first_.push_back(static_cast<std::int32_t>(moves_.size()));
    }
  };
  fill(true);
  find_needs();
  fill(false);
}

// Breadth first, back from the accepting states, over pairs of a state and the symbol on the last frame: one frame more
// shows another symbol, or a blank, after which any symbol may come.
void Acceptor::find_needs() {
  const std::size_t width = symbols_;
  needs_.assign(states_ * width, NEVER);
  struct Edge {
    std::int32_t state, symbol;
  };
  std::vector<std::vector<Edge>> into(states_);
  for (std::int32_t state = 0; state < states_; ++state)
    for (const Move* move = begin(state); move != end(state); ++move) into[move->state].push_back({state, move->symbol});
  std::vector<std::size_t> queue;
  const auto visit = [&](std::int32_t state, std::int32_t last, std::int32_t frames) {
    std::int32_t& need = needs_[state * width + last];
    if (need != NEVER) return;
    need = frames;
    queue.push_back(state * width + last);
  };
  for (std::int32_t state = 0; state < states_; ++state)
    for (std::int32_t last = 0; last < symbols_ && accepting_[state]; ++last) visit(state, last, 0);
  for (std::size_t q = 0; q < queue.size(); ++q) {
    const auto state = static_cast<std::int32_t>(queue[q] / width), last = static_cast<std::int32_t>(queue[q] % width);
    const std::int32_t frames = needs_[queue[q]] + 1;
    if (last == 0)
      for (std::int32_t other = 1; other < symbols_; ++other) visit(state, other, frames);
    else
      for (const Edge& edge : into[state])
        if (edge.symbol == last)
          for (std::int32_t other = 0; other < symbols_; ++other)
            if (other != last) visit(edge.state, other, frames);
  }
}

std::vector<Found> search(const Emissions& field, const Acceptor& acceptor, std::int32_t beam, std::int32_t n_best) {
  return Beam(field, acceptor, beam).run(n_best);
}

double accepted_score(const Emissions& field, const Acceptor& acceptor) {
  const Cells cells(acceptor);
  const double more = static_cast<double>(field.frames) * acceptor.most_score();
  return exactly(field, Frames<Doubles>(field), more, [&](const auto& frames) { return cells.sum(frames); });
}

double string_score(const Emissions& field, const std::int32_t* symbols, std::int64_t length) {
  return exact_score(field, Frames<Doubles>(field), {symbols, symbols + length});
}

}  // namespace lenet::prefix
