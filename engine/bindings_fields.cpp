// Python's view of fields.h and cuts.h: checks, releases the GIL, calls.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "bindings_arrays.h"
#include "cuts.h"
#include "threads.h"

namespace nb = nanobind;
namespace cuts = lenet::cuts;
namespace fields = lenet::fields;

namespace {

using lenet::Bytes;
using lenet::GreyArray;
using lenet::handed_over;
using AnyPicture = nb::ndarray<const std::uint8_t, nb::c_contig, nb::device::cpu>;

constexpr std::size_t NUMBERS = 8;  // of a text: top, bottom, left, right, slope, slant, stroke, stacked

fields::Picture picture_of(const AnyPicture& array) {
  const bool grey = array.ndim() == 2;
  if (!grey && !(array.ndim() == 3 && array.shape(2) == 3))
    throw std::invalid_argument("a picture is (rows, columns) or (rows, columns, 3)");
  if (array.size() == 0) throw std::invalid_argument("a picture has at least one row and one column");
  const int channels = grey ? 1 : 3;
  const auto columns = static_cast<std::int64_t>(array.shape(1));
  return {array.data(), static_cast<std::int64_t>(array.shape(0)), columns, columns * channels, channels};
}

fields::Text text_of(const std::vector<float>& t) {
  if (t.size() != NUMBERS) throw std::invalid_argument("a text is eight numbers, as clean_field returns them");
  for (const float number : t)
    if (!(std::abs(number) < 1e7f)) throw std::invalid_argument("a number of a text is not finite or too large");
  return {t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7]};
}

nb::tuple numbers_of(const fields::Text& t) {
  return nb::make_tuple(t.top, t.bottom, t.left, t.right, t.slope, t.slant, t.stroke, t.stacked);
}

nb::tuple clean_field(const AnyPicture& array) {
  const fields::Picture picture = picture_of(array);
  fields::Field field;
  {
    const nb::gil_scoped_release release;
    field = fields::clean(picture);
  }
  return nb::make_tuple(field.factor, handed_over(std::move(field.evened)), handed_over(std::move(field.ink)),
                        numbers_of(field.text));
}

// Boxes and areas of components, as `components` returns them.
using Table = nb::ndarray<const std::int32_t, nb::shape<-1, 5>, nb::c_contig, nb::device::cpu>;

float stacked(const Table& table, float top, float bottom) {
  std::vector<lenet::glyphs::Component> marks(table.shape(0));
  const std::int32_t* number = table.data();
  for (auto& mark : marks)
    for (std::int32_t* place : {&mark.left, &mark.top, &mark.right, &mark.bottom, &mark.area}) *place = *number++;
  fields::Text text;
  text.top = top, text.bottom = bottom;
  return fields::stacked(std::move(marks), text, 0);
}

constexpr int LEAST_ROWS = 8, MOST_ROWS = 256;  // of an image of a field

void check_rows(int rows) {
  if (rows < LEAST_ROWS || rows > MOST_ROWS) throw std::invalid_argument("an image of a field has 8 to 256 rows");
}

nb::list draw_fields(const std::vector<AnyPicture>& arrays, int rows, int threads) {
  check_rows(rows);
  std::vector<fields::Picture> pictures;
  for (const AnyPicture& array : arrays) pictures.push_back(picture_of(array));
  std::vector<fields::Drawn> drawn(pictures.size());
  {
    const nb::gil_scoped_release release;
    lenet::run(static_cast<int>(pictures.size()), threads,
               [&](int k, int) { drawn[k] = fields::drawn(pictures[k], rows); });
  }
  nb::list list;
  for (fields::Drawn& one : drawn)
    list.append(nb::make_tuple(one.factor, numbers_of(one.text), handed_over(std::move(one.image))));
  return list;
}

std::vector<Bytes> normalize_fields(const std::vector<GreyArray>& greys, const std::vector<std::vector<float>>& texts,
                                    int rows) {
  if (greys.size() != texts.size()) throw std::invalid_argument("pictures and texts differ in number");
  check_rows(rows);
  std::vector<fields::Text> lines;
  for (const auto& text : texts) lines.push_back(text_of(text));
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

// What cut_field returns, and draw_segments looks at.
using Labels = nb::ndarray<const std::int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Numbers = nb::ndarray<nb::numpy, std::int32_t>;
constexpr std::size_t ATOM = 5, CUT = 4;  // numbers in a row of a table

Numbers table_of(const std::vector<cuts::Atom>& atoms) {
  auto table = lenet::zeros<std::int32_t>({atoms.size(), ATOM});
  std::int32_t* row = table.data();
  for (const cuts::Atom& atom : atoms)
    for (const std::int32_t number : {atom.left, atom.top, atom.right, atom.bottom, atom.area}) *row++ = number;
  return table;
}

nb::ndarray<nb::numpy, float> table_of(const std::vector<cuts::Cut>& found) {
  auto table = lenet::zeros<float>({found.size(), CUT + cuts::FEATURES});
  float* row = table.data();
  for (const cuts::Cut& cut : found) {
    for (const float number : {cut.probability, cut.ink, cut.gap, cut.shift}) *row++ = number;
    row = std::copy(cut.features.begin(), cut.features.end(), row);
  }
  return table;
}

nb::tuple cut_field(const GreyArray& array, const std::vector<float>& numbers, bool every) {
  const lenet::Contiguous picture(array);
  const fields::Text text = text_of(numbers);
  const auto rows = picture.ink().rows, columns = picture.ink().columns;
  if (rows < 1 || columns < 1) throw std::invalid_argument("ink has at least one row and one column");
  auto labels = lenet::zeros<std::int32_t>({static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)});
  cuts::Atoms found;
  std::vector<cuts::Segment> segments;
  {
    const nb::gil_scoped_release release;
    fields::Grey ink(rows, columns);
    for (std::int64_t y = 0; y < rows; ++y)
      std::copy_n(picture.ink().pixels + y * picture.ink().row_stride, columns, ink.row(y));
    found = cuts::over_segment(ink, text, every);
    segments = cuts::segments(found.atoms, text);
    std::copy(found.labels.values.begin(), found.labels.values.end(), labels.data());
  }
  auto paths = lenet::zeros<std::int32_t>({found.cuts.size(), static_cast<std::size_t>(rows)});
  for (std::size_t k = 0; k < found.cuts.size(); ++k)
    std::copy(found.cuts[k].path.begin(), found.cuts[k].path.end(), paths.data() + k * rows);
  auto pairs = lenet::zeros<std::int32_t>({segments.size(), 2});
  for (std::size_t k = 0; k < segments.size(); ++k)
    pairs.data()[2 * k] = segments[k].first, pairs.data()[2 * k + 1] = segments[k].last;
  return nb::make_tuple(labels, table_of(found.atoms), table_of(found.cuts), paths, pairs);
}

Bytes draw_segments(const GreyArray& array, const Labels& labels, const Labels& atoms, const Labels& segments,
                    float stroke) {
  const lenet::Contiguous picture(array);
  const auto rows = picture.ink().rows, columns = picture.ink().columns;
  if (static_cast<std::int64_t>(labels.shape(0)) != rows || static_cast<std::int64_t>(labels.shape(1)) != columns ||
      atoms.shape(1) != ATOM || segments.shape(1) != 2 || !(stroke >= 0))
    throw std::invalid_argument("ink, labels, atoms and segments do not belong together");
  std::vector<cuts::Atom> boxes;
  for (std::size_t k = 0; k < atoms.shape(0); ++k) {
    boxes.push_back({atoms(k, 0), atoms(k, 1), atoms(k, 2), atoms(k, 3), atoms(k, 4)});
    const cuts::Atom& a = boxes.back();
    if (a.left < 0 || a.top < 0 || a.right <= a.left || a.bottom <= a.top || a.right > columns || a.bottom > rows)
      throw std::invalid_argument("an atom stands outside of the ink");
  }
  const auto count = static_cast<std::int32_t>(boxes.size());
  for (std::size_t k = 0; k < segments.shape(0); ++k)
    if (segments(k, 0) < 0 || segments(k, 1) < segments(k, 0) || segments(k, 1) >= count)
      throw std::invalid_argument("a segment names an atom that is not there");
  constexpr std::size_t SIDE = lenet::glyphs::GLYPH_SIDE;
  auto images = lenet::zeros<std::uint8_t>({segments.shape(0), SIDE, SIDE});
  const nb::gil_scoped_release release;
  fields::Grey ink(rows, columns);
  for (std::int64_t y = 0; y < rows; ++y)
    std::copy_n(picture.ink().pixels + y * picture.ink().row_stride, columns, ink.row(y));
  for (std::size_t k = 0; k < segments.shape(0); ++k)
    cuts::draw(ink, labels.data(), boxes, {segments(k, 0), segments(k, 1)}, stroke, images.data() + k * SIDE * SIDE);
  return images;
}

}  // namespace

void bind_fields(nb::module_& module) {
  using nb::literals::operator""_a;
  module.def(
      "clean_field", &clean_field, "picture"_a.noconvert(),
      "Turn the picture of one field, uint8 (rows, columns) or (rows, columns, 3), into ink.\n\n"
      "Returns how many times smaller the results are than the picture; evened, uint8 (rows, columns), paper 0,\n"
      "all darkness there is; ink, the same of strokes alone, 128 and more inside them; and eight numbers on the\n"
      "line of text, in pixels of the ink: top, bottom, left, right, slope (down per column), slant (right per\n"
      "row up), the width of strokes, and the share of the ink that stands above or below a character that is about\n"
      "as high, of more lines or one on its side; all 0 where nothing is written.");
  module.def("stacked", &stacked, "table"_a.noconvert(), "top"_a, "bottom"_a,
             "Return the share of the ink of characters that stands above or below another one about as high, of a table\n"
             "of components, int32 (n, 5), around a level line of text between two rows.");
  module.def("normalize_fields", &normalize_fields, "greys"_a.noconvert(), "texts"_a, "rows"_a = 40,
             "Draw the line of text of each picture (uint8, paper 0) into `rows` rows: its height four fifths of\n"
             "them, its slope and slant taken out, as wide as its aspect asks. Returns a list of uint8 (rows, n).");
  module.def("draw_fields", &draw_fields, "pictures"_a.noconvert(), "rows"_a = 40, "threads"_a = 0,
             "Do for each picture what clean_field and then normalize_fields do with what is evened, its slant left in;\n"
             "the pictures are shared out among threads (0: as many as the engine takes). Returns a list of how many\n"
             "times smaller clean_field's results are, its eight numbers, and the image, uint8 (rows, n).");
  module.def("cut_field", &cut_field, "ink"_a.noconvert(), "text"_a, "every"_a = false,
             "Cut the ink of a field into atoms of which characters are made, left to right.\n\n"
             "Returns labels, int32 (rows, columns), 0 for paper and from 1 the number of an atom; a table of atoms,\n"
             "int32 (n, 5): left, top, right, bottom (exclusive) and area of their strokes; a table of the cuts\n"
             "between neighbours, float32 (n - 1, 4 + features): probability, ink gone through (in strokes), gap and\n"
             "movement sideways (in heights of the text), and what the probability was told from; the cuts' columns\n"
             "in every row, int32 (n - 1, rows); and the segments, int32 (m, 2): first and last atom. every keeps\n"
             "all cuts, however improbable.");
  module.def("draw_segments", &draw_segments, "ink"_a.noconvert(), "labels"_a.noconvert(), "atoms"_a.noconvert(),
             "segments"_a.noconvert(), "stroke"_a,
             "Draw segments as normalize_glyph does, strokes thickened where they are thin; uint8 (m, 28, 28).");
}
