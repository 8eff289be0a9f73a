// Train in the page: filters and error come from noise.
import { ask, json, make, tell, trouble } from "./api.js";
import { percent, pick } from "./field.js";
import { colour, paint, readColours, signed } from "./colours.js";

const session = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
const DATA = { mnist: "MNIST, 59,000 digits", digits8x8: "digits8x8, 1,500 small digits" };
const AGAIN = 150; // milliseconds between two looks

/** Fill the section; called once, when it is first shown. */
export async function start(section) {
  const state = { id: null, points: [], version: 0, latest: null, state: "none", seed: 0, total: 0 };
  const choices = await json("/train/choices");
  const view = build(section, choices);
  if (!choices.data.length) {
    view.say.textContent = "There are no digits on this machine to learn from: run lenet fetch mnist, or pip install scikit-learn, which holds 1,797 small ones; then load the page anew.";
    view.go.disabled = true;
  }
  const usual = () => { view.rate.value = choices.usual[view.architecture.value] ?? 0.03; };
  view.architecture.addEventListener("change", usual);
  usual();
  view.batch.value = 32;
  view.go.addEventListener("click", () => (active(state) ? pause(state, view) : begin(state, view)));
  view.stop.addEventListener("click", () => want(state, "stop"));
  view.show.addEventListener("click", () => inDigitView(state));
  addEventListener("pagehide", () => state.id && active(state) && navigator.sendBeacon(`/jobs/${state.id}/stop`));
  document.addEventListener("themed", () => draw(state, view));
  new ResizeObserver(() => draw(state, view)).observe(section);
  buttons(state, view);
}

const active = (state) => state.state === "running" || state.state === "paused";

function build(section, choices) {
  const [data, dataLabel] = pick("Digits", "train-data", choices.data.map((name) => [name, DATA[name]]));
  const [architecture, architectureLabel] = pick("Network", "train-network", choices.architectures.map(({ name, parameters }) => [name, `${name}, ${parameters.toLocaleString("en")} numbers`]));
  const [rate, rateLabel] = pick("Learning rate", "train-rate", choices.rates.map((value) => [value, value === 1 ? "1 (too much)" : value]));
  const [batch, batchLabel] = pick("Batch", "train-batch", choices.batches.map((value) => [value, value]));
  const go = make("button", { type: "button", class: "first", id: "train-go" }, "Start");
  const stop = make("button", { type: "button" }, "Stop");
  const show = make("button", { type: "button", hidden: true }, "Show it in the digit view");
  const download = make("a", { class: "button", hidden: true, download: "trained.safetensors" }, "Download the network");
  const say = make("p", { "aria-live": "polite", class: "note" }, "The network starts as noise. A few seconds later it reads.");
  const numbers = make("div", { class: "numbers" });
  const bar = make("progress", { max: 1, value: 0, "aria-label": "How much of the training is done" });
  const curve = make("canvas", { class: "curve", role: "img", "aria-label": "Curve of the error: nothing was learned yet." });
  const kernels = make("div", { class: "kernels" });
  const digits = make("div", { class: "digits" });
  const wrong = make("div", { class: "wrong" });
  const wrongTitle = make("h2", {}, "Which digits are still wrong");
  section.append(
    make("div", { class: "card" }, make("h2", {}, "Let a network learn"), make("div", { class: "row choices" }, dataLabel, architectureLabel, rateLabel, batchLabel),
      make("div", { class: "row" }, go, stop, show, download), say, bar, numbers),
    make("div", { class: "two" },
      make("div", { class: "card" }, make("h2", {}, "The error"), curve, make("p", { class: "note" }, "Thick: of digits held out, which it never learns from. Thin: of those it learns from, as they pass (shifted a little each time). Each line of the scale is a third of the one above it.")),
      make("div", { class: "card" }, make("h2", {}, "The filters"), kernels, make("p", { class: "note" }, "Each square is a kernel of 5x5 numbers, of the first layer and some of the second: orange adds where there is ink, blue takes away. At the start they are noise; edges and strokes appear."))),
    make("div", { class: "two" },
      make("div", { class: "card" }, make("h2", {}, "Error of each digit"), digits),
      make("div", { class: "card" }, wrongTitle, wrong, make("p", { class: "note" }, "Digits held out; written → read."))));
  return { data, architecture, rate, batch, go, stop, show, download, say, numbers, bar, curve, kernels, digits, wrong, wrongTitle };
}

async function begin(state, view) {
  const asked = { session, data: view.data.value, architecture: view.architecture.value, rate: +view.rate.value, batch: +view.batch.value, seed: state.seed++ };
  try {
    const { id } = await tell("/train/start", asked);
    Object.assign(state, { id, points: [], version: 0, latest: null, state: "running" });
  } catch (error) {
    return trouble(error.message);
  }
  trouble();
  view.say.textContent = "Learning.";
  buttons(state, view);
  follow(state, view, state.id);
}

/** Ask for what is new until the training is over; who stops asking lets it end. */
async function follow(state, view, id) {
  while (state.id === id && active(state)) {
    try {
      take(await json(`/jobs/${id}`, { query: { since: state.points.length, version: state.version } }), state, view);
    } catch (error) {
      state.state = "failed";
      trouble(error.message);
      buttons(state, view);
    }
    await new Promise((done) => setTimeout(done, AGAIN));
  }
}

function take(found, state, view) {
  const before = state.state;
  state.points.push(...found.points);
  state.version = found.version;
  state.latest = found.latest ?? state.latest;
  state.state = found.state;
  if (found.points.length || found.latest) draw(state, view);
  if (before === found.state) return;
  const last = state.points.at(-1);
  const error = last ? ` ${percent(last.held_out_error)} of the ${state.latest.held_out} digits held out are wrong.` : "";
  view.say.textContent = { running: "Learning.", paused: "Paused.", done: `Done.${error}`, stopped: `Stopped.${error} ${found.message}`, failed: found.message }[found.state];
  view.show.hidden = view.download.hidden = !found.has_network;
  view.download.href = `/jobs/${state.id}/network`;
  buttons(state, view);
}

function buttons(state, view) {
  view.go.textContent = { running: "Pause", paused: "Go on" }[state.state] ?? (state.id ? "Start anew from noise" : "Start");
  view.stop.disabled = !active(state);
  if (active(state)) view.show.hidden = view.download.hidden = true;
}

const pause = (state, view) => want(state, state.state === "paused" ? "run" : "pause").then(() => { view.go.disabled = false; });
const want = (state, what) => ask(`/jobs/${state.id}/${what}`, { method: "POST" }).catch((error) => trouble(error.message));

async function inDigitView(state) {
  try {
    const shown = await json(`/jobs/${state.id}/show`, { method: "POST" });
    const { open } = await import("./app.js");
    await open("digit", true);
    const { digit } = document.getElementById("digit").page;
    if (!digit.info(shown.name)) digit.offered.networks.push(shown);
    digit.choose([shown.name]);
  } catch (error) {
    trouble(error.message);
  }
}

// ---- drawing ---------------------------------------------------------------------------------------------------------

function draw(state, view) {
  const { latest, points } = state;
  if (!latest || !points.length) return;
  const last = points.at(-1);
  view.bar.value = last.seen / latest.total;
  const told = [["digits seen", last.seen.toLocaleString("en")], ["seconds", last.seconds.toFixed(1)], ["held-out error", percent(last.held_out_error)], ["training error", last.training_error === null ? "–" : percent(last.training_error)]];
  view.numbers.replaceChildren(...told.map(([words, number]) => make("p", {}, make("b", {}, number), make("span", { class: "soft" }, words))));
  curve(view.curve, points, latest);
  kernels(view.kernels, latest.kernels);
  byDigit(view.digits, latest);
  wrong(view, latest);
}

/** Give a canvas its size in sharp pixels, and return its pen and that size. */
function sheet(canvas, width, height) {
  const sharp = devicePixelRatio || 1;
  canvas.width = width * sharp;
  canvas.height = height * sharp;
  canvas.style.cssText = `width: ${width}px; height: ${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(sharp, sharp);
  return pen;
}

function curve(canvas, points, latest) {
  const width = Math.max(200, canvas.parentElement.clientWidth - 30), height = 220, left = 44;
  const pen = sheet(canvas, width, height);
  const least = 0.001, y = (error) => 8 + ((height - 26) * Math.log(Math.max(error, least))) / Math.log(least);
  const x = (seen) => left + ((width - left - 8) * seen) / latest.total;
  pen.font = "12px system-ui, sans-serif";
  pen.textAlign = "right";
  for (const error of [1, 1 / 3, 0.1, 1 / 30, 0.01, 1 / 300, 0.001]) {
    pen.fillStyle = colour("--line");
    pen.fillRect(left, y(error), width, 1);
    pen.fillStyle = colour("--soft");
    pen.fillText(percent(error, error < 0.02 ? 1 : 0), left - 6, y(error) + 4);
  }
  const line = (name, thick, ink) => {
    pen.lineWidth = thick;
    pen.strokeStyle = colour(ink);
    pen.lineJoin = "round";
    pen.beginPath();
    for (const point of points) if (point[name] !== null) pen.lineTo(x(point.seen), y(point[name]));
    pen.stroke();
  };
  line("training_error", 1.2, "--minus");
  line("held_out_error", 3, "--plus");
  const last = points.at(-1);
  canvas.setAttribute("aria-label", `Curve of the error: from ${percent(points[0].held_out_error)} of the digits held out at the start to ${percent(last.held_out_error)} after ${last.seen} digits.`);
}

/** Draw each kernel; the strongest number of a layer has the full colour. */
function kernels(place, layers) {
  readColours();
  place.replaceChildren(...layers.map(({ name, rows, columns, kernels: all }, depth) => {
    const most = Math.max(1e-6, ...all.flat().map(Math.abs)), size = depth ? 6 : 11;
    return make("div", { role: "img", "aria-label": `${all.length} kernels of ${name}, strongest number ${most.toFixed(2)}` }, make("h3", {}, `${name} `, make("span", { class: "soft" }, `up to ±${most.toFixed(2)}`)),
      make("div", { class: "row" }, ...all.map((numbers) => {
        const canvas = make("canvas", { class: "pixels", style: `width: ${size * columns}px; height: ${size * rows}px` });
        paint(canvas, numbers, columns, rows, (number) => signed(number, most));
        return canvas;
      })));
  }));
}

function byDigit(place, { by_digit: shares, classes }) {
  place.replaceChildren(...classes.map((name, k) => make("p", {}, make("b", {}, name), make("span", { class: "bar" }, make("i", { style: `width: ${100 * shares[k]}%` })), make("span", { class: "soft" }, percent(shares[k], 0)))));
}

function wrong(view, { wrong: found, wrong_count: count, held_out: all }) {
  view.wrongTitle.textContent = `Which digits are still wrong: ${count} of ${all}`;
  view.wrong.replaceChildren(...found.map(({ label, read, ink, size }) => {
    const canvas = make("canvas", { class: "pixels" });
    paint(canvas, Uint8Array.from(atob(ink), (sign) => 255 - sign.charCodeAt(0)), size, size, (grey) => 0xff000000 | (grey * 0x10101));
    return make("figure", {}, canvas, make("figcaption", {}, `${label} → ${read}`));
  }));
}
