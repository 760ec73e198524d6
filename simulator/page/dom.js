// Elements from data. Text is inserted only as text, so that nothing a device sends becomes markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" && "value" in element) element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** An element of HTML: `h("p", {class: "x"}, "text", child)`. */
export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** An element of SVG. */
export const s = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** Replaces the children. */
export function put(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Announces a text to users of screen readers. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

const two = (number) => String(number).padStart(2, "0");

/** Seconds since 1970 as a time of day; with the date when it is not today. */
export function time(seconds, always = false) {
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return `${seconds} s`;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const today = new Date().toDateString() === at.toDateString();
  return today && !always ? clock : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
}

/** A time that is shown in full, in UTC, under the pointer. */
export function timeElement(seconds, always = false) {
  const at = new Date(seconds * 1000);
  const iso = Number.isNaN(at.getTime()) ? undefined : at.toISOString();
  return h("time", { datetime: iso, title: iso }, time(seconds, always));
}

/** A number of seconds, in short form. */
export function span(seconds) {
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  const minutes = Math.round(seconds / 60);
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

/** A number of bytes, with grouped digits. */
export const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** A number for reading: all its digits, up to nine. */
export function number(value) {
  if (!Number.isFinite(value)) return String(value);
  return String(Number(value.toPrecision(9))).replace("-", "\u2212");
}

/** The URN of a device without its final colon, which both forms have in common. */
export const key = (urn) => (urn ?? "").replace(/:$/, "");

/** The part of a URN that distinguishes devices. */
export const shortUrn = (urn) => key(urn).replace(/^urn:dev:/, "");

/** A badge: `good`, `bad`, `warn` or none. */
export const badge = (text, kind = "") => h("span", { class: `badge ${kind}` }, text);

/** The placeholder for an empty place. */
export const empty = (title, ...more) => h("div", { class: "empty" }, h("h2", {}, title), ...more);

/** A section with its own heading. */
export const section = (title, ...children) => h("section", {}, h("h3", {}, title), ...children);

/**
 * Gives `parent` a child for each of `entries`, `{id, sign, make}`, and leaves those whose `sign` is unchanged in
 * place, so that a pointer or key pressed on one of them is released on the same one.
 */
export function reconcile(parent, entries) {
  const before = new Map([...parent.children].map((child) => [child.made?.id, child]));
  const nodes = entries.map(({ id, sign, make }) => {
    const old = before.get(id);
    if (old?.made?.sign === sign) return old;
    const made = make();
    made.made = { id, sign };
    return made;
  });
  const kept = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!kept.has(child)) child.remove();
  let next = parent.firstChild;
  for (const node of nodes) {
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
}

/**
 * Keeps the focus, and what has been typed, in a part of the page that is redrawn. Fields are identified by their
 * `name`.
 */
export function keepFocus(root, draw) {
  const active = root.contains(document.activeElement) ? document.activeElement : null;
  const id = active?.dataset?.focus ?? active?.getAttribute("name");
  const scroll = [...root.querySelectorAll("[data-scroll]")].map((each) => [each.dataset.scroll, each.scrollTop]);
  draw();
  for (const [name, top] of scroll) {
    const again = root.querySelector(`[data-scroll="${CSS.escape(name)}"]`);
    if (again) again.scrollTop = top;
  }
  if (!id) return;
  const again = root.querySelector(`[data-focus="${CSS.escape(id)}"], [name="${CSS.escape(id)}"]`);
  again?.focus({ preventScroll: true });
}
