#include "paths.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace lenet::cuts {
namespace {

using fields::Grey;
using fields::Plane;
using fields::Text;

// Widths of a stroke that are as dear as moving sideways by the height of the text: little makes a cut go a long way
// around, much makes it fall straight.
constexpr float LOOSE = 0.5f, STRICT = 6;
constexpr float LEAST_DIP = 0.08f, WALL = 0.2f;      // heights of the text: depth of a dip, and between two of one wall
constexpr float MUCH_SLANT = 0.15f;                  // more than this: cuts that stand upright are looked at as well
constexpr float MOST_INK = 5;                        // strokes that a cut may go through
constexpr float LEAST_DOT = 0.5f;                    // of a stroke's width squared: smaller is no atom
constexpr float LEAST_SCRAP = 0.02f;                 // of the height squared: smaller is not cut off
constexpr std::size_t MOST_VALLEYS = 2 * MOST_CUTS;  // of one row, the lowest

// Where strokes are: pixels of them left of a column, which is one more than the ink has.
struct Strokes {
  Plane<std::int32_t> before;
};

Strokes strokes_of(const Grey& ink) {
  Strokes strokes{Plane<std::int32_t>(ink.rows, ink.columns + 1)};
  for (std::int64_t y = 0; y < ink.rows; ++y)
    for (std::int64_t x = 0; x < ink.columns; ++x)
      strokes.before.row(y)[x + 1] = strokes.before.row(y)[x] + (ink.row(y)[x] >= fields::STROKE);
  return strokes;
}

// The ink stood upright: row y is moved to the right by offsets[y].
struct Upright {
  Plane<std::int32_t> cost;  // of passing through a pixel: FULL for full ink
  std::vector<std::int32_t> offsets;
};

Upright stand_up(const Grey& ink, float slant) {
  Upright up;
  const double middle = static_cast<double>(ink.rows) / 2;
  for (std::int64_t y = 0; y < ink.rows; ++y)
    up.offsets.push_back(static_cast<std::int32_t>(std::lround(slant * (static_cast<double>(y) - middle))));
  const auto [least, most] = std::minmax_element(up.offsets.begin(), up.offsets.end());
  const std::int32_t first = 1 - *least;
  up.cost = Plane<std::int32_t>(ink.rows, ink.columns + *most - *least + 2);  // with a column of paper on either side
  for (std::int64_t y = 0; y < ink.rows; ++y) {
    up.offsets[y] += first;
    std::copy_n(ink.row(y), ink.columns, up.cost.row(y) + up.offsets[y]);
  }
  return up;
}

// Cost of the cheapest ways from the first row (down) or from the last one (up) to every pixel, which counts as well.
using Ways = Plane<std::int32_t>;

void next_row(const std::int32_t* __restrict before, const std::int32_t* __restrict pixels, std::int32_t sideways,
              std::int64_t columns, std::int32_t* __restrict cost) {
  cost[0] = std::min(before[0], before[1] + sideways) + pixels[0];
  for (std::int64_t x = 1; x + 1 < columns; ++x)
    cost[x] = std::min(before[x], std::min(before[x - 1], before[x + 1]) + sideways) + pixels[x];
  cost[columns - 1] = std::min(before[columns - 1], before[columns - 2] + sideways) + pixels[columns - 1];
  for (std::int64_t x = 1; x < columns; ++x) cost[x] = std::min(cost[x], cost[x - 1] + (sideways + pixels[x]));
  for (std::int64_t x = columns - 2; x >= 0; --x) cost[x] = std::min(cost[x], cost[x + 1] + (sideways + pixels[x]));
}

Ways ways(const Plane<std::int32_t>& pixels, std::int32_t sideways, bool down) {
  Ways found(pixels.rows, pixels.columns);
  const std::vector<std::int32_t> start(pixels.columns, 0);
  const std::int32_t* before = start.data();
  for (std::int64_t k = 0; k < pixels.rows; ++k) {
    const std::int64_t y = down ? k : pixels.rows - 1 - k;
    next_row(before, pixels.row(y), sideways, pixels.columns, found.row(y));
    before = found.row(y);
  }
  return found;
}

// Walk from row y, column x back to the first row (down) or the last: always to a neighbour that explains the cost.
void walk(const Ways& found, const Plane<std::int32_t>& pixels, std::int32_t sideways, std::int64_t y, std::int64_t x,
          bool down, Path& path) {
  const std::int64_t last = down ? 0 : pixels.rows - 1, back = down ? -1 : 1, columns = pixels.columns;
  if (!down) path.ink -= pixels.row(y)[x];  // both halves hold the pixel that they start from
  path.columns[y] = static_cast<std::int32_t>(x);
  for (;;) {
    const std::int32_t rest = found.row(y)[x] - pixels.row(y)[x];
    const std::int32_t* before = y == last ? nullptr : found.row(y + back);
    path.ink += pixels.row(y)[x];
    if (before == nullptr ? rest == 0 : rest == before[x]) {
      if (y == last) return;
      y += back;
    } else if (before != nullptr && x > 0 && rest == before[x - 1] + sideways) {
      y += back, x -= 1, path.sideways += 1;
    } else if (before != nullptr && x + 1 < columns && rest == before[x + 1] + sideways) {
      y += back, x += 1, path.sideways += 1;
    } else {
      x += x > 0 && rest == found.row(y)[x - 1] + sideways ? -1 : 1, path.sideways += 1;
      if (down) continue;
    }
    path.columns[y] = static_cast<std::int32_t>(x);
  }
}

// The valleys of what it costs to pass through a row: the middle of each stretch lower than both its neighbours.
std::vector<std::int64_t> valleys(const Plane<std::int32_t>& pixels, const Ways& above, const Ways& below,
                                  std::int64_t y) {
  std::vector<std::int64_t> found;
  const auto cost = [&](std::int64_t x) { return above.row(y)[x] + below.row(y)[x] - pixels.row(y)[x]; };
  constexpr std::int32_t BORDER = std::numeric_limits<std::int32_t>::max();
  std::int32_t before = BORDER;
  for (std::int64_t x = 0, end = 0; x < pixels.columns; x = end) {
    const std::int32_t here = cost(x);
    std::int32_t after = here;
    for (end = x + 1; end < pixels.columns && (after = cost(end)) == here;) ++end;
    if (end == pixels.columns) after = BORDER;
    if (before > here && after > here) found.push_back((x + end - 1) / 2);
    before = here;
  }
  if (found.size() > MOST_VALLEYS) {
    const auto cheaper = [&](std::int64_t a, std::int64_t b) { return cost(a) < cost(b); };
    std::nth_element(found.begin(), found.begin() + MOST_VALLEYS, found.end(), cheaper);
    found.resize(MOST_VALLEYS);
  }
  return found;
}

void add_paths(const Upright& up, const Strokes& strokes, const Text& text, float strokes_a_height,
               std::vector<Path>& found) {
  const auto sideways = static_cast<std::int32_t>(std::ceil(FULL * strokes_a_height * text.stroke / text.height()));
  const Ways above = ways(up.cost, sideways, true), below = ways(up.cost, sideways, false);
  const auto columns = static_cast<std::int32_t>(strokes.before.columns - 1);
  for (const double share : {0.1, 0.3, 0.5, 0.7, 0.9}) {
    const auto y = std::clamp<std::int64_t>(std::lround(text.top + share * text.height()), 0, up.cost.rows - 1);
    for (const std::int64_t x : valleys(up.cost, above, below, y)) {
      Path path;
      path.columns.resize(up.cost.rows);
      walk(above, up.cost, sideways, y, x, true, path);
      walk(below, up.cost, sideways, y, x, false, path);
      for (std::int64_t row = 0; row < up.cost.rows; ++row) {
        std::int32_t& column = path.columns[row];
        column = std::clamp(column - up.offsets[row], 0, columns);
        path.area += strokes.before.row(row)[column];
      }
      found.push_back(std::move(path));
    }
  }
}

// Where a contour comes closest to the other one: the middles of its dips that are `least` deep or more. `depth` grows
// into the text.
std::vector<std::int64_t> dips(const std::vector<float>& depth, float least) {
  std::vector<std::int64_t> found;
  const auto count = static_cast<std::int64_t>(depth.size());
  float shallowest = depth.empty() ? 0 : depth[0];  // since the last dip
  std::int64_t first = 0, last = 0;                 // of the deepest stretch since then
  for (std::int64_t x = 0; x < count; ++x) {
    if (depth[x] < shallowest) shallowest = depth[x], first = last = x;
    if (depth[x] > depth[first]) first = x;
    if (depth[x] >= depth[first]) last = x;
    if (depth[first] - depth[x] < least) continue;
    if (depth[first] - shallowest >= least) found.push_back((first + last) / 2);
    shallowest = depth[x], first = last = x;
  }
  return found;
}

// Straight cuts from a dip of the upper contour to one of the lower contour below it: where two round digits share a
// wall, every other way is cheaper than the one along it.
void add_walls(const Upright& up, const Strokes& strokes, const Text& text, std::vector<Path>& found) {
  const std::int64_t rows = up.cost.rows, columns = up.cost.columns;
  std::vector<float> above(columns, static_cast<float>(rows)), below(columns, static_cast<float>(rows));
  for (std::int64_t y = 0; y < rows; ++y)
    for (std::int64_t x = 0; x < columns; ++x)
      if (up.cost.row(y)[x] >= fields::STROKE) {
        above[x] = std::min(above[x], static_cast<float>(y));
        below[x] = static_cast<float>(rows - 1 - y);
      }
  const float least = std::max(2.0f, LEAST_DIP * text.height());
  const std::vector<std::int64_t> lower = dips(below, least);
  for (const std::int64_t x : dips(above, least)) {
    const auto place =
        std::lower_bound(lower.begin(), lower.end(), x - static_cast<std::int64_t>(WALL * text.height()));
    if (place == lower.end() || static_cast<float>(*place - x) > WALL * text.height()) continue;
    Path path;
    path.sideways = static_cast<std::int32_t>(std::abs(*place - x));
    for (std::int64_t y = 0; y < rows; ++y) {
      const auto column = x + (*place - x) * y / std::max<std::int64_t>(rows - 1, 1);
      path.ink += up.cost.row(y)[column];
      path.columns.push_back(std::clamp<std::int32_t>(static_cast<std::int32_t>(column) - up.offsets[y], 0,
                                                      static_cast<std::int32_t>(strokes.before.columns - 1)));
      path.area += strokes.before.row(y)[path.columns.back()];
    }
    found.push_back(std::move(path));
  }
}

// Pixels of strokes right of one path and left of another.
double area_between(const Strokes& strokes, const std::vector<std::int32_t>& from,
                    const std::vector<std::int32_t>& to) {
  std::int64_t area = 0;
  for (std::int64_t y = 0; y < strokes.before.rows; ++y)
    if (from[y] < to[y]) area += strokes.before.row(y)[to[y]] - strokes.before.row(y)[from[y]];
  return static_cast<double>(area);
}

// Hold a path between two others: where it would cross one, it goes on along it.
void hold_between(const Grey& ink, const Strokes& strokes, const Path& left, const Path& right, Path& path) {
  bool held = false;
  for (std::int64_t y = 0; y < ink.rows; ++y) {
    const std::int32_t column = std::clamp(path.columns[y], left.columns[y], right.columns[y]);
    held = held || column != path.columns[y];
    path.columns[y] = column;
  }
  if (!held) return;
  path.ink = 0, path.area = 0;
  for (std::int64_t y = 0; y < ink.rows; ++y) {
    const std::int32_t here = path.columns[y], before = path.columns[std::max<std::int64_t>(y - 1, 0)];
    for (std::int32_t x = std::min(here, before); x <= std::max(here, before) && x < ink.columns; ++x)
      path.ink += ink.row(y)[x];
    path.area += strokes.before.row(y)[here];
  }
}

// Keep the cheapest paths that part something from something, in order.
std::vector<Path> chosen(const Grey& ink, const Strokes& strokes, const Text& text, std::vector<Path> candidates) {
  const auto end = [&](std::int64_t column) {
    Path path;
    path.columns.assign(strokes.before.rows, static_cast<std::int32_t>(column));
    for (std::int64_t y = 0; y < strokes.before.rows; ++y) path.area += strokes.before.row(y)[column];
    return path;
  };
  std::vector<Path> kept{end(0), end(strokes.before.columns - 1)};
  std::stable_sort(candidates.begin(), candidates.end(), [](const Path& a, const Path& b) {
    return 32 * a.ink + a.sideways < 32 * b.ink + b.sideways;  // among those through paper, the straightest
  });
  const auto strokes_of = [&](const Path& path) { return static_cast<float>(path.ink) / (FULL * text.stroke); };
  for (Path& path : candidates) {
    if (kept.size() == MOST_CUTS + 2 || strokes_of(path) > MOST_INK) break;
    const auto place = std::lower_bound(kept.begin() + 1, kept.end() - 1, path,
                                        [](const Path& a, const Path& b) { return a.area < b.area; });
    hold_between(ink, strokes, *(place - 1), *place, path);
    if (strokes_of(path) > MOST_INK) continue;
    const double least = least_area(strokes_of(path), text, LEAST_SCRAP);
    if (area_between(strokes, (place - 1)->columns, path.columns) >= least &&
        area_between(strokes, path.columns, place->columns) >= least)
      kept.insert(place, std::move(path));
  }
  return {std::make_move_iterator(kept.begin() + 1), std::make_move_iterator(kept.end() - 1)};
}

}  // namespace

double least_area(float ink, const Text& text, float least_piece) {
  return ink < FREE ? LEAST_DOT * text.stroke * text.stroke : least_piece * text.height() * text.height();
}

std::vector<Path> cheapest_paths(const Grey& ink, const Text& text) {
  const Strokes strokes = strokes_of(ink);
  std::vector<Path> candidates;
  {
    const Upright up = stand_up(ink, text.slant);
    for (const float sideways : {LOOSE, STRICT}) add_paths(up, strokes, text, sideways, candidates);
    add_walls(up, strokes, text, candidates);
  }
  if (std::abs(text.slant) > MUCH_SLANT) {  // one slant for all is no more than a guess
    const Upright straight = stand_up(ink, 0);
    add_paths(straight, strokes, text, STRICT, candidates);
    add_walls(straight, strokes, text, candidates);
  }
  return chosen(ink, strokes, text, std::move(candidates));
}

}  // namespace lenet::cuts
