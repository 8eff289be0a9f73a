// Arrays between NumPy and the engine, for all bindings of pictures.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fields.h"
#include "glyphs.h"

namespace lenet {

namespace nb = nanobind;

using GreyArray = nb::ndarray<const std::uint8_t, nb::ndim<2>, nb::device::cpu>;

// A C array that NumPy owns from here on. All 0: untouched pages of a big one cost nothing.
template <typename Number>
nb::ndarray<nb::numpy, Number> zeros(const std::vector<std::size_t>& shape) {
  std::size_t size = 1;
  for (const std::size_t extent : shape) size *= extent;
  void* memory = std::calloc(std::max<std::size_t>(size, 1), sizeof(Number));
  if (memory == nullptr) throw std::bad_alloc();
  nb::capsule owner(memory, [](void* pointer) noexcept { std::free(pointer); });
  return {memory, shape.size(), shape.data(), owner};
}

using Bytes = nb::ndarray<nb::numpy, std::uint8_t>;

// A plane handed over to NumPy without a copy.
inline Bytes handed_over(fields::Grey&& plane) {
  auto* owned = new fields::Grey(std::move(plane));
  nb::capsule owner(owned, [](void* pointer) noexcept { delete static_cast<fields::Grey*>(pointer); });
  const std::array<std::size_t, 2> shape{static_cast<std::size_t>(owned->rows),
                                         static_cast<std::size_t>(owned->columns)};
  return {owned->values.data(), 2, shape.data(), owner};
}

// A picture whose columns lie next to each other: crops of a page are used where they are, other views are copied.
class Contiguous {
 public:
  explicit Contiguous(const GreyArray& grey) {
    ink_ = {grey.data(), static_cast<std::int64_t>(grey.shape(0)), static_cast<std::int64_t>(grey.shape(1)),
            grey.stride(0)};
    if (ink_.rows > std::numeric_limits<std::int32_t>::max() / std::max<std::int64_t>(ink_.columns, 1))
      throw std::invalid_argument("a picture of 2^31 pixels or more was given");
    if (ink_.columns <= 1 || grey.stride(1) == 1) return;
    copy_.reserve(ink_.rows * ink_.columns);
    for (std::int64_t y = 0; y < ink_.rows; ++y)
      for (std::int64_t x = 0; x < ink_.columns; ++x)
        copy_.push_back(grey.data()[y * grey.stride(0) + x * grey.stride(1)]);
    ink_.pixels = copy_.data();
    ink_.row_stride = ink_.columns;
  }

  Contiguous(Contiguous&&) = default;  // a copied copy_ would leave ink_ pointing into the first one

  const glyphs::Ink& ink() const { return ink_; }

 private:
  std::vector<std::uint8_t> copy_;
  glyphs::Ink ink_;
};

}  // namespace lenet
