// The state of the Digit section as the part of the address behind "#", so that a link leads back to it.
//
// d: strokes, three characters a point (9 bits each way), "." between strokes; p: a picture, 28x28 of 4 bits;
// n: networks; s: sliders that are moved; u: network, layer, map, row, column of the unit looked at.

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const GRID = 28;

function strokesToText(strokes) {
  return strokes.map((stroke) => {
    const kept = stroke.filter(([x, y], i) => !i || i === stroke.length - 1 ||
      i % 2 === 0 || Math.hypot(x - stroke[i - 1][0], y - stroke[i - 1][1]) > 8);
    return kept.map(([x, y]) => {
      const bits = (x << 9) | y;
      return LETTERS[bits >> 12] + LETTERS[(bits >> 6) & 63] + LETTERS[bits & 63];
    }).join("");
  }).join(".");
}

function textToStrokes(text) {
  return text.split(".").map((stroke) => (stroke.match(/[\w-]{3}/g) ?? []).map((point) => {
    const bits = [...point].reduce((sum, letter) => (sum << 6) | LETTERS.indexOf(letter), 0);
    return [bits >> 9, bits & 511];
  })).filter((stroke) => stroke.length);
}

function pictureToText({ canvas }) {
  const scale = GRID / Math.max(canvas.width, canvas.height);
  const [columns, rows] = [canvas.width, canvas.height].map((size) => Math.max(1, Math.round(size * scale)));
  const small = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const context = small.getContext("2d");
  context.drawImage(canvas, 0, 0, columns, rows);
  const { data } = context.getImageData(0, 0, columns, rows);
  const letters = Array.from({ length: rows * columns }, (_, i) => LETTERS[data[4 * i + 3] >> 4]);
  return `${columns}.${letters.join("")}`;
}

function textToPicture(text) {
  const [wide, letters = ""] = text.split(".");
  const columns = Number(wide), rows = Math.floor(letters.length / columns);
  if (!Number.isInteger(columns) || columns < 1 || columns > GRID || rows < 1) return null; // a link that was cut off
  return { bytes: Uint8Array.from(letters.slice(0, rows * columns), (letter) => Math.max(0, LETTERS.indexOf(letter)) * 17), columns, rows };
}

/** Write the state to the address; what stands there of other sections stays. */
export function remember({ strokes, picture, networks, sliders, unit }) {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const moved = Object.entries(sliders).map(([name, value]) => `${name}:${value}`).join(",");
  const values = {
    d: strokes.length ? strokesToText(strokes) : "",
    p: picture ? pictureToText(picture) : "",
    n: networks.join(","),
    s: moved,
    u: unit ? [unit.side, unit.layer, ...unit.place].join(".") : "",
  };
  for (const [name, value] of Object.entries(values)) value ? parameters.set(name, value) : parameters.delete(name);
  const text = parameters.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  history.replaceState(null, "", `#${text}`);
}

/** Read the state from the address. */
export function recall() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const get = (name) => parameters.get(name) ?? "";
  const [side, layer, ...place] = get("u").split(".");
  const pairs = get("s").split(",").map((pair) => pair.split(":"));
  return {
    strokes: get("d") ? textToStrokes(get("d")) : [],
    picture: get("p") ? textToPicture(get("p")) : null,
    networks: get("n") ? get("n").split(",") : [],
    sliders: Object.fromEntries(pairs.filter(([, value]) => Number.isFinite(Number(value))).map(([name, value]) => [name, Number(value)])),
    unit: layer ? { side: Number(side), layer, place: place.map(Number) } : null,
  };
}
