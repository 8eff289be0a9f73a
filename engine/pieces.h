// From a picture on even paper to its ink, from ink to strokes, and from strokes to the piece that a character is, made
// ready to be normalised. No Python, no global state; src/lenet/documents/ says what for.
#pragma once

#include <cstdint>
#include <optional>

#include "fields.h"
#include "glyphs.h"

namespace lenet::pieces {

using fields::Grey;
using glyphs::Ink;

// The largest value at most `reach` rows and columns away; outside everything is 0. Windows double from step to step,
// so it costs the logarithm of their size.
Grey largest_near(const Ink& values, std::int64_t reach);

// Stretch what is above a floor to full ink: its upper tenth is 255, half of the floor is 0.
Grey stretched(const Ink& kept, double floor);

// Ink where paper is of a single grey, all along the border, and all else clearly on one side of it.
std::optional<Grey> even_ink(const Ink& picture);

// 1 where a pixel has half the ink of the fullest one close by.
Grey strokes(const Ink& ink);

// Ink that belongs together, stretched to full ink, where it stands, and how wide its strokes are in pixels.
struct Piece {
  std::int64_t left = 0, top = 0;
  Grey ink;
  double stroke = 0;
};

// The piece whose marks (1, else 0) have their left top corner there, with a pixel of grey edge inside their rectangle.
Piece cut(const Ink& ink, const Ink& marks, std::int64_t left, std::int64_t top);

// The one connected stroke on a picture, where that has to be a character.
std::optional<Piece> single(const Ink& ink);

// A piece's ink, strokes as thick as those that networks learn from.
Grey thick_enough(const Ink& ink, double stroke);

// Normalise the single piece of a picture on even paper into 28 x 28; false where it is no such picture.
bool even_glyph(const Ink& picture, std::uint8_t* image);

}  // namespace lenet::pieces
