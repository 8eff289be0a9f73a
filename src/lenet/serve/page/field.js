// Field mode: a field is written or loaded, and everything that led to its reading is drawn under it.
import { json, make, trouble } from "./api.js";
import { colour } from "./colours.js";

const KINDS = { digits: "digits", number: "a number", amount: "an amount", date: "a date", time: "a time", percentage: "a percentage", regex: "a pattern" };
const ROW = 15; // pixels of a class's row on the film
const NAMES = 22; // pixels left for the names of the classes
const SIGNS = 20; // pixels above the strip for the characters
const PEN = 20; // the paper is so many pens high; written with a finer pen of 32, a plain 7 was read as 1
let reading = null; // what is under way
export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;

/** Return a list to choose from, of values and words, and its label with it inside. */
export function pick(label, id, choices) {
  const input = make("select", { id }, ...choices.map(([value, words]) => make("option", { value }, words)));
  return [input, make("label", { class: "choice", for: id }, label, input)];
}

/** Fill the section; called once, when it is first shown. */
export function start(section) {
  const state = { strokes: [], picture: null, proof: null, chosen: 0, place: 0 };
  const view = build(section, state);
  remembered(view);
  const look = later(() => read(state, view), 120);
  writing(view.paper, state, look);
  for (const input of [view.kind, view.pattern, view.decimal, view.order, view.error]) {
    input.addEventListener("change", () => { remember(view); look(); });
  }
  view.clear.addEventListener("click", () => { blank(state, view); });
  view.undo.addEventListener("click", () => { if (state.picture) return blank(state, view); state.strokes.pop(); paint(view.paper, state); look(); });
  view.sample.addEventListener("click", () => sample(state, view));
  view.file.addEventListener("change", () => { load(view.file.files[0], state, view); view.file.value = ""; });
  view.place.addEventListener("input", () => { state.place = +view.place.value; film(state, view); sayPlace(state, view); });
  taking(section, (file) => load(file, state, view));
  document.addEventListener("themed", () => state.proof && film(state, view));
  new ResizeObserver(() => { paint(view.paper, state); state.proof && film(state, view); }).observe(section);
  options(view);
  blank(state, view);
}

function build(section, state) {
  const [kind, kindLabel] = pick("It holds", "field-kind", Object.entries(KINDS));
  const [decimal, decimalLabel] = pick("Decimals after", "field-decimal", [["", "either"], [".", "a point"], [",", "a comma"]]);
  const [order, orderLabel] = pick("Order", "field-order", [["", "any"], ["dmy", "day month year"], ["mdy", "month day year"], ["ymd", "year month day"]]);
  const [error, errorLabel] = pick("Errors allowed", "field-error", [["", "rather right than wrong"], ["0.05", "5 %"], ["0.01", "1 %"], ["0.001", "0.1 %"]]);
  const pattern = make("input", { id: "field-pattern", value: "[0-9]{4}", size: 14, spellcheck: "false" });
  const patternLabel = make("label", { class: "choice", for: "field-pattern" }, "Pattern", pattern);
  const paper = make("canvas", { class: "paper", role: "img", "aria-label": "A field to write in with a pen, a finger or a mouse. Without one, take a sample or load a picture." });
  const shown = make("img", { class: "paper", alt: "the loaded field", hidden: true });
  const file = make("input", { type: "file", accept: "image/*,application/pdf", class: "hidden", id: "field-file" });
  const button = (words, extra = {}) => make("button", { type: "button", ...extra }, words);
  const clear = button("Clear"), undo = button("Undo"), sampler = button("Take a sample", { class: "first" });
  const verdict = make("div", { class: "verdict", "aria-live": "polite" });
  const canvas = make("canvas", { class: "film" });
  const place = make("input", { type: "range", id: "field-place", min: 0, max: 0, value: 0 });
  const told = make("output", { class: "note", for: "field-place" });
  const texts = make("table", { class: "texts" });
  const graph = make("div", { class: "wide graph", tabindex: 0, role: "group", "aria-label": "The graph of the texts that the search kept" });
  const cuts = make("div", { class: "wide graph", tabindex: 0, role: "group", "aria-label": "The cuts through the ink, and the graph of its pieces" }), byPieces = make("p");
  const proof = make("div", { hidden: true },
    card("What the network saw, and its film", "The ink, straightened and brought to one height, and under it what the network held possible at each place as it slid over the field: the stronger the colour, the surer. It says most of the time “nothing new” (∅). A dashed line parts two characters of the chosen text.",
      make("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "The film; scroll sideways" }, canvas), make("label", { class: "note", for: "field-place" }, "Look at one place"), place, told),
    card("What it may say", "The grammar's best texts. The penalty of a path is −ln of its probability: the least is the best. How sure the reader is, above, was learned from fields with known texts and so is another number. Choose a text to see its path.", make("div", { class: "wide" }, texts)),
    card("The graph of these texts", "Nodes stand between characters, arcs are characters with their penalty; the thick path is the best one.", graph),
    card("Cut into pieces", "Another way to the same text, on which the reading does not rest: lines are cuts through the ink, the stronger, the more probable; under them each arc is a piece, or several, with its likeliest character and its penalty against being none, below 0 where it rather is one. The thick path is the best.", cuts, byPieces));
  section.append(
    make("div", { class: "card" }, make("h2", {}, "Write a field, or load one"), make("div", { class: "row choices" }, kindLabel, patternLabel, decimalLabel, orderLabel, errorLabel),
      paper, shown, make("div", { class: "row" }, sampler, make("label", { class: "button", for: "field-file" }, "Load a picture"), file, undo, clear),
      make("p", { class: "note" }, "Or drop or paste a picture of one field. It goes to the program on this machine, and nowhere else.")),
    make("div", { class: "card" }, make("h2", {}, "What it says"), verdict), proof);
  return { kind, pattern, patternLabel, decimal, decimalLabel, order, orderLabel, error, paper, shown, file, clear, undo, sample: sampler, verdict, proof, canvas, place, told, texts, graph, cuts, byPieces };
}

const card = (title, note, ...rest) => make("div", { class: "card" }, make("h2", {}, title), ...rest, make("p", { class: "note" }, note));

/** Let only those options stand that mean something for the kind. */
function options(view) {
  const kind = view.kind.value;
  view.patternLabel.hidden = kind !== "regex";
  view.orderLabel.hidden = kind !== "date";
  view.decimalLabel.hidden = !["number", "amount", "percentage"].includes(kind);
}

const STORED = { fk: "kind", fp: "pattern", fd: "decimal", fo: "order", fe: "error" };

function remember(view) {
  options(view);
  const parameters = new URLSearchParams(location.hash.slice(1));
  for (const [key, name] of Object.entries(STORED)) view[name].value && !view[`${name}Label`]?.hidden ? parameters.set(key, view[name].value) : parameters.delete(key);
  history.replaceState(null, "", `#${parameters}`);
}

function remembered(view) {
  const parameters = new URLSearchParams(location.hash.slice(1));
  view.kind.value = "amount";
  for (const [key, name] of Object.entries(STORED)) {
    const before = view[name].value;
    if (parameters.has(key)) view[name].value = parameters.get(key);
    if (view[name].value !== parameters.get(key) && parameters.has(key)) view[name].value = before;
  }
}

function later(act, milliseconds) {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(act, milliseconds); };
}

// ---- writing ---------------------------------------------------------------------------------------------------------

function writing(paper, state, changed) {
  const at = (event) => { const box = paper.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  let stroke = null, pen = null;
  paper.addEventListener("pointerdown", (event) => {
    if (event.button || stroke) return; // one finger writes; a second one does not tear its stroke away
    pen = event.pointerId;
    paper.setPointerCapture(event.pointerId);
    state.strokes.push((stroke = [at(event)]));
    paint(paper, state);
    event.preventDefault();
  });
  paper.addEventListener("pointermove", (event) => {
    if (!stroke || event.pointerId !== pen) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) stroke.push(at(one));
    paint(paper, state);
  });
  const done = (event) => { if (stroke && event.pointerId === pen) { stroke = null; changed(); } };
  paper.addEventListener("pointerup", done);
  paper.addEventListener("pointercancel", done);
}

/** Draw the strokes in ink on white paper, whatever the theme: it is what is sent. */
function paint(paper, state) {
  const width = paper.clientWidth, height = paper.clientHeight;
  if (!width) return;
  paper.width = 2 * width;
  paper.height = 2 * height;
  const pen = paper.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, paper.width, paper.height);
  pen.scale(2, 2);
  pen.lineWidth = Math.max(5, height / PEN);
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = "#16203a";
  for (const stroke of state.strokes) {
    pen.beginPath();
    pen.moveTo(...stroke[0]);
    for (const point of stroke) pen.lineTo(...point);
    pen.stroke();
  }
}

function blank(state, view) {
  reading?.abort(); // its answer would come back over the empty field
  state.strokes = [];
  state.picture = state.proof = null;
  view.paper.hidden = false;
  view.shown.hidden = view.proof.hidden = true;
  view.verdict.replaceChildren(make("p", { class: "note" }, "Nothing is written yet: write in the box above, or take a sample."));
  paint(view.paper, state);
}

// ---- pictures --------------------------------------------------------------------------------------------------------

async function sample(state, view) {
  try {
    const found = await json("/field/sample", { query: { kind: kindOf(view), seed: Math.floor(Math.random() * 1e9) } });
    await load(fromAddress(found.picture), state, view);
  } catch (error) {
    trouble(error.message);
  }
}

/** Return the bytes of a data: address, which the page's policy forbids to fetch. */
function fromAddress(address) {
  const bytes = Uint8Array.from(atob(address.split(",")[1]), (sign) => sign.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}

async function load(file, state, view) {
  if (!file) return;
  blank(state, view);
  state.picture = file;
  URL.revokeObjectURL(view.shown.src);
  view.shown.src = URL.createObjectURL(file);
  view.shown.hidden = !file.type.startsWith("image/");
  view.paper.hidden = true;
  await read(state, view);
}

/** Take files that are dropped on a section, or pasted while it is shown. */
export function taking(section, take, several = false) {
  section.addEventListener("dragover", (event) => event.preventDefault());
  section.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    const files = [...event.dataTransfer.files];
    if (files.length) take(several ? files : files[0]);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!section.hidden && files.length) take(several ? files : files[0]);
  });
}

// ---- reading ---------------------------------------------------------------------------------------------------------

const kindOf = (view) => (view.kind.value === "regex" ? `regex:${view.pattern.value}` : view.kind.value);

async function read(state, view) {
  reading?.abort();
  if (!state.picture && !state.strokes.length) return blank(state, view);
  const { signal } = (reading = new AbortController());
  const body = state.picture ?? (await new Promise((done) => view.paper.toBlob(done, "image/png")));
  const query = { kind: kindOf(view), decimal: view.decimal.value, date_order: view.order.value, max_error: view.error.value };
  try {
    state.proof = await json("/field/proof", { body, query, signal });
  } catch (error) {
    if (error.name !== "AbortError") trouble(error.message);
    return;
  }
  trouble();
  state.chosen = 0;
  show(state, view);
}

function show(state, view) {
  const { proof } = state, { reading: found, strip } = proof;
  verdict(proof, view.verdict);
  view.proof.hidden = !strip.written;
  if (!strip.written) return;
  view.place.max = proof.film.places - 1;
  state.place = Math.min(state.place, proof.film.places - 1);
  view.graph.innerHTML = proof.lattice; // drawn and escaped by the program that serves the page
  view.graph.hidden = !proof.lattice;
  view.cuts.parentElement.hidden = !proof.segments;
  view.cuts.innerHTML = proof.segments?.svg ?? "";
  view.byPieces.textContent = `By pieces alone: ${proof.segments?.texts.slice(0, 4).map(({ text, share }) => `${text} ${share < 0.001 ? "under 0.1 %" : percent(share)}`).join(", ") || "nothing of the grammar"}`;
  list(state, view);
  state.ink = new Image();
  state.ink.onload = () => film(state, view);
  state.ink.src = strip.png;
  view.canvas.setAttribute("role", "img");
  view.canvas.setAttribute("aria-label", `The field as the network saw it, read as ${found.text || "nothing"}`);
  sayPlace(state, view);
}

function verdict({ reading: found, threshold, grammar }, place) {
  const value = found.value !== null && found.value !== found.text ? ` = ${found.value}` : "";
  place.replaceChildren(
    make("p", { class: "text" }, found.text || "nothing", make("span", { class: "soft" }, value)),
    make("p", {}, make("b", { class: found.accepted ? "good" : "bad" }, found.accepted ? "Accepted" : "Rejected"), found.accepted ? "" : `: ${found.reason}`),
    make("div", { class: "sure" }, make("i", { style: `width: ${100 * found.confidence}%` }), make("b", { style: `left: ${100 * threshold}%` })),
    make("p", { class: "note" }, `${percent(found.confidence)} sure that all of it is right, as ${grammar}; ${percent(threshold)} are needed.`));
}

/** List the texts; the chosen one's path is lit in graph and film. */
function list(state, view) {
  const { texts, free } = state.proof;
  const row = (text, number) => make("tr", { class: number === state.chosen ? "chosen" : "" },
    make("td", {}, number < 0 ? make("span", { class: "mono" }, text.text || "nothing") : make("button", { type: "button", class: "quiet mono", "aria-pressed": String(number === state.chosen), onclick: () => choose(number, state, view) }, text.text || "nothing"),
      number < 0 ? make("span", { class: "soft" }, " without a grammar") : text.value !== null && text.value !== text.text ? make("span", { class: "soft" }, ` = ${text.value}`) : ""),
    make("td", {}, percent(text.share, 2)), make("td", {}, text.penalty.toFixed(2)), make("td", { class: "soft" }, text.signs.map(({ sign, sure }) => `${sign} ${Math.max(0, -Math.log(sure + 1e-6)).toFixed(2)}`).join("  ")));
  view.texts.replaceChildren(make("tr", {}, ...["text", "probability", "penalty", "of each character"].map((words) => make("th", { scope: "col" }, words))), ...texts.map(row), row(free, -1));
  for (const part of view.graph.querySelectorAll("[data-arc]")) part.classList.toggle("lit", !!texts[state.chosen]?.path.includes(+part.dataset.arc));
}

function choose(number, state, view) {
  state.chosen = number;
  list(state, view);
  film(state, view);
  view.texts.querySelector(".chosen button").focus();
}

// ---- the film --------------------------------------------------------------------------------------------------------

function film(state, view) {
  const { film: seen, strip, texts } = state.proof, { canvas } = view;
  if (!state.ink?.complete || !strip.written) return;
  const room = canvas.parentElement.clientWidth - NAMES;
  const columns = seen.frame * seen.places, zoom = Math.max(2, Math.min(5, room / columns)), sharp = devicePixelRatio || 1;
  const width = NAMES + zoom * columns, below = SIGNS + zoom * strip.rows + 6, height = below + ROW * seen.classes.length;
  canvas.width = width * sharp;
  canvas.height = height * sharp;
  canvas.style.cssText = `width: ${width}px; height: ${height}px`;
  view.place.style.cssText = `width: ${width - NAMES}px; max-width: 100%; margin-left: ${width - NAMES < room ? NAMES : 0}px`;
  const pen = canvas.getContext("2d");
  pen.scale(sharp, sharp);
  const at = (column) => NAMES + zoom * (column - seen.first);
  pen.fillStyle = "#fff";
  pen.fillRect(NAMES, SIGNS, width, zoom * strip.rows);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(state.ink, at(0), SIGNS, zoom * strip.columns, zoom * strip.rows);
  heat(pen, seen, { at, zoom, below, width });
  pen.fillStyle = colour("--accent");
  pen.globalAlpha = 0.2;
  pen.fillRect(at(seen.first + state.place * seen.frame), SIGNS, zoom * seen.frame, height);
  pen.globalAlpha = 1;
  if (texts[state.chosen]) path(pen, texts[state.chosen], { at, height });
}

function heat(pen, seen, { at, zoom, below, width }) {
  const shares = Uint8Array.from(atob(seen.shares), (sign) => sign.charCodeAt(0)), count = seen.classes.length;
  pen.font = "11px ui-monospace, monospace";
  seen.classes.forEach((name, k) => {
    const y = below + ROW * k;
    pen.fillStyle = colour(k % 2 ? "--card" : "--raised");
    pen.fillRect(0, y, width, ROW);
    pen.fillStyle = colour("--ink");
    pen.fillText(k ? name : "∅", 6, y + ROW - 4);
    pen.fillStyle = colour(k ? "--accent" : "--soft");
    for (let place = 0; place < seen.places; place++) {
      pen.globalAlpha = Math.sqrt(shares[place * count + k] / 255) * (k ? 1 : 0.45);
      if (pen.globalAlpha) pen.fillRect(at(seen.first + place * seen.frame), y + 1, zoom * seen.frame - 0.5, ROW - 2);
    }
    pen.globalAlpha = 1;
  });
}

/** Draw a text's characters above where each was read, and the cuts between them. */
function path(pen, text, { at, height }) {
  pen.font = "600 14px ui-monospace, monospace";
  pen.textAlign = "center";
  pen.fillStyle = colour("--ink");
  for (const { sign, first, end } of text.signs) pen.fillText(sign, at((first + end) / 2), SIGNS - 5);
  pen.strokeStyle = colour("--bad");
  pen.setLineDash([4, 3]);
  for (const cut of text.cuts) {
    pen.beginPath();
    pen.moveTo(at(cut), 2);
    pen.lineTo(at(cut), height);
    pen.stroke();
  }
}

function sayPlace({ proof: { film: seen }, place }, view) {
  const shares = Uint8Array.from(atob(seen.shares), (sign) => sign.charCodeAt(0)), count = seen.classes.length;
  const found = seen.classes.map((name, k) => [k ? name : "nothing new", shares[place * count + k] / 255]).sort((a, b) => b[1] - a[1]);
  const words = found.filter(([, share], rank) => !rank || share > 0.01).slice(0, 4).map(([name, share]) => `${name} ${percent(share, 0)}`);
  view.place.value = place;
  view.place.setAttribute("aria-valuetext", words.join(", "));
  view.told.value = `Place ${place + 1} of ${seen.places}: ${words.join(", ")}`;
}
