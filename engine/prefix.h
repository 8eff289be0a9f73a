// What a field spells. A network gives each frame a score for each symbol, of which symbol 0, the blank, says nothing;
// a string is the sum over all its alignments: symbols that stand on frames next to each other are one, then blanks go
// (the character model of LeCun et al. 1998, section VII). A deterministic acceptor says which strings there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trellis.h"

namespace lenet::prefix {

using trellis::Emissions;

// A deterministic acceptor, made ready to search with. Strings begin in state 0.
class Acceptor {
 public:
  struct Move {
    std::int32_t symbol, state;
    double score;
  };

  // next[state * symbols + symbol] is a state, or -1; next is -1 for the blank. scores, one an entry of next, may be
  // null, and is below +inf.
  Acceptor(const std::int32_t* next, const std::uint8_t* accepting, const float* scores, std::int32_t states,
           std::int32_t symbols);

  std::int32_t states() const { return states_; }
  std::int32_t symbols() const { return symbols_; }
  double most_score() const { return most_score_; }
  bool accepts(std::int32_t state) const { return accepting_[state] != 0; }
  const Move* begin(std::int32_t state) const { return moves_.data() + first_[state]; }
  const Move* end(std::int32_t state) const { return moves_.data() + first_[state + 1]; }

  // The fewest frames in which a string may still be completed, whose last frame shows `last`.
  std::int32_t needs(std::int32_t state, std::int32_t last) const { return needs_[state * std::size_t(symbols_) + last]; }
  static constexpr std::int32_t NEVER = 1 << 30;

 private:
  void find_needs();

  std::int32_t states_, symbols_;
  double most_score_ = 0;
  std::vector<std::uint8_t> accepting_;
  std::vector<std::int32_t> first_, needs_;
  std::vector<Move> moves_;  // those that can still lead to a whole string
};

struct Found {
  double score;                       // of all alignments together, and of the acceptor's moves
  std::vector<std::int32_t> symbols;  // without blanks
  std::vector<std::int32_t> spans;    // first frame and end of each symbol, in the best alignment
  std::vector<float> peaks;           // what the emissions give each symbol there at most
};

// The best accepted strings, best first: a beam over prefixes, each with the sum over its alignments, in which every
// prefix can still be completed; whatever is whole at the end is then summed again exactly. Found is something as soon
// as an accepted string is possible at all. The emissions are logarithms up to a constant a frame.
std::vector<Found> search(const Emissions& field, const Acceptor& acceptor, std::int32_t beam, std::int32_t n_best);

// The log of the sum of exp(score) over all accepted strings and all their alignments.
double accepted_score(const Emissions& field, const Acceptor& acceptor);

// The log of the sum of exp(score) over all alignments of one string.
double string_score(const Emissions& field, const std::int32_t* symbols, std::int64_t length);

}  // namespace lenet::prefix
