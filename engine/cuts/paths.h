// The ways that cuts may take through a field's ink.
#pragma once

#include <cstdint>
#include <vector>

#include "../cuts.h"

namespace lenet::cuts {

constexpr float FULL = 255;   // cost of a pixel of full ink
constexpr float FREE = 0.3f;  // strokes: a cut that goes through less ink than this goes through paper

struct Path {
  std::vector<std::int32_t> columns;  // in every row; the first column right of it
  std::int32_t ink = 0;               // gone through, FULL for a pixel
  std::int32_t sideways = 0;          // pixels moved
  std::int64_t area = 0;              // of strokes left of it
};

// The cheapest paths through ink, from left to right, none crossing another: a good many more than there are
// characters. The text's stroke is at least 1.
std::vector<Path> cheapest_paths(const fields::Grey& ink, const fields::Text& text);

// Pixels of strokes that have to be left on either side of a cut: a dot, where it goes through paper, else a piece of
// a stroke, given in heights of the text squared. `ink` is what it goes through, in strokes.
double least_area(float ink, const fields::Text& text, float least_piece);

}  // namespace lenet::cuts
