// From the picture of one field to its ink: the light of the paper evened out, strokes told from patterns, ruled lines
// and the ends of neighbours taken away, the text measured; and the image of it that a network for whole fields reads.
// No Python, no global state. Pictures of any size: they are made smaller to at most 4 million pixels first, so that
// the slowest takes a few hundred milliseconds and 100 MB.
#pragma once

#include <cstdint>
#include <vector>

#include "glyphs.h"

namespace lenet::fields {

// A picture somewhere in memory: `channels` (1 or 3) bytes a pixel, next to each other. row_stride is in bytes.
struct Picture {
  const std::uint8_t* pixels;
  std::int64_t rows, columns, row_stride;
  int channels;
};

template <typename Number>
struct Plane {
  std::int64_t rows = 0, columns = 0;
  std::vector<Number> values;

  Plane() = default;
  Plane(std::int64_t rows, std::int64_t columns) : rows(rows), columns(columns), values(rows * columns) {}
  Number* row(std::int64_t y) { return values.data() + y * columns; }
  const Number* row(std::int64_t y) const { return values.data() + y * columns; }
};

using Grey = Plane<std::uint8_t>;

constexpr int STROKE = 128;  // ink of this much or more belongs to a stroke, less to the grey edge of one

// What is known about the line of text in a field, in pixels of its ink. All 0 where nothing is written.
struct Text {
  float top = 0, bottom = 0;  // of most characters, in the middle column
  float left = 0, right = 0;  // of all ink
  float slope = 0;            // rows that the line falls per column
  float slant = 0;            // columns that upright strokes lean to the right per row upwards
  float stroke = 0;           // width of a stroke
  float stacked = 0;          // share of all characters' ink that stands above or below another character

  float height() const { return bottom - top; }
};

// The share of the ink of characters that stands above or below another one about as high: next to none of a line of
// text, however it slopes; most of two lines, and of a line on its side. Flat marks and those that sprawl are rules; two
// pieces of one broken character do not leave the line. `middle` is the column in which the line is as high as it says.
float stacked(std::vector<glyphs::Component> marks, const Text& text, float middle);

struct Field {
  int factor = 1;  // ink and evened are this many times smaller than the picture
  Grey evened;     // paper 0, full ink 255; patterns and ruled lines as grey as they are
  Grey ink;        // strokes alone, with their grey edges
  Text text;
};

Field clean(const Picture& picture);

// What networks for whole fields read of a picture: its evened text by `normalized`, slant and all, in `rows` rows.
struct Drawn {
  int factor = 1;
  Text text;
  Grey image;
};

Drawn drawn(const Picture& picture, int rows);

// Draw the text of a grey picture (paper 0) into `rows` rows: its line level, its height three fifths of them, so that
// a third of its height is seen above and below, as much paper beside it, and strokes upright where the text's slant
// is not 0. Pixels are averages of what they cover. Text of height 0 gives paper, as wide as high.
Grey normalized(const Picture& grey, const Text& text, int rows);

}  // namespace lenet::fields
