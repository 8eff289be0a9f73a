#include "pieces.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace lenet::pieces {
namespace {

constexpr int EVEN_CONTRAST = 60;       // grey levels between ink and paper, or even paper is looked at as any other
constexpr int LEAST_LIGHT = 80;         // darker paper is treated as if it had this much light
constexpr double FLOOR = 0.07 * 255;    // loss of light, of 255, that is ink on even paper
constexpr std::uint8_t LEAST_INK = 60;  // less is the fringe of a stroke, never one of its own
constexpr std::int64_t SINGLE_HEIGHT = 8;  // lower than this a single piece may be a dash
constexpr double THIN = 0.1;            // strokes thinner than this share of a character are thickened to it

Ink all_of(const Grey& plane) { return {plane.values.data(), plane.rows, plane.columns, plane.columns}; }

Ink part_of(const Ink& ink, std::int64_t left, std::int64_t top, std::int64_t columns, std::int64_t rows) {
  return {ink.pixels + top * ink.row_stride + left, rows, columns, ink.row_stride};
}

const std::uint8_t* row_of(const Ink& ink, std::int64_t y) { return ink.pixels + y * ink.row_stride; }

void raise(const std::uint8_t* __restrict by, std::int64_t length, std::uint8_t* __restrict row) {
  for (std::int64_t i = 0; i < length; ++i) row[i] = row[i] > by[i] ? row[i] : by[i];
}

// How many bytes there are of each value.
using Counts = std::array<std::int64_t, 256>;

// What np.quantile says of bytes.
double quantile(const Counts& counts, double share) {
  std::int64_t count = 0;
  for (const std::int64_t each : counts) count += each;
  if (count == 0) return 0;
  const double place = share * static_cast<double>(count - 1);
  const auto low = static_cast<std::int64_t>(place), high = std::min(low + 1, count - 1);
  const auto at = [&](std::int64_t rank) {
    int value = 0;
    for (std::int64_t below = counts[0]; below <= rank; below += counts[value]) ++value;
    return static_cast<double>(value);
  };
  return at(low) + (at(high) - at(low)) * (place - static_cast<double>(low));
}

Grey looked_up(const Ink& ink, const std::array<std::uint8_t, 256>& table) {
  Grey found(ink.rows, ink.columns);
  for (std::int64_t y = 0; y < ink.rows; ++y)
    std::transform(row_of(ink, y), row_of(ink, y) + ink.columns, found.row(y), [&](std::uint8_t v) { return table[v]; });
  return found;
}

// Area over half the outline, which is the width of a long stroke. An oblique outline crosses 4 / pi times as many sides
// of pixels as it is long.
double stroke_width(const Ink& marks) {
  std::int64_t area = 0, sides = 0;
  const std::int64_t last = marks.columns - 1;
  for (std::int64_t y = 0; y < marks.rows; ++y) {
    const std::uint8_t* row = row_of(marks, y);
    for (std::int64_t x = 0; x <= last; ++x) area += row[x];
    for (std::int64_t x = 0; x < last; ++x) sides += row[x] ^ row[x + 1];
    sides += row[0] + row[last];
    for (std::int64_t x = 0; x <= last; ++x) {
      sides += y ? row[x] ^ row_of(marks, y - 1)[x] : row[x];
      if (y + 1 == marks.rows) sides += row[x];
    }
  }
  return static_cast<double>(area) / std::max(1.0, static_cast<double>(sides) * (3.141592653589793 / 4) / 2);
}

}  // namespace

Grey largest_near(const Ink& values, std::int64_t reach) {
  const std::int64_t rows = values.rows, columns = values.columns, span = 2 * reach + 1;
  Grey wide(rows + 2 * reach, columns);  // rows of largest values across, and reach rows of paper on both sides
  std::vector<std::uint8_t> line(columns + 2 * reach), before(columns + 2 * reach);
  for (std::int64_t y = 0; y < rows; ++y) {
    std::fill(line.begin(), line.end(), std::uint8_t{0});
    std::copy_n(row_of(values, y), columns, line.begin() + reach);
    for (std::int64_t width = 1; width < span;) {
      const std::int64_t step = std::min(width, span - width);
      before = line;
      raise(before.data() + step, static_cast<std::int64_t>(line.size()) - step, line.data());
      width += step;
    }
    std::copy_n(line.data(), columns, wide.row(y + reach));
  }
  for (std::int64_t width = 1; width < span;) {
    const std::int64_t step = std::min(width, span - width);
    for (std::int64_t y = 0; y + step < wide.rows; ++y) raise(wide.row(y + step), columns, wide.row(y));
    width += step;
  }
  wide.values.resize(rows * columns), wide.rows = rows;
  return wide;
}

Grey stretched(const Ink& kept, double floor) {
  constexpr std::int64_t MANY = 100'000;  // so many stand for all
  std::int64_t count = 0;
  for (std::int64_t y = 0; y < kept.rows; ++y)
    count += std::count_if(row_of(kept, y), row_of(kept, y) + kept.columns, [&](std::uint8_t v) { return v > floor; });
  if (count == 0) return Grey(kept.rows, kept.columns);
  Counts counts{};
  const std::int64_t every = std::max<std::int64_t>(1, count / MANY);
  std::int64_t number = 0;
  for (std::int64_t y = 0; y < kept.rows; ++y)
    for (std::int64_t x = 0; x < kept.columns; ++x)
      if (const std::uint8_t v = row_of(kept, y)[x]; v > floor && number++ % every == 0) ++counts[v];
  const double peak = std::max(quantile(counts, 0.9), floor + 1);
  std::array<std::uint8_t, 256> table;
  for (int v = 0; v < 256; ++v)
    table[v] = static_cast<std::uint8_t>(std::clamp((v - floor / 2) * 255.0 / (peak - floor / 2), 0.0, 255.0));
  return looked_up(kept, table);
}

std::optional<Grey> even_ink(const Ink& picture) {
  if (std::min(picture.rows, picture.columns) < 3) return {};
  std::uint8_t level = picture.pixels[0], least = level, most = level;
  const std::int64_t last = picture.columns - 1;
  for (std::int64_t y = 0; y < picture.rows; ++y) {
    const std::uint8_t* row = row_of(picture, y);
    const bool border = y == 0 || y + 1 == picture.rows;
    if (row[0] != level || row[last] != level) return {};
    if (border && std::any_of(row, row + picture.columns, [&](std::uint8_t v) { return v != level; })) return {};
    for (std::int64_t x = 0; x <= last; ++x) least = std::min(least, row[x]), most = std::max(most, row[x]);
  }
  const int darker = level - least, lighter = most - level;
  if (std::min(darker, lighter) != 0 || std::max(darker, lighter) < EVEN_CONTRAST) return {};
  std::array<std::uint8_t, 256> loss;  // of its light, at each grey, where that is ink
  const bool inverted = lighter > 0;
  const int light = inverted ? 255 - level : level;
  for (int v = 0; v < 256; ++v) {
    const int lost = std::max(light - (inverted ? 255 - v : v), 0) * 255 / std::max(light, LEAST_LIGHT);
    loss[v] = static_cast<std::uint8_t>(lost > FLOOR ? lost : 0);
  }
  return stretched(all_of(looked_up(picture, loss)), FLOOR);
}

Grey strokes(const Ink& ink) {
  Grey marks = largest_near(ink, std::max<std::int64_t>(2, std::min(ink.rows, ink.columns) / 400));
  const std::int64_t columns = marks.columns;
  for (std::int64_t y = 0; y < marks.rows; ++y) {
    const std::uint8_t* __restrict from = row_of(ink, y);
    std::uint8_t* __restrict to = marks.row(y);
    for (std::int64_t x = 0; x < columns; ++x) to[x] = (from[x] >= LEAST_INK) & (from[x] >= to[x] / 2);
  }
  return marks;
}

Piece cut(const Ink& ink, const Ink& marks, std::int64_t left, std::int64_t top) {
  const Grey near = largest_near(marks, 1);
  Grey crop(marks.rows, marks.columns);
  Counts counts{};
  for (std::int64_t y = 0; y < marks.rows; ++y) {
    const std::uint8_t *from = row_of(ink, top + y) + left, *mark = row_of(marks, y), *close = near.row(y);
    std::uint8_t* to = crop.row(y);
    for (std::int64_t x = 0; x < marks.columns; ++x) {
      to[x] = close[x] ? from[x] : 0;
      if (mark[x]) ++counts[to[x]];
    }
  }
  const double full = 255.0 / std::max(1.0, quantile(counts, 0.75));
  std::array<std::uint8_t, 256> table;
  for (int v = 0; v < 256; ++v) table[v] = static_cast<std::uint8_t>(std::min(v * full, 255.0));
  return {left, top, looked_up(all_of(crop), table), stroke_width(marks)};
}

std::optional<Piece> single(const Ink& ink) {
  const Grey marks = strokes(ink);
  std::vector<std::int32_t> labels(marks.values.size());
  const auto found = glyphs::components(all_of(marks), labels.data());
  if (found.size() != 1) return {};
  const std::int64_t left = found[0].left, top = found[0].top, right = found[0].right, bottom = found[0].bottom;
  const std::int64_t width = right - left, height = bottom - top;
  if (std::min({left, top, ink.columns - right, ink.rows - bottom}) <= 0) return {};
  if (height < SINGLE_HEIGHT || width > 2 * height) return {};
  std::int64_t along = 0;  // marks on the sides of its box: of a frame they are many
  for (std::int64_t x = left; x < right; ++x) along += marks.row(top)[x] + marks.row(bottom - 1)[x];
  for (std::int64_t y = top; y < bottom; ++y) along += marks.row(y)[left] + marks.row(y)[right - 1];
  if (3 * width > height && along > width + height) return {};
  return cut(ink, part_of(all_of(marks), left - 1, top - 1, width + 2, height + 2), left - 1, top - 1);
}

// They grow by whole pixels on both sides, as many as come nearest: one more makes MNIST's own digits worse.
Grey thick_enough(const Ink& ink, double stroke) {
  const double missing = THIN * static_cast<double>(std::max(ink.rows, ink.columns)) - stroke;
  const auto reach = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::nearbyint(missing / 2)));
  Grey padded(ink.rows + 2 * reach, ink.columns + 2 * reach);
  for (std::int64_t y = 0; y < ink.rows; ++y) std::copy_n(row_of(ink, y), ink.columns, padded.row(y + reach) + reach);
  return reach ? largest_near(all_of(padded), reach) : padded;
}

bool even_glyph(const Ink& picture, std::uint8_t* image) {
  const std::optional<Grey> ink = even_ink(picture);
  const std::optional<Piece> piece = ink ? single(all_of(*ink)) : std::nullopt;
  if (!piece) return false;
  glyphs::normalize_glyph(all_of(thick_enough(all_of(piece->ink), piece->stroke)), image);
  return true;
}

}  // namespace lenet::pieces
