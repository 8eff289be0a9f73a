#include "../cuts.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "../glyphs.h"
#include "paths.h"
#include "weights.h"

namespace lenet::cuts {
namespace {

using fields::Grey;
using fields::Plane;
using fields::Text;

constexpr float MOST_SLANT = 2;
constexpr float LEAST_PIECE = 0.025f;              // of the height squared: smaller is not cut off in the end
constexpr float LEAST_PROBABILITY = 0.015f;        // of a cut through ink
constexpr float WIDEST = 1.8f, WIDEST_GAP = 0.4f;  // heights of the text: of a segment of several atoms, and inside one
constexpr float LEAST_STROKE = 0.1f;               // of the larger side of a character; most pens of MNIST take more
constexpr float MOST_REACH = 6;                    // pixels that a stroke is thickened by on either side
constexpr std::int64_t MOST_SIDE = 256;            // pixels of a segment that are looked at; text is at most 64 high

// ---- Atoms and the probability of cuts -----------------------------------------------------------------------------

// Number the ink between paths, and measure what is there.
void label(const Grey& ink, const std::vector<Path>& paths, Atoms& found) {
  found.labels = Plane<std::int32_t>(ink.rows, ink.columns);
  found.atoms.assign(paths.size() + 1,
                     {static_cast<std::int32_t>(ink.columns), static_cast<std::int32_t>(ink.rows), 0, 0, 0});
  for (std::int64_t y = 0; y < ink.rows; ++y) {
    const std::uint8_t* row = ink.row(y);
    std::int32_t* labels = found.labels.row(y);
    std::size_t k = 0;
    for (std::int64_t x = 0; x < ink.columns; ++x) {
      while (k < paths.size() && paths[k].columns[y] <= x) ++k;
      if (row[x] == 0) continue;
      labels[x] = static_cast<std::int32_t>(k) + 1;
      if (row[x] < fields::STROKE) continue;
      Atom& atom = found.atoms[k];
      const auto column = static_cast<std::int32_t>(x), down = static_cast<std::int32_t>(y);
      atom = {std::min(atom.left, column), std::min(atom.top, down), std::max(atom.right, column + 1), down + 1,
              atom.area + 1};
    }
  }
}

Atom joined(const Atom& a, const Atom& b) {
  return {std::min(a.left, b.left), std::min(a.top, b.top), std::max(a.right, b.right), std::max(a.bottom, b.bottom),
          a.area + b.area};
}

// What a cut's probability is told from. Pairs of numbers, one a side, are sorted: left and right are alike.
void describe(const Text& text, const Atom& left, const Atom& right, const Atom& before, const Atom& after, Cut& cut) {
  const float unit = 1 / text.height();
  const auto width = [&](const Atom& atom) { return static_cast<float>(atom.right - atom.left) * unit; };
  const auto height = [&](const Atom& atom) { return static_cast<float>(atom.bottom - atom.top) * unit; };
  const auto ink = [&](const Atom& atom) { return static_cast<float>(atom.area) * unit / text.stroke; };
  cut.gap = static_cast<float>(right.left - left.right) * unit;
  cut.features = {cut.ink,
                  cut.gap,
                  std::min({width(before), width(after), 1.0f}),
                  std::min(std::max(width(before), width(after)), 1.5f),
                  std::min(height(before), height(after)),
                  std::min(height(left), height(right)),
                  std::max(height(left), height(right)),
                  std::min({ink(left), ink(right), 2.0f}),
                  std::min(std::max(ink(left), ink(right)), 3.0f),
                  text.stroke * unit,
                  std::min(width(joined(left, right)), 2.0f),
                  cut.shift};
}

static_assert(std::size(weights::HIDDEN[0]) == FEATURES);

// A network of one hidden layer; benchmarks/cut_weights.py learns its weights.
float probability(const std::array<float, FEATURES>& features) {
  float sum = weights::OUTPUT_BIAS;
  for (std::size_t unit = 0; unit < std::size_t{weights::UNITS}; ++unit) {
    float input = weights::HIDDEN_BIAS[unit];
    for (std::size_t i = 0; i < FEATURES; ++i) input += weights::HIDDEN[unit][i] * features[i];
    sum += weights::OUTPUT[unit] * std::tanh(input);
  }
  return 1 / (1 + std::exp(-sum));
}

// Give every cut its features and probability. Ink between two cuts through paper is one run of strokes; `before` and
// `after` are the parts of the run on both sides of a cut.
void judge(const Text& text, Atoms& found) {
  const std::size_t count = found.atoms.size();
  std::vector<Atom> before = found.atoms, after = found.atoms;
  for (std::size_t k = 1; k < count; ++k)
    if (found.cuts[k - 1].ink >= FREE) before[k] = joined(before[k - 1], before[k]);
  for (std::size_t k = count - 1; k-- > 0;)
    if (found.cuts[k].ink >= FREE) after[k] = joined(after[k], after[k + 1]);
  for (std::size_t k = 0; k + 1 < count; ++k) {
    describe(text, found.atoms[k], found.atoms[k + 1], before[k], after[k + 1], found.cuts[k]);
    found.cuts[k].probability = probability(found.cuts[k].features);
  }
}

// Which cuts to keep: the most probable first, as long as something is left between them; through paper all of them.
std::vector<std::uint8_t> worth_keeping(const Text& text, const Atoms& found) {
  std::vector<std::int64_t> left(found.cuts.size() + 1, 0);  // area left of every cut, and of all
  for (std::size_t k = 0; k < left.size(); ++k) left[k] = (k > 0 ? left[k - 1] : 0) + found.atoms[k].area;
  std::vector<std::size_t> order(found.cuts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return found.cuts[a].probability > found.cuts[b].probability; });
  std::vector<std::int64_t> ends{0, left.back()};
  std::vector<std::uint8_t> keep(found.cuts.size(), 0);
  for (const std::size_t k : order) {
    if (found.cuts[k].ink >= FREE && found.cuts[k].probability < LEAST_PROBABILITY) continue;
    const auto place = std::lower_bound(ends.begin() + 1, ends.end() - 1, left[k]);
    const double least = least_area(found.cuts[k].ink, text, LEAST_PIECE);
    if (static_cast<double>(std::min(left[k] - *(place - 1), *place - left[k])) < least) continue;
    ends.insert(place, left[k]);
    keep[k] = 1;
  }
  return keep;
}

// Join the atoms on both sides of the cuts that are not kept.
void drop(const std::vector<std::uint8_t>& keep, Atoms& found) {
  std::vector<std::int32_t> number{0, 1};  // of the atom that each belongs to from now on
  std::vector<Atom> atoms{found.atoms[0]};
  std::vector<Cut> cuts;
  for (std::size_t k = 0; k < keep.size(); ++k) {
    if (keep[k]) {
      atoms.push_back(found.atoms[k + 1]);
      cuts.push_back(std::move(found.cuts[k]));
    } else {
      atoms.back() = joined(atoms.back(), found.atoms[k + 1]);
    }
    number.push_back(static_cast<std::int32_t>(atoms.size()));
  }
  for (std::int32_t& one : found.labels.values) one = number[one];
  found.atoms = std::move(atoms), found.cuts = std::move(cuts);
}

// Cut ink that fills its rows and columns.
Atoms cut(const Grey& ink, const Text& text, bool every) {
  std::vector<Path> kept = cheapest_paths(ink, text);
  Atoms found;
  label(ink, kept, found);
  if (found.atoms[0].area == 0) return {{}, {}, std::move(found.labels)};  // grey without a stroke
  for (Path& path : kept) {
    const float gone_through = static_cast<float>(path.ink) / (FULL * text.stroke);
    found.cuts.push_back(
        {0, gone_through, 0, static_cast<float>(path.sideways) / text.height(), {}, std::move(path.columns)});
  }
  judge(text, found);
  if (!every) drop(worth_keeping(text, found), found);
  return found;
}

struct Rectangle {
  std::int64_t left = 0, top = 0, rows = 0, columns = 0;
};

Rectangle box_of(const Grey& ink) {
  std::int64_t left = ink.columns, top = ink.rows, right = 0, bottom = 0;
  for (std::int64_t y = 0; y < ink.rows; ++y) {
    const std::uint8_t* row = ink.row(y);
    std::int64_t first = 0, end = ink.columns;
    while (first < end && row[first] == 0) ++first;
    if (first == end) continue;
    while (row[end - 1] == 0) --end;
    left = std::min(left, first), right = std::max(right, end);
    top = std::min(top, y), bottom = y + 1;
  }
  if (bottom == 0) return {};
  return {left, top, bottom - top, right - left};
}

Grey cropped(const Grey& ink, const Rectangle& box) {
  Grey crop(box.rows, box.columns);
  for (std::int64_t y = 0; y < box.rows; ++y) std::copy_n(ink.row(box.top + y) + box.left, box.columns, crop.row(y));
  return crop;
}

// Every pixel becomes the largest of itself and its eight neighbours.
Grey thickened(const Grey& ink) {
  Grey across(ink.rows, ink.columns), both(ink.rows, ink.columns);
  const std::int64_t last = ink.columns - 1;
  for (std::int64_t y = 0; y < ink.rows; ++y)
    for (std::int64_t x = 0; x <= last; ++x)
      across.row(y)[x] =
          std::max({ink.row(y)[x], ink.row(y)[std::max<std::int64_t>(x - 1, 0)], ink.row(y)[std::min(x + 1, last)]});
  for (std::int64_t y = 0; y < ink.rows; ++y) {
    const std::uint8_t *above = across.row(std::max<std::int64_t>(y - 1, 0)),
                       *below = across.row(std::min(y + 1, ink.rows - 1));
    for (std::int64_t x = 0; x <= last; ++x) both.row(y)[x] = std::max({across.row(y)[x], above[x], below[x]});
  }
  return both;
}

}  // namespace

Atoms over_segment(const Grey& ink, const Text& measured, bool every) {
  Atoms found;
  found.labels = Plane<std::int32_t>(ink.rows, ink.columns);
  const Rectangle box = box_of(ink);
  if (!(measured.height() > 0) || box.rows == 0) return found;
  Text text = measured;
  text.stroke = std::max(text.stroke, 1.0f);
  text.slant = std::clamp(text.slant, -MOST_SLANT, MOST_SLANT);
  text.top -= static_cast<float>(box.top), text.bottom -= static_cast<float>(box.top);
  Atoms inside = cut(cropped(ink, box), text, every);
  for (std::int64_t y = 0; y < box.rows; ++y)
    std::copy_n(inside.labels.row(y), box.columns, found.labels.row(box.top + y) + box.left);
  const auto left = static_cast<std::int32_t>(box.left), top = static_cast<std::int32_t>(box.top);
  for (Atom& atom : inside.atoms) atom.left += left, atom.right += left, atom.top += top, atom.bottom += top;
  for (Cut& cut : inside.cuts) {
    std::vector<std::int32_t> path(ink.rows, cut.path.back() + left);
    std::fill_n(path.begin(), box.top, cut.path.front() + left);
    for (std::int64_t y = 0; y < box.rows; ++y) path[box.top + y] = cut.path[y] + left;
    cut.path = std::move(path);
  }
  found.atoms = std::move(inside.atoms), found.cuts = std::move(inside.cuts);
  return found;
}

std::vector<Segment> segments(const std::vector<Atom>& atoms, const Text& text) {
  std::vector<Segment> found;
  const auto count = static_cast<std::int32_t>(atoms.size());
  for (std::int32_t first = 0; first < count; ++first) {
    Atom whole = atoms[first];
    found.push_back({first, first});
    for (std::int32_t last = first + 1; last < std::min(count, first + MOST_ATOMS); ++last) {
      const auto gap = static_cast<float>(atoms[last].left - whole.right);
      whole = joined(whole, atoms[last]);
      const auto width = static_cast<float>(whole.right - whole.left);
      if (gap > WIDEST_GAP * text.height() || width > WIDEST * text.height()) break;
      found.push_back({first, last});
    }
  }
  return found;
}

void draw(const Grey& ink, const std::int32_t* labels, const std::vector<Atom>& atoms, const Segment& segment,
          float stroke, std::uint8_t* image) {
  Atom box = atoms[segment.first];
  for (std::int32_t k = segment.first + 1; k <= segment.last; ++k) box = joined(box, atoms[k]);
  const std::int64_t left = std::max(box.left - 1, 0), top = std::max(box.top - 1, 0);
  const std::int64_t right = std::min<std::int64_t>(box.right + 1, ink.columns);
  const std::int64_t bottom = std::min<std::int64_t>(box.bottom + 1, ink.rows);
  const std::int64_t side = std::max(right - left, bottom - top);
  const std::int64_t step = (side + MOST_SIDE - 1) / MOST_SIDE;  // of what is no character anyway, only some pixels
  const float missing = (LEAST_STROKE * static_cast<float>(side) - stroke) / static_cast<float>(2 * step);
  const auto reach = static_cast<std::int64_t>(std::clamp(std::ceil(missing), 0.0f, MOST_REACH));
  Grey crop((bottom - top + step - 1) / step + 2 * reach, (right - left + step - 1) / step + 2 * reach);
  for (std::int64_t y = top, row = reach; y < bottom; y += step, ++row)
    for (std::int64_t x = left, column = reach; x < right; x += step, ++column) {
      const std::int32_t atom = labels[y * ink.columns + x] - 1;
      if (atom >= segment.first && atom <= segment.last) crop.row(row)[column] = ink.row(y)[x];
    }
  for (std::int64_t k = 0; k < reach; ++k) crop = thickened(crop);
  glyphs::normalize_glyph({crop.values.data(), crop.rows, crop.columns, crop.columns}, image);
}

}  // namespace lenet::cuts
