// Heuristic over-segmentation: the ink of a field cut into atoms, of which every character is one or a few neighbours,
// and the segments that characters may be. A cut is the cheapest way from the top of the field to its bottom: around
// what it hits, and through a stroke where that is short. No Python, no global state.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fields.h"

namespace lenet::cuts {

constexpr std::size_t MOST_CUTS = 1023;  // of a field; the cheapest are kept
constexpr int MOST_ATOMS = 4;            // in one segment, so that there are at most 4 * 1024 segments
constexpr std::size_t FEATURES = 12;

// A way between two neighbouring atoms. Lengths are in heights of the text.
struct Cut {
  float probability = 0;  // that no character lies on both sides
  float ink = 0;          // how much ink it goes through, in widths of a stroke
  float gap = 0;          // between the atoms on its two sides; below 0 where they overlap
  float shift = 0;        // how far it moves sideways
  std::array<float, FEATURES> features{};
  std::vector<std::int32_t> path;  // the first column right of it, in every row
};

// The strokes of an atom: right and bottom are exclusive.
struct Atom {
  std::int32_t left, top, right, bottom, area;
};

struct Atoms {
  std::vector<Cut> cuts;  // from left to right, cut k between atoms k and k + 1
  std::vector<Atom> atoms;
  fields::Plane<std::int32_t> labels;  // 0 where there is no ink, else the number of the atom, from 1
};

// Cut ink into atoms. Without strokes there are none. `every`: keep all cuts, however improbable.
Atoms over_segment(const fields::Grey& ink, const fields::Text& text, bool every = false);

// Atoms `first` to `last`, both from 0 and inclusive.
struct Segment {
  std::int32_t first, last;
};

// All atoms, and the runs of neighbours that are no wider than a character and have no wide gap inside.
std::vector<Segment> segments(const std::vector<Atom>& atoms, const fields::Text& text);

// Draw a segment into 28 x 28, as MNIST's images were made; thin strokes are thickened.
void draw(const fields::Grey& ink, const std::int32_t* labels, const std::vector<Atom>& atoms, const Segment& segment,
          float stroke, std::uint8_t* image);

}  // namespace lenet::cuts
