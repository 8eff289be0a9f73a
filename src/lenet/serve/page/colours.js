// From numbers to pixels: orange above zero, blue below, the card's own colour at zero; ink from paper to full ink.

const HALF = 255;
let diverging, greys;

/** Red, green and blue of a colour of the page, as it is in the light that is chosen. */
function parts(variable) {
  const probe = document.createElement("i");
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  probe.remove();
  return found;
}

/** The same as text, for a canvas. */
export const colour = (variable) => `rgb(${parts(variable)})`;

const pixel = (rgb) => (0xff000000 | (rgb[2] << 16) | (rgb[1] << 8) | rgb[0]) >>> 0;
const between = (from, to, share) => pixel(from.map((value, i) => Math.round(value + share * (to[i] - value))));

/** Read the colours of the page anew: at the start, and when light turns to dark. */
export function readColours() {
  const [zero, plus, minus, ink] = ["--nil", "--plus", "--minus", "--ink"].map(parts);
  diverging = Uint32Array.from({ length: 2 * HALF + 1 }, (_, i) =>
    between(zero, i < HALF ? minus : plus, Math.abs(i - HALF) / HALF));
  const paper = parts("--zero");
  greys = Uint32Array.from({ length: 256 }, (_, i) => between(paper, ink, i / 255));
}

/** The colour of a value, `most` being full orange. */
export function signed(value, most) {
  const at = HALF + Math.round(HALF * (value / most));
  return diverging[at < 0 ? 0 : at > 2 * HALF ? 2 * HALF : at];
}

/** The colour of ink from 0 (paper) to 1. */
export const inked = (value) => greys[value <= 0 ? 0 : value >= 1 ? 255 : Math.round(value * 255)];

/** Paint rows of numbers on a canvas, one pixel each. */
export function paint(canvas, values, columns, rows, colour) {
  canvas.width = columns;
  canvas.height = rows;
  const image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = colour(values[i]);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** The largest distance from zero, or 1 where there is none. */
export function most(values) {
  let found = 0;
  for (const value of values) found = Math.max(found, Math.abs(value));
  return found || 1;
}
