// Why this answer: what happens if a part of the digit is hidden, and which pixels would change the answer.
import { make } from "./api.js";
import { inked, most, paint, signed } from "./colours.js";

const SIDE = 32;

export class Evidence {
  constructor(place, classes, asked) {
    this.wanted = null; // the answer, whatever it is
    this.hiding = make("canvas", { class: "pixels", role: "img" });
    this.slope = make("canvas", { class: "pixels", role: "img" });
    this.words = [make("figcaption"), make("figcaption")];
    this.choice = make("select", { id: "evidence-class", onchange: (event) => {
      this.wanted = event.target.value === "" ? null : Number(event.target.value);
      asked();
    } }, make("option", { value: "" }, "the answer"), ...classes.map((name, i) => make("option", { value: i }, name)));
    place.append(
      make("div", { class: "row" }, make("label", { for: "evidence-class" }, "What speaks for"), this.choice),
      make("div", { class: "pair" }, make("figure", {}, this.hiding, this.words[0]), make("figure", {}, this.slope, this.words[1])));
  }

  /** Draw what the server found: rival, probability, gradient, falls and probabilities with squares hidden. */
  show(numbers, image, label, classes) {
    this.last = [numbers, image, label, classes];
    const [rival, probability] = numbers;
    const gradient = numbers.subarray(2, 2 + SIDE * SIDE);
    const rest = numbers.subarray(2 + SIDE * SIDE);
    const side = Math.round(Math.sqrt(rest.length / 2));
    const falls = rest.subarray(0, side * side), hidden = rest.subarray(side * side);
    const edge = (SIDE - 2 * side) / 2; // a square's cell is the 2x2 in its middle
    const spread = new Float32Array(SIDE * SIDE);
    for (let y = 0; y < 2 * side; y++) for (let x = 0; x < 2 * side; x++) spread[(y + edge) * SIDE + x + edge] = falls[(y >> 1) * side + (x >> 1)];
    this.over(this.hiding, spread, image);
    this.over(this.slope, gradient, image);
    const lowest = Math.min(...hidden);
    this.words[0].textContent = `Hide a square of 6x6: the more orange its place, the less likely ${classes[label]} becomes. ` +
      `The worst takes it from ${(100 * probability).toFixed(0)} % to ${(100 * lowest).toFixed(0)} %.`;
    this.words[1].textContent = `More ink on orange makes ${classes[label]} likelier than ${classes[rival]}; more ink on blue does the opposite.`;
    this.hiding.setAttribute("aria-label", this.words[0].textContent);
    this.slope.setAttribute("aria-label", this.words[1].textContent);
  }

  /** Paint signed numbers with the digit showing through. */
  over(canvas, values, image) {
    const full = most(values);
    let i = 0;
    paint(canvas, values, SIDE, SIDE, (value) => {
      const over = signed(value, full), under = inked(0.75 * image[i++]);
      const share = Math.min(1, 0.25 + Math.abs(value) / full);
      const mixed = [0, 8, 16].map((bits) => Math.round(((over >> bits) & 255) * share + ((under >> bits) & 255) * (1 - share)));
      return (0xff000000 | (mixed[2] << 16) | (mixed[1] << 8) | mixed[0]) >>> 0;
    });
  }

  redraw() {
    if (this.last) this.show(...this.last);
  }
}
