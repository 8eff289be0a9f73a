#include <algorithm>
#include <array>
#include <cmath>

#include "../glyphs.h"
#include "steps.h"

namespace lenet::fields {
namespace {

constexpr float LEAST_CONTRAST = 0.07f * 255;  // what is less dark than this is no ink: shadow of creased paper
constexpr float CLEAR = 5;    // ink is this many standard deviations of the paper darker than paper
constexpr float STRAY = 4.5f;  // pattern beside a stroke strays this many standard deviations from paper
constexpr float LEAST_EDGE = 0.65f;  // of the threshold between ink and paper: where a stroke on clean paper ends

// ---- Strokes -------------------------------------------------------------------------------------------------------

// Every pixel mixed with its neighbours: (1, CENTRE, 1) / (CENTRE + 2) along rows and along columns.
template <unsigned CENTRE>
Grey smoothed(const Grey& plane) {
  Grey across(plane.rows, plane.columns), both(plane.rows, plane.columns);
  constexpr unsigned SUM = CENTRE + 2;
  const std::int64_t last = plane.columns - 1;
  for (std::int64_t y = 0; y < plane.rows; ++y) {
    const std::uint8_t* row = plane.row(y);
    std::uint8_t* __restrict out = across.row(y);
    out[0] = row[0], out[last] = row[last];
    for (std::int64_t x = 1; x < last; ++x)
      out[x] = static_cast<std::uint8_t>((row[x - 1] + CENTRE * row[x] + row[x + 1]) / SUM);
  }
  for (std::int64_t y = 0; y < plane.rows; ++y) {
    const std::uint8_t *row = across.row(y), *above = across.row(std::max<std::int64_t>(y - 1, 0));
    const std::uint8_t* below = across.row(std::min(y + 1, plane.rows - 1));
    std::uint8_t* __restrict out = both.row(y);
    for (std::int64_t x = 0; x <= last; ++x)
      out[x] = static_cast<std::uint8_t>((above[x] + CENTRE * row[x] + below[x]) / SUM);
  }
  return both;
}

// Otsu's threshold: it parts the pixels into two classes that differ most, weighted by their numbers.
struct Classes {
  float threshold, low, high;
  float spread;  // standard deviation of the lower class
};

Classes two_classes(const Grey& plane) {
  std::array<double, 256> histogram{};
  for (const std::uint8_t pixel : plane.values) ++histogram[pixel];
  double count = 0, moment = 0;
  for (int v = 0; v < 256; ++v) count += histogram[v], moment += histogram[v] * v;
  Classes best{255, 0, 0, 0};
  double below = 0, moment_below = 0, squares_below = 0, most = 0;
  for (int v = 0; v < 255; ++v) {
    below += histogram[v], moment_below += histogram[v] * v, squares_below += histogram[v] * v * v;
    if (below == 0 || below == count) continue;
    const double low = moment_below / below, high = (moment - moment_below) / (count - below);
    const double between = below * (count - below) * (high - low) * (high - low);
    if (between > most) {
      most = between;
      best = {static_cast<float>(v), static_cast<float>(low), static_cast<float>(high),
              static_cast<float>(std::sqrt(std::max(0.0, squares_below / below - low * low)))};
    }
  }
  return best;
}


// Keep the components of marks in which `sure` is somewhere at least `least`.
void keep_sure(Grey& marks, const Grey& sure, float least) {
  std::vector<std::int32_t> labels(marks.values.size());
  const auto found = glyphs::components({marks.values.data(), marks.rows, marks.columns, marks.columns}, labels.data());
  std::vector<std::uint8_t> kept(found.size() + 1, 0);
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (sure.values[i] >= least) kept[labels[i]] = 1;
  kept[0] = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) marks.values[i] = kept[labels[i]];
}

}  // namespace

// Two thresholds: what is as dark as ink when mixed with its neighbours, which takes thin patterns away, and
// everything nearly as dark and connected to it.
Strokes strokes(const Grey& dark) {
  const Grey rough = smoothed<2>(dark), fine = smoothed<4>(dark);
  const Classes classes = two_classes(rough);
  Strokes found{Grey(dark.rows, dark.columns), 0, 0};
  if (classes.high - classes.low < std::max(LEAST_CONTRAST, CLEAR * classes.spread)) return found;
  found.edge = std::clamp(classes.low + STRAY * classes.spread, LEAST_EDGE * classes.threshold, classes.threshold);
  found.full = classes.high + (classes.high - found.edge) / 2;
  for (std::size_t i = 0; i < fine.values.size(); ++i) found.marks.values[i] = fine.values[i] >= found.edge;
  keep_sure(found.marks, rough, classes.threshold);
  return found;
}

Grey to_ink(const Grey& dark, const Strokes& found) {
  std::array<std::uint8_t, 256> in_stroke{}, beside{};
  for (int v = 0; v < 256; ++v) {
    const float above = (static_cast<float>(v) - found.edge) / std::max(1.0f, found.full - found.edge);
    in_stroke[v] = static_cast<std::uint8_t>(std::clamp(STROKE + (255 - STROKE) * above, float{STROKE}, 255.0f));
    const float below = (static_cast<float>(v) - found.edge / 2) / std::max(1.0f, found.edge / 2);
    beside[v] = static_cast<std::uint8_t>(std::clamp(STROKE * below, 0.0f, STROKE - 1.0f));
  }
  Grey ink(dark.rows, dark.columns);
  for (std::int64_t y = 0; y < dark.rows; ++y) {
    const std::int64_t above = std::max<std::int64_t>(y - 1, 0), below = std::min(y + 1, dark.rows - 1);
    const std::uint8_t* near[] = {found.marks.row(above), found.marks.row(y), found.marks.row(below)};
    const auto column = [&](std::int64_t x) { return near[0][x] | near[1][x] | near[2][x]; };
    int left = 0, middle = column(0);
    for (std::int64_t x = 0; x < dark.columns; ++x) {
      const int right = x + 1 < dark.columns ? column(x + 1) : 0;
      const std::uint8_t value = dark.row(y)[x];
      ink.row(y)[x] = near[1][x] ? in_stroke[value] : (left | middle | right) ? beside[value] : 0;
      left = middle, middle = right;
    }
  }
  return ink;
}

}  // namespace lenet::fields
