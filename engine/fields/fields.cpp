#include <algorithm>
#include <array>

#include "steps.h"

namespace lenet::fields {
namespace {

constexpr int MOST_PASSES = 3;
constexpr int FRINGE = 2;  // pixels around a rule that are darker than paper because of it

std::int64_t area(const Grey& marks) {
  std::int64_t sum = 0;
  for (const std::uint8_t mark : marks.values) sum += mark;
  return sum;
}

// Make paper of what was marked and is no longer, and its surroundings, except where they still are strokes.
void whiten(Grey& dark, const Grey& before, const Grey& after) {
  for (std::int64_t y = 0; y < dark.rows; ++y)
    for (std::int64_t x = 0; x < dark.columns; ++x) {
      if (!before.row(y)[x] || after.row(y)[x]) continue;
      const std::int64_t left = std::max<std::int64_t>(x - FRINGE, 0), right = std::min(x + FRINGE, dark.columns - 1);
      for (std::int64_t i = std::max<std::int64_t>(y - FRINGE, 0); i <= std::min(y + FRINGE, dark.rows - 1); ++i)
        for (std::int64_t j = left; j <= right; ++j)
          if (!after.row(i)[j]) dark.row(i)[j] = 0;
    }
}

// Stretch darkness so that full ink is 255.
Grey stretched(const Grey& dark, float full) {
  std::array<std::uint8_t, 256> table{};
  for (int v = 0; v < 256; ++v)
    table[v] = static_cast<std::uint8_t>(std::min(255.0f, full > 0 ? static_cast<float>(v) * 255 / full : static_cast<float>(v)));
  Grey evened(dark.rows, dark.columns);
  for (std::size_t i = 0; i < dark.values.size(); ++i) evened.values[i] = table[dark.values[i]];
  return evened;
}

// What is known of a field before any of it is drawn.
struct Found {
  int factor = 1;
  Grey whole, dark;  // darkness, and the same without what was taken away from around the text
  Strokes strokes;
  Text text;
};

// Where print, rules or the desk are more than the text, they and not the text decided what is dark enough for ink:
// then the rest is looked at again without them.
Found find(const Picture& picture) {
  Found field;
  field.factor = factor_for(picture);
  field.dark = darkness(picture, field.factor);
  field.whole = field.dark;
  field.strokes = strokes(field.dark);
  for (int pass = 1;; ++pass) {
    Grey& marks = field.strokes.marks;
    const Grey before = marks;
    remove_rules(marks);
    const float stacked = field.text.stacked;  // of lines that were taken away since
    field.text = text_of(marks);
    if (field.text.height() > 0) field.text.stacked = std::max(stacked, field.text.stacked);
    const std::int64_t kept = area(marks), removed = area(before) - kept;
    if (removed < kept || pass == MOST_PASSES) return field;
    whiten(field.dark, before, marks);
    field.strokes = strokes(field.dark);
  }
}

}  // namespace

Field clean(const Picture& picture) {
  const Found found = find(picture);
  return {found.factor, stretched(found.whole, found.strokes.full), to_ink(found.dark, found.strokes), found.text};
}

Drawn drawn(const Picture& picture, int rows) {
  const Found found = find(picture);
  const Grey evened = stretched(found.whole, found.strokes.full);
  Text slanted = found.text;
  slanted.slant = 0;
  return {found.factor, found.text,
          normalized({evened.values.data(), evened.rows, evened.columns, evened.columns, 1}, slanted, rows)};
}

}  // namespace lenet::fields
