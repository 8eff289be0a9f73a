// What of the strokes is the field's own text, and how large, sloping and slanted it is.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "../glyphs.h"
#include "steps.h"

namespace lenet::fields {
namespace {

using Components = std::vector<glyphs::Component>;

constexpr float BODY = 0.5f;   // higher than this share of the usual height is a character, not a dot or a dash
constexpr float MOST_SLOPE = 0.25f;
constexpr int SLANTS = 17;     // looked at, from -0.6 in steps of 0.1
constexpr int PIECES = 4;      // fewer pieces above each other within one line are of one broken character
constexpr float APART = 1;     // lines of one text are at most so many heights apart
constexpr std::size_t MOST = 60;  // characters that are compared with each other, those with the most ink

float height(const glyphs::Component& c) { return static_cast<float>(c.bottom - c.top); }
float width(const glyphs::Component& c) { return static_cast<float>(c.right - c.left); }
float centre(const glyphs::Component& c) { return static_cast<float>(c.left + c.right) / 2; }

// The value that half of the weight exceeds.
float weighted_median(std::vector<std::pair<float, float>>& values) {
  std::sort(values.begin(), values.end());
  float half = 0;
  for (const auto& value : values) half += value.second / 2;
  for (const auto& [value, weight] : values)
    if ((half -= weight) <= 0) return value;
  return values.empty() ? 0.0f : values.back().first;
}

template <typename Value>
float usual(const Components& found, float least_height, Value value) {
  std::vector<std::pair<float, float>> values;
  for (const auto& c : found)
    if (height(c) >= least_height) values.push_back({value(c), static_cast<float>(c.area)});
  return weighted_median(values);
}

// Twice the area over the outline, which is the width of a long stroke. An oblique outline crosses 4 / pi times as many
// sides of pixels as it is long.
float stroke_width(const Grey& marks) {
  std::int64_t area = 0, sides = 0;
  for (std::int64_t y = 0; y < marks.rows; ++y) {
    const std::uint8_t *row = marks.row(y), *above = marks.row(std::max<std::int64_t>(y - 1, 0));
    sides += row[0] + row[marks.columns - 1];
    for (std::int64_t x = 0; x < marks.columns; ++x) area += row[x], sides += row[x] ^ above[x];
    for (std::int64_t x = 1; x < marks.columns; ++x) sides += row[x] ^ row[x - 1];
    if (y == 0 || y + 1 == marks.rows)
      for (std::int64_t x = 0; x < marks.columns; ++x) sides += row[x];
  }
  return sides == 0 ? 0.0f : static_cast<float>(static_cast<double>(area) * 8 / 3.14159265358979 / static_cast<double>(sides));
}

// Least squares through the middles of characters; level where they are too few or too close to tell.
float slope_of(const Components& found, float usual_height) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const auto& c : found) {
    if (height(c) < BODY * usual_height || height(c) > 1.6f * usual_height) continue;
    const double weight = width(c), across = centre(c), down = static_cast<double>(c.top + c.bottom) / 2;
    n += weight, x += weight * across, y += weight * down, xx += weight * across * across, xy += weight * across * down;
  }
  const double spread = n > 0 ? xx / n - x / n * x / n : 0;
  if (spread < usual_height * usual_height) return 0;
  return std::clamp(static_cast<float>((xy / n - x / n * y / n) / spread), -MOST_SLOPE, MOST_SLOPE);
}

Text measured(const Grey& marks, const Components& found) {
  Text text;
  const float usual_height = usual(found, 0, height);
  text.stroke = stroke_width(marks);
  text.slope = slope_of(found, usual_height);
  const float middle = static_cast<float>(marks.columns) / 2, least = BODY * usual_height;
  const auto level = [&](const glyphs::Component& c) { return text.slope * (centre(c) - middle); };
  text.top = usual(found, least, [&](const auto& c) { return static_cast<float>(c.top) - level(c); });
  text.bottom = usual(found, least, [&](const auto& c) { return static_cast<float>(c.bottom) - level(c); });
  text.bottom = std::max(text.bottom, text.top + 1);
  text.left = static_cast<float>(marks.columns), text.right = 0;
  for (const auto& c : found) {
    text.left = std::min(text.left, static_cast<float>(c.left));
    text.right = std::max(text.right, static_cast<float>(c.right));
  }
  return text;
}

// Let the text reach as high and as deep as its tallest characters do, within limits: where most of a number is small
// zeros, its first digit may be twice as high as they are.
void reach_out(const Components& found, float middle, Text& text) {
  const float usual_height = text.height();
  const float highest = text.top - 1.2f * usual_height, lowest = text.bottom + 0.6f * usual_height;
  for (const auto& c : found) {
    if (height(c) < BODY * usual_height) continue;
    const float level = text.slope * (centre(c) - middle);
    text.top = std::clamp(static_cast<float>(c.top) - level, highest, text.top);
    text.bottom = std::clamp(static_cast<float>(c.bottom) - level, text.bottom, lowest);
  }
}

// Whether a component is no part of the text: a speck, a piece of a frame, or the end of a neighbour's stroke.
bool is_foreign(const glyphs::Component& c, const Text& text, const Grey& marks) {
  const float shift = text.slope * (centre(c) - static_cast<float>(marks.columns) / 2);
  const float top = text.top + shift, bottom = text.bottom + shift, usual = text.height();
  const auto first = static_cast<float>(c.top), last = static_cast<float>(c.bottom);
  if (static_cast<float>(c.area) < 0.5f * text.stroke * text.stroke) return true;
  if (last < top - 0.15f * usual || first > bottom + 0.3f * usual) return true;
  const bool body = height(c) >= BODY * usual;
  if (c.top == 0 && !body && last < top + 0.3f * usual) return true;
  if (c.bottom == marks.rows && !body && first > bottom - 0.2f * usual) return true;
  const bool aside = c.left == 0 || c.right == marks.columns;
  return aside && width(c) < (body ? 0.7f * text.stroke : std::max(0.15f * usual, text.stroke));
}

Components those(const Components& found, const std::vector<std::uint8_t>& keep) {
  Components kept;
  for (std::size_t i = 0; i < found.size(); ++i)
    if (keep[i + 1]) kept.push_back(found[i]);
  return kept;
}

// How many pixels of each component lie on the border of the picture.
std::vector<std::int32_t> contacts(const std::vector<std::int32_t>& labels, std::int64_t rows, std::int64_t columns,
                                   std::size_t count) {
  std::vector<std::int32_t> contact(count + 1, 0);
  for (std::int64_t x = 0; x < columns; ++x) ++contact[labels[x]], ++contact[labels[(rows - 1) * columns + x]];
  for (std::int64_t y = 1; y + 1 < rows; ++y) ++contact[labels[y * columns]], ++contact[labels[(y + 1) * columns - 1]];
  contact.erase(contact.begin());
  return contact;
}

// Take away what lies along the border for much of its length, and is longer than what doesn't touch the border is
// high: the desk, a shadow, a frame. Where nothing else is seen beside it, it has to be solid and as long as a side.
void drop_frames(const Components& found, const std::vector<std::int32_t>& contact, const Grey& marks,
                 std::vector<std::uint8_t>& keep) {
  Components inside;
  for (std::size_t i = 0; i < found.size(); ++i)
    if (contact[i] == 0 && found[i].area > 8) inside.push_back(found[i]);
  const auto rows = static_cast<float>(marks.rows), columns = static_cast<float>(marks.columns);
  const auto is_solid = [](const glyphs::Component& c) {
    return static_cast<float>(c.area) >= 0.6f * width(c) * height(c);
  };
  const auto fills_side = [&](const glyphs::Component& c) {
    if (!is_solid(c)) return false;
    return (height(c) >= 0.95f * rows && width(c) < 0.7f * columns) ||
           (width(c) >= 0.95f * columns && height(c) < 0.7f * rows);
  };
  const float usual_height = usual(inside, 0, height);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const float extent = std::max(height(found[i]), width(found[i]));
    bool along = static_cast<float>(contact[i]) > (inside.empty() ? 0.8f : 0.4f) * extent;
    along = along && (is_solid(found[i]) || 4 * contact[i] >= found[i].area);  // else strokes that touch it
    if (along && (inside.empty() ? fills_side(found[i]) : extent > 1.25f * usual_height)) keep[i + 1] = 0;
  }
}

// Whether a character reaches out of the line of text.
bool leaves(const glyphs::Component& c, const Text& text, float middle) {
  const float level = text.slope * (centre(c) - middle), slack = 0.25f * text.height();
  return static_cast<float>(c.top) - level < text.top - slack || static_cast<float>(c.bottom) - level > text.bottom + slack;
}

// How far two characters about as high stand one above the other, near enough to be lines of one text; in columns.
float stacked_columns(const glyphs::Component& a, const glyphs::Component& b) {
  const float lower = std::min(height(a), height(b)), higher = std::max(height(a), height(b));
  const auto apart = static_cast<float>(std::max(a.top - b.bottom, b.top - a.bottom));
  if (higher > 2 * lower || apart < -0.25f * lower || apart > APART * higher) return 0;
  return std::max(0.0f, static_cast<float>(std::min(a.right, b.right) - std::max(a.left, b.left)));
}

// Whether a character stands above or below another one, or a third of it above or below several.
bool is_stacked(const glyphs::Component& c, const Components& others) {
  float covered = 0;
  for (const auto& other : others) {
    const float columns = stacked_columns(c, other);
    if (columns >= 0.5f * std::min(width(c), width(other))) return true;
    covered += columns;
  }
  return covered >= 0.3f * width(c);
}

struct Run {
  std::int32_t row, first, end;
};

std::vector<Run> runs_of(const Grey& marks) {
  std::vector<Run> runs;
  for (std::int64_t y = 0; y < marks.rows; ++y) {
    const std::uint8_t* row = marks.row(y);
    for (std::int64_t x = 0, end = 0; x < marks.columns; x = end) {
      while (x < marks.columns && !row[x]) ++x;
      for (end = x; end < marks.columns && row[end];) ++end;
      if (end > x) runs.push_back({static_cast<std::int32_t>(y), static_cast<std::int32_t>(x), static_cast<std::int32_t>(end)});
    }
  }
  return runs;
}

// The shear that stands strokes upright: it makes the columns' sums differ most.
float slant_of(const Grey& marks) {
  const std::vector<Run> runs = runs_of(marks);
  float best = 0;
  double most = 0;
  std::vector<std::int32_t> steps;  // between the sums of neighbouring columns
  for (int k = 0; k < SLANTS; ++k) {
    const float slant = 0.1f * static_cast<float>(k) - 0.6f;
    steps.assign(marks.columns + 2 * marks.rows + 1, 0);
    for (const Run& run : runs) {
      const auto shift = marks.rows + std::lround(slant * static_cast<float>(run.row - marks.rows / 2));
      ++steps[run.first + shift], --steps[run.end + shift];
    }
    double squares = 0;
    std::int64_t sum = 0;
    for (const std::int32_t step : steps) sum += step, squares += static_cast<double>(sum * sum);
    if (squares > most) most = squares, best = slant;
  }
  return best;
}

}  // namespace

float stacked(Components found, const Text& text, float middle) {
  const float usual_height = usual(found, 0, height);
  std::erase_if(found, [&](const glyphs::Component& c) {
    const bool flat = width(c) > 3 * height(c) || width(c) > 4 * usual_height;
    const bool sprawls = static_cast<float>(c.area) < 0.04f * width(c) * height(c);
    return flat || sprawls || height(c) < BODY * usual_height || height(c) > 2 * usual_height;
  });
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.area > b.area; });
  found.resize(std::min(found.size(), MOST));
  std::int64_t all = 0, some = 0;
  int characters = 0;
  bool leave = false;
  for (const auto& c : found) {
    all += c.area;
    if (!is_stacked(c, found)) continue;
    some += c.area, ++characters, leave = leave || leaves(c, text, middle);
  }
  if (characters < PIECES && !leave) return 0;  // of an 8 or a 3 that is broken
  return static_cast<float>(static_cast<double>(some) / static_cast<double>(all));
}

Text text_of(Grey& marks) {
  std::vector<std::int32_t> labels(marks.values.size());
  const Components found =
      glyphs::components({marks.values.data(), marks.rows, marks.columns, marks.columns}, labels.data());
  if (found.empty()) return {};
  std::vector<std::uint8_t> keep(found.size() + 1, 1);
  keep[0] = 0;
  drop_frames(found, contacts(labels, marks.rows, marks.columns, found.size()), marks, keep);
  const Components writing = those(found, keep);
  Text text = measured(marks, writing);
  for (std::size_t i = 0; i < found.size(); ++i)
    if (is_foreign(found[i], text, marks)) keep[i + 1] = 0;
  const Components kept = those(found, keep);
  for (std::size_t i = 0; i < labels.size(); ++i) marks.values[i] = keep[labels[i]];
  if (kept.empty()) return {};
  text = measured(marks, kept);
  reach_out(kept, static_cast<float>(marks.columns) / 2, text);
  text.slant = slant_of(marks);
  text.stacked = stacked(writing, text, static_cast<float>(marks.columns) / 2);
  return text;
}

}  // namespace lenet::fields
