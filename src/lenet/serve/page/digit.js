// The Digit section: draw, and see all that the network makes of it. One request is under way at a time; when its
// answer is there the newest drawing goes next, so the picture follows the pen however fast it moves.
import { ask, floats, json, make, trouble } from "./api.js";
import { Answer, Outputs, ranked } from "./answer.js";
import { inked, paint, readColours } from "./colours.js";
import { Surface, UNITS } from "./draw.js";
import { Evidence } from "./evidence.js";
import { frame } from "./digit_frame.js";
import { Maps, text } from "./maps.js";
import { sample } from "./samples.js";
import { Sliders } from "./sliders.js";
import { recall, remember } from "./state.js";
import { showUnit } from "./unit.js";

const PIXELS = 32;
const FIRST = 3; // the sample that is shown until somebody draws
const QUIET = 140; // milliseconds without a change after which the slower questions are asked

class Digit {
  constructor(section, offered) {
    this.offered = offered;
    this.parts = frame(section);
    this.sides = [];
    this.unit = null;
    const touched = (event) => {
      trouble(""); // what was refused before is past
      this.refresh(event);
    };
    this.surface = new Surface(this.parts.surface, touched);
    this.sliders = new Sliders(this.parts.sliders, offered, touched);
    this.evidence = new Evidence(this.parts.evidence, offered.networks[0].classes, () => this.settle());
    this.tools();
    const state = recall();
    this.unit = state.unit;
    this.choose(state.networks.filter((name) => this.info(name)));
    this.sliders.values = state.sliders;
    if (state.picture) this.surface.lay(state.picture.bytes, state.picture.rows, state.picture.columns);
    if (state.strokes.length) this.surface.set(state.strokes, this.surface.picture);
    if (this.surface.empty) this.surface.set(sample(FIRST), null, true);
    document.addEventListener("themed", () => this.recolour());
  }

  info(name) {
    return this.offered.networks.find((one) => one.name === name);
  }

  // ---- what can be pressed ----

  tools() {
    const { parts, surface } = this;
    parts.undo.addEventListener("click", () => surface.undo());
    parts.clear.addEventListener("click", () => surface.set([]));
    parts.still.addEventListener("click", () => {
      this.sliders.values = {};
      this.refresh();
    });
    parts.file.addEventListener("change", () => {
      if (parts.file.files.length) this.open(parts.file.files[0]);
      parts.file.value = "";
    });
    parts.samples.forEach((button, digit) => button.addEventListener("click", () => surface.set(sample(digit))));
    parts.surface.addEventListener("keydown", (event) => {
      if (/^\d$/.test(event.key) && !event.ctrlKey && !event.metaKey) surface.set(sample(Number(event.key)));
      else if (event.key === "Delete" || event.key === "Escape") surface.set([]);
      else if (event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey))) surface.undo();
      else return;
      event.preventDefault();
    });
    document.addEventListener("paste", (event) => {
      const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
      if (file && !parts.section.hidden) this.open(file);
    });
    for (const name of ["dragover", "drop"]) {
      parts.section.addEventListener(name, (event) => {
        if (![...event.dataTransfer.types].includes("Files")) return;
        event.preventDefault();
        if (name === "drop" && event.dataTransfer.files.length) this.open(event.dataTransfer.files[0]);
      });
    }
    parts.choices.forEach((choice, side) => choice.addEventListener("change", () => this.chosen(choice, side)));
  }

  /** Lay a picture on the surface; the server finds the ink on it. */
  async open(file) {
    try {
      const bytes = new Uint8Array(await (await ask("/inside/picture", { body: file })).arrayBuffer());
      this.surface.lay(bytes.subarray(2), bytes[0], bytes[1]);
    } catch (error) {
      trouble(error.message);
    }
  }

  // ---- which networks are shown ----

  async chosen(choice, side) {
    let wanted = choice.value;
    if (wanted === "train") {
      choice.disabled = true;
      this.parts.training.hidden = false;
      wanted = this.sides[side]?.info.name ?? "";
      try {
        const trained = await json("/inside/train-1998", { body: "" });
        if (!this.info(trained.name)) this.offered.networks.push(trained);
        wanted = trained.name;
      } catch (error) {
        trouble(error.message);
      }
      choice.disabled = false;
      this.parts.training.hidden = true;
    }
    const names = this.sides.map((one) => one.info.name); // as they are now: the other may have been changed meanwhile
    names[side] = wanted;
    this.choose(names.filter(Boolean));
  }

  choose(names) {
    const shown = names.length ? names.slice(0, 2) : [this.offered.networks[0].name];
    this.parts.answers.replaceChildren();
    this.sides = shown.map((name, side) => {
      const info = this.info(name), place = this.parts.nets[side];
      const chosen = (layer, unit) => this.look(side, layer, unit);
      return { info, maps: new Maps(place.layers, info, chosen), outputs: new Outputs(place.outputs, info, chosen), answer: new Answer(this.parts.answers) };
    });
    if (this.unit && !this.has(this.unit)) this.unit = null;
    this.evidence.sides(this.sides.map(({ info }) => info.title));
    this.options(shown);
    this.parts.nets[1].element.hidden = shown.length < 2;
    this.parts.bench.classList.toggle("beside", shown.length > 1);
    this.sides.forEach(({ info }, side) => {
      this.parts.nets[side].note.textContent = `${info.note} ${info.parameters.toLocaleString("en")} trained numbers, ${info.connections.toLocaleString("en")} connections; paper is ${info.scale[0] ? info.scale[0].toFixed(1).replace("-", "−") : "0"} to it, ink ${Number(info.scale[1].toFixed(3))}.`;
    });
    this.refresh();
  }

  /** Whether the networks that are shown have a unit, which an address names. */
  has({ side, layer, place }) {
    const found = this.sides[side]?.info.layers.find(({ name }) => name === layer);
    const sizes = found ? [found.maps, found.rows, found.columns] : [];
    return sizes.length === place.length && sizes.every((size, axis) => Number.isInteger(place[axis]) && place[axis] >= 0 && place[axis] < size);
  }

  options(shown) {
    this.parts.choices.forEach((choice, side) => {
      const options = this.offered.networks.map(({ name, title }) => make("option", { value: name, selected: shown[side] === name }, title));
      if (!this.info("1998")) options.push(make("option", { value: "train" }, "LeNet-5 of 1998: train it now"));
      if (side) options.unshift(make("option", { value: "", selected: shown.length < 2 }, "nothing"));
      choice.replaceChildren(...options);
    });
  }

  // ---- the hot path ----

  get query() {
    return { networks: this.sides.map(({ info }) => info.name).join(","), ...this.sliders.values };
  }

  /** Ask for what the newest drawing gives; while an answer is awaited, remember that there is a newer one. */
  refresh(event) {
    if (!this.waiting) this.since = event?.timeStamp ?? performance.now(); // of the oldest change that has no answer yet
    this.waiting = true;
    this.rested = false;
    clearTimeout(this.pause);
    this.parts.hint.hidden = !this.surface.empty && !this.surface.shown;
    this.parts.hint.classList.toggle("below", !this.surface.empty);
    if (!this.flying) this.fly();
  }

  async fly() {
    this.flying = true;
    try {
      while (this.waiting) {
        this.waiting = false;
        const { since, sides } = this;
        this.ink = this.surface.ink();
        if (!this.ink) this.blank();
        else {
          const numbers = await floats("/inside/maps", { body: this.ink, query: this.query });
          if (sides === this.sides && !this.surface.empty) this.show(numbers);
          document.dispatchEvent(new CustomEvent("answered", { detail: since }));
        }
      }
      if (this.lost) trouble("");
      this.lost = false;
    } catch (error) {
      trouble(error.message);
      this.lost = true;
    }
    this.flying = false;
    if (this.lost) return;
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.settle(), QUIET);
  }

  show(numbers) {
    this.image = numbers.subarray(0, PIXELS * PIXELS);
    paint(this.parts.seen, this.image, PIXELS, PIXELS, inked);
    let start = PIXELS * PIXELS;
    this.spoken = this.sides.map(({ info, maps, outputs, answer }) => {
      const count = info.layers.reduce((sum, { maps: m, rows, columns }) => sum + m * rows * columns, info.classes.length);
      maps.draw(numbers.subarray(start, (start += count)));
      outputs.show(maps.outputs, maps.probabilities);
      return answer.show(info.title, info.classes, maps.probabilities);
    });
    this.centring();
  }

  blank() {
    this.image = null;
    paint(this.parts.seen, new Float32Array(PIXELS * PIXELS), PIXELS, PIXELS, inked);
    this.sides.forEach(({ info, maps, answer, outputs }) => {
      const count = info.layers.reduce((sum, { maps: m, rows, columns }) => sum + m * rows * columns, info.classes.length);
      maps.draw(new Float32Array(count));
      outputs.show(maps.outputs, maps.probabilities);
      answer.blank(info.title);
    });
    this.spoken = ["Nothing is drawn."];
    this.sliders.sweep(null);
    this.evidence.blank();
    this.turn = (this.turn ?? 0) + 1; // a unit that is asked for now comes too late
    this.parts.unit.replaceChildren(...this.parts.invitation);
    this.parts.field.hidden = true;
    this.sides.forEach(({ maps }) => maps.mark(null, null));
    this.parts.box.hidden = this.parts.mass.hidden = true;
    this.parts.centring.textContent = "Whatever you draw is scaled into the dashed 20x20 square and centred by its mass, as MNIST's digits were.";
  }

  /** Show on the surface what was cut out, and say how it was moved. */
  centring() {
    const box = this.surface.bounds();
    const [left, top, right, bottom] = box.map((value) => (100 * value) / UNITS);
    const pad = 3;
    Object.assign(this.parts.box.style, { left: `${left - pad}%`, top: `${top - pad}%`, width: `${right - left + 2 * pad}%`, height: `${bottom - top + 2 * pad}%` });
    this.parts.box.hidden = this.parts.mass.hidden = false;
    const share = (20 * UNITS) / Math.max(box[2] - box[0], box[3] - box[1], 40);
    const moved = Object.keys(this.sliders.values).length;
    const far = Math.hypot((box[0] + box[2]) / 2 - UNITS / 2, (box[1] + box[3]) / 2 - UNITS / 2) / UNITS;
    this.parts.centring.textContent = `Your drawing (dashed) was ${share > 32 ? "enlarged" : share < 24 ? "made smaller" : "scaled"} to 20 pixels` +
      `${far > 0.12 ? ", brought to the middle" : ""} and centred by its mass, the cross.` + (moved ? " Then the sliders moved it." : "");
  }

  // ---- what is asked when the hand rests ----

  look(side, layer, place) {
    this.unit = { side, layer, place };
    this.sides.forEach(({ maps }, i) => maps.mark(i === side ? this.unit : null, null)); // the next key goes on from here
    if (this.image) this.askUnit(true);
  }

  async askUnit(aloud) {
    const { side, layer, place: [map, row, column] } = this.unit;
    const { info, maps } = this.sides[side];
    const query = { ...this.query, networks: info.name, layer, map, row, column };
    const turn = (this.turn = (this.turn ?? 0) + 1);
    try {
      const found = await json("/inside/unit", { body: this.ink, query });
      if (turn !== this.turn || !this.unit) return;
      showUnit(this.parts.unit, found);
      this.sides.forEach((one) => one.maps.mark(one.maps === maps ? this.unit : null, found));
      this.field(found.field, info.input);
      if (aloud) this.say(`${layer} map ${map}, row ${row}, column ${column}: ${text(found.engine)}`);
      this.keep();
    } catch (error) {
      trouble(error.message);
    }
  }

  /** Outline what the unit sees, on the picture that the network sees. */
  field([left, top, right, bottom], [rows, columns]) {
    const [x, y] = [(PIXELS - columns) / 2, (PIXELS - rows) / 2];
    const percent = (value) => `${(100 * value) / PIXELS}%`;
    Object.assign(this.parts.field.style, { left: percent(left + x), top: percent(top + y), width: percent(right - left), height: percent(bottom - top) });
    this.parts.field.hidden = false;
  }

  async settle() {
    if (this.flying || this.lost) return;
    this.say(this.spoken.join(" "));
    this.keep();
    if (!this.ink) {
      this.rested = true;
      return;
    }
    const { ink, sides, query } = this;
    const turn = (this.settling = (this.settling ?? 0) + 1); // the class whose evidence is wanted may change meanwhile
    const still = () => turn === this.settling && ink === this.ink && sides === this.sides && !this.flying;
    try {
      if (this.unit) await this.askUnit(false);
      const best = sides.map(({ maps }) => ranked(maps.probabilities)[0][0]);
      for (const [side, { info }] of sides.entries()) {
        const label = this.evidence.wanted ?? best[side];
        if (label >= info.classes.length) continue;
        const speaks = await floats("/inside/evidence", { body: ink, query: { ...query, networks: info.name, label } });
        if (!still()) return;
        this.evidence.show(side, speaks, this.image, label, info.classes);
      }
      const shares = await floats("/inside/sweeps", { body: ink, query });
      if (!still()) return;
      this.sliders.sweep(shares, sides.map(({ info }, side) => ({ classes: info.classes, answer: best[side], title: info.title })));
      this.rested = true;
    } catch (error) {
      trouble(error.message);
    }
  }

  say(sentence) {
    if (this.parts.said.textContent !== sentence) this.parts.said.textContent = sentence;
  }

  keep() {
    remember({ strokes: this.surface.strokes, picture: this.surface.picture, networks: this.sides.map(({ info }) => info.name),
      sliders: this.sliders.values, unit: this.unit });
  }

  recolour() {
    readColours();
    this.surface.redraw();
    this.sides.forEach(({ outputs }) => outputs.colours());
    this.evidence.redraw();
    this.refresh();
  }
}

/** Fill the section; called once, when it is first shown. */
export async function start(section) {
  readColours();
  const offered = await json("/inside/networks");
  const digit = new Digit(section, offered);
  section.page = { sample: (number) => digit.surface.set(sample(number)), digit };
}
