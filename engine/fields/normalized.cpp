#include <algorithm>
#include <cmath>
#include <limits>

#include "../fields.h"

namespace lenet::fields {
namespace {

constexpr double SHARE = 0.8;               // of the rows of an image is the text's height
constexpr double LEAST_HEIGHT = 4;          // pixels: lower text is as good as none
constexpr std::int64_t MOST_COLUMNS = 1 << 14;  // of an image; longer text is drawn narrower

// A position in a line of pixels: so many whole ones lie before it, and a part of the next.
struct Place {
  std::int32_t whole = 0;
  double part = 0;
};

// Where each of a row of cells begins and ends on a line of pixels, all `step` apart; outside of it is paper.
class Cells {
 public:
  Cells(std::int64_t count, std::int64_t length) : cells_(count), last_(static_cast<double>(length)) {}

  void begin_at(double first, double step) {
    if (first == first_) return;
    first_ = first;
    for (std::size_t k = 0; k < cells_.size(); ++k) {
      double from = first + static_cast<double>(k) * step, to = first + static_cast<double>(k + 1) * step;
      if (to - from < 1) {  // closer than a pixel: as of a pixel around them
        const double middle = (from + to) / 2;
        from = middle - 0.5, to = middle + 0.5;
      }
      cells_[k] = {place(from), place(to), to - from};
    }
  }

  // The mean of cell k of a line whose sums up to each pixel are sums[0], sums[stride], ...
  float mean(std::size_t k, const float* sums, std::int64_t stride) const {
    const Cell& cell = cells_[k];
    return static_cast<float>((at(cell.to, sums, stride) - at(cell.from, sums, stride)) / cell.width);
  }

 private:
  struct Cell {
    Place from, to;
    double width = 1;
  };

  Place place(double position) const {
    position = std::clamp(position, 0.0, last_);
    const auto whole = static_cast<std::int32_t>(std::min(position, last_ - 1));
    return {whole, position - whole};
  }

  static double at(const Place& place, const float* sums, std::int64_t stride) {
    const float *before = sums + place.whole * stride, *after = before + stride;
    return *before + place.part * (static_cast<double>(*after) - *before);
  }

  std::vector<Cell> cells_;
  double last_, first_ = std::numeric_limits<double>::quiet_NaN();
};

void add_row(const float* __restrict before, const std::uint8_t* __restrict pixels, std::int64_t columns,
             float* __restrict sums) {
  for (std::int64_t x = 0; x < columns; ++x) sums[x] = before[x] + static_cast<float>(pixels[x]);
}

}  // namespace

Grey normalized(const Picture& grey, const Text& text, int rows) {
  if (!(text.height() > 0)) return Grey(rows, rows);
  const double height = std::max<double>(text.height(), LEAST_HEIGHT), down = height / (SHARE * rows);
  const double top = (text.top + text.bottom) / 2.0 - rows * down / 2, margin = (1 / SHARE - 1) / 2 * height;
  const double left = text.left - margin, extent = text.right - text.left + 2 * margin;
  const auto columns = std::clamp<std::int64_t>(std::llround(extent / down), 1, MOST_COLUMNS);
  const double across = extent / static_cast<double>(columns), middle = static_cast<double>(grey.columns) / 2;

  Plane<float> sums(grey.rows + 1, grey.columns);  // of every column, down to each row
  for (std::int64_t y = 0; y < grey.rows; ++y)
    add_row(sums.row(y), grey.pixels + y * grey.row_stride, grey.columns, sums.row(y + 1));
  Plane<float> level(grey.columns + 1, rows);  // every column averaged into its new rows, and summed along them
  Cells cells(rows, grey.rows);
  for (std::int64_t x = 0; x < grey.columns; ++x) {
    cells.begin_at(top + text.slope * (static_cast<double>(x) + 0.5 - middle), down);
    for (int i = 0; i < rows; ++i) level.row(x + 1)[i] = level.row(x)[i] + cells.mean(i, sums.row(0) + x, grey.columns);
  }
  Grey image(rows, columns);
  Cells along(columns, grey.columns);
  for (int i = 0; i < rows; ++i) {
    along.begin_at(left - text.slant * (i + 0.5 - rows / 2.0) * down, across);
    for (std::int64_t k = 0; k < columns; ++k)
      image.row(i)[k] = static_cast<std::uint8_t>(std::clamp(along.mean(k, level.row(0) + i, rows) + 0.5f, 0.0f, 255.0f));
  }
  return image;
}

}  // namespace lenet::fields
