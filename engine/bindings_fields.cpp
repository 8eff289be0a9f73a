// Python's view of fields.h: checks, releases the GIL, calls.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <cmath>
#include <string>

#include "bindings_arrays.h"
#include "fields.h"

namespace nb = nanobind;
namespace fields = lenet::fields;

namespace {

using lenet::GreyArray;
using AnyPicture = nb::ndarray<const std::uint8_t, nb::c_contig, nb::device::cpu>;
using Bytes = nb::ndarray<nb::numpy, std::uint8_t>;

constexpr std::size_t NUMBERS = 7;  // of a text: top, bottom, left, right, slope, slant, stroke

// A plane handed over to NumPy without a copy.
Bytes handed_over(fields::Grey&& plane) {
  auto* owned = new fields::Grey(std::move(plane));
  nb::capsule owner(owned, [](void* pointer) noexcept { delete static_cast<fields::Grey*>(pointer); });
  const std::array<std::size_t, 2> shape{static_cast<std::size_t>(owned->rows), static_cast<std::size_t>(owned->columns)};
  return {owned->values.data(), 2, shape.data(), owner};
}

fields::Picture picture_of(const AnyPicture& array) {
  const bool grey = array.ndim() == 2;
  if (!grey && !(array.ndim() == 3 && array.shape(2) == 3))
    throw std::invalid_argument("a picture is (rows, columns) or (rows, columns, 3)");
  if (array.size() == 0) throw std::invalid_argument("a picture has at least one row and one column");
  const int channels = grey ? 1 : 3;
  const auto columns = static_cast<std::int64_t>(array.shape(1));
  return {array.data(), static_cast<std::int64_t>(array.shape(0)), columns, columns * channels, channels};
}

nb::tuple clean_field(const AnyPicture& array) {
  const fields::Picture picture = picture_of(array);
  fields::Field field;
  {
    const nb::gil_scoped_release release;
    field = fields::clean(picture);
  }
  const fields::Text& t = field.text;
  const nb::tuple text = nb::make_tuple(t.top, t.bottom, t.left, t.right, t.slope, t.slant, t.stroke);
  return nb::make_tuple(field.factor, handed_over(std::move(field.evened)), handed_over(std::move(field.ink)), text);
}

std::vector<Bytes> normalize_fields(const std::vector<GreyArray>& greys, const std::vector<std::vector<float>>& texts,
                                    int rows) {
  if (greys.size() != texts.size()) throw std::invalid_argument("pictures and texts differ in number");
  if (rows < 8 || rows > 256) throw std::invalid_argument("an image of a field has 8 to 256 rows");
  std::vector<fields::Text> lines;
  for (const auto& t : texts) {
    if (t.size() != NUMBERS) throw std::invalid_argument("a text is seven numbers, as clean_field returns them");
    for (const float number : t)
      if (!(std::abs(number) < 1e7f)) throw std::invalid_argument("a number of a text is not finite or too large");
    lines.push_back({t[0], t[1], t[2], t[3], t[4], t[5], t[6]});
  }
  const std::vector<lenet::Contiguous> pictures(greys.begin(), greys.end());
  std::vector<fields::Grey> images(greys.size());
  {
    const nb::gil_scoped_release release;
    for (std::size_t i = 0; i < images.size(); ++i) {
      const auto& ink = pictures[i].ink();
      images[i] = fields::normalized({ink.pixels, ink.rows, ink.columns, ink.row_stride, 1}, lines[i], rows);
    }
  }
  std::vector<Bytes> arrays;
  for (fields::Grey& image : images) arrays.push_back(handed_over(std::move(image)));
  return arrays;
}

}  // namespace

void bind_fields(nb::module_& module) {
  using nb::literals::operator""_a;
  module.def("clean_field", &clean_field, "picture"_a.noconvert(),
             "Turn the picture of one field, uint8 (rows, columns) or (rows, columns, 3), into ink.\n\n"
             "Returns how many times smaller the results are than the picture; evened, uint8 (rows, columns), paper 0,\n"
             "all darkness there is; ink, the same of strokes alone, 128 and more inside them; and seven numbers on the\n"
             "line of text, in pixels of the ink: top, bottom, left, right, slope (down per column), slant (right per\n"
             "row up) and the width of strokes, all 0 where nothing is written.");
  module.def("normalize_fields", &normalize_fields, "greys"_a.noconvert(), "texts"_a, "rows"_a = 40,
             "Draw the line of text of each picture (uint8, paper 0) into `rows` rows: its height four fifths of\n"
             "them, its slope and slant taken out, as wide as its aspect asks. Returns a list of uint8 (rows, n).");
}
