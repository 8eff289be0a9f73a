// One unit, worked out: what it reads, its kernel, the sum in numbers.
import { make } from "./api.js";
import { most } from "./colours.js";
import { patch, text } from "./maps.js";

const KINDS = {
  convolution: "Each input times its weight, all added up.",
  full: "Each input times its weight, all added up.",
  average: "The mean of what it reads.",
  max: "The largest of what it reads.",
  trainable: "What it reads, added up, times one trained coefficient, plus one trained bias.",
  radial_basis: "Each unit of F6 less its pixel of the digit's drawing, squared, all added up.",
};

const single = (term) => term.inputs.length * term.inputs[0].length === 1;

/** Draw the panel of a unit, as the server worked it out. */
export function showUnit(place, found) {
  const name = single(found.terms[0]) || found.layer === "C5" ? `unit ${found.place[0]}` : `map ${found.place[0]}, row ${found.place[1]}, column ${found.place[2]}`;
  const [left, top, right, bottom] = found.field;
  const same = Math.abs(found.value - found.engine) <= 1e-4 * Math.max(1, Math.abs(found.engine));
  place.replaceChildren(
    make("h2", {}, `${found.layer}, ${name}`),
    make("p", { class: "note" }, `${KINDS[found.kind]} It sees ${right - left}x${bottom - top} pixels of the digit: columns ${left} to ${right - 1}, rows ${top} to ${bottom - 1}.`),
    ...(found.terms.length > 1 && single(found.terms[0]) ? singles(found) : windows(found)),
    make("table", { class: "steps" }, make("tbody", {}, ...found.steps.map(([words, value]) =>
      make("tr", {}, make("th", { scope: "row" }, words), make("td", {}, text6(value)))),
    make("tr", { class: same ? "same" : "differs" }, make("th", { scope: "row" }, same ? "the engine found the same" : "the engine found"),
      make("td", { id: "engine-value", "data-value": found.value, "data-engine": found.engine }, text6(found.engine))))));
}

const text2 = (value) => value.toFixed(2).replace("-", "−");
const text6 = (value) => value.toFixed(5).replace("-", "−");

/** What is read map by map: patch, kernel, product; and all products of one of them in numbers. */
function windows(found) {
  const inputs = most(found.terms.flatMap((term) => term.inputs.flat()));
  const weights = found.terms[0].weights ? most(found.terms.flatMap((term) => term.weights.flat())) : 1;
  const scale = found.terms[0].inputs.length > 8 ? 4 : found.terms.length > 6 ? 7 : 9;
  const products = (term) => term.weights.map((row, r) => row.map((weight, c) => weight * term.inputs[r][c]));
  const largest = found.terms[0].weights ? most(found.terms.flatMap((term) => products(term).flat())) : 1;
  const number = make("div", {});
  const shown = (term) => number.replaceChildren(table(term, found));
  const rows = found.terms.map((term) => make("tr", {},
    make("th", { scope: "row" }, found.reads === "input" ? "picture" : `${found.reads} ${term.map}`),
    make("td", {}, patch(term.inputs, inputs, scale)),
    ...(term.weights ? [make("td", {}, patch(term.weights, weights, scale)), make("td", {}, patch(products(term), largest, scale))] : []),
    make("td", {}, found.terms.length > 1
      ? make("button", { class: "sum", onclick: () => shown(term), title: "Show these products in numbers" }, text(term.total)) : text(term.total))));
  shown(found.terms[0]);
  const heads = ["reads", "inputs", ...(found.terms[0].weights ? ["kernel", "product"] : []), found.terms[0].weights ? "sum" : "result"];
  return [
    make("div", { class: "terms", tabindex: 0, role: "group", "aria-label": "What it reads" },
      make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))), make("tbody", {}, ...rows))),
    make("details", { open: found.terms.length === 1 && found.terms[0].inputs.length < 8 }, make("summary", {}, found.terms[0].weights ? "Every product in numbers" : "In numbers"), number),
  ];
}

/** The inputs of one map, its weights under them. */
function table(term, found) {
  const words = found.reads === "input" ? "the picture" : `${found.reads} map ${term.map}`;
  return make("table", { class: "worked" },
    make("caption", {}, term.weights ? `From ${words}: each input, times its weight` : `From ${words}`),
    make("tbody", {}, ...term.inputs.map((row, r) => make("tr", {}, ...row.map((value, c) =>
      make("td", {}, text2(value), ...(term.weights ? [make("br"), make("span", {}, `×${text2(term.weights[r][c])}`)] : [])))))));
}

/** Units that read single numbers: the ones that count most, and how much all of them come to. */
function singles(found) {
  const radial = found.kind === "radial_basis";
  const strongest = [...found.terms].sort((a, b) => Math.abs(b.total) - Math.abs(a.total)).slice(0, 8);
  const values = found.terms.map((term) => term.total);
  const across = radial && values.length === 84 ? 7 : Math.ceil(values.length / 2);
  const grid = (numbers) => Array.from({ length: Math.ceil(numbers.length / across) }, (_, i) =>
    Array.from({ length: across }, (_, k) => numbers[i * across + k] ?? 0));
  const picture = (numbers, words) => make("figure", {}, patch(grid(numbers), most(numbers), radial ? 8 : 5), make("figcaption", {}, words));
  return [
    make("div", { class: `figures${radial ? "" : " tall"}` },
      picture(found.terms.map((term) => term.inputs[0][0]), `${found.reads}`),
      picture(found.terms.map((term) => term.weights[0][0]), radial ? "the drawing" : "weights"),
      picture(values, radial ? "squared differences" : "products")),
    make("p", { class: "note" }, `The eight that count most, of ${values.length}:`),
    make("table", { class: "products" }, make("tbody", {}, ...strongest.map((term) => make("tr", {},
      make("th", { scope: "row" }, `${found.reads} ${term.map}`),
      make("td", {}, radial ? `(${text(term.inputs[0][0])} − ${text(term.weights[0][0])})²` : `${text(term.inputs[0][0])} × ${text(term.weights[0][0])}`),
      make("td", {}, text(term.total)))))),
  ];
}
