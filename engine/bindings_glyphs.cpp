// Python's view of glyphs.h: checks, releases the GIL, calls.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <variant>

#include "bindings_arrays.h"

namespace nb = nanobind;
namespace glyphs = lenet::glyphs;

namespace {

using lenet::Contiguous;
using lenet::GreyArray;
using lenet::zeros;
using GreyImages = nb::ndarray<const std::uint8_t, nb::c_contig, nb::device::cpu>;
using Ids = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

nb::tuple components(const GreyArray& mask) {
  const Contiguous picture(mask);
  auto labels = zeros<std::int32_t>({mask.shape(0), mask.shape(1)});
  std::vector<glyphs::Component> found;
  {
    const nb::gil_scoped_release release;
    found = glyphs::components(picture.ink(), labels.data());
  }
  auto table = zeros<std::int32_t>({found.size(), 5});
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::int32_t* row = table.data() + 5 * i;
    row[0] = found[i].left, row[1] = found[i].top, row[2] = found[i].right, row[3] = found[i].bottom;
    row[4] = found[i].area;
  }
  return nb::make_tuple(labels, table);
}

nb::ndarray<nb::numpy, std::uint8_t> normalize_glyph(const GreyArray& ink) {
  const Contiguous picture(ink);
  auto image = zeros<std::uint8_t>({glyphs::GLYPH_SIDE, glyphs::GLYPH_SIDE});
  const nb::gil_scoped_release release;
  glyphs::normalize_glyph(picture.ink(), image.data());
  return image;
}

void check(const glyphs::Distortion& d) {
  for (const float bound : {d.rotation, d.shear, d.scale, d.shift, d.elastic, d.thickness})
    if (!std::isfinite(bound) || bound < 0)
      throw std::invalid_argument("a distortion is a finite number, 0 or more, on either side of 0");
  if (d.scale > 3 || d.thickness > 16) throw std::invalid_argument("scale is at most 3 and thickness at most 16");
  if (!(d.elastic_sigma >= 1.0f && d.elastic_sigma <= 1e4f))
    throw std::invalid_argument("elastic_sigma is from 1 to 10,000 pixels");
}

// The number of each image: those given, or counted up from the one given.
std::vector<std::int64_t> numbers(const std::variant<std::int64_t, Ids>& ids, std::size_t count) {
  std::vector<std::int64_t> all(count);
  if (const auto* first = std::get_if<std::int64_t>(&ids)) {
    std::iota(all.begin(), all.end(), *first);
    return all;
  }
  const Ids& given = std::get<Ids>(ids);
  if (given.shape(0) != count)
    throw std::invalid_argument(std::to_string(given.shape(0)) + " ids were given for " + std::to_string(count) +
                                " images; give one for each, or the first as an int");
  std::copy_n(given.data(), count, all.begin());
  return all;
}

nb::ndarray<nb::numpy, std::uint8_t> distort(const GreyImages& images, std::uint64_t seed,
                                             const std::variant<std::int64_t, Ids>& ids, float rotation, float shear,
                                             float scale, float shift, float elastic, float elastic_sigma,
                                             float thickness, int threads) {
  const glyphs::Distortion distortion{rotation, shear, scale, shift, elastic, elastic_sigma, thickness};
  check(distortion);
  const std::size_t rank = images.ndim();
  if (rank != 3 && rank != 4)
    throw std::invalid_argument("images of " + std::to_string(rank) +
                                " axes were given; (n, rows, columns) or (n, maps, rows, columns) was expected");
  std::vector<std::size_t> shape;
  for (std::size_t i = 0; i < rank; ++i) shape.push_back(images.shape(i));
  const auto extent = [&](std::size_t axis) { return static_cast<std::int64_t>(shape[axis]); };
  const glyphs::Images batch{images.data(), extent(0), rank == 4 ? extent(1) : 1, extent(rank - 2), extent(rank - 1)};
  if (batch.rows > 4096 || batch.columns > 4096)
    throw std::invalid_argument("images of more than 4,096 rows or columns were given; cut or shrink them");
  const std::vector<std::int64_t> every_id = numbers(ids, shape[0]);
  auto distorted = zeros<std::uint8_t>(shape);
  if (images.size() == 0) return distorted;
  const nb::gil_scoped_release release;
  glyphs::distort(batch, every_id.data(), seed, distortion, threads, distorted.data());
  return distorted;
}

}  // namespace

void bind_glyphs(nb::module_& module) {
  using nb::literals::operator""_a;
  module.def("components", &components, "mask"_a.noconvert(),
             "Label the 8-connected pieces of a mask (uint8; every value but 0 is ink).\n\n"
             "Returns labels, int32 (rows, columns), 0 for paper and from 1 in reading order of first pixels; and a\n"
             "table, int32 (n, 5), of left, top, right, bottom (exclusive) and area in pixels, row k for label k + 1.");
  module.def("normalize_glyph", &normalize_glyph, "ink"_a.noconvert(),
             "Draw ink (uint8, paper 0) into 28 x 28 as MNIST was made: aspect ratio kept, longer side 20 pixels,\n"
             "averaged over areas, centre of mass at the centre. Ink that is all 0 gives an image that is all 0.");
  module.def("distort", &distort, "images"_a.noconvert(), "seed"_a, "ids"_a, nb::kw_only(), "rotation"_a = 0.0f,
             "shear"_a = 0.0f, "scale"_a = 0.0f, "shift"_a = 0.0f, "elastic"_a = 0.0f, "elastic_sigma"_a = 4.0f,
             "thickness"_a = 0.0f, "threads"_a = 0,
             "Distort images, uint8 (n, rows, columns) or (n, maps, rows, columns), paper 0.\n\n"
             "The numbers for an image are drawn from its id and the seed alone, each evenly between minus and plus\n"
             "the bound given: rotation in degrees, shear in columns per row, scale as a logarithm, shift in pixels,\n"
             "thickness in pixels that edges of strokes move; elastic is the root mean square, in pixels along each\n"
             "axis, of noise smoothed by a Gaussian of elastic_sigma pixels. ids has a number for each image, or is\n"
             "the first of consecutive numbers.");
}
