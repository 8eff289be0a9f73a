// All maps of one network: a canvas a layer, painted at one pixel a unit and enlarged by the browser.
import { make } from "./api.js";
import { inked, most, paint, signed } from "./colours.js";

const WORDS = {
  C1: "Each map slides one 5x5 kernel over the picture and lights up where its pattern is: an edge, a stroke, an end.",
  S2: "Every 2x2 becomes one number. Where exactly a pattern was matters less from here on.",
  C3: "Each map looks at several S2 maps at once: edges join to corners, arcs and crossings.",
  S4: "Half the size again: what is there, and only roughly where.",
  C5: "120 units, each over the whole of S4: is this arrangement of parts here?",
  F6: "84 units weigh all of C5 against each other.",
};
const KINDS = {
  convolution: "Each map slides its kernels over the maps before it.",
  subsampling: "Fewer pixels: each stands for a small window.",
  full: "Each unit weighs everything before it.",
  radial_basis: "How far F6 is from each digit's drawing; the nearest wins.",
};

export const text = (value) => (Math.abs(value) >= 100 ? value.toFixed(1) : value.toFixed(3)).replace("-", "−");
export const units = (layer) => layer.maps * layer.rows * layer.columns;

/** How maps stand beside each other: how many across, the gap between them in units, and pixels a unit. */
function arrange({ maps, rows, columns }, width, drawn) {
  if (drawn) return { across: 7, gap: 0, scale: 8 };
  const flat = rows * columns === 1;
  const gap = flat ? 0 : 1;
  const smallest = flat ? 8 : maps < 8 ? 56 : 30, largest = flat ? 14 : 88;
  const counts = Array.from({ length: maps }, (_, i) => maps - i);
  for (const across of [...counts.filter((count) => maps % count === 0 && (count > 1 || maps === 1)), ...counts]) {
    const scale = Math.floor(Math.min(width / (across * (columns + gap) - gap), largest / columns));
    if (scale * columns >= smallest) return { across, gap, scale };
  }
  return { across: 1, gap, scale: 1 };
}

export class Maps {
  /** `chosen(layer, place)` is called when a unit is. */
  constructor(place, info, chosen) {
    this.info = info;
    this.chosen = chosen;
    this.selected = null;
    this.bands = info.layers.slice(0, -1).map((layer, index) => this.band(layer, index));
    place.replaceChildren(...this.bands.map((band) => band.element));
    new ResizeObserver(() => this.fit()).observe(this.bands[0].element);
  }

  band(layer, index) {
    const canvas = make("canvas", { class: "pixels", tabindex: 0, role: "application", "aria-roledescription": "feature maps",
      "aria-label": `${layer.name}: ${this.size(layer)}. Arrow keys go from unit to unit, Page Up and Page Down from map to map.` });
    const marks = make("div", { class: "marks", "aria-hidden": "true" });
    const readout = make("output", { class: "readout", "aria-live": "off" });
    const table = layer.table && make("canvas", { class: "pixels table", role: "img",
      "aria-label": `Connection table. ${layer.table.map((row, map) => `Map ${map} reads ${row.join(", ")}`).join("; ")}.` });
    const below = make("button", { class: "below", hidden: true, onclick: () => { // where the card stands far below the maps
      const card = document.getElementById("card-unit");
      card.scrollIntoView({ block: "start" });
      card.focus({ preventScroll: true });
    } }, "Worked out below ↓");
    const reach = make("span", { class: "reach", title: "The strongest colour stands for this" });
    const drawn = layer.rows * layer.columns === 1 && this.codeSize(layer, index);
    const element = make("div", { class: "band", "data-layer": layer.name },
      make("div", { class: "about" }, make("h3", {}, layer.name, make("span", {}, ` ${this.size(layer)}`), reach),
        make("p", { class: "note" }, this.words(layer, drawn)), table),
      make("div", { class: "frame" }, canvas, marks, readout), below);
    const band = { layer, canvas, marks, readout, element, drawn, reach, table, below };
    canvas.addEventListener("pointermove", (event) => this.hover(band, event));
    canvas.addEventListener("pointerleave", () => (readout.textContent = ""));
    canvas.addEventListener("click", (event) => {
      const found = this.at(band, event);
      if (found) this.chosen(layer.name, found);
    });
    canvas.addEventListener("keydown", (event) => this.key(band, event));
    return band;
  }

  words(layer, drawn) {
    if (drawn) return "84 units that learn to draw the digit, 7 by 12, as it stands in the codes below.";
    if (layer.table) return "Joins edges to corners and arcs. Which maps each one reads stands in the paper's connection table; click one to see.";
    if (layer.pooling === "trainable") return "Every 2x2 is added up, times a trained coefficient, plus a bias, squashed.";
    return WORDS[layer.name] ?? KINDS[layer.kind];
  }

  size({ maps, rows, columns }) {
    return rows * columns === 1 ? `${maps} units` : `${maps} maps of ${rows}x${columns}`;
  }

  /** Whether a layer's units are compared with drawings of as many pixels. */
  codeSize(layer, index) {
    return index === this.info.layers.length - 2 && this.info.codes !== null && layer.maps === 84;
  }

  fit() {
    for (const band of this.bands) {
      const width = band.element.querySelector(".frame").clientWidth;
      if (!width) continue;
      const { maps, rows, columns } = band.layer;
      Object.assign(band, arrange(band.layer, width, band.drawn));
      band.down = Math.ceil(maps / band.across);
      band.wide = band.across * (columns + band.gap) - band.gap;
      band.high = band.down * (rows + band.gap) - band.gap;
      band.canvas.width = band.wide;
      band.canvas.height = band.high;
      band.canvas.style.width = `${band.wide * band.scale}px`;
      band.canvas.style.height = `${band.high * band.scale}px`;
      band.image = new ImageData(band.wide, band.high);
      band.pixels = new Uint32Array(band.image.data.buffer);
    }
    if (this.numbers) this.draw(this.numbers);
    this.mark(this.selected, this.read);
  }

  /** Paint what the server found: every layer's maps one after the other. */
  draw(numbers) {
    this.numbers = numbers;
    let start = 0;
    for (const band of this.bands) {
      band.values = numbers.subarray(start, (start += units(band.layer)));
      if (band.pixels) this.paint(band);
    }
    this.outputs = numbers.subarray(start, (start += units(this.info.layers.at(-1))));
    this.probabilities = numbers.subarray(start);
  }

  paint({ layer: { maps, rows, columns }, values, pixels, wide, across, gap, image, canvas, reach }) {
    const full = most(values);
    reach.textContent = `±${full.toPrecision(2)}`;
    let at = 0;
    for (let map = 0; map < maps; map++) {
      let row = Math.floor(map / across) * (rows + gap) * wide + (map % across) * (columns + gap);
      for (let r = 0; r < rows; r++, row += wide) for (let c = 0; c < columns; c++) pixels[row + c] = signed(values[at++], full);
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  /** Which unit is under the pointer; null in a gap. */
  at({ layer: { maps, rows, columns }, canvas, across, gap, scale }, event) {
    const box = canvas.getBoundingClientRect();
    const x = Math.floor((event.clientX - box.left) / scale), y = Math.floor((event.clientY - box.top) / scale);
    const [tileX, tileY] = [Math.floor(x / (columns + gap)), Math.floor(y / (rows + gap))];
    const [column, row, map] = [x % (columns + gap), y % (rows + gap), tileY * across + tileX];
    return x >= 0 && y >= 0 && column < columns && row < rows && map < maps && tileX < across ? [map, row, column] : null;
  }

  value(layer, [map, row, column]) {
    const band = this.bands.find((one) => one.layer.name === layer);
    if (!band) return this.outputs?.[map];
    return band.values?.[(map * band.layer.rows + row) * band.layer.columns + column];
  }

  hover(band, event) {
    const found = this.at(band, event);
    const value = found && this.value(band.layer.name, found);
    band.readout.textContent = value === null || value === undefined ? "" : `${this.name(band.layer, found)}: ${text(value)}`;
  }

  name({ rows, columns }, [map, row, column]) {
    return rows * columns === 1 ? `unit ${map}` : `map ${map} (${row}, ${column})`;
  }

  key(band, event) {
    const { maps, rows, columns } = band.layer;
    const [map, row, column] = this.selected?.layer === band.layer.name ? this.selected.place : [-1, 0, 0];
    const flat = rows * columns === 1;
    const step = { ArrowRight: flat ? [1, 0, 0] : [0, 0, 1], ArrowLeft: flat ? [-1, 0, 0] : [0, 0, -1],
      ArrowDown: flat ? [band.across, 0, 0] : [0, 1, 0], ArrowUp: flat ? [-band.across, 0, 0] : [0, -1, 0],
      PageDown: [1, 0, 0], PageUp: [-1, 0, 0], Enter: [0, 0, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    const within = (value, size) => Math.max(0, Math.min(size - 1, value));
    const place = map < 0 ? [0, Math.floor(rows / 2), Math.floor(columns / 2)]
      : [within(map + step[0], maps), within(row + step[1], rows), within(column + step[2], columns)];
    this.chosen(band.layer.name, place);
  }

  /** Outline the chosen unit, and in the layer before it what it reads. */
  mark(selected, read) {
    this.selected = selected;
    this.read = read;
    for (const band of this.bands) {
      const boxes = [];
      if (selected?.layer === band.layer.name) boxes.push([...selected.place, 1, 1, "unit"]);
      if (selected && read?.reads === band.layer.name) {
        for (const { map, top, left, inputs } of read.terms) boxes.push([map, top, left, inputs.length, inputs[0].length, "read"]);
      }
      band.marks.replaceChildren(...this.whole(band, boxes).map((box) => this.box(band, ...box)));
      band.below.hidden = selected?.layer !== band.layer.name;
      if (!band.below.hidden && band.values) {
        band.below.textContent = `${this.name(band.layer, selected.place)}: ${text(this.value(band.layer.name, selected.place))}, worked out below ↓`;
      }
      if (band.table) connections(band, selected?.layer === band.layer.name ? selected.place[0] : -1);
    }
  }

  /** Many units that are all read become one outline. */
  whole({ layer, down, across }, boxes) {
    const flat = layer.rows * layer.columns === 1;
    const read = boxes.filter((box) => box[5] === "read");
    if (!flat || read.length < layer.maps) return boxes;
    return [...boxes.filter((box) => box[5] !== "read"), [0, 0, 0, down, across, "read"]];
  }

  box({ layer: { rows, columns }, across, gap, scale }, map, top, left, high, wide, kind) {
    const x = (map % across) * (columns + gap) + left, y = Math.floor(map / across) * (rows + gap) + top;
    const style = `left:${x * scale}px;top:${y * scale}px;width:${wide * scale}px;height:${high * scale}px`;
    return make("i", { class: kind, style });
  }
}

/** Paint which maps read which: a column for each map, a row for each one before, as Table I of the paper; one is lit. */
function connections({ table, layer }, lit) {
  const [columns, rows] = [layer.table.length, Math.max(...layer.table.flat()) + 1];
  const cells = new Float32Array(16 * columns * rows); // 4x4 pixels a cell, one of them a gap
  layer.table.forEach((row, map) => row.forEach((from) => {
    for (let y = 0; y < 3; y++) for (let x = 0; x < 3; x++) cells[(4 * from + y) * 4 * columns + 4 * map + x] = map === lit ? 1 : -1;
  }));
  paint(table, cells, 4 * columns, 4 * rows, (value) => (value ? (value > 0 ? signed(1, 1) : inked(0.6)) : 0));
}

/** Paint a small square of numbers, such as a kernel or a patch. */
export function patch(values, full, scale = 10) {
  const canvas = make("canvas", { class: "pixels patch" });
  paint(canvas, values.flat(), values[0].length, values.length, (value) => signed(value, full));
  canvas.style.width = `${values[0].length * scale}px`;
  canvas.style.height = `${values.length * scale}px`;
  return canvas;
}
