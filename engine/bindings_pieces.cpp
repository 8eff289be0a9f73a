// Python's view of pieces.h: checks, releases the GIL, calls.
#include <nanobind/stl/vector.h>

#include <optional>
#include <utility>

#include "bindings_arrays.h"
#include "pieces.h"

namespace nb = nanobind;
namespace glyphs = lenet::glyphs;
namespace pieces = lenet::pieces;

namespace {

using lenet::Bytes;
using lenet::Contiguous;
using lenet::GreyArray;
using lenet::handed_over;
using lenet::zeros;

void check_pixels(const glyphs::Ink& ink) {
  if (ink.rows < 1 || ink.columns < 1) throw std::invalid_argument("a picture has at least one row and one column");
}

template <typename Work>
auto released(const Contiguous& picture, Work work) {
  check_pixels(picture.ink());
  const nb::gil_scoped_release release;
  return work(picture.ink());
}

Bytes stretched(const GreyArray& kept, double floor) {
  return handed_over(released(Contiguous(kept), [&](const auto& ink) { return pieces::stretched(ink, floor); }));
}

Bytes strokes(const GreyArray& ink) { return handed_over(released(Contiguous(ink), pieces::strokes)); }

nb::object even_ink(const GreyArray& picture) {
  auto ink = released(Contiguous(picture), pieces::even_ink);
  return ink ? nb::cast(handed_over(std::move(*ink))) : nb::none();
}

nb::object single_piece(const GreyArray& ink) {
  auto piece = released(Contiguous(ink), pieces::single);
  if (!piece) return nb::none();
  return nb::make_tuple(piece->left, piece->top, handed_over(std::move(piece->ink)), piece->stroke);
}

nb::tuple cut_piece(const GreyArray& ink, const GreyArray& marks, std::int64_t left, std::int64_t top) {
  const Contiguous mask(marks);
  check_pixels(mask.ink());
  auto piece = released(Contiguous(ink), [&](const glyphs::Ink& whole) {
    if (left < 0 || top < 0 || left + mask.ink().columns > whole.columns || top + mask.ink().rows > whole.rows)
      throw std::invalid_argument("the marks of a piece stand outside of the ink");
    return pieces::cut(whole, mask.ink(), left, top);
  });
  return nb::make_tuple(handed_over(std::move(piece.ink)), piece.stroke);
}

void check_stroke(double stroke) {
  if (!(stroke >= 0)) throw std::invalid_argument("the width of a stroke is 0 or more");
}

Bytes thick_enough(const GreyArray& ink, double stroke) {
  check_stroke(stroke);
  return handed_over(released(Contiguous(ink), [&](const auto& all) { return pieces::thick_enough(all, stroke); }));
}

constexpr std::size_t GLYPH = glyphs::GLYPH_SIDE * glyphs::GLYPH_SIDE;

Bytes draw_pieces(const std::vector<GreyArray>& inks, const std::vector<double>& strokes) {
  if (inks.size() != strokes.size()) throw std::invalid_argument("pieces and widths of strokes differ in number");
  const std::vector<Contiguous> pictures(inks.begin(), inks.end());
  for (const Contiguous& picture : pictures) check_pixels(picture.ink());
  for (const double stroke : strokes) check_stroke(stroke);
  auto images = zeros<std::uint8_t>({inks.size(), glyphs::GLYPH_SIDE, glyphs::GLYPH_SIDE});
  const nb::gil_scoped_release release;
  for (std::size_t k = 0; k < pictures.size(); ++k) {
    const auto ink = pieces::thick_enough(pictures[k].ink(), strokes[k]);
    glyphs::normalize_glyph({ink.values.data(), ink.rows, ink.columns, ink.columns}, images.data() + k * GLYPH);
  }
  return images;
}

nb::object even_glyph(const GreyArray& picture) {
  auto image = zeros<std::uint8_t>({glyphs::GLYPH_SIDE, glyphs::GLYPH_SIDE});
  const bool done =
      released(Contiguous(picture), [&](const auto& ink) { return pieces::even_glyph(ink, image.data()); });
  return done ? nb::cast(image) : nb::none();
}

}  // namespace

void bind_pieces(nb::module_& module) {
  using nb::literals::operator""_a;
  module.def("stretched", &stretched, "kept"_a.noconvert(), "floor"_a,
             "Stretch what is above a floor (uint8) to full ink: its upper tenth is 255, half of the floor is 0.");
  module.def("strokes", &strokes, "ink"_a.noconvert(),
             "Tell strokes from paper: 1 where ink (uint8) is half of the fullest close by, else 0.");
  module.def("even_ink", &even_ink, "picture"_a.noconvert(),
             nb::sig("def even_ink(picture: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', "
                     "writable=False)]) -> NDArray[numpy.uint8] | None"),
             "Turn a picture on paper of a single grey into ink; None for any other picture.");
  module.def("single_piece", &single_piece, "ink"_a.noconvert(),
             nb::sig("def single_piece(ink: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', "
                     "writable=False)]) -> tuple[int, int, NDArray[numpy.uint8], float] | None"),
             "Cut out the one connected stroke where that has to be a character: left, top, ink and stroke's width.");
  module.def("cut_piece", &cut_piece, "ink"_a.noconvert(), "marks"_a.noconvert(), "left"_a, "top"_a,
             "Cut out marks (1, else 0) whose left top corner stands there; returns ink and its strokes' width.");
  module.def("thick_enough", &thick_enough, "ink"_a.noconvert(), "stroke"_a,
             "Thicken strokes of that width to a tenth of the character, where they are thinner.");
  module.def("draw_pieces", &draw_pieces, "inks"_a.noconvert(), "strokes"_a,
             "Normalize pieces with strokes that are thick enough; uint8 (n, 28, 28).");
  module.def("even_glyph", &even_glyph, "picture"_a.noconvert(),
             nb::sig("def even_glyph(picture: Annotated[NDArray[numpy.uint8], dict(shape=(None, None), device='cpu', "
                     "writable=False)]) -> NDArray[numpy.uint8] | None"),
             "Do what even_ink, single_piece and draw_pieces do, one after the other; None where one of them says so.");
}
