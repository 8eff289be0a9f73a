// Correct and learn: rejected readings one after the other, the truth typed, and what the next model gains by it.
import { ask, json, make, trouble } from "./api.js";
import { percent, pick, taking } from "./field.js";

const session = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
const LARGEST = 1_500_000; // bytes of a picture that is kept as it is; larger ones are made smaller
const SIDE = 2000;
const KINDS = { digits: "digits", number: "numbers", amount: "amounts", date: "dates", time: "times", percentage: "percentages" };

/** Fill the section; called once, when it is first shown. */
export async function start(section) {
  const given = await json("/correct/state");
  const state = { ...given, items: [], accepted: given.batch?.accepted ?? 0, now: -1, corrections: 0 };
  const view = build(section, state);
  if (given.batch) {
    state.items = given.batch.doubts.map((doubt, number) => ({ ...doubt, read: doubt.text, text: undefined, name: doubt.field ? `${doubt.file}, ${doubt.field}` : doubt.file, number, key: [doubt.file, doubt.page, doubt.field, ...doubt.box].join("|") }));
  }
  if (state.items.some(({ read }) => /\D/.test(read))) view.kind.value = "amount";
  view.files.addEventListener("change", () => { add([...view.files.files], state, view); view.files.value = ""; });
  taking(section, (files) => add(files, state, view), true);
  view.form.addEventListener("submit", (event) => { event.preventDefault(); correct(state, view); });
  view.truth.addEventListener("keydown", (event) => {
    if (event.key === "Escape") go(state.now + 1, state, view);
    else if (event.key === "Enter" && event.shiftKey) { event.preventDefault(); go(state.now - 1, state, view); }
  });
  view.skip.addEventListener("click", () => go(state.now + 1, state, view));
  view.back.addEventListener("click", () => go(state.now - 1, state, view));
  view.labels.addEventListener("click", () => saveLabels());
  view.tar.addEventListener("click", async () => save("corrections.tar", await packed(), "application/x-tar"));
  view.forget.addEventListener("click", () => forget(state, view));
  view.learn.addEventListener("click", () => learn(state, view));
  const known = new Map((state.folder === null ? await stored() : []).map((one) => [one.key, one.text]));
  for (const item of state.items) if (known.has(item.key)) item.text = known.get(item.key);
  await counted(state, view);
  if (state.now < 0) go(state.items.findIndex((item) => item.text === undefined), state, view, false);
}

function build(section, state) {
  const [kind, kindLabel] = pick("They hold", "correct-kind", Object.entries(KINDS));
  const files = make("input", { type: "file", multiple: true, accept: "image/*,application/pdf", class: "hidden", id: "correct-files" });
  const summary = make("p", { "aria-live": "polite" });
  const picture = make("img", { class: "paper", alt: "the rejected field" });
  const said = make("p", { id: "correct-said" });
  const truth = make("input", { id: "correct-truth", class: "truth mono", autocomplete: "off", spellcheck: "false", maxlength: 64, "aria-describedby": "correct-said" });
  const button = (words, extra = {}) => make("button", { type: "button", ...extra }, words);
  const back = button("Back"), skip = button("Cannot be read");
  const form = make("form", {}, picture, said, make("label", { for: "correct-truth" }, "What is written?"), make("div", { class: "row" }, truth, make("button", { class: "first" }, "Right, next")), make("div", { class: "row" }, back, skip),
    make("p", { class: "note" }, "Enter keeps it and goes on, Escape leaves it out, Shift and Enter go back. Type every sign: 1,250.00 and 1250 are two truths. For what no key has, type ?."));
  const rest = make("p", { class: "note" }, "Rejected readings are shown here, to be corrected.");
  const list = make("ol", { class: "doubts" });
  const tar = button("Download as a training set"), labels = button("Only labels.jsonl"), forget = button("Forget them"), kept = make("p");
  const learn = button("Train the next model", { class: "first" });
  const bar = make("progress", { max: 1, value: 0, hidden: true, "aria-label": "How much of the learning is done" });
  const outcome = make("div", { "aria-live": "polite" });
  section.append(
    make("div", { class: "card" }, make("h2", {}, "Correct what was rejected"),
      make("div", { class: "row choices" }, kindLabel, make("label", { class: "button", for: "correct-files" }, "Choose pictures of fields"), files),
      make("p", { class: "note" }, "Or drop them here, each a picture of one field. After lenet read --out results.jsonl, start lenet serve --correct results.jsonl instead."), summary),
    make("div", { class: "two" }, make("div", { class: "card" }, make("h2", {}, "One after the other"), form, rest), make("div", { class: "card" }, make("h2", {}, "All of them"), list)),
    make("div", { class: "card" }, make("h2", {}, "Learn from the corrections"), kept, make("div", { class: "row" }, learn, tar, labels, forget), bar, outcome));
  if (state.folder !== null) tar.hidden = labels.hidden = forget.hidden = true;
  return { kind, files, summary, picture, said, truth, form, back, skip, rest, list, tar, labels, forget, kept, learn, bar, outcome };
}

// ---- the batch -------------------------------------------------------------------------------------------------------

async function add(files, state, view) {
  const failed = [];
  let done = 0;
  for (const file of files) {
    view.summary.textContent = `Reading picture ${++done} of ${files.length}.`;
    try {
      const reading = await json("/field/reading", { body: file, query: { kind: view.kind.value } });
      if (reading.accepted) state.accepted++;
      else state.items.push({ ...reading, text: undefined, read: reading.text, name: file.name, file: file.name, blob: file, key: `${file.name}|${file.size}` });
    } catch (error) {
      failed.push(`${file.name}: ${error.message}`);
    }
  }
  trouble(failed.length ? `${failed.length} could not be read; ${failed[0]}` : "");
  summary(state, view);
  if (state.now < 0 || state.now >= state.items.length || !state.items[state.now]) go(state.items.findIndex((item) => item.text === undefined), state, view);
  else listed(state, view);
}

function summary(state, view) {
  const done = state.items.filter((item) => item.text !== undefined).length, more = state.batch?.more ? `, and ${state.batch.more} more that are not shown` : "";
  view.summary.textContent = state.items.length + state.accepted ? `${state.accepted} accepted, ${state.items.length} rejected${more}; ${done} corrected.` : "Nothing was read yet.";
}

function listed(state, view) {
  summary(state, view);
  view.list.replaceChildren(...state.items.map((item, number) => make("li", {}, make("button", { type: "button", class: "quiet", "aria-current": number === state.now ? "true" : null, onclick: () => go(number, state, view) },
    make("span", { class: "mono" }, item.read || "nothing"), item.text === undefined ? "" : make("span", { class: "mono good" }, ` → ${item.text}`), make("span", { class: "soft", title: item.name }, ` ${item.name.split("/").at(-1)}`)))));
  view.list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

/** Show a rejected reading; behind the last one stands nothing. */
async function go(number, state, view, focus = true) {
  state.now = number;
  const item = state.items[number];
  listed(state, view);
  view.form.hidden = !item;
  view.rest.hidden = !!item;
  if (state.items.length) view.rest.textContent = "Nothing is left to correct.";
  if (!item) return;
  URL.revokeObjectURL(view.picture.src);
  view.picture.removeAttribute("src");
  view.said.replaceChildren(make("b", {}, `${number + 1} of ${state.items.length}. `), "Read as ", make("span", { class: "mono" }, item.read || "nothing"), `, ${percent(item.confidence)} sure: ${item.reason}.`);
  view.truth.value = item.text ?? item.read;
  if (focus) { view.truth.focus(); view.truth.select(); }
  try {
    const blob = await cropOf(item);
    if (state.items[state.now] === item) view.picture.src = URL.createObjectURL(blob);
  } catch (error) {
    trouble(error.message);
  }
}

const cropOf = async (item) => (item.blob ??= await (await ask(`/correct/crop?number=${item.number}`)).blob());

// ---- corrections -----------------------------------------------------------------------------------------------------

/** Take the truth of the reading that is shown and go on at once; it is kept meanwhile, one after the other. */
function correct(state, view) {
  const item = state.items[state.now], text = view.truth.value.replace(/\s/g, "");
  const unknown = [...new Set(text)].filter((sign) => !state.signs.includes(sign));
  if (!text || unknown.length) return trouble(text ? `${unknown.join("")} cannot be learned; known are ${state.signs}: type ? for anything else.` : "Type what is written, or press Escape if it cannot be read.");
  trouble();
  const before = item.text;
  item.text = text;
  state.keeping = (state.keeping ?? Promise.resolve()).then(() => keep(item, text, state)).then(() => counted(state, view)).catch((error) => {
    item.text = before;
    listed(state, view);
    trouble(error.message);
  });
  go(state.now + 1, state, view);
}

async function keep(item, text, state) {
  const blob = await slim(await cropOf(item));
  if (state.folder !== null) state.kept = (await json("/correct/keep", { body: blob, query: { text, source: item.name } })).kept;
  else await put({ key: item.key, name: item.name, text, read: item.read, blob });
}

/** Return a picture as it is, or smaller where it is a large photograph. */
async function slim(blob) {
  if (blob.size < LARGEST || !blob.type.startsWith("image/")) return blob;
  const image = await createImageBitmap(blob), scale = Math.min(1, SIDE / Math.max(image.width, image.height));
  const canvas = make("canvas", { width: Math.round(image.width * scale), height: Math.round(image.height * scale) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
}

async function counted(state, view) {
  const count = (state.corrections = state.folder === null ? (await stored()).length : state.kept);
  const where = state.folder === null ? "in this browser" : `in ${state.folder}`;
  const more = count < state.fewest ? ` From ${state.fewest} on a model can be trained; a hundred say something about what it gains.` : "";
  view.kept.textContent = `${count} correction${count === 1 ? " is" : "s are"} kept ${where}.${more}`;
  view.learn.disabled = count < state.fewest;
  view.tar.disabled = view.labels.disabled = view.forget.disabled = !count;
}

async function forget(state, view) {
  if (!confirm(`Forget all ${state.corrections} corrections that this browser keeps?`)) return;
  await within("readwrite", (store) => store.clear());
  for (const item of state.items) item.text = undefined;
  await counted(state, view);
  go(0, state, view);
}

// The browser's own database keeps them, pictures and all, until they are forgotten.
const within = (mode, act) => new Promise((done, failed) => {
  const opening = indexedDB.open("lenet", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("corrections", { keyPath: "key" });
  opening.onerror = () => failed(new Error("This browser keeps nothing for this page; start lenet serve with --corrections FOLDER."));
  opening.onsuccess = () => {
    const asked = act(opening.result.transaction("corrections", mode).objectStore("corrections"));
    asked.onsuccess = () => { done(asked.result); opening.result.close(); };
    asked.onerror = () => failed(asked.error);
  };
});
const stored = () => within("readonly", (store) => store.getAll());
const put = (correction) => within("readwrite", (store) => store.put(correction));

// ---- files -----------------------------------------------------------------------------------------------------------

const fileName = ({ name }, number) => `${String(number + 1).padStart(4, "0")}-${name.replace(/[^\w.-]+/g, "_").slice(-60)}`;
const labelsOf = (all, naming) => all.map((one, number) => `${JSON.stringify({ file: naming(one, number), text: one.text, read: one.read })}\n`).join("");

async function saveLabels() {
  save("labels.jsonl", new Blob([labelsOf(await stored(), ({ name }) => name)]), "application/jsonl");
}

/** Return all corrections as a tar of pictures and labels.jsonl, as lenet train --fields takes it. */
async function packed() {
  const all = await stored(), parts = [];
  const entry = async (name, blob) => { parts.push(header(name, blob.size), blob, new Uint8Array(-blob.size & 511)); };
  await entry("labels.jsonl", new Blob([labelsOf(all, fileName)]));
  for (const [number, one] of all.entries()) await entry(fileName(one, number), one.blob);
  return new Blob([...parts, new Uint8Array(1024)], { type: "application/x-tar" });
}

/** Return the header of a file in a tar (POSIX ustar). */
function header(name, size) {
  const block = new Uint8Array(512), write = (text, at) => block.set(new TextEncoder().encode(text), at);
  write(name, 0);
  write("0000644\0" + "0000000\0".repeat(2), 100);
  write(`${size.toString(8).padStart(11, "0")}\0${Math.floor(Date.now() / 1000).toString(8).padStart(11, "0")}\0        0`, 124);
  write("ustar\x0000", 257);
  write(`${block.reduce((sum, byte) => sum + byte).toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function save(name, blob) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// ---- learning --------------------------------------------------------------------------------------------------------

async function learn(state, view) {
  view.learn.disabled = true;
  view.outcome.replaceChildren(make("p", { class: "note" }, "Learning. Every fifth of the corrections is kept aside in turn, to measure on what was not learned."));
  view.bar.hidden = false;
  try {
    await state.keeping;
    const body = state.folder === null ? await packed() : new Blob();
    const { id } = await json("/correct/learn", { body, query: { kind: view.kind.value, session } });
    addEventListener("pagehide", () => navigator.sendBeacon(`/jobs/${id}/stop`));
    const found = await ended(id, view);
    if (found.state !== "done") throw new Error(found.message || "The learning was stopped.");
    learned(id, found.latest.outcome, view);
  } catch (error) {
    view.outcome.replaceChildren();
    trouble(error.message);
  }
  view.bar.hidden = true;
  view.learn.disabled = false;
}

async function ended(id, view) {
  for (;;) {
    const found = await json(`/jobs/${id}`);
    view.bar.value = found.latest?.share ?? 0;
    if (!["running", "paused"].includes(found.state)) return found;
    await new Promise((done) => setTimeout(done, 500));
  }
}

function learned(id, { gain, others }, view) {
  const kind = (one) => (one.is_settled ? (one.difference > 0 ? "good" : "bad") : "");
  view.outcome.replaceChildren(
    make("p", {}, make("b", {}, "Of the corrections: "), make("span", { class: kind(gain) }, gain.sentence)),
    others ? make("p", {}, make("b", {}, "Of other, synthetic fields: "), make("span", { class: kind(others) }, `${others.before} of ${others.count} were read right before, ${others.after} are by the next model.`)) : "",
    make("p", { class: "note" }, "Corrections are fields that were rejected: on all fields the gain is smaller. How sure the next model may be was not learned anew; measure it with lenet evaluate --fields on fields of your own before you rely on a share of errors."),
    make("a", { class: "button", href: `/jobs/${id}/network`, download: "corrected.safetensors" }, "Download the next model"));
}
