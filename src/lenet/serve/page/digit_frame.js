// What stands where in the Digit section.
import { make } from "./api.js";
import { sample } from "./samples.js";
import { UNITS } from "./draw.js";

function thumbnail(digit) {
  const path = sample(digit).map((stroke) => `M${stroke.map((point) => point.join(" ")).join("L")}`).join("");
  const namespace = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(namespace, "svg");
  picture.setAttribute("viewBox", `0 0 ${UNITS} ${UNITS}`);
  picture.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(namespace, "path");
  line.setAttribute("d", path);
  picture.append(line);
  return picture;
}

function drawing() {
  const surface = make("canvas", { id: "surface", tabindex: 0, role: "application", "aria-roledescription": "drawing surface",
    "aria-label": "Draw a digit here with mouse, finger or pen. Keys 0 to 9 draw a sample, Backspace takes the last stroke back, Delete clears." });
  const hint = make("p", { class: "hint", "aria-hidden": "true" }, "Draw a digit here");
  const box = make("i", { class: "cut", hidden: true });
  const undo = make("button", {}, "Undo"), clear = make("button", { id: "clear" }, "Clear");
  const file = make("input", { type: "file", id: "file", class: "hidden", accept: "image/*,.pdf,.tif,.tiff,.djvu" });
  const samples = Array.from({ length: 10 }, (_, digit) => make("button", { class: "sample", "aria-label": `Sample ${digit}`, title: `Sample ${digit}` }, thumbnail(digit)));
  const card = make("div", { class: "card", id: "card-draw" }, make("h2", {}, "Your drawing"),
    make("div", { class: "surface" }, surface, box, hint),
    make("div", { class: "row tools" }, undo, clear, file, make("label", { for: "file", class: "button" }, "Picture…"),
      make("span", { class: "note" }, "or paste or drop one")),
    make("div", { class: "samples", role: "group", "aria-label": "Samples" }, ...samples));
  return { card, surface, hint, box, undo, clear, file, samples };
}

function view() {
  const seen = make("canvas", { class: "pixels", id: "seen", role: "img", "aria-label": "The 32x32 pixels that the network sees" });
  const field = make("i", { class: "field", hidden: true });
  const mass = make("i", { class: "mass", hidden: true });
  const centring = make("p", { class: "note" });
  const card = make("div", { class: "card", id: "card-seen" }, make("h2", {}, "What the network sees"),
    make("div", { class: "seen" }, seen, make("i", { class: "twenty" }), mass, field), centring);
  return { card, seen, field, mass, centring };
}

function net(side) {
  const choice = make("select", { id: `net-${side}`, "aria-label": side ? "The network beside it" : "The network" });
  const note = make("p", { class: "note" });
  const layers = make("div", { class: "layers" }), outputs = make("div", { class: "band" });
  const element = make("article", { class: "net" }, note, layers, outputs);
  return { choice, note, layers, outputs, element };
}

/** Build the section and return its parts by name. */
export function frame(section) {
  const drawn = drawing(), looked = view(), nets = [net(0), net(1)];
  const answers = make("div", { class: "answers" });
  const said = make("p", { class: "hidden", "aria-live": "polite", id: "said" });
  const answer = make("div", { class: "card", id: "card-answer" }, make("h2", {}, "The answer"), answers, said);
  const training = make("p", { class: "note", role: "status", hidden: true }, "The network of 1998 is being trained on this machine: some seconds if the machine has nothing else to do, a minute or more if it has. Go on drawing meanwhile.");
  const maps = make("div", { class: "card", id: "card-maps" },
    make("div", { class: "row head" }, make("h2", {}, "Inside"), nets[0].choice, make("span", { class: "note" }, "beside it"), nets[1].choice,
      make("span", { class: "scale", "aria-hidden": "true" }, "below 0", make("i"), "above 0")),
    training, make("div", { class: "nets" }, nets[0].element, nets[1].element));
  const invitation = [make("h2", {}, "One unit"),
    make("p", { class: "note" }, "Click any pixel of any map, or go to a map with the Tab key and move with the arrow keys: its inputs, its kernel and its sum appear here, and on the digit the part that it sees.")];
  const unit = make("div", { class: "card", id: "card-unit", tabindex: -1 }, ...invitation);
  const still = make("button", {}, "Reset");
  const sliders = { all: make("div", { class: "all" }) };
  sliders.card = make("div", { class: "card", id: "card-sliders" },
    make("div", { class: "row head" }, make("h2", {}, "Move it, bend it"), still),
    make("p", { class: "note" }, "Under each slider, over its whole range: how sure the first network stays of its answer. Where another digit wins, its name stands. The line, where there are two networks: how sure the second one stays of its own."), sliders.all);
  const evidence = make("div", { class: "card", id: "card-evidence" }, make("h2", {}, "Why this answer?"));
  const bench = make("div", { class: "bench" },
    make("div", { class: "column left" }, drawn.card, looked.card),
    make("div", { class: "column middle" }, maps, sliders.card),
    make("div", { class: "column right" }, answer, unit, evidence));
  section.replaceChildren(bench);
  return { section, bench, ...drawn, ...looked, answers, said, nets, choices: nets.map((one) => one.choice), training, unit, invitation, still, sliders: sliders.all, evidence };
}
