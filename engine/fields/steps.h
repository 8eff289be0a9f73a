// The steps from a picture to ink, in order; fields.cpp puts them together.
#pragma once

#include "../fields.h"

namespace lenet::fields {

// How many times smaller a picture is looked at.
int factor_for(const Picture& picture);

// How much of the paper's light is missing at each pixel, 255 for all of it; of several channels the one that says
// most. Light ink on dark ground counts as if it were the other way round.
Grey darkness(const Picture& picture, int factor);

// Which pixels are strokes, and what darkness is.
struct Strokes {
  Grey marks;         // 0 or 1
  float edge = 0;     // darkness where a stroke ends; 0 where there are none
  float full = 0;     // darkness of full ink
};

Strokes strokes(const Grey& dark);

// Take ruled lines and the sides of boxes out of marks, and mend what crosses them. Where two level rules have the
// text between them, what lies beyond goes as well.
void remove_rules(Grey& marks);

// Take specks and what reaches in from neighbours out of marks, and measure the text that is left.
Text text_of(Grey& marks);

// Spread darkness to ink: STROKE at the edge of strokes, 255 in their middle; marks and their grey edges alone.
Grey to_ink(const Grey& dark, const Strokes& found);

}  // namespace lenet::fields
