// SMS on their way, each on a timeline of the platform's attempts.

import { api } from "./api.js";
import { badge, empty, h, keepFocus, key, put, s, shortUrn, span, time } from "./dom.js";
import { reload, store, watch } from "./store.js";

const MINUTE = 60;
const HOUR = 3600;
/** The platform's times: intervals in seconds, and how often each. It ends after 48 hours. */
const STEPS = [
  [MINUTE, 5],
  [10 * MINUTE, 6],
  [HOUR, 12],
  [4 * HOUR, 9],
];
const END = 48 * HOUR;

/** Seconds after which an attempt is made. */
export const attempts = (() => {
  const all = [0];
  for (const [step, times] of STEPS) for (let at = 0; at < times; at += 1) all.push(all.at(-1) + step);
  return all.filter((after) => after <= END);
})();

// Each stretch of equal steps takes a part of the line, so that the first minutes are as visible as the last day.
const STRETCHES = [
  [0, 5 * MINUTE, 0, 0.2],
  [5 * MINUTE, 65 * MINUTE, 0.2, 0.42],
  [65 * MINUTE, 785 * MINUTE, 0.42, 0.72],
  [785 * MINUTE, END, 0.72, 1],
];

/** The position of a moment on the line, from 0 to 1. */
function share(after) {
  const [from, to, begin, end] = STRETCHES.find(([, until]) => after <= until) ?? STRETCHES.at(-1);
  return begin + (Math.min((after - from) / (to - from), 1)) * (end - begin);
}

const HEIGHT = 44;
const WIDEST = 900;
const SIDE = 14;
const KINDS = { delivered: "good", failed: "bad", executing: "warn", pending: "" };

const seconds = (attempt) => attempt.after;

function line(sms) {
  const place = h("div", { class: "plot attempts" });
  const observer = new ResizeObserver(() => {
    if (!place.isConnected) return observer.disconnect();
    put(place, drawLine(sms, Math.min(Math.max(place.clientWidth, 200), WIDEST)));
  });
  observer.observe(place);
  return place;
}

function drawLine(sms, width) {
  const made = sms.attempts;
  const x = (after) => (SIDE + share(after) * (width - 2 * SIDE)).toFixed(1);
  const last = made.at(-1);
  const state = String(sms.state).toLowerCase();
  const next = state === "executing" || state === "pending" ? attempts.find((after) => !last || after > seconds(last)) : undefined;
  const labels = [[0, "0"], [5 * MINUTE, "5 min"], [65 * MINUTE, "1 h 5"], [785 * MINUTE, "13 h"], [END, "48 h"]];
  const kind = (attempt) => (/delivered/i.test(attempt.state) ? "good" : "bad");
  const text = `${made.length} attempts${last ? `, the last after ${span(seconds(last))}` : ""}${next === undefined ? "" : `, the next after ${span(next)}`}, ${state}`;
  return s(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": text },
    s("line", { class: "rule", x1: SIDE, x2: width - SIDE, y1: 14, y2: 14 }),
    labels.map(([after, label]) => s("text", { class: "tick", x: x(after), y: 38, "text-anchor": after === 0 ? "start" : after === END ? "end" : "middle" }, label)),
    attempts.map((after) => s("circle", { class: after === next ? "planned next" : "planned", cx: x(after), cy: 14, r: after === next ? 4.5 : 2.5 })),
    made.map((attempt) => s("circle", { class: `made ${kind(attempt)}`, cx: x(seconds(attempt)), cy: 14, r: 4 }, s("title", {}, `after ${span(seconds(attempt))}: ${String(attempt.state).toLowerCase()}`))),
  );
}

function item(sms, withDevice) {
  const state = String(sms.state).toLowerCase();
  return h(
    "li",
    { class: "card" },
    h(
      "div",
      { class: "card-head" },
      h("h4", {}, sms.body),
      h("span", {}, withDevice ? [h("a", { href: `#/devices/${encodeURIComponent(key(sms.urn))}` }, shortUrn(sms.urn)), " "] : null, badge(state, KINDS[state] ?? "")),
    ),
    line(sms),
    h("p", { class: "faint" }, `queued ${time(sms.time)}`, sms.next ? `, tried again at ${time(sms.next)}` : ""),
  );
}

/** The SMS of a device, newest first; nothing when there are none. */
export function smsList(urn) {
  const all = store.sms.filter((sms) => key(sms.urn) === key(urn)).reverse();
  return all.length === 0 ? null : h("ul", { class: "cards wide" }, all.map((sms) => item(sms, false)));
}

let list, device;

export function enter(main) {
  list = h("div", {});
  const said = h("p", { class: "said", role: "alert" });
  device = h("select", { name: "urn" });
  const submit = async (event) => {
    event.preventDefault();
    const fields = new FormData(event.target);
    try {
      await api.sendSms({ urn: fields.get("urn"), body: fields.get("body") });
      said.textContent = "";
      event.target.querySelector("[name=body]").value = "";
    } catch (error) {
      said.textContent = error.message;
    }
    reload("sms");
  };
  put(
    main,
    h(
      "article",
      { class: "page" },
      h("h2", {}, "SMS"),
      h("p", { class: "faint" }, "Tried at once, then every minute, every 10 minutes, every hour and every 4 hours, for 48 hours: the times of the platform, on the simulator's clock."),
      h(
        "form",
        { class: "inline", onsubmit: submit },
        h("label", {}, "Device", device),
        h("label", { class: "grow" }, "Text", h("input", { name: "body", required: true, maxlength: 160, placeholder: "wake up", autocomplete: "off", "data-filter": true })),
        h("button", { class: "primary" }, "Send"),
      ),
      said,
      list,
    ),
  );
  draw();
  return watch((what) => (what === "sms" || what === "devices") && draw());
}

export function open() {}

function draw() {
  const chosen = device.value;
  put(device, store.devices.map((each) => h("option", { value: key(each.urn), selected: key(each.urn) === chosen }, shortUrn(each.urn))));
  keepFocus(list, () => put(list, store.sms.length === 0 ? empty("No SMS", h("p", {}, "What the platform sends to a device, with its attempts, stands here.")) : h("ul", { class: "cards wide" }, [...store.sms].reverse().map((sms) => item(sms, true)))));
}

