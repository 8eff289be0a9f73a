#include "steps.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lenet::fields {
namespace {

constexpr std::int64_t MOST_ROWS = 320;        // of a picture as it is looked at; higher ones are made smaller first
constexpr std::int64_t MOST_PIXELS = 1 << 22;  // likewise
constexpr int CELL = 4;                        // the light of the paper is known for squares of this side
constexpr float DIMMEST = 80;                  // darker paper counts as if it had this much light: its noise is no ink

// ---- Making smaller ------------------------------------------------------------------------------------------------

// One channel, averaged over squares of side `factor`.
Grey reduced(const Picture& picture, int channel, int factor) {
  Grey plane((picture.rows + factor - 1) / factor, (picture.columns + factor - 1) / factor);
  std::vector<std::uint32_t> sums(plane.columns);
  for (std::int64_t y = 0; y < plane.rows; ++y) {
    const std::uint8_t* first = picture.pixels + y * factor * picture.row_stride + channel;
    std::uint8_t* out = plane.row(y);
    if (factor == 1) {
      for (std::int64_t x = 0; x < plane.columns; ++x) out[x] = first[x * picture.channels];
      continue;
    }
    std::fill(sums.begin(), sums.end(), 0);
    const std::int64_t down = std::min<std::int64_t>(factor, picture.rows - y * factor);
    for (std::int64_t i = 0; i < down; ++i)
      for (std::int64_t x = 0; x < picture.columns; ++x)
        sums[x / factor] += first[i * picture.row_stride + x * picture.channels];
    for (std::int64_t x = 0; x < plane.columns; ++x) {
      const auto area = static_cast<std::uint32_t>(down * std::min<std::int64_t>(factor, picture.columns - x * factor));
      out[x] = static_cast<std::uint8_t>((sums[x] + area / 2) / area);
    }
  }
  return plane;
}

bool is_grey(const Picture& picture) {
  if (picture.channels == 1) return true;
  for (std::int64_t y = 0; y < picture.rows; ++y) {
    const std::uint8_t* row = picture.pixels + y * picture.row_stride;
    std::uint8_t differs = 0;
    for (std::int64_t x = 0; x < picture.columns; ++x) differs |= (row[3 * x] ^ row[3 * x + 1]) | (row[3 * x] ^ row[3 * x + 2]);
    if (differs) return false;
  }
  return true;
}

// ---- The light of the paper ----------------------------------------------------------------------------------------

struct Sums {
  std::uint32_t total = 0, count = 0;
};

// Replace every cell of a line by the sum of the cells at most `radius` away.
void sum_windows(Sums* cells, std::int64_t length, std::int64_t stride, std::int64_t radius, std::vector<Sums>& line) {
  line.resize(length + 1);
  for (std::int64_t i = 0; i < length; ++i)
    line[i + 1] = {line[i].total + cells[i * stride].total, line[i].count + cells[i * stride].count};
  for (std::int64_t i = 0; i < length; ++i) {
    const Sums &from = line[std::max<std::int64_t>(i - radius, 0)], &to = line[std::min(i + radius + 1, length)];
    cells[i * stride] = {to.total - from.total, to.count - from.count};
  }
}

// Blow a row of cells up to pixels, each its cell's value + `offset` as a byte.
void blow_up(const float* cells, float offset, std::vector<std::uint8_t>& row) {
  const auto columns = static_cast<std::int64_t>(row.size());
  for (std::int64_t i = 0; i * CELL < columns; ++i) {
    const auto value = static_cast<std::uint8_t>(std::clamp(cells[i] + offset + 0.5f, 0.0f, 255.0f));
    std::fill_n(row.data() + i * CELL, std::min<std::int64_t>(CELL, columns - i * CELL), value);
  }
}

// Add the pixels of a row that are from `from` to `to`, and count them, each in its column.
void add_between(const std::uint8_t* __restrict row, const std::uint8_t* __restrict from,
                 const std::uint8_t* __restrict to, std::int64_t columns, std::uint16_t* __restrict total,
                 std::uint16_t* __restrict count) {
  for (std::int64_t x = 0; x < columns; ++x) {
    const std::uint8_t pixel = row[x], counted = (pixel >= from[x]) & (pixel <= to[x]);
    total[x] = static_cast<std::uint16_t>(total[x] + pixel * counted);
    count[x] = static_cast<std::uint16_t>(count[x] + counted);
  }
}

// By cells, the mean in a window of the pixels that are between level - below and level + above.
Plane<float> mean_near(const Grey& plane, const Plane<float>& level, float below, float above, std::int64_t radius) {
  std::vector<Sums> cells(level.values.size()), line;
  std::vector<std::uint8_t> from(plane.columns), to(plane.columns);
  std::vector<std::uint16_t> total(level.columns * CELL), count(level.columns * CELL);
  for (std::int64_t i = 0; i < level.rows; ++i) {
    blow_up(level.row(i), -below, from), blow_up(level.row(i), above, to);
    std::fill(total.begin(), total.end(), std::uint16_t{0}), std::fill(count.begin(), count.end(), std::uint16_t{0});
    for (std::int64_t y = i * CELL; y < std::min((i + 1) * CELL, plane.rows); ++y)
      add_between(plane.row(y), from.data(), to.data(), plane.columns, total.data(), count.data());
    for (std::int64_t x = 0; x < level.columns; ++x)
      for (std::int64_t k = x * CELL; k < (x + 1) * CELL; ++k)
        cells[i * level.columns + x].total += total[k], cells[i * level.columns + x].count += count[k];
  }
  for (std::int64_t i = 0; i < level.rows; ++i) sum_windows(&cells[i * level.columns], level.columns, 1, radius, line);
  for (std::int64_t i = 0; i < level.columns; ++i) sum_windows(&cells[i], level.rows, level.columns, radius, line);
  Plane<float> mean(level.rows, level.columns);
  for (std::size_t i = 0; i < cells.size(); ++i)
    mean.values[i] = cells[i].count ? static_cast<float>(cells[i].total) / static_cast<float>(cells[i].count)
                                    : level.values[i];
  return mean;
}

// How many pixels are by how much, -255 to 255, lighter than the level of their cell.
std::array<std::int64_t, 511> deviations(const Grey& plane, const Plane<float>& level) {
  std::array<std::int64_t, 511> histogram{};
  std::vector<std::uint8_t> levels(plane.columns);
  for (std::int64_t y = 0; y < plane.rows; ++y) {
    if (y % CELL == 0) blow_up(level.row(y / CELL), 0, levels);
    for (std::int64_t x = 0; x < plane.columns; ++x) ++histogram[255 + plane.row(y)[x] - levels[x]];
  }
  return histogram;
}

// The mean of away^power over the deviations from first to last, 0 where there are none.
double moment(const std::array<std::int64_t, 511>& histogram, int power, int first = -255, int last = 255) {
  double sum = 0, count = 0;
  for (int away = first; away <= last; ++away) {
    double term = static_cast<double>(histogram[255 + away]);
    count += term;
    for (int i = 0; i < power; ++i) term *= away;
    sum += term;
  }
  return count > 0 ? sum / count : 0;
}

std::int64_t window_radius(const Grey& plane) {
  const auto side = static_cast<double>(std::min(plane.rows, plane.columns));
  return std::max(3, static_cast<int>(0.3 * side / CELL));
}

Plane<float> local_mean(const Grey& plane) {
  const Plane<float> start((plane.rows + CELL - 1) / CELL, (plane.columns + CELL - 1) / CELL);
  return mean_near(plane, start, 0, 255, window_radius(plane));
}

// The light of the paper and how far it strays from that, noise and pattern together. Half of the pixels are lighter
// than the mean of all, and of those the mean is paper's or a little more; the last mean takes paper's dark side in.
struct Paper {
  Plane<float> light;
  float noise;
};

Paper paper(const Grey& plane, const Plane<float>& mean) {
  const std::int64_t radius = window_radius(plane);
  Plane<float> light = mean_near(plane, mean, 0, 255, radius);
  const auto spread = static_cast<float>(std::sqrt(moment(deviations(plane, light), 2, 1, 255))) + 1;
  light = mean_near(plane, light, 4 * spread, 3 * spread, radius);
  const int reach = std::min(255, static_cast<int>(4 * spread));
  const double noise = std::sqrt(moment(deviations(plane, light), 2, -reach, reach));
  return {std::move(light), static_cast<float>(noise) + 1};
}

// ---- Which is ink --------------------------------------------------------------------------------------------------

// How much of the border is light, from -1 (none) to 1 (all).
double light_border(const Grey& plane) {
  std::array<std::int64_t, 256> histogram{};
  for (const std::uint8_t pixel : plane.values) ++histogram[pixel];
  const auto percentile = [&](double share) {
    double rest = share * static_cast<double>(plane.values.size());
    int value = 0;
    while (value < 255 && (rest -= static_cast<double>(histogram[value])) > 0) ++value;
    return value;
  };
  const double middle = (percentile(0.02) + percentile(0.98)) / 2.0;
  double light = 0, border = 0;
  const auto look = [&](std::uint8_t pixel) { light += pixel > middle, border += 1; };
  for (std::int64_t x = 0; x < plane.columns; ++x) look(plane.row(0)[x]), look(plane.row(plane.rows - 1)[x]);
  for (std::int64_t y = 0; y < plane.rows; ++y) look(plane.row(y)[0]), look(plane.row(y)[plane.columns - 1]);
  return 2 * light / border - 1;
}

// Above 0 where marks are lighter than the ground. Marks cover less than half of their surroundings, so brightness
// around its local mean has its long tail on their side; and it is the ground that reaches the border.
double lightness(const Grey& plane, const Plane<float>& mean) {
  const auto histogram = deviations(plane, mean);
  const double first = moment(histogram, 1), second = moment(histogram, 2), third = moment(histogram, 3);
  const double variance = second - first * first;
  const double skewness = (third - 3 * first * second + 2 * first * first * first) / (std::pow(variance, 1.5) + 1e-9);
  return skewness - light_border(plane);
}

// Put into `dark` what share of the paper's light is missing, times `weight`, where that is more than it has.
void add_lost(const Grey& plane, const Plane<float>& light, float weight, Grey& dark) {
  const std::int64_t columns = plane.columns;  // bytes that are written might else change it, for all the compiler knows
  std::vector<float> level(columns), scale(columns);
  for (std::int64_t y = 0; y < plane.rows; ++y) {
    if (y % CELL == 0)
      for (std::int64_t x = 0; x < columns; ++x) {
        level[x] = light.row(y / CELL)[x / CELL];
        scale[x] = 255 * weight / std::max(level[x], DIMMEST);
      }
    const std::uint8_t* __restrict row = plane.row(y);
    std::uint8_t* __restrict out = dark.row(y);
    const float *__restrict levels = level.data(), *__restrict scales = scale.data();
    for (std::int64_t x = 0; x < columns; ++x) {
      float lost = (levels[x] - row[x]) * scales[x];
      lost = lost > 0 ? lost : 0;
      lost = lost < 255 ? lost : 255;
      const auto whole = static_cast<std::uint8_t>(static_cast<int>(lost));
      out[x] = std::max(out[x], whole);
    }
  }
}

void invert(Grey& plane) {
  for (std::uint8_t& pixel : plane.values) pixel = 255 - pixel;
}

}  // namespace

// Rows are few in a field, but a strip that stands upright must not lose its columns for that.
int factor_for(const Picture& picture) {
  const double area = static_cast<double>(picture.rows) * static_cast<double>(picture.columns);
  const auto by_area = static_cast<std::int64_t>(std::ceil(std::sqrt(area / static_cast<double>(MOST_PIXELS))));
  const std::int64_t most = std::max<std::int64_t>(1, std::min(picture.rows, picture.columns) / 16);
  return static_cast<int>(std::max({std::int64_t{1}, by_area, std::min(most, (picture.rows + MOST_ROWS - 1) / MOST_ROWS)}));
}

// How much of the paper's light is missing, 255 for all of it; of several channels the one that says most, each in
// proportion to its own noise, so that blue waves do not hide black ink.
Grey darkness(const Picture& picture, int factor) {
  std::vector<Grey> planes;
  for (int channel = 0; channel < (is_grey(picture) ? 1 : 3); ++channel)
    planes.push_back(reduced(picture, channel, factor));
  Grey mean = planes[0];
  if (planes.size() == 3)
    for (std::size_t i = 0; i < mean.values.size(); ++i)
      mean.values[i] = static_cast<std::uint8_t>((planes[0].values[i] + planes[1].values[i] + planes[2].values[i]) / 3);
  const Plane<float> middle = local_mean(mean);
  const bool inverted = lightness(mean, middle) > 0;
  if (inverted)
    for (Grey& plane : planes) invert(plane);
  std::vector<Paper> papers;
  float least = 255;
  for (const Grey& plane : planes) {
    papers.push_back(paper(plane, planes.size() > 1 || inverted ? local_mean(plane) : middle));
    least = std::min(least, papers.back().noise);
  }
  Grey dark(mean.rows, mean.columns);
  for (std::size_t i = 0; i < planes.size(); ++i) add_lost(planes[i], papers[i].light, least / papers[i].noise, dark);
  return dark;
}

}  // namespace lenet::fields
