/** Fill the section; called once, when it is first shown. */
export function start(section) {
  section.replaceChildren();
}
