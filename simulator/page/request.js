// The request as it came, as text or as bytes, with the mistakes marked where they are.

import { h, put, section } from "./dom.js";

/** How many bytes of a long request are shown. */
const SHOWN = 20000;
const PER_LINE = 16;

let asBytes = false;

function decode(base64) {
  const text = atob(base64 ?? "");
  return Uint8Array.from(text, (each) => each.charCodeAt(0));
}

/** Runs of bytes under the same marks: `{from, to, marks}`; marks count from 1. A mark without a length is a run too. */
export function runs(length, marks) {
  const cuts = new Set([0, length]);
  const spans = marks.map((mark) => {
    const from = Math.min(Math.max(mark.offset, 0), length);
    return [from, Math.min(from + Math.max(mark.length, 0), length)];
  });
  for (const span of spans) for (const at of span) cuts.add(at);
  const sorted = [...cuts].sort((a, b) => a - b);
  const found = [];
  sorted.forEach((from, at) => {
    const points = spans.flatMap(([begin, end], which) => (begin === from && end === from ? [which + 1] : []));
    if (points.length > 0) found.push({ from, to: from, marks: points });
    const to = sorted[at + 1];
    if (to === undefined) return;
    const under = spans.flatMap(([begin, end], which) => (begin <= from && end >= to ? [which + 1] : []));
    found.push({ from, to, marks: under });
  });
  return found;
}

const ESCAPES = { "\r": "\\r", "\n": "\\n", "\t": "\\t" };
const escape = (sign) => ESCAPES[sign] ?? `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`;

/** Bytes as text: valid UTF-8 as it is, invisible characters as escapes, with a new line after a line feed. */
function text(bytes) {
  const seen = new TextDecoder("utf-8").decode(bytes);
  const parts = [];
  for (const piece of seen.split(/([\x00-\x1f\x7f]+)/)) {
    if (!/^[\x00-\x1f\x7f]/.test(piece)) {
      parts.push(piece);
      continue;
    }
    for (const line of piece.match(/[^\n]*\n|[^\n]+/g)) {
      parts.push(h("span", { class: "unseen" }, [...line].map(escape)), line.endsWith("\n") ? "\n" : "");
    }
  }
  return parts;
}

function marked(run, marks, seen, content) {
  if (run.marks.length === 0) return content;
  const first = run.marks.filter((number) => !seen.has(number));
  for (const number of first) seen.add(number);
  const reasons = run.marks.map((number) => marks[number - 1].reason).join("; ");
  return h(
    "mark",
    {
      class: run.from === run.to ? "point" : undefined,
      id: first.length > 0 ? `mark-${first[0]}` : undefined,
      tabindex: first.length > 0 ? "0" : undefined,
      title: reasons,
      "aria-label": first.length > 0 ? `mistake ${first.join(", ")}: ${reasons}` : undefined,
      "aria-describedby": run.marks.map((number) => `mistake-${number}`).join(" "),
    },
    first.map((number) => h("sup", { "aria-hidden": "true" }, number)),
    content,
  );
}

function asText(bytes, marks) {
  const seen = new Set();
  return h(
    "pre",
    { class: "request", tabindex: "0", "aria-label": "Request as text" },
    runs(bytes.length, marks).map((run) => marked(run, marks, seen, text(bytes.subarray(run.from, run.to)))),
  );
}

function dump(bytes, marks) {
  const seen = new Set();
  const all = runs(bytes.length, marks);
  const lines = [];
  for (let from = 0; from < bytes.length || from === 0; from += PER_LINE) {
    const to = Math.min(from + PER_LINE, bytes.length);
    const within = all.filter((run) => (run.from === run.to ? run.from >= from && (run.from < to || to === bytes.length) : run.from < to && run.to > from));
    const cells = (show) =>
      within.map((run) => {
        const cut = { ...run, from: Math.max(run.from, from), to: Math.min(run.to, to) };
        return [cut, show(bytes.subarray(cut.from, cut.to))];
      });
    const hex = cells((some) => [...some].map((byte) => `${byte.toString(16).padStart(2, "0")} `).join(""));
    const plain = cells((some) => [...some].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join(""));
    lines.push(
      h("span", { class: "unseen" }, `${from.toString(16).padStart(5, "0")}  `),
      hex.map(([run, content]) => marked(run, marks, seen, content)),
      " ".repeat((PER_LINE - (to - from)) * 3 + 1),
      plain.map(([run, content]) => (run.marks.length && content ? h("mark", {}, content) : content)),
      "\n",
    );
    if (bytes.length === 0) break;
  }
  return h("pre", { class: "request hex", tabindex: "0", "aria-label": "Request as bytes" }, lines);
}

/** The section with the request of a message. */
export function requestView(message) {
  const whole = decode(message.request);
  const bytes = whole.subarray(0, SHOWN);
  const marks = (message.marks ?? []).map((mark) => ({ ...mark, offset: Math.min(mark.offset, bytes.length) }));
  const place = h("div", {});
  const draw = () => put(place, asBytes ? dump(bytes, marks) : asText(bytes, marks));
  const choose = h(
    "div",
    { class: "choice", role: "group", "aria-label": "Show the request as" },
    [["text", false], ["bytes", true]].map(([name, which]) =>
      h(
        "button",
        {
          type: "button",
          "aria-pressed": String(asBytes === which),
          onclick: (event) => {
            asBytes = which;
            for (const other of event.target.parentElement.children) other.setAttribute("aria-pressed", String(other === event.target));
            draw();
          },
        },
        name,
      ),
    ),
  );
  draw();
  if (whole.length === 0) return null;
  const view = section("Request", choose, place, whole.length > bytes.length ? h("p", { class: "faint" }, `The first ${SHOWN} of ${whole.length} bytes.`) : null);
  view.classList.add("has-choice");
  return view;
}
