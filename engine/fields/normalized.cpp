#include <algorithm>
#include <cmath>

#include "../fields.h"

namespace lenet::fields {
namespace {

constexpr double SHARE = 0.8;               // of the rows of an image is the text's height
constexpr double LEAST_HEIGHT = 4;          // pixels: lower text is as good as none
constexpr std::int64_t MOST_COLUMNS = 1 << 14;  // of an image; longer text is drawn narrower

// The integral of a line of pixels, known between them as well; outside it is paper.
class Integral {
 public:
  explicit Integral(std::int64_t length) : sums_(length + 1, 0.0f) {}

  template <typename Pixel>
  void fill(Pixel pixel) {
    for (std::size_t i = 0; i + 1 < sums_.size(); ++i) sums_[i + 1] = sums_[i] + static_cast<float>(pixel(i));
  }

  // The mean from one position to another, or, where they are closer than a pixel, of a pixel around them.
  float mean(double from, double to) const {
    if (to - from < 1) {
      const double middle = (from + to) / 2;
      from = middle - 0.5, to = middle + 0.5;
    }
    return static_cast<float>((at(to) - at(from)) / (to - from));
  }

 private:
  double at(double position) const {
    const auto last = static_cast<double>(sums_.size() - 1);
    position = std::clamp(position, 0.0, last);
    const auto before = static_cast<std::size_t>(std::min(position, last - 1));
    const double part = position - static_cast<double>(before);
    return sums_[before] + part * (static_cast<double>(sums_[before + 1]) - sums_[before]);
  }

  std::vector<float> sums_;
};

}  // namespace

Grey normalized(const Picture& grey, const Text& text, int rows) {
  if (!(text.height() > 0)) return Grey(rows, rows);
  const double height = std::max<double>(text.height(), LEAST_HEIGHT), down = height / (SHARE * rows);
  const double top = (text.top + text.bottom) / 2.0 - rows * down / 2, margin = (1 / SHARE - 1) / 2 * height;
  const double left = text.left - margin, extent = text.right - text.left + 2 * margin;
  const auto columns = std::clamp<std::int64_t>(std::llround(extent / down), 1, MOST_COLUMNS);
  const double across = extent / static_cast<double>(columns), middle = static_cast<double>(grey.columns) / 2;

  Plane<float> level(rows, grey.columns);  // every column averaged into its new rows
  Integral column(grey.rows);
  for (std::int64_t x = 0; x < grey.columns; ++x) {
    column.fill([&](std::size_t y) { return grey.pixels[static_cast<std::int64_t>(y) * grey.row_stride + x]; });
    const double first = top + text.slope * (static_cast<double>(x) + 0.5 - middle);
    for (int i = 0; i < rows; ++i) level.row(i)[x] = column.mean(first + i * down, first + (i + 1) * down);
  }
  Grey image(rows, columns);
  Integral row(grey.columns);
  for (int i = 0; i < rows; ++i) {
    row.fill([&](std::size_t x) { return level.row(i)[x]; });
    const double first = left - text.slant * (i + 0.5 - rows / 2.0) * down;
    for (std::int64_t k = 0; k < columns; ++k) {
      const double from = first + static_cast<double>(k) * across;
      image.row(i)[k] = static_cast<std::uint8_t>(std::clamp(row.mean(from, from + across) + 0.5f, 0.0f, 255.0f));
    }
  }
  return image;
}

}  // namespace lenet::fields
