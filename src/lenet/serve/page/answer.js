// The answer: the class and how sure it is, the runners-up, all outputs, and the drawn codes of the network of 1998.
import { make } from "./api.js";
import { paint, inked } from "./colours.js";

/** A probability in percent, with as many places as it takes to tell it from 0 and from 100. */
export function percent(share) {
  if (share >= 0.99995) return "over 99.99 %";
  if (share > 0.999) return `${(Math.floor(1e4 * share) / 100).toFixed(2)} %`;
  if (share >= 0.01) return `${(100 * share).toFixed(1)} %`;
  return share < 1e-6 ? "under 0.0001 %" : `${Number((100 * share).toPrecision(1))} %`;
}

/** Classes from the likeliest down, as [class, probability]. */
export const ranked = (shares) => [...shares].map((share, i) => [i, share]).sort((a, b) => b[1] - a[1]);

/** The card's line for one network. */
export class Answer {
  constructor(place) {
    this.digit = make("strong", { class: "digit" });
    this.sure = make("b", {});
    this.rest = make("span", { class: "note" });
    this.title = make("span", { class: "note" });
    this.element = make("div", { class: "answer" }, this.digit, make("div", {}, this.title, make("br"), this.sure, make("br"), this.rest));
    place.append(this.element);
  }

  show(title, classes, shares) {
    const [[best, share], ...others] = ranked(shares);
    this.title.textContent = title;
    this.digit.textContent = classes[best];
    this.digit.classList.toggle("unsure", share < 0.7);
    this.sure.textContent = `${percent(share)}${share < 0.7 ? ", not sure" : ""}`;
    this.rest.textContent = `Runners-up: ${others.slice(0, 2).map(([i, s]) => `${classes[i]} with ${percent(s)}`).join(", ")}`;
    return `${title} reads ${classes[best]}, ${percent(share)} sure; runner-up ${classes[others[0][0]]}, ${percent(others[0][1])}.`;
  }

  blank(title) {
    this.title.textContent = title;
    this.digit.textContent = "–";
    this.sure.textContent = "Draw a digit.";
    this.rest.textContent = "";
  }
}

/** How the bars come from the scores. */
function probabilities(temperature) {
  const over = Number(temperature.toPrecision(2));
  return `The numbers are scores; the bars probabilities: e to the power of score${over === 1 ? "" : `/${over}`}, as a share of the sum of all.` +
    (over === 1 ? "" : ` The ${over} was measured, so that of answers with 90 % about 90 % are right.`);
}

/** The last layer: a bar a class, to be clicked; and for penalties the codes with the distance to each. */
export class Outputs {
  constructor(place, info, chosen) {
    this.info = info;
    const layer = info.layers.at(-1);
    this.bars = info.classes.map((name, i) => {
      const bar = make("span", { class: "bar" });
      const value = make("span", { class: "value" });
      const code = info.codes ? make("canvas", { class: "pixels code", "aria-hidden": "true" }) : null;
      const button = make("button", { class: "output", onclick: () => chosen(layer.name, [i, 0, 0]) },
        make("span", { class: "well" }, bar), make("span", { class: "name" }, name), code, value);
      return { button, bar, value, code };
    });
    place.replaceChildren(
      make("div", { class: "about" }, make("h3", {}, layer.name, make("span", {}, ` ${layer.maps} classes`)),
        make("p", { class: "note" }, info.codes
          ? "The bars are probabilities. Under each is the 7x12 drawing of its digit and F6's squared distance to it: the smallest wins."
          : probabilities(info.temperature))),
      make("div", { class: "outputs" }, ...this.bars.map((one) => one.button)));
    this.colours();
  }

  colours() {
    this.bars.forEach(({ code }, i) => {
      if (code) paint(code, this.info.codes[i], 7, this.info.codes[i].length / 7, (value) => inked((value + 1) / 2));
    });
  }

  show(outputs, shares) {
    const best = shares.indexOf(Math.max(...shares));
    this.bars.forEach(({ button, bar, value }, i) => {
      bar.style.height = `${100 * shares[i]}%`;
      value.textContent = shares.some(Boolean) ? outputs[i].toFixed(1).replace(/^-(?!0\.0$)/, "−").replace("-", "") : "";
      button.classList.toggle("best", i === best && shares[i] > 0);
      button.setAttribute("aria-label", `Class ${this.info.classes[i]}${shares[i] > 0 ? `: ${percent(shares[i])}` : ""}`);
    });
  }
}
