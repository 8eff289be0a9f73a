// What is done to the centred digit before the network sees it, and the answer along each slider's whole range.
import { make } from "./api.js";
import { colour } from "./colours.js";

const WORDS = {
  right: ["Shift right", "px"], down: ["Shift down", "px"], scale: ["Size", "×"], rotation: ["Rotation", "°"],
  shear: ["Slant", ""], stroke: ["Stroke width", "px"], noise: ["Noise", ""],
};
const RESTING = { scale: 1 };
const FINE = { right: 0.1, down: 0.1, scale: 0.01, rotation: 1, shear: 0.01, stroke: 0.05, noise: 0.005 };
const STRIP = 34; // pixels high

export class Sliders {
  constructor(place, { sliders, steps }, changed) {
    this.changed = changed;
    this.steps = steps;
    this.rows = Object.entries(sliders).map(([name, range]) => this.row(name, range));
    place.append(...this.rows.map((row) => row.element));
    new ResizeObserver(() => this.redraw()).observe(place);
  }

  row(name, { from, to }) {
    const [words, unit] = WORDS[name] ?? [name, ""];
    const rest = RESTING[name] ?? 0;
    const input = make("input", { type: "range", min: from, max: to, step: FINE[name] ?? "any", value: rest, id: `slider-${name}` });
    const shown = make("output", { for: input.id });
    const strip = make("canvas", { class: "strip", role: "img" });
    const row = { name, from, to, rest, unit, input, shown, strip, words,
      element: make("div", { class: "slider" }, make("label", { for: input.id }, words), shown, input, strip) };
    input.addEventListener("input", (event) => {
      this.say(row);
      this.changed(event);
    });
    strip.addEventListener("click", (event) => {
      const box = strip.getBoundingClientRect();
      input.value = from + ((event.clientX - box.left) / box.width) * (to - from);
      this.say(row);
      this.changed(event);
    });
    this.say(row);
    return row;
  }

  say({ input, shown, unit }) {
    const value = Number(input.value);
    shown.textContent = `${Number(value.toFixed(2))}${unit === "px" ? " px" : unit}`.replace("-", "−");
  }

  /** What is moved, by name; nothing where all stand still. */
  get values() {
    const moved = this.rows.filter(({ input, rest }) => Math.abs(input.value - rest) > 1e-6);
    return Object.fromEntries(moved.map(({ name, input }) => [name, Number(Number(input.value).toFixed(4))]));
  }

  set values(given) {
    for (const row of this.rows) {
      row.input.value = given[row.name] ?? row.rest;
      this.say(row);
    }
  }

  /** Draw along every range how probable each network holds its answer, and where another class wins with the first. */
  sweep(shares, networks) {
    this.found = shares && { shares, networks };
    this.redraw();
  }

  /** What a network answers along one range, from where its numbers start. */
  cells(start, index, { classes, answer }) {
    return Array.from({ length: this.steps }, (_, step) => {
      const from = start + (index * this.steps + step) * classes.length;
      const all = this.found.shares.subarray(from, from + classes.length);
      const winner = all.indexOf(Math.max(...all));
      return { own: all[answer], winner, share: all[winner] };
    });
  }

  redraw() {
    this.rows.forEach((row, index) => {
      const { strip } = row;
      const wide = strip.clientWidth, dots = devicePixelRatio;
      if (!wide) return;
      strip.width = wide * dots;
      strip.height = STRIP * dots;
      const context = strip.getContext("2d");
      context.scale(dots, dots);
      if (this.found) this.strip(row, context, index, wide);
      else strip.setAttribute("aria-label", "Nothing is drawn yet.");
    });
  }

  strip(row, context, index, wide) {
    const [first, second] = this.found.networks, { classes, answer } = first;
    const style = getComputedStyle(row.strip);
    const cells = this.cells(0, index, first);
    const step = wide / (this.steps - 1);
    const curve = (height, colour) => {
      context.fillStyle = colour;
      context.beginPath();
      context.moveTo(0, STRIP);
      cells.forEach((cell, i) => context.lineTo(i * step, STRIP - 2 - (STRIP - 4) * height(cell)));
      context.lineTo(wide, STRIP);
      context.fill();
    };
    curve((cell) => (cell.winner === answer ? 0 : cell.share), colour("--other"));
    curve((cell) => cell.own, colour("--own"));
    const beside = second && this.cells(this.rows.length * this.steps * classes.length, index, second);
    if (beside) this.line(beside, context, step);
    this.names(cells, answer, classes, context, step, style);
    const others = [...new Set(cells.filter((cell) => cell.winner !== answer).map((cell) => classes[cell.winner]))];
    const held = (along, wanted) => Math.round((100 * along.filter((cell) => cell.winner === wanted).length) / along.length);
    row.strip.setAttribute("aria-label", `${row.words}: the answer stays ${classes[answer]} over ${held(cells, answer)} percent of the range` +
      (others.length ? `; elsewhere it is ${others.join(", ")}.` : ".") +
      (beside ? ` ${second.title}: it stays ${second.classes[second.answer]} over ${held(beside, second.answer)} percent.` : ""));
  }

  /** Draw how sure the second network stays of its own answer. */
  line(cells, context, step) {
    Object.assign(context, { strokeStyle: colour("--ink"), lineWidth: 1.5, lineJoin: "round" });
    context.beginPath();
    cells.forEach(({ own }, i) => context.lineTo(i * step, STRIP - 2 - (STRIP - 4) * own));
    context.stroke();
  }

  /** Write the class that wins over each stretch where it is not the answer. */
  names(cells, answer, classes, context, step, style) {
    context.fillStyle = colour("--soft");
    context.font = `600 12px ${style.fontFamily}`;
    context.textAlign = "center";
    for (let i = 0; i < cells.length; ) {
      let end = i;
      while (end < cells.length && cells[end].winner === cells[i].winner) end++;
      const middle = (i + end - 1) / 2;
      if (cells[i].winner !== answer && end - i > 1) context.fillText(classes[cells[i].winner], Math.max(6, Math.min(middle * step, step * (cells.length - 1) - 6)), STRIP - 6);
      i = end;
    }
  }
}
