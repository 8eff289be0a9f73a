// Six steps through the network, each on a real drawing with a real unit chosen.
import { make } from "./api.js";

const STEPS = [
  { at: "#card-seen", digit: 3, title: "1. A picture is a table of numbers",
    words: "The network sees 32x32 grey pixels and nothing else. Before it looks, the digit is scaled into 20x20 and put so that its centre of mass is in the middle: most of “it fails on my handwriting” is this step left out." },
  { at: "[data-layer=C1]", digit: 7, unit: ["C1", [1, 8, 12]], title: "2. C1 finds strokes",
    words: "Each of six maps slides one kernel of 5x5 weights over the picture. Where the picture looks like the kernel the sum is large: orange. The same 25 weights serve every place, so a stroke is found wherever it is. The card of the unit works one of the sums out." },
  { at: "[data-layer=S2]", digit: 7, unit: ["S2", [1, 4, 6]], title: "3. S2 forgets exactly where",
    words: "Four neighbours become one. Half the rows, half the columns: a stroke one pixel further left gives nearly the same numbers. This is what makes the network bear writing that shifts and bends." },
  { at: "[data-layer=C3]", digit: 8, unit: ["C3", [7, 4, 5]], title: "4. C3 joins strokes to shapes",
    words: "A unit here reads 5x5 windows of several S2 maps and so sees 14x14 pixels of the digit (outlined on the picture): enough for a corner, an arc, a crossing. In the network of 1998 a table says which maps it reads, so that no two learn the same." },
  { at: "[data-layer=C5]", digit: 8, unit: ["C5", [20, 0, 0]], title: "5. C5 and F6 see the whole digit",
    words: "Each of C5's 120 units reads all of S4: this loop above that loop. F6 weighs the 120 against each other with 84 units; in 1998 they were made to draw the digit itself as 7x12 pixels." },
  { at: ".outputs", digit: 4, unit: ["OUTPUT", [4, 0, 0]], title: "6. The output decides, and can doubt",
    words: "Ten sums, one a class; made into probabilities they say how sure the network is. Look at the runner-up, move the sliders until the answer turns, and ask “why this answer?” to see which pixels it rests on." },
];

let box;

function close() {
  document.querySelectorAll(".toured").forEach((one) => one.classList.remove("toured"));
  box?.remove();
  box = null;
  document.getElementById("tour").focus();
}

function step(index) {
  const { at, digit, unit, title, words } = STEPS[index];
  const { page } = document.getElementById("digit");
  page.sample(digit);
  if (unit) page.digit.look(0, ...unit);
  document.querySelectorAll(".toured").forEach((one) => one.classList.remove("toured"));
  const target = document.querySelector(at);
  target?.classList.add("toured");
  target?.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  const last = index === STEPS.length - 1;
  const next = make("button", { class: "first", onclick: () => (last ? close() : step(index + 1)) }, last ? "Done" : "Next");
  box.replaceChildren(make("h2", { id: "tour-title" }, title), make("p", { id: "tour-words" }, words),
    make("div", { class: "row" }, make("button", { onclick: () => step(index - 1), disabled: index === 0 }, "Back"), next,
      make("button", { class: "quiet", onclick: close }, "Leave the tour")));
  next.focus({ preventScroll: true });
}

/** Begin at the first step. */
export function start() {
  box?.remove();
  box = make("div", { class: "tour card", role: "dialog", "aria-labelledby": "tour-title", "aria-describedby": "tour-words" });
  box.addEventListener("keydown", (event) => event.key === "Escape" && close());
  document.body.append(box);
  step(0);
}
