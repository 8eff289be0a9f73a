// The frame of the page: four sections as tabs, each with a module that is loaded at first use, and light or dark.
import { trouble } from "./api.js";

const NAMES = ["digit", "train", "field", "correct"];
const started = {};

async function show(name, focus) {
  for (const other of NAMES) {
    const tab = document.getElementById(`tab-${other}`);
    const chosen = other === name;
    tab.setAttribute("aria-selected", chosen);
    tab.tabIndex = chosen ? 0 : -1;
    document.getElementById(other).hidden = !chosen;
    if (chosen && focus) tab.focus();
  }
  const section = document.getElementById(name);
  try {
    started[name] ??= import(`./${name}.js`).then((module) => module.start(section));
    await started[name];
  } catch (error) {
    trouble(error.message);
  }
  section.dispatchEvent(new CustomEvent("shown"));
}

/** What the browser keeps for this page; a browser that keeps nothing refuses even to be asked. */
function kept(...value) {
  try {
    return value.length ? localStorage.setItem("theme", ...value) : localStorage.getItem("theme");
  } catch {
    return null;
  }
}

/** Go to a section; its name stands in the address, so that a link or a reload leads there again. */
export function open(name, focus = false) {
  const parameters = new URLSearchParams(location.hash.slice(1));
  name === "digit" ? parameters.delete("t") : parameters.set("t", name);
  history.replaceState(null, "", `#${parameters}`);
  return show(name, focus);
}

function tabs() {
  NAMES.forEach((name, index) => {
    const tab = document.getElementById(`tab-${name}`);
    tab.addEventListener("click", () => open(name));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) open(NAMES[(index + step + NAMES.length) % NAMES.length], true);
    });
  });
}

function theme() {
  const root = document.documentElement;
  const stored = kept();
  if (stored) root.dataset.theme = stored;
  document.getElementById("theme").addEventListener("click", () => {
    const dark = getComputedStyle(root).colorScheme === "dark" ||
      (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    root.dataset.theme = dark ? "light" : "dark";
    kept(root.dataset.theme);
    document.dispatchEvent(new Event("themed"));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("themed")));
}

// Another address in the same tab is another state; the page's own changes of its address raise no such event.
addEventListener("hashchange", () => location.reload());
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // to follow it would take the state out of the address
  document.querySelector("main > section:not([hidden])").focus();
});
tabs();
theme();
document.getElementById("tour").addEventListener("click", async () => {
  await open("digit");
  (await import("./tour.js")).start();
});
const wanted = new URLSearchParams(location.hash.slice(1)).get("t");
show(NAMES.includes(wanted) ? wanted : "digit");
