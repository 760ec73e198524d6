// The list of messages, and one of them open beside it.

import { api } from "./api.js";
import { badge, empty, grouped, h, key, keepFocus, put, reconcile, section, shortUrn, span, time, timeElement } from "./dom.js";
import { requestView } from "./request.js";
import { store, watch } from "./store.js";
import { value } from "./values.js";

/** How many rows are drawn; the filter brings up others. */
const ROWS = 300;

let open = null;
/** The message shown in the detail view. */
let drawn = null;
let follow = false;
const filter = { text: "", verdict: "", kind: "" };
let list, detail, shownCount, main;

export function enter(place) {
  main = place;
  list = h("ol", { class: "rows", "aria-label": "Messages", "data-scroll": "list" });
  detail = h("article", { class: "detail", "aria-label": "Message", tabindex: "-1" });
  shownCount = h("span", { class: "faint" });
  const changed = (name) => (event) => {
    filter[name] = event.target.value;
    drawList();
  };
  const choose = (name, label, options) =>
    h("select", { name, "aria-label": label, onchange: changed(name) }, options.map(([id, text]) => h("option", { value: id }, text)));
  put(
    place,
    h(
      "section",
      { class: "list", "aria-label": "List of messages" },
      h(
        "div",
        { class: "tools" },
        h("input", { type: "search", name: "text", placeholder: "Filter", title: "Words that the device, the text or the reason must have", "aria-label": "Filter", "data-filter": true, oninput: changed("text"), value: filter.text }),
        choose("verdict", "Verdict", [["", "all"], ["accepted", "accepted"], ["refused", "refused"]]),
        choose("kind", "Kind", [["", "all kinds"], ["message", "messages"], ["part", "parts"]]),
        h("button", { type: "button", class: "quiet", onclick: clear }, "Clear"),
      ),
      list,
      h("footer", {}, shownCount),
    ),
    detail,
  );
  list.previousSibling.querySelector("[name=verdict]").value = filter.verdict;
  list.previousSibling.querySelector("[name=kind]").value = filter.kind;
  return watch((what) => what === "messages" && heard());
}

async function clear() {
  if (!window.confirm("Forget all messages?")) return;
  await api.clear();
  store.messages = [];
  location.hash = "#/messages";
  drawList();
  drawDetail();
}

function heard() {
  const newest = store.messages.at(-1);
  if (follow && newest && newest.number !== open) location.hash = `#/messages/${newest.number}`;
  drawList();
  if (open === null || drawn !== open) drawDetail();
}

function openMessage(number) {
  open = number;
  main.classList.toggle("is-open", open !== null);
  drawList();
  list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  drawDetail();
}

function openByAddress(argument) {
  openMessage(/^\d+$/.test(argument) ? Number(argument) : null);
}

export function back() {
  follow = false;
  location.hash = "#/messages";
}

function shown() {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return store.messages.filter((message) => {
    if (filter.verdict && message.accepted !== (filter.verdict === "accepted")) return false;
    if (filter.kind && message.kind !== filter.kind) return false;
    if (words.length === 0) return true;
    const text = [message.number, message.device, message.path, message.status, message.reason, message.body, message.fault]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function press(pressed) {
  const all = shown();
  const at = all.findIndex((message) => message.number === open);
  const go = (message) => message && (location.hash = `#/messages/${message.number}`);
  if (pressed === "j") go(at < 0 ? all.at(-1) : all[at - 1]);
  else if (pressed === "k") go(at < 0 ? all.at(-1) : all[at + 1]);
  else if (pressed === "g") {
    follow = true;
    go(all.at(-1));
  } else return false;
  if (pressed !== "g") follow = false;
  return true;
}

export { openByAddress as open, press as key };

/** What a message is about, in a few words. */
function gist(message) {
  if (message.fault) return message.fault;
  if (!message.accepted) return message.reason ?? "refused";
  if (message.part) return `${grouped(message.part.offset)}–${grouped(message.part.offset + message.part.length)} of ${grouped(message.part.size)} bytes`;
  const own = `${key(message.device)}:`;
  return (message.records ?? [])
    .map((record) => `${record.n.startsWith(own) ? record.n.slice(own.length) : record.n} ${value(record)}`)
    .join(", ");
}

function row(message) {
  const kind = message.accepted ? "good" : "bad";
  return h(
    "li",
    {},
    h(
      "a",
      {
        href: `#/messages/${message.number}`,
        class: kind,
        "aria-current": message.number === open ? "true" : undefined,
        "data-focus": `message-${message.number}`,
        "data-number": message.number,
      },
      h("span", { class: "mark", "aria-hidden": "true" }, message.kind === "part" && message.accepted ? "↓" : message.accepted ? "✓" : "✗"),
      h("span", { class: "who" }, message.device ? shortUrn(message.device) : message.path || message.peer),
      timeElement(message.time),
      h("span", { class: "gist" }, gist(message)),
      h("span", { class: "status" }, message.downlink ? h("span", { title: "with a downlink" }, "⇣ ") : "", message.status ?? "—"),
      h("span", { class: "visually-hidden" }, message.accepted ? "accepted" : "refused"),
    ),
  );
}

function drawList() {
  const all = shown();
  const rows = all.slice(-ROWS).reverse();
  const entry = (message) => ({
    id: message.number,
    sign: JSON.stringify([message.number === open, message.time, message.status]),
    make: () => row(message),
  });
  keepFocus(list, () => reconcile(list, rows.map(entry)));
  const left = all.length - rows.length;
  shownCount.textContent = `${all.length} of ${store.messages.length}${left > 0 ? `, the last ${ROWS} shown` : ""}`;
  list.classList.toggle("is-empty", rows.length === 0);
}

async function drawDetail() {
  drawn = null;
  if (!store.loaded) return;
  if (open === null) return put(detail, store.messages.length === 0 ? first() : empty("No message chosen", h("p", {}, "Choose one from the list, with the pointer or with ", h("kbd", {}, "j"), ".")));
  let message = store.messages.find((each) => each.number === open);
  if (!message || message.request === undefined) {
    const wanted = open;
    try {
      message = await api.message(wanted);
    } catch {
      message = null;
    }
    if (open !== wanted) return;
  }
  drawn = open;
  if (!message) return put(detail, empty(`No message ${open}`, h("p", {}, "It was cleared, or is older than what is kept.")));
  put(detail, head(message), mistakes(message), notes(message), records(message), requestView(byFault(message) ? { ...message, marks: [] } : message), answer(message));
  detail.scrollTop = 0;
}

/** Shown before the first message: a command that sends one, if a device needs no token. */
function first() {
  const open = store.devices.find((device) => device.secret_length === 0);
  const pack = open && JSON.stringify([{ bn: `${key(open.urn)}:` }, { n: "temperature", u: "Cel", v: 20.5 }]);
  return empty(
    "Waiting for the first message",
    h("p", {}, "Let a device send to the port that the simulator listens on, 8080 unless another was chosen."),
    pack ? [h("p", {}, "To see one at once:"), h("pre", {}, `curl ${location.hostname}:8080/ingestion/m2m/senml/v1 \\\n  -H 'Content-Type: application/json' \\\n  -d '${pack}'`)] : null,
  );
}

function head(message) {
  const facts = [
    ["time", timeElement(message.time, true)],
    ["took", message.duration === undefined ? null : span(message.duration)],
    ["from", message.peer],
    ["body", `${grouped(message.body_len)} bytes`],
    ["token", tokenBadge(message)],
    ["name in TLS", message.server_name],
    ["fault", message.fault && badge(message.fault, "warn")],
  ].filter(([, what]) => what);
  return h(
    "header",
    {},
    h(
      "div",
      { class: "title" },
      h("button", { type: "button", class: "quiet back", onclick: back, "aria-label": "Back to the list" }, "‹"),
      badge(message.accepted ? (message.kind === "part" ? "sent" : "accepted") : "refused", message.accepted ? "good" : "bad"),
      h("h2", {}, message.device ? h("a", { href: `#/devices/${encodeURIComponent(key(message.device))}` }, shortUrn(message.device)) : message.kind === "part" ? "part of a file" : "no device"),
      h("span", { class: "faint" }, `№ ${message.number}`),
    ),
    h("p", { class: "line" }, h("code", {}, `${message.method || "?"} ${message.path || ""}`), " → ", badge(message.status ?? "no answer", message.status >= 400 || !message.status ? "bad" : "good")),
    h("dl", { class: "facts" }, facts.map(([name, what]) => h("div", {}, h("dt", {}, name), h("dd", {}, what)))),
  );
}

function tokenBadge(message) {
  if (!message.token) return null;
  const kind = { right: "good", wrong: "bad", missing: "bad" }[message.token] ?? "";
  return badge(message.token, kind);
}

/** Whether a fault kept it from being accepted, which is not the device's mistake. */
const byFault = (message) => Boolean(message.fault) && message.reasons.every((reason) => reason.startsWith("a fault came"));

function mistakes(message) {
  const marks = message.marks ?? [];
  const reasons = marks.length > 0 ? marks : (message.reasons ?? []).map((reason) => ({ reason }));
  if (reasons.length === 0) return null;
  const one = (mark, at) => {
    const marked = marks.length > 0;
    const go = () => {
      const place = document.getElementById(`mark-${at + 1}`);
      place?.scrollIntoView({ block: "center" });
      place?.focus({ preventScroll: true });
    };
    return h(
      "li",
      { id: `mistake-${at + 1}` },
      marked ? h("button", { type: "button", class: "number", onclick: go, title: "Show it in the bytes" }, at + 1) : h("span", { class: "number" }, at + 1),
      h("div", {}, h("p", {}, mark.reason), mark.advice ? h("p", { class: "advice" }, mark.advice) : null),
    );
  };
  if (byFault(message)) return section("Not taken, on purpose", h("p", { class: "faint" }, message.fault));
  return section(reasons.length === 1 ? "One mistake" : `${reasons.length} mistakes`, h("ol", { class: "mistakes" }, reasons.map(one)));
}

function notes(message) {
  if (!message.notes?.length) return null;
  return section("Odd, but accepted", h("ul", { class: "notes" }, message.notes.map((note) => h("li", {}, note))));
}

function records(message) {
  if (!message.records?.length) return null;
  const own = `${key(message.device)}:`;
  const has = (label) => message.records.some((record) => record[label] !== undefined);
  const columns = [
    ["name", (record) => (record.n.startsWith(own) ? [h("span", { class: "faint own" }, own), record.n.slice(own.length)] : record.n)],
    ["value", (record) => value(record), "figure"],
    ["unit", (record) => record.u ?? ""],
    ["time", (record) => timeElement(record.t, true)],
    has("s") && ["sum", (record) => record.s ?? "", "figure"],
    has("ut") && ["update within", (record) => (record.ut === undefined ? "" : span(record.ut))],
  ].filter(Boolean);
  return section(
    "Records, resolved",
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, columns.map(([name, , kind]) => h("th", { scope: "col", class: kind }, name)))),
        h("tbody", {}, message.records.map((record) => h("tr", {}, columns.map(([, cell, kind]) => h("td", { class: kind }, cell(record)))))),
      ),
    ),
  );
}

function answer(message) {
  const parts = [];
  if (message.part) {
    const { offset, length, size } = message.part;
    parts.push(h("p", {}, `Bytes ${grouped(offset)} to ${grouped(offset + length - 1)} of ${grouped(size)}.`));
    parts.push(h("progress", { max: size || 1, value: offset + length, "aria-label": "Place of the part in the file" }));
  }
  if (message.downlink) parts.push(h("p", {}, "With the downlink:"), h("pre", { class: "body" }, pretty(message.downlink)));
  if (parts.length === 0) return null;
  return section("Answer", parts);
}

function pretty(text) {
  try {
    const pack = JSON.parse(text);
    // One record per line; numbers stay as written if nothing is lost.
    if (Array.isArray(pack)) {
      const again = `[\n${pack.map((record) => `  ${JSON.stringify(record)}`).join(",\n")}\n]`;
      if (JSON.stringify(pack) === text.replace(/\s+/g, "")) return again;
    }
  } catch {
    // Shown unchanged.
  }
  return text;
}
