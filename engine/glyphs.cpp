#include "glyphs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>

#include "threads.h"

namespace lenet::glyphs {
namespace {

// ---- Connected components ------------------------------------------------------------------------------------------

// Ink pixels [first, end) of one row, and the number of the set they were put into.
struct Run {
  std::int32_t first, end, set;
};

// Disjoint sets; the root of a set is its smallest member, so roots stand in reading order.
class Sets {
 public:
  std::int32_t add() {
    parents_.push_back(static_cast<std::int32_t>(parents_.size()));
    return parents_.back();
  }

  std::int32_t root(std::int32_t member) {
    while (parents_[member] != member) {
      parents_[member] = parents_[parents_[member]];
      member = parents_[member];
    }
    return member;
  }

  std::int32_t join(std::int32_t a, std::int32_t b) {
    a = root(a), b = root(b);
    if (a > b) std::swap(a, b);
    parents_[b] = a;
    return a;
  }

 private:
  std::vector<std::int32_t> parents_;
};

// First column from `column` on whose pixel is ink; paper is most of a page, so it is skipped eight pixels at a time.
std::int64_t next_ink(const std::uint8_t* row, std::int64_t column, std::int64_t columns) {
  for (std::uint64_t eight; column + 8 <= columns; column += 8) {
    std::memcpy(&eight, row + column, 8);
    if (eight != 0) break;
  }
  while (column < columns && row[column] == 0) ++column;
  return column;
}

// Put a run into the sets of the runs above that it touches, corners included. `above` moves along with the runs.
std::int32_t join_above(Sets& sets, const std::vector<Run>& runs, std::size_t& above, std::size_t above_end,
                        std::int64_t first, std::int64_t end) {
  std::int32_t set = -1;
  while (above < above_end && runs[above].end < first) ++above;
  for (std::size_t i = above; i < above_end && runs[i].first <= end; ++i)
    set = set < 0 ? sets.root(runs[i].set) : sets.join(set, runs[i].set);
  return set < 0 ? sets.add() : set;
}

// All runs of a mask, row after row; row y holds runs[starts[y]] up to runs[starts[y + 1]].
void find_runs(const Ink& mask, Sets& sets, std::vector<Run>& runs, std::vector<std::size_t>& starts) {
  std::size_t above = 0;
  for (std::int64_t y = 0; y < mask.rows; ++y) {
    const std::uint8_t* row = mask.pixels + y * mask.row_stride;
    const std::size_t above_end = runs.size();
    starts.push_back(above_end);
    for (std::int64_t x = next_ink(row, 0, mask.columns); x < mask.columns;) {
      const std::int64_t first = x;
      while (x < mask.columns && row[x] != 0) ++x;
      const std::int32_t set = join_above(sets, runs, above, above_end, first, x);
      runs.push_back({static_cast<std::int32_t>(first), static_cast<std::int32_t>(x), set});
      x = next_ink(row, x, mask.columns);
    }
    above = above_end;
  }
  starts.push_back(runs.size());
}

// ---- Normalising ---------------------------------------------------------------------------------------------------

// The smallest rectangle that holds every pixel above 0; without one, an empty one.
struct Box {
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;
};

Box ink_box(const Ink& ink) {
  std::vector<std::uint8_t> any_row(ink.columns, 0);  // the OR of all rows
  Box box{0, ink.rows, 0, 0};
  for (std::int64_t y = 0; y < ink.rows; ++y) {
    const std::uint8_t* row = ink.pixels + y * ink.row_stride;
    std::uint8_t any = 0;
    for (std::int64_t x = 0; x < ink.columns; ++x) {
      any |= row[x];
      any_row[x] |= row[x];
    }
    if (any == 0) continue;
    box.top = std::min(box.top, y);
    box.bottom = y + 1;
  }
  if (box.bottom == 0) return {};
  const auto is_ink = [](std::uint8_t pixel) { return pixel != 0; };
  box.left = std::find_if(any_row.begin(), any_row.end(), is_ink) - any_row.begin();
  box.right = any_row.rend() - std::find_if(any_row.rbegin(), any_row.rend(), is_ink);
  return box;
}

// One axis of a picture drawn into the 20 cells of the box: cell k is the sum of weights[k][j] * pixel (first[k] + j).
struct Axis {
  std::array<std::int64_t, GLYPH_BOX> first;
  std::array<std::vector<float>, GLYPH_BOX> weights;
};

// `length` pixels, each `enlargement` cells long, in the middle of the box. A length of whole cells stands on whole
// cells: it needs no anti-aliasing across its edges, and images of MNIST come back as they are.
Axis lay_out(std::int64_t length, double enlargement) {
  const double extent = static_cast<double>(length) * enlargement;
  double margin = (GLYPH_BOX - extent) / 2;
  if (std::abs(extent - std::round(extent)) < 1e-9) margin = std::floor(margin + 1e-9);
  Axis axis;
  for (int k = 0; k < GLYPH_BOX; ++k) {
    double from = (k - margin) / enlargement, to = (k + 1 - margin) / enlargement;
    double peak = enlargement;  // weight of a pixel that lies wholly inside the cell
    if (enlargement > 1) {      // cells smaller than pixels: as from a cell one wide, between the two nearest pixels
      const double middle = (from + to) / 2;
      from = middle - 0.5, to = middle + 0.5, peak = 1;
    }
    const auto first = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(from)), 0, length);
    const auto end = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(to)), first, length);
    axis.first[k] = first;
    for (std::int64_t j = first; j < end; ++j) {
      const double overlap = std::min<double>(to, j + 1) - std::max<double>(from, j);
      axis.weights[k].push_back(static_cast<float>(std::max(0.0, overlap) * peak));
    }
  }
  return axis;
}

using Cells = std::array<std::array<float, GLYPH_BOX>, GLYPH_BOX>;

// cells[i][k] = sum over y, x of down.weights[i][y] * across.weights[k][x] * pixel: first down, in whole rows.
Cells resample(const Ink& ink, const Box& box) {
  const std::int64_t columns = box.right - box.left, rows = box.bottom - box.top;
  const double enlargement = static_cast<double>(GLYPH_BOX) / static_cast<double>(std::max(rows, columns));
  const Axis down = lay_out(rows, enlargement), across = lay_out(columns, enlargement);
  Cells cells{};
  std::vector<float> sums(columns);
  for (int i = 0; i < GLYPH_BOX; ++i) {
    std::fill(sums.begin(), sums.end(), 0.0f);
    for (std::size_t y = 0; y < down.weights[i].size(); ++y) {
      const std::uint8_t* row = ink.pixels + (box.top + down.first[i] + y) * ink.row_stride + box.left;
      const float weight = down.weights[i][y];
      for (std::int64_t x = 0; x < columns; ++x) sums[x] += weight * row[x];
    }
    for (int k = 0; k < GLYPH_BOX; ++k)
      cells[i][k] = std::inner_product(across.weights[k].begin(), across.weights[k].end(),
                                       sums.begin() + across.first[k], 0.0f);
  }
  return cells;
}

// The whole number of pixels to move 20 cells by, given the ink in each, so that their centre of mass comes nearest to
// the middle of the image: pixel 14, where all of MNIST's stand (between 13.5 and 14.5).
int centring_shift(const std::array<double, GLYPH_BOX>& masses) {
  double mass = 0, moment = 0;
  int first = GLYPH_BOX, last = 0;
  for (int k = 0; k < GLYPH_BOX; ++k) {
    mass += masses[k];
    moment += masses[k] * k;
    if (masses[k] > 0) first = std::min(first, k), last = k;
  }
  if (mass == 0) return 0;
  const int shift = static_cast<int>(std::floor(GLYPH_SIDE / 2 - moment / mass + 0.5));
  return std::clamp(shift, -first, GLYPH_SIDE - 1 - last);
}

// ---- Distortion ----------------------------------------------------------------------------------------------------

// Numbers that depend on (seed, id, how many were drawn before) and nothing else: SplitMix64 (Steele, Lea and Flood
// 2014) run from a state that is itself a hash.
class Draws {
 public:
  Draws(std::uint64_t seed, std::int64_t id) : state_(mix(mix(seed + STEP) + static_cast<std::uint64_t>(id))) {}

  std::uint64_t bits() { return mix(state_ += STEP); }

  // Evenly between -bound and bound.
  float within(float bound) { return bound * (static_cast<float>(bits() >> 40) * 0x1p-23f - 1.0f); }

 private:
  static constexpr std::uint64_t STEP = 0x9E3779B97F4A7C15;

  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

// Where the pixel in (row y, column x) of a distorted image comes from, before the elastic field:
// column xx * x + xy * y + x0, row yx * x + yy * y + y0.
struct Affine {
  float xx, xy, x0, yx, yy, y0;
};

// Forwards, with the middle of the image as origin: enlarge, shear, rotate, shift. Sampling needs the inverse.
Affine draw_affine(Draws& draws, const Distortion& d, std::int64_t rows, std::int64_t columns) {
  const float angle = draws.within(d.rotation) * 0.017453292519943295f, shear = draws.within(d.shear);
  const float wide = std::exp(draws.within(d.scale)), high = std::exp(draws.within(d.scale));
  const float right = draws.within(d.shift), down = draws.within(d.shift);
  const float cosine = std::cos(angle), sine = std::sin(angle);
  const float a = cosine * wide, b = (cosine * shear - sine) * high;
  const float c = sine * wide, e = (sine * shear + cosine) * high;
  const float determinant = a * e - b * c;
  Affine inverse{e / determinant, -b / determinant, 0, -c / determinant, a / determinant, 0};
  const float x = static_cast<float>(columns - 1) / 2, y = static_cast<float>(rows - 1) / 2;
  inverse.x0 = x - inverse.xx * (x + right) - inverse.xy * (y + down);
  inverse.y0 = y - inverse.yx * (x + right) - inverse.yy * (y + down);
  return inverse;
}

// White noise smoothed by a Gaussian, along one axis. Nodes of noise stand one standard deviation apart, which is as
// good as dense (the variance ripples by 1e-4 and is divided out): field(x) = sum over k of taps(x, k) *
// noise(start(x) + k), with the sum of taps(x, k)^2 = 1. The same numbers stand in weights(node, x) as well.
struct Smoothing {
  static constexpr int REACH = 3;             // standard deviations
  static constexpr int TAPS = 2 * REACH + 1;  // nodes within reach of a position

  std::int64_t nodes;  // a multiple of TAPS; those past the last position weigh 0
  std::vector<std::int64_t> start;
  std::vector<std::int64_t> first, end;  // the positions that any of the nodes TAPS * g to TAPS * g + TAPS - 1 reaches
  std::vector<float> taps, weights;

  Smoothing(std::int64_t length, double sigma) : start(length), taps(length * TAPS) {
    for (std::int64_t x = 0; x < length; ++x) {
      start[x] = static_cast<std::int64_t>(std::ceil(static_cast<double>(x) / sigma - 0.5));
      std::array<double, TAPS> tap;
      double squares = 0;
      for (int k = 0; k < TAPS; ++k) {
        const double away = static_cast<double>(x) / sigma - (static_cast<double>(start[x] + k - REACH) + 0.5);
        tap[k] = std::exp(-away * away / 2);
        squares += tap[k] * tap[k];
      }
      for (int k = 0; k < TAPS; ++k) taps[x * TAPS + k] = static_cast<float>(tap[k] / std::sqrt(squares));
    }
    nodes = (start[length - 1] + TAPS + TAPS - 1) / TAPS * TAPS;
    weights.assign(nodes * length, 0.0f);
    for (std::int64_t x = 0; x < length; ++x)
      for (int k = 0; k < TAPS; ++k) weights[(start[x] + k) * length + x] = taps[x * TAPS + k];
    for (std::int64_t node = 0; node < nodes; node += TAPS) {
      first.push_back(std::lower_bound(start.begin(), start.end(), node - TAPS + 1) - start.begin());
      end.push_back(std::lower_bound(start.begin(), start.end(), node + TAPS) - start.begin());
    }
  }
};

// Distorts images one by one; holds the tables and buffers that all images of one thread share. Pictures inside it have
// a margin of paper: one pixel before, two after.
class Distorter {
 public:
  Distorter(const Distortion& distortion, std::int64_t rows, std::int64_t columns)
      : distortion_(distortion), rows_(rows), columns_(columns), width_(columns + 3),
        across_(columns, distortion.elastic_sigma), down_(rows, distortion.elastic_sigma),
        noise_(across_.nodes + 3), half_(down_.nodes * columns), source_x_(rows * columns), source_y_(rows * columns),
        right_(columns), below_(columns), picture_((rows + 3) * width_), changed_(picture_.size()),
        corners_((rows + 2) * width_), indices_(columns), gathered_(columns) {}

  void operator()(const std::uint8_t* image, std::int64_t maps, std::uint64_t seed, std::int64_t id,
                  std::uint8_t* distorted) {
    Draws draws(seed, id);
    const Affine affine = draw_affine(draws, distortion_, rows_, columns_);
    const float thickness = draws.within(distortion_.thickness);
    place(source_x_, affine.xx, affine.xy, affine.x0);
    place(source_y_, affine.yx, affine.yy, affine.y0);
    if (distortion_.elastic > 0) {
      add_elastic(draws, source_x_);
      add_elastic(draws, source_y_);
    }
    for (std::int64_t map = 0; map < maps; ++map) {
      load(image + map * rows_ * columns_);
      if (thickness != 0) thicken(thickness);
      collect_corners();
      for (std::int64_t y = 0; y < rows_; ++y) sample_row(y, distorted + (map * rows_ + y) * columns_);
    }
  }

 private:
  void place(std::vector<float>& source, float by_column, float by_row, float origin) const {
    for (std::int64_t y = 0; y < rows_; ++y) {
      const float start = origin + by_row * static_cast<float>(y);
      float* row = source.data() + y * columns_;
      for (int x = 0; x < static_cast<int>(columns_); ++x) row[x] = start + by_column * static_cast<float>(x);
    }
  }

  // source(y, x) += sum over i, j of down(i, y) * across(j, x) * noise(i, j).
  void add_elastic(Draws& draws, std::vector<float>& source) {
    for (std::int64_t i = 0; i < down_.nodes; ++i) {
      draw_noise(draws);
      float* half = half_.data() + i * columns_;
      std::fill(half, half + columns_, 0.0f);
      for (std::size_t group = 0; group < across_.first.size(); ++group) {
        const std::size_t node = group * Smoothing::TAPS;
        add(half, across_.weights.data() + node * columns_, noise_.data() + node, across_.first[group],
            across_.end[group]);
      }
    }
    for (std::int64_t y = 0; y < rows_; ++y)
      add(source.data() + y * columns_, half_.data() + down_.start[y] * columns_,
          down_.taps.data() + y * Smoothing::TAPS, 0, columns_);
  }

  // Even noise of the standard deviation asked for, 16 bits a number.
  void draw_noise(Draws& draws) {
    const float amplitude = distortion_.elastic * 1.7320508f / 32768.0f;
    for (std::int64_t j = 0; j < across_.nodes; j += 4) {
      const std::uint64_t bits = draws.bits();
      for (int k = 0; k < 4; ++k)
        noise_[j + k] = amplitude * (static_cast<float>(static_cast<int>(bits >> (16 * k) & 0xFFFF) - 32768) + 0.5f);
    }
  }

  // sums(x) += sum over k of factors(k) * terms(k, x), for x from first up to end.
  void add(float* __restrict sums, const float* __restrict terms, const float* __restrict factors, std::int64_t first,
           std::int64_t end) const {
    for (std::int64_t x = first; x < end; ++x) {
      float sum = sums[x];
      for (int k = 0; k < Smoothing::TAPS; ++k) sum += factors[k] * terms[k * columns_ + x];
      sums[x] = sum;
    }
  }

  void load(const std::uint8_t* image) {
    for (std::int64_t y = 0; y < rows_; ++y)
      std::memcpy(picture_.data() + (y + 1) * width_ + 1, image + y * columns_, columns_);
  }

  // Move the edges of strokes out (in, if negative): one pixel at a time each pixel becomes the largest (smallest) of
  // itself and its four neighbours; what is left of the last pixel is mixed in.
  void thicken(float thickness) {
    for (float left = std::abs(thickness); left > 0; left -= 1) {
      const int part = static_cast<int>(256 * std::min(left, 1.0f) + 0.5f);
      for (std::int64_t y = 1; y <= rows_; ++y) {
        if (thickness > 0)
          spread_row(y, part, [](std::uint8_t a, std::uint8_t b) { return a > b ? a : b; });
        else
          spread_row(y, part, [](std::uint8_t a, std::uint8_t b) { return a < b ? a : b; });
      }
      picture_.swap(changed_);
    }
  }

  template <typename Extreme>
  void spread_row(std::int64_t y, int part, Extreme extreme) {
    const std::uint8_t* row = picture_.data() + y * width_;
    const std::uint8_t *above = row - width_, *below = row + width_;
    std::uint8_t* __restrict changed = changed_.data() + y * width_;
    for (std::int64_t x = 1; x <= columns_; ++x) {
      const std::uint8_t most = extreme(extreme(row[x], extreme(row[x - 1], row[x + 1])), extreme(above[x], below[x]));
      changed[x] = static_cast<std::uint8_t>((row[x] * (256 - part) + most * part + 128) >> 8);
    }
  }

  // corners(y, x) = the four pixels (y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1) in one number: one load each instead
  // of four when sampling.
  void collect_corners() {
    for (std::int64_t y = 0; y < rows_ + 2; ++y) {
      const std::uint8_t* row = picture_.data() + y * width_;
      const std::uint8_t* below = row + width_;
      std::uint32_t* __restrict corners = corners_.data() + y * width_;
      for (std::int64_t x = 0; x < width_ - 1; ++x)
        corners[x] = row[x] | std::uint32_t{row[x + 1]} << 8 | std::uint32_t{below[x]} << 16 |
                     std::uint32_t{below[x + 1]} << 24;
    }
  }

  // out(x) = the picture at (source_y, source_x), interpolated between the four pixels around it. Places outside are
  // moved onto the margin, which is paper.
  void sample_row(std::int64_t y, std::uint8_t* __restrict out) {
    const float* source_x = source_x_.data() + y * columns_;
    const float* source_y = source_y_.data() + y * columns_;
    float *__restrict right = right_.data(), *__restrict down = below_.data();  // how far between two pixels
    const float last_x = static_cast<float>(columns_ + 1), last_y = static_cast<float>(rows_ + 1);
    const int width = static_cast<int>(width_);
    std::int32_t* __restrict indices = indices_.data();
    for (std::int64_t x = 0; x < columns_; ++x) {
      const float from_x = limit(source_x[x] + 1, last_x), from_y = limit(source_y[x] + 1, last_y);
      const int column = static_cast<int>(from_x), row = static_cast<int>(from_y);
      right[x] = from_x - static_cast<float>(column);
      down[x] = from_y - static_cast<float>(row);
      indices[x] = row * width + column;
    }
    std::int32_t* __restrict gathered = gathered_.data();
    for (std::int64_t x = 0; x < columns_; ++x) gathered[x] = static_cast<std::int32_t>(corners_[indices[x]]);
    for (std::int64_t x = 0; x < columns_; ++x) {
      const float a = static_cast<float>(gathered[x] & 255), b = static_cast<float>(gathered[x] >> 8 & 255);
      const float c = static_cast<float>(gathered[x] >> 16 & 255), d = static_cast<float>(gathered[x] >> 24 & 255);
      const float upper = a + right[x] * (b - a), lower = c + right[x] * (d - c);
      out[x] = static_cast<std::uint8_t>(static_cast<int>(upper + down[x] * (lower - upper) + 0.5f));
    }
  }

  static float limit(float value, float last) {
    value = value > 0.0f ? value : 0.0f;
    return value < last ? value : last;
  }

  const Distortion distortion_;
  const std::int64_t rows_, columns_, width_;
  const Smoothing across_, down_;
  std::vector<float> noise_, half_, source_x_, source_y_, right_, below_;
  std::vector<std::uint8_t> picture_, changed_;
  std::vector<std::uint32_t> corners_;
  std::vector<std::int32_t> indices_, gathered_;
};

}  // namespace

std::vector<Component> components(const Ink& mask, std::int32_t* labels) {
  Sets sets;
  std::vector<Run> runs;
  std::vector<std::size_t> starts;
  find_runs(mask, sets, runs, starts);
  std::vector<Component> found;
  std::vector<std::int32_t> numbers(runs.size(), 0);  // by root; 0 = not met yet
  for (std::int64_t y = 0; y < mask.rows; ++y) {
    const auto row = static_cast<std::int32_t>(y);
    for (std::size_t i = starts[y]; i < starts[y + 1]; ++i) {
      const Run& run = runs[i];
      std::int32_t& number = numbers[sets.root(run.set)];
      if (number == 0) {
        found.push_back({run.first, row, run.end, row + 1, 0});
        number = static_cast<std::int32_t>(found.size());
      }
      Component& component = found[number - 1];
      component.left = std::min(component.left, run.first);
      component.right = std::max(component.right, run.end);
      component.bottom = row + 1;
      component.area += run.end - run.first;
      std::fill(labels + y * mask.columns + run.first, labels + y * mask.columns + run.end, number);
    }
  }
  return found;
}

void normalize_glyph(const Ink& ink, std::uint8_t* image) {
  std::memset(image, 0, GLYPH_SIDE * GLYPH_SIDE);
  const Box box = ink_box(ink);
  if (box.bottom == 0) return;
  const Cells cells = resample(ink, box);
  std::array<double, GLYPH_BOX> by_row{}, by_column{};
  std::uint8_t grey[GLYPH_BOX][GLYPH_BOX];
  for (int i = 0; i < GLYPH_BOX; ++i) {
    for (int k = 0; k < GLYPH_BOX; ++k) {
      grey[i][k] = static_cast<std::uint8_t>(std::min(255.0f, cells[i][k] + 0.5f));
      by_row[i] += grey[i][k];
      by_column[k] += grey[i][k];
    }
  }
  const int down = centring_shift(by_row), right = centring_shift(by_column);
  for (int i = 0; i < GLYPH_BOX; ++i)
    for (int k = 0; k < GLYPH_BOX; ++k)
      if (grey[i][k] != 0) image[(i + down) * GLYPH_SIDE + k + right] = grey[i][k];
}

void distort(const Images& images, const std::int64_t* ids, std::uint64_t seed, const Distortion& distortion,
             int threads, std::uint8_t* distorted) {
  const std::int64_t size = images.maps * images.rows * images.columns;
  constexpr std::int64_t WORTH_A_TASK = 1 << 18;  // pixels: some 2 ms of work, against 0.02 ms to set one up
  const auto tasks = static_cast<int>(std::clamp<std::int64_t>(images.count * size / WORTH_A_TASK, 1, images.count));
  run(tasks, threads, [&](int task, int) {
    Distorter distorter(distortion, images.rows, images.columns);
    for (std::int64_t i = images.count * task / tasks; i < images.count * (task + 1) / tasks; ++i)
      distorter(images.pixels + i * size, images.maps, seed, ids[i], distorted + i * size);
  });
}

}  // namespace lenet::glyphs
