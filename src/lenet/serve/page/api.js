// Every request of the page goes through here, and every one goes to the machine that served it.

/** Say a sentence to the reader, or take it back. */
export function trouble(sentence) {
  const place = document.getElementById("trouble");
  if (!sentence && place.hidden) return;
  place.textContent = sentence || "";
  place.hidden = !sentence;
}

/** Send a body and return the response; a refusal becomes an Error that carries the server's own sentence. */
export async function ask(path, { body, type = "application/octet-stream", query, signal, method } = {}) {
  const address = query ? `${path}?${new URLSearchParams(query)}` : path;
  const given = body === undefined ? {} : { body, headers: { "Content-Type": type } };
  let response;
  try {
    response = await fetch(address, { method: method || (body === undefined ? "GET" : "POST"), signal, ...given });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The program behind this page does not answer; is lenet serve still running?");
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  const sentence = told.error?.message || told.error || told.detail || `The server answered ${response.status}.`;
  throw new Error(typeof sentence === "string" ? sentence : JSON.stringify(sentence));
}

export const floats = async (path, options) => new Float32Array(await (await ask(path, options)).arrayBuffer());
export const json = async (path, options) => (await ask(path, options)).json();

/** Send an object as JSON and return the answer's object. */
export const tell = (path, object) => json(path, { body: JSON.stringify(object), type: "application/json" });

/** Make an element: make("p", { class: "note" }, "text", child). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") element.style.cssText = value; // as an attribute the page's own policy would refuse it
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
