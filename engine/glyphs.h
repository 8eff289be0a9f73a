// What runs for every piece of ink on a page and every image of a training set: connected components, the
// normalisation that MNIST was made with, and random distortion. No Python, no global state, no allocation per pixel.
#pragma once

#include <cstdint>
#include <vector>

namespace lenet::glyphs {

// A grey picture somewhere in memory: paper 0, full ink 255. Strides are in bytes; columns lie next to each other.
struct Ink {
  const std::uint8_t* pixels;
  std::int64_t rows, columns, row_stride;
};

// A rectangle of pixels, right and bottom exclusive, and the number of ink pixels in it that belong together.
struct Component {
  std::int32_t left, top, right, bottom, area;
};

// Join every pixel that is not 0 with its eight neighbours. labels has (rows, columns) numbers and must be all 0 on
// entry; on return component k of the result, counted in reading order of first pixels, is labelled k + 1.
std::vector<Component> components(const Ink& mask, std::int32_t* labels);

constexpr int GLYPH_SIDE = 28;  // an image of MNIST
constexpr int GLYPH_BOX = 20;   // the square inside it that the ink fills

// Draw the ink's bounding box into 28 x 28 as MNIST's images were: aspect ratio kept, longer side 20, every new pixel
// the average of what it covers, then moved by whole pixels so that the centre of mass stands at the centre (never so
// far that ink would leave the image). Ink without a single pixel above 0 gives an empty image.
void normalize_glyph(const Ink& ink, std::uint8_t* image);

// How far each number may be drawn from 0, to either side and evenly. All 0 leaves images as they are.
struct Distortion {
  float rotation = 0;       // degrees
  float shear = 0;          // columns moved per row
  float scale = 0;          // logarithm of the enlargement, drawn separately for rows and columns
  float shift = 0;          // pixels, drawn separately for rows and columns
  float elastic = 0;        // pixels: root mean square of the elastic field along each axis (not a bound)
  float elastic_sigma = 4;  // pixels: standard deviation of the Gaussian that smooths the elastic field
  float thickness = 0;      // pixels by which the edges of strokes move out or in
};

struct Images {
  const std::uint8_t* pixels;  // (count, maps, rows, columns); the maps of an image move together
  std::int64_t count, maps, rows, columns;
};

// Distort images[i] by numbers drawn from a hash of (seed, ids[i]) alone, so that the result does not depend on
// batches or threads (0: as many as the engine takes), into distorted (same shape). What comes from outside an image
// is paper.
void distort(const Images& images, const std::int64_t* ids, std::uint64_t seed, const Distortion& distortion,
             int threads, std::uint8_t* distorted);

}  // namespace lenet::glyphs
