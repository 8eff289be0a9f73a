import { make } from "./api.js";

/** Fill the section; called once, when it is first shown. */
export function start(section) {
  section.append(make("div", { class: "card" }, make("h2", {}, "Draw a digit")));
}
