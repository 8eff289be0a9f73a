// Why this answer: what happens if a part of the digit is hidden, and which pixels would change the answer.
import { percent } from "./answer.js";
import { make } from "./api.js";
import { inked, most, paint, signed } from "./colours.js";

const SIDE = 32;

export class Evidence {
  constructor(place, classes, asked) {
    this.wanted = null; // the answer, whatever it is
    this.pairs = [pair(), pair()]; // one for each network that is shown
    this.choice = make("select", { id: "evidence-class", onchange: (event) => {
      this.wanted = event.target.value === "" ? null : Number(event.target.value);
      asked();
    } }, make("option", { value: "" }, "the answer"), ...classes.map((name, i) => make("option", { value: i }, name)));
    place.append(
      make("div", { class: "row" }, make("label", { for: "evidence-class" }, "What speaks for"), this.choice),
      ...this.pairs.map(({ element }) => element));
    this.blank();
  }

  /** Say whose evidence is shown: nothing of a network that stands alone, titles where there are two. */
  sides(titles) {
    this.pairs.forEach(({ element, title }, side) => {
      title.textContent = titles.length > 1 ? titles[side] : "";
      element.hidden = side >= titles.length;
    });
    this.blank();
  }

  /** Nothing is drawn: nothing speaks for anything. */
  blank() {
    for (const one of this.pairs) {
      one.last = null;
      for (const [canvas, words] of [[one.hiding, one.words[0]], [one.slope, one.words[1]]]) {
        canvas.width = canvas.height = SIDE; // which empties it
        canvas.setAttribute("aria-label", "Nothing yet.");
        words.textContent = "";
      }
    }
  }

  /** Draw what the server found of a network: rival, probability, gradient, falls and probabilities with squares hidden. */
  show(side, numbers, image, label, classes) {
    const one = this.pairs[side];
    one.last = [side, numbers, image, label, classes];
    const [rival, probability] = numbers;
    const gradient = numbers.subarray(2, 2 + SIDE * SIDE);
    const rest = numbers.subarray(2 + SIDE * SIDE);
    const places = Math.round(Math.sqrt(rest.length / 2));
    const falls = rest.subarray(0, places * places), hidden = rest.subarray(places * places);
    const edge = (SIDE - 2 * places) / 2; // a square's cell is the 2x2 in its middle
    const spread = new Float32Array(SIDE * SIDE);
    for (let y = 0; y < 2 * places; y++) for (let x = 0; x < 2 * places; x++) spread[(y + edge) * SIDE + x + edge] = falls[(y >> 1) * places + (x >> 1)];
    this.over(one.hiding, spread, image);
    this.over(one.slope, gradient, image);
    const lowest = Math.min(...hidden);
    one.words[0].textContent = `Hide a square of 6x6: the more orange its place, the less likely ${classes[label]} becomes. ` +
      `The worst takes it from ${percent(probability)} to ${percent(lowest)}.`;
    one.words[1].textContent = `More ink on orange makes ${classes[label]} likelier than ${classes[rival]}; more ink on blue does the opposite.`;
    one.hiding.setAttribute("aria-label", one.words[0].textContent);
    one.slope.setAttribute("aria-label", one.words[1].textContent);
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
    for (const { last } of this.pairs) if (last) this.show(...last);
  }
}

/** Two pictures beside each other, with the words under them, under a network's title. */
function pair() {
  const [hiding, slope] = [0, 1].map(() => make("canvas", { class: "pixels", role: "img" }));
  const words = [make("figcaption"), make("figcaption")], title = make("h3");
  const element = make("div", { class: "speaks" }, title,
    make("div", { class: "pair" }, make("figure", {}, hiding, words[0]), make("figure", {}, slope, words[1])));
  return { element, title, hiding, slope, words };
}
