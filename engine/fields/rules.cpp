// Ruled lines and the sides of boxes: found by counting marks along straight lines, followed column by column, and
// taken away where nothing crosses them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "../glyphs.h"
#include "steps.h"

namespace lenet::fields {
namespace {

constexpr double STEEPEST = 0.06;  // rows a rule falls or rises per column
constexpr double MOST_BEND = 0.8;  // rows, root mean square: a drawn line is never so straight
constexpr double MAIN_BAND = 0.75;  // of the ink lies between the rules that a text is written between
constexpr double BORDER_SHARE = 0.2;  // of the columns have a thin mark on the border: what is left of a rule there
constexpr std::size_t MOST_RULES = 64;  // of one direction; a comb for a date has nine sides
constexpr std::size_t MOST_CANDIDATES = 512;

// The marks of a line in one column: rows [top, bottom), none where top == bottom.
struct Run {
  std::int32_t top = 0, bottom = 0;
  int length() const { return bottom - top; }
};

// A line along the rows, followed from the first column to the last.
struct Rule {
  std::vector<float> course;  // its row in every column
  std::vector<Run> runs;      // what is marked there
  float thickness = 0;
  std::int64_t covered = 0, alone = 0;  // columns with marks, and with marks no thicker than the line
  std::int64_t left = 0, right = 0;     // of what is covered
  std::int64_t thin = 0, first = 0, last = 0;  // columns with marks no thicker than 2, over all, and where they are
  double bend = 0;                      // root mean square of how far it strays from its course where it is alone

  double middle() const { return course[course.size() / 2]; }
};

Grey transposed(const Grey& plane) {
  Grey turned(plane.columns, plane.rows);
  for (std::int64_t y = 0; y < plane.rows; ++y)
    for (std::int64_t x = 0; x < plane.columns; ++x) turned.row(x)[y] = plane.row(y)[x];
  return turned;
}

// Leave those marks of a row that are marked in another one, or, turned by 1, that are not.
void and_row(const std::uint8_t* __restrict other, std::int64_t columns, std::uint8_t turned, std::uint8_t* __restrict row) {
  for (std::int64_t x = 0; x < columns; ++x) row[x] &= other[x] ^ turned;
}

// The marks that reach no further than `thickest` rows: lines along the rows, not strokes that stand upright.
Grey thin_marks(const Grey& marks, std::int64_t thickest) {
  Grey thin = marks;
  const std::int64_t columns = marks.columns;
  std::vector<std::uint8_t> thick(columns);  // where this row and the next `thickest` are all marked
  for (std::int64_t y = 0; y + thickest < marks.rows; ++y) {
    std::copy_n(marks.row(y), columns, thick.data());
    for (std::int64_t k = 1; k <= thickest; ++k) and_row(marks.row(y + k), columns, 0, thick.data());
    if (std::find(thick.begin(), thick.end(), std::uint8_t{1}) == thick.end()) continue;
    for (std::int64_t k = 0; k <= thickest; ++k) and_row(thick.data(), columns, 1, thin.row(y + k));
  }
  return thin;
}

// sums(y, x) = how many of the first x columns have a mark in the rows y - 1 to y + 1.
Plane<std::int32_t> sums_along(const Grey& marks) {
  Plane<std::int32_t> sums(marks.rows, marks.columns + 1);
  for (std::int64_t y = 0; y < marks.rows; ++y) {
    const std::uint8_t *row = marks.row(y), *above = marks.row(std::max<std::int64_t>(y - 1, 0));
    const std::uint8_t* below = marks.row(std::min(y + 1, marks.rows - 1));
    std::int32_t* out = sums.row(y);
    for (std::int64_t x = 0; x < marks.columns; ++x) out[x + 1] = out[x] + (row[x] | above[x] | below[x]);
  }
  return sums;
}

// A straight line from row `start` in the first column, and how many marks lie on it.
struct Candidate {
  std::int64_t start, drop;
  std::int32_t count;
};

// How many marks lie on each line of a drop, from those that start at the row `first`.
std::vector<std::int32_t> counts_along(const Plane<std::int32_t>& sums, std::int64_t drop, std::int64_t first) {
  const std::int64_t columns = sums.columns - 1, steps = std::abs(drop) + 1;
  std::vector<std::int32_t> counts(sums.rows + steps - 1, 0);
  for (std::int64_t k = 0; k < steps; ++k) {
    const std::int64_t from = columns * k / steps, to = columns * (k + 1) / steps;
    std::int32_t* count = counts.data() - first - (drop < 0 ? -k : k);  // of the line that is at row 0 here
    for (std::int64_t y = 0; y < sums.rows; ++y) count[y] += sums.row(y)[to] - sums.row(y)[from];
  }
  return counts;
}

// All lines on which at least this share of the columns is marked, the best first.
std::vector<Candidate> candidates(const Grey& marks, double least_covered) {
  const Plane<std::int32_t> sums = sums_along(marks);
  const auto least = static_cast<std::int32_t>(least_covered * static_cast<double>(marks.columns));
  const auto most_drop = static_cast<std::int64_t>(
      std::min(STEEPEST * static_cast<double>(marks.columns), static_cast<double>(marks.rows) / 4));
  std::vector<Candidate> found;
  for (std::int64_t drop = -most_drop; drop <= most_drop; ++drop) {
    const std::int64_t first = std::min<std::int64_t>(0, -drop);
    const std::vector<std::int32_t> counts = counts_along(sums, drop, first);
    for (std::size_t k = 0; k < counts.size(); ++k)
      if (counts[k] >= std::max(least, 8)) found.push_back({first + static_cast<std::int64_t>(k), drop, counts[k]});
  }
  std::stable_sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) { return a.count > b.count; });
  if (found.size() > MOST_CANDIDATES) found.resize(MOST_CANDIDATES);
  return found;
}

// The marks of column x that hold a row within `reach` of `row`: the nearest ones.
Run run_at(const Grey& marks, std::int64_t x, double row, int reach) {
  const auto middle = static_cast<std::int64_t>(std::lround(row));
  const std::int64_t rows = marks.rows, columns = marks.columns;
  const std::uint8_t* column = marks.row(0) + x;
  for (int away = 0; away <= reach; ++away)
    for (const std::int64_t y : {middle - away, middle + away}) {
      if (y < 0 || y >= rows || !column[y * columns]) continue;
      std::int64_t top = y, bottom = y + 1;
      while (top > 0 && column[(top - 1) * columns]) --top;
      while (bottom < rows && column[bottom * columns]) ++bottom;
      return {static_cast<std::int32_t>(top), static_cast<std::int32_t>(bottom)};
    }
  return {};
}

// Find the longest stretch that is marked but for small gaps, and what it is like.
void measure(Rule& rule) {
  const auto columns = static_cast<std::int64_t>(rule.runs.size());
  const auto gap = std::max<std::int64_t>(2, columns / 32);
  for (std::int64_t left = 0, x = 0, last = -1; x <= columns; ++x) {
    if (x < columns && rule.runs[x].length() == 0) continue;
    if (x == columns || x - last > gap) {
      if (last + 1 - left > rule.right - rule.left) rule.left = left, rule.right = last + 1;
      left = x;
    }
    last = x;
  }
  for (std::int64_t x = 0; x < columns; ++x) {
    if (rule.runs[x].length() == 0 || rule.runs[x].length() > 2) continue;
    if (rule.thin++ == 0) rule.first = x;
    rule.last = x;
  }
  for (std::int64_t x = rule.left; x < rule.right; ++x) {
    rule.covered += rule.runs[x].length() > 0;
    if (rule.runs[x].length() == 0 || rule.runs[x].length() > rule.thickness + 1) continue;
    const double away = (rule.runs[x].top + rule.runs[x].bottom - 1) / 2.0 - rule.course[x];
    rule.bend += away * away, ++rule.alone;
  }
  rule.bend = std::sqrt(rule.bend / static_cast<double>(std::max<std::int64_t>(rule.alone, 1)));
}

// Follow a line: where it is alone its course is corrected by what is there, elsewhere it goes straight on.
Rule follow(const Grey& marks, const Candidate& line) {
  Rule rule;
  const double slope = static_cast<double>(line.drop) / static_cast<double>(marks.columns);
  double offset = 0;
  std::vector<int> lengths;
  lengths.reserve(marks.columns), rule.course.reserve(marks.columns), rule.runs.reserve(marks.columns);
  for (std::int64_t x = 0; x < marks.columns; ++x) {
    const double straight = static_cast<double>(line.start) + slope * (static_cast<double>(x) + 0.5);
    const Run run = run_at(marks, x, straight + offset, 1);
    if (run.length() > 0) lengths.push_back(run.length());
    if (run.length() > 0 && run.length() <= 5)
      offset = std::clamp(offset + 0.2 * ((run.top + run.bottom - 1) / 2.0 - straight - offset), -2.5, 2.5);
    rule.course.push_back(static_cast<float>(straight + offset));
    rule.runs.push_back(run);
  }
  if (lengths.empty()) return rule;
  std::nth_element(lengths.begin(), lengths.begin() + lengths.size() * 2 / 5, lengths.end());
  rule.thickness = static_cast<float>(lengths[lengths.size() * 2 / 5]);
  measure(rule);
  return rule;
}

bool same(const Rule& a, const Rule& b) {
  const std::size_t last = a.course.size() - 1;
  const auto near = [&](std::size_t x) { return std::abs(a.course[x] - b.course[x]) < 2 + (a.thickness + b.thickness) / 2; };
  return near(last / 2) && (near(0) || near(last));
}

template <typename Accept>
std::vector<Rule> straight_lines(const Grey& marks, double thickest, double least_thin, Accept accept) {
  std::vector<Rule> rules;
  std::vector<Candidate> followed;
  for (const Candidate& candidate : candidates(thin_marks(marks, static_cast<std::int64_t>(thickest) + 1), least_thin)) {
    const auto near = [&](const Candidate& other) {
      const std::int64_t first = candidate.start - other.start, last = first + candidate.drop - other.drop;
      return std::abs(first) <= 2 && std::abs(last) <= 2;
    };
    if (std::any_of(followed.begin(), followed.end(), near)) continue;
    followed.push_back(candidate);
    Rule rule = follow(marks, candidate);
    if (rule.runs.empty() || !accept(rule)) continue;
    if (std::any_of(rules.begin(), rules.end(), [&](const Rule& other) { return same(rule, other); })) continue;
    rules.push_back(std::move(rule));
    if (rules.size() == MOST_RULES) break;
  }
  std::sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) { return a.middle() < b.middle(); });
  return rules;
}

// Neighbouring columns in which a stroke goes on beyond a line, on one side of it; `lean` is how many columns the
// stroke moves to the right over the last rows before it gets there.
struct Leg {
  std::int64_t first, end;
  int lean;
};

// Columns [first, end) of the marks of a row that overlap those given; none where first == end.
std::pair<std::int64_t, std::int64_t> marks_near(const Grey& marks, std::int64_t y, std::int64_t first, std::int64_t end) {
  if (y < 0 || y >= marks.rows) return {0, 0};
  const std::uint8_t* row = marks.row(y);
  first = std::max<std::int64_t>(first, 0), end = std::min(end, marks.columns);
  while (first < end && !row[first]) ++first;
  if (first == end) return {0, 0};
  for (end = first; end < marks.columns && row[end];) ++end;
  while (first > 0 && row[first - 1]) --first;
  return {first, end};
}

bool goes_on(const Rule& rule, std::int64_t x, int side) {
  const float half = rule.thickness / 2 + 1.5f;
  return side < 0 ? static_cast<float>(rule.runs[x].top) < rule.course[x] - half
                  : static_cast<float>(rule.runs[x].bottom - 1) > rule.course[x] + half;
}

// The strokes that end in a line, coming from above (side -1) or below (1).
std::vector<Leg> legs(const Grey& marks, const Rule& rule, int side) {
  constexpr int ROWS = 3;  // over which a stroke's lean is looked at
  std::vector<Leg> found;
  for (std::int64_t x = 0, end = 0; x < marks.columns; x = end) {
    end = x + 1;
    if (!goes_on(rule, x, side) || goes_on(rule, x, -side)) continue;
    while (end < marks.columns && goes_on(rule, end, side)) ++end;
    const auto near = static_cast<std::int64_t>(std::lround(rule.course[x] + side * (rule.thickness / 2 + 1.5f)));
    const auto [a, b] = marks_near(marks, near, x - 1, end + 1);
    const auto [c, d] = marks_near(marks, near + side * ROWS, a - 2, b + 2);
    found.push_back({x, end, c < d ? static_cast<int>(a + b - c - d) / 2 : 0});
  }
  return found;
}

// Take a line away, column by column. Marks much thicker than it are a stroke: one that goes on above and below
// stays whole, one that ends in the line ends at its middle. Two strokes that run towards each other as they enter the
// line are the sides of a bowl, whose bottom lies in it and stays.
void erase(Grey& marks, const Rule& rule) {
  std::vector<std::uint8_t> bowl(marks.columns, 0);
  const auto widest = static_cast<std::int64_t>(std::max(8.0, 0.5 * static_cast<double>(marks.rows)));
  for (const int side : {-1, 1}) {
    const std::vector<Leg> found = legs(marks, rule, side);
    for (std::size_t i = 0; i + 1 < found.size(); ++i)
      if (found[i].lean > 0 && found[i + 1].lean < 0 && found[i + 1].first - found[i].end <= widest)
        std::fill(bowl.begin() + found[i].first, bowl.begin() + found[i + 1].end, std::uint8_t{1});
  }
  for (std::int64_t x = 0; x < marks.columns; ++x) {
    const bool above = goes_on(rule, x, -1), below = goes_on(rule, x, 1);
    if (bowl[x] || (above && below)) continue;
    Run run = rule.runs[x];
    const auto middle = static_cast<std::int32_t>(std::lround(rule.course[x]));
    if (above) run.top = std::max(run.top, middle + 1);
    if (below) run.bottom = std::min(run.bottom, middle);
    for (std::int32_t y = run.top; y < run.bottom; ++y) marks.row(y)[x] = 0;
  }
}

// A line that the border of the picture cuts through leaves a broken row of thin marks along it: take them away where
// they are many.
void erase_border(Grey& marks, bool top) {
  const std::int64_t thickest = std::min<std::int64_t>(3, marks.rows / 16);
  const auto thin = [&](std::int64_t x) {
    std::int64_t length = 0;
    while (length <= thickest && marks.row(top ? length : marks.rows - 1 - length)[x]) ++length;
    return length <= thickest ? length : 0;
  };
  std::vector<std::int64_t> lengths;
  std::int64_t covered = 0;
  for (std::int64_t x = 0; x < marks.columns; ++x) covered += (lengths.emplace_back(thickest > 0 ? thin(x) : 0)) > 0;
  if (static_cast<double>(covered) < BORDER_SHARE * static_cast<double>(marks.columns)) return;
  for (std::int64_t x = 0; x < marks.columns; ++x)
    for (std::int64_t k = 0; k < lengths[x]; ++k) marks.row(top ? k : marks.rows - 1 - k)[x] = 0;
}

bool is_straight(const Rule& rule, double thickest) {
  const auto length = static_cast<double>(rule.right - rule.left);
  return rule.thickness <= thickest && rule.bend < MOST_BEND && static_cast<double>(rule.covered) >= 0.85 * length;
}

// Longer than the picture is high: no digit does that.
bool is_long(const Rule& rule, double rows) {
  const auto length = static_cast<double>(rule.right - rule.left), columns = static_cast<double>(rule.runs.size());
  return length >= 1.2 * rows && length >= 0.55 * columns && static_cast<double>(rule.alone) >= 0.35 * columns;
}

// A faint rule, of which thin pieces are seen all over the field.
bool is_broken(const Rule& rule, double rows) {
  const auto thin = static_cast<double>(rule.thin), columns = static_cast<double>(rule.runs.size());
  const auto extent = static_cast<double>(rule.last - rule.first);
  return thin >= 0.3 * columns && extent >= 0.75 * columns && columns >= 1.5 * rows && rule.thickness <= 2.5f &&
         rule.bend < MOST_BEND;
}

// From border to border along the edge of the picture. The bar of a 7 cut out closely is like that: one alone says
// nothing.
bool is_edge(const Rule& rule, double rows) {
  const auto length = static_cast<double>(rule.right - rule.left), columns = static_cast<double>(rule.runs.size());
  const double away = std::min(rule.middle(), rows - 1 - rule.middle());
  return length >= 0.95 * columns && static_cast<double>(rule.alone) >= 0.6 * columns && away < 0.2 * rows;
}

// The rows between which all marks but a few hundredths of them stand; the lines given do not count.
Run rows_of_text(const Grey& marks, const std::vector<Rule>& sides) {
  std::vector<std::int64_t> sums(marks.rows, 0);
  for (std::int64_t y = 0; y < marks.rows; ++y) {
    const std::uint8_t* row = marks.row(y);
    for (std::int64_t x = 0; x < marks.columns; ++x) sums[y] += row[x];
    for (const Rule& side : sides) sums[y] -= side.runs[y].length();
  }
  const auto few = static_cast<std::int64_t>(0.03 * static_cast<double>(std::accumulate(sums.begin(), sums.end(), std::int64_t{0})));
  Run text{0, static_cast<std::int32_t>(marks.rows)};
  for (std::int64_t seen = 0; text.top < text.bottom && (seen += sums[text.top]) <= few;) ++text.top;
  for (std::int64_t seen = 0; text.top < text.bottom && (seen += sums[text.bottom - 1]) <= few;) --text.bottom;
  return text;
}

// The least distance between two ends of sides that is a quarter of the picture or more.
double least_height(const std::vector<Rule>& level, double rows) {
  std::vector<double> ends{0, rows};
  for (const Rule& rule : level) ends.push_back(rule.middle());
  std::sort(ends.begin(), ends.end());
  double least = rows;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i)
    if (const double height = ends[i + 1] - ends[i]; height >= rows / 4) least = std::min(least, height);
  return least;
}

// The sides of boxes: upright lines from one end to the other, an end being the border or a level rule. A 1 may look
// like that: so it has to be taller than what else is written, unless three are alike.
std::vector<Rule> sides_of_boxes(const Grey& marks, const Grey& turned, const std::vector<Rule>& level, double thickest) {
  const auto rows = static_cast<double>(marks.rows);
  const auto is_end = [&](const Rule& side, std::int64_t y, double border) {
    const auto row = static_cast<double>(y);
    const auto column = std::clamp<std::int64_t>(std::lround(side.middle()), 0, marks.columns - 1);
    return std::abs(row - border) <= 3 || std::any_of(level.begin(), level.end(), [&](const Rule& rule) {
             return std::abs(row - rule.course[column]) <= 4 + rule.thickness;
           });
  };
  auto sides = straight_lines(turned, thickest, 0.4 * least_height(level, rows) / rows, [&](const Rule& side) {
    const auto length = static_cast<double>(side.right - side.left);
    return is_straight(side, thickest) && std::abs(side.course.back() - side.course.front()) <= 0.06 * rows &&
           static_cast<double>(side.alone) >= 0.5 * length && is_end(side, side.left, 0) && is_end(side, side.right, rows);
  });
  if (sides.size() >= 3) return sides;
  const Run text = rows_of_text(marks, sides);
  std::erase_if(sides, [&](const Rule& side) {
    return static_cast<double>(side.right - side.left - text.length()) < 0.12 * rows;
  });
  return sides;
}

// Leave the rows inside the boxes, where there are boxes; else those between two rules, where most of the ink is.
void keep_inside(Grey& marks, const std::vector<Rule>& level, const std::vector<Rule>& sides) {
  if (level.empty()) return;
  std::vector<std::int64_t> ends{0, marks.rows};
  for (const Rule& rule : level) ends.push_back(std::clamp<std::int64_t>(std::lround(rule.middle()), 0, marks.rows));
  std::sort(ends.begin(), ends.end());
  std::vector<std::int64_t> ink(ends.size() - 1, 0);
  std::int64_t all = 0;
  for (std::size_t k = 0; k + 1 < ends.size(); ++k) {
    for (std::int64_t i = ends[k] * marks.columns; i < ends[k + 1] * marks.columns; ++i) ink[k] += marks.values[i];
    all += ink[k];
  }
  const auto most = std::max_element(ink.begin(), ink.end()) - ink.begin();
  std::int64_t top = ends[most], bottom = ends[most + 1];
  if (sides.size() >= 2 && level.size() >= 2) {
    top = marks.rows, bottom = 0;
    for (const Rule& side : sides) top = std::min(top, side.left), bottom = std::max(bottom, side.right);
  } else if (static_cast<double>(ink[most]) < MAIN_BAND * static_cast<double>(all)) {
    return;
  }
  std::vector<std::int32_t> labels(marks.values.size());
  const auto found = glyphs::components({marks.values.data(), marks.rows, marks.columns, marks.columns}, labels.data());
  std::vector<std::uint8_t> kept(found.size() + 1, 0);
  for (std::size_t i = 0; i < found.size(); ++i) kept[i + 1] = found[i].top < bottom - 1 && found[i].bottom > top + 1;
  for (std::size_t i = 0; i < labels.size(); ++i) marks.values[i] = kept[labels[i]];
}

}  // namespace

void remove_rules(Grey& marks) {
  const auto rows = static_cast<double>(marks.rows), columns = static_cast<double>(marks.columns);
  const double thickest = std::max(3.0, 0.08 * std::min(rows, columns));
  auto level = straight_lines(marks, thickest, 0.3, [&](const Rule& rule) {
    if (is_broken(rule, rows)) return true;
    return is_straight(rule, thickest) && (is_long(rule, rows) || is_edge(rule, rows));
  });
  erase_border(marks, true), erase_border(marks, false);
  Grey turned = transposed(marks);
  if (std::any_of(level.begin(), level.end(), [&](const Rule& rule) { return !is_long(rule, rows) && !is_broken(rule, rows); })) {
    const auto edges = straight_lines(turned, thickest, 0.6, [&](const Rule& side) {
      return is_straight(side, thickest) && is_edge(side, columns);
    });
    if (level.size() + edges.size() < 2) level.clear();
  }
  for (const Rule& rule : level) erase(marks, rule);
  if (!level.empty()) turned = transposed(marks);
  const auto sides = sides_of_boxes(marks, turned, level, thickest);
  for (const Rule& side : sides) erase(turned, side);
  if (!sides.empty()) marks = transposed(turned);
  keep_inside(marks, level, sides);
}

}  // namespace lenet::fields
