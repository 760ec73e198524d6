// Faults as switches.

import { api } from "./api.js";
import { h, keepFocus, key, put, say, section, shortUrn } from "./dom.js";
import { reload, store, watch } from "./store.js";

/** Name, effect, and value: `{unit, value}`, with `?` after the unit if the value is optional. */
const CATALOGUE = [
  ["The connection", [
    ["drop", "Closed without an answer; the message is not taken"],
    ["delay", "The answer comes late", { unit: "ms", value: "2000" }],
    ["cut", "The answer ends early and the connection is closed", { unit: "bytes", value: "40" }],
    ["reset", "The answer ends early and the connection is reset", { unit: "bytes", value: "40" }],
    ["half-close", "The answer ends early, the platform goes on reading", { unit: "bytes", value: "40" }],
    ["trickle", "A byte of the answer at a time", { unit: "ms", value: "100" }],
    ["throttle", "A slow answer", { unit: "bytes/s", value: "500" }],
  ]],
  ["The answer", [
    ["status", "Not taken, answered with a status", { unit: "code", value: "503" }],
    ["early-answer", "Answered before the body is read, then closed", { unit: "code", value: "413" }],
    ["garbage", "What comes back is no HTTP"],
    ["portal", "The page of a captive portal, status 200"],
    ["redirect", "Sent elsewhere with 302", { unit: "URL?", value: "" }],
    ["interim", "Responses 103 before the answer", { unit: "times", value: "1" }],
    ["wrong-length", "Content-Length is wrong", { unit: "bytes", value: "-1" }],
    ["gzip", "The body of the answer is compressed"],
  ]],
  ["TLS", [
    ["tls-silent", "The handshake is not answered"],
    ["tls-cut", "The handshake ends early and the connection is closed", { unit: "bytes", value: "100" }],
    ["tls-alert", "The handshake is answered with a fatal alert", { unit: "number", value: "40" }],
    ["tls-old-version", "The handshake is answered with TLS 1.1"],
    ["tls-expired", "The certificate has expired"],
    ["tls-other-name", "The certificate is for another host"],
    ["tls-self-signed", "The certificate is self-signed"],
    ["tls-unknown-ca", "The certificate is signed by an unknown authority"],
    ["tls-reset", "The connection is reset after the handshake"],
    ["tls-no-close-notify", "Closed after the answer without close_notify"],
  ]],
  ["Parts of firmware", [
    ["wrong-crc", "The CRC of a part is wrong"],
    ["size-change", "The total size is one byte more"],
    ["unknown-size", "The total size is not told"],
    ["short", "A part has fewer bytes than asked for", { unit: "bytes", value: "100" }],
    ["overlap", "A part begins earlier than asked for", { unit: "bytes", value: "100" }],
  ]],
];

/** Whether a fault strikes before the device is known. */
const isEarly = (name) => name === "early-answer" || name.startsWith("tls-");

/** Options that have their own field. */
const FIELDS = ["device", "probability", "seed", "times"];

/** Parses a fault written as `kind=value,option=value…`. */
export function parse(text) {
  const [kind, ...options] = text.split(",");
  const [, name, value] = /^([^=]*)=?(.*)$/.exec(kind);
  const settings = { name, value, device: "", probability: "", seed: "", times: "", more: [] };
  for (const option of options) {
    const [, field, is] = /^([^=]*)=?(.*)$/.exec(option);
    if (FIELDS.includes(field)) settings[field] = field === "device" ? key(is) : is;
    else settings.more.push(option);
  }
  return settings;
}

/** The inverse. */
export function write(settings) {
  const kind = settings.value === "" ? settings.name : `${settings.name}=${settings.value}`;
  const own = FIELDS.filter((field) => settings[field] !== "").map((field) => `${field}=${settings[field]}`);
  return [kind, ...settings.more, ...own].join(",");
}

/** The choices for kinds that are off. */
const chosen = new Map();

let place, said;

export function enter(main) {
  place = h("div", { class: "faults" });
  said = h("p", { class: "said", role: "alert" });
  put(
    main,
    h(
      "article",
      { class: "page" },
      h("div", { class: "title" }, h("h2", {}, "Faults"), h("button", { type: "button", class: "quiet end", onclick: () => set([]) }, "All off")),
      h("p", { class: "faint" }, "What goes wrong from the next request on: for every device or for one, always or by chance. The same seed gives the same faults."),
      said,
      place,
    ),
  );
  draw();
  return watch((what) => (what === "faults" || what === "devices") && draw());
}

export function open() {}

async function set(faults) {
  try {
    await api.setFaults(faults);
    said.textContent = "";
  } catch (error) {
    said.textContent = error.message;
  }
  await reload("faults");
}

/** What was drawn: while it is unchanged nothing is redrawn, so that a key pressed on a switch is released on it. */
let drawn = "";

function draw() {
  const sign = JSON.stringify([store.faults, store.devices.map((device) => device.urn)]);
  if (place.firstChild && sign === drawn) return;
  drawn = sign;
  const rest = [...store.faults];
  const groups = CATALOGUE.map(([title, kinds]) => {
    const rows = kinds.flatMap(([name, what, value]) => {
      const active = rest.filter((fault) => parse(fault.fault).name === name);
      for (const fault of active) rest.splice(rest.indexOf(fault), 1);
      return active.length === 0 ? [row(name, what, value, null)] : active.map((fault) => row(name, what, value, fault));
    });
    return section(title, h("ul", { class: "switches" }, rows));
  });
  const others = rest.map((fault) => row(parse(fault.fault).name, fault.fault, undefined, fault));
  keepFocus(place, () => put(place, groups, others.length > 0 ? section("Others", h("ul", { class: "switches" }, others)) : null));
}

let rows = 0;

function row(name, what, value, active) {
  const settings = active ? parse(active.fault) : (chosen.get(name) ?? { ...parse(name), value: value?.value ?? "" });
  if (!active) chosen.set(name, settings);
  const others = () => store.faults.filter((fault) => fault !== active).map((fault) => fault.fault);
  const toggle = () => {
    say(`${name} ${active ? "off" : "on"}`);
    if (active) chosen.set(name, settings);
    set(active ? others() : [...others(), write(settings)]);
  };
  const change = (field, is) => {
    settings[field] = is;
    if (active) set(store.faults.map((fault) => (fault === active ? write(settings) : fault.fault)));
  };
  const id = `fault-${(rows += 1)}`;
  const input = (field, label, attributes = {}) =>
    h("label", { class: `mini ${field}` }, h("span", {}, label), h("input", {
      name: `${name}-${field}`,
      value: settings[field],
      autocomplete: "off",
      onchange: (event) => change(field, event.target.value.trim()),
      ...attributes,
    }));
  const device = h("label", { class: "mini device" }, h("span", {}, "device"), h(
    "select",
    {
      name: `${name}-device`,
      onchange: (event) => change("device", event.target.value),
    },
    h("option", { value: "" }, "all"),
    store.devices.map((each) => h("option", { value: key(each.urn), selected: key(each.urn) === settings.device }, shortUrn(each.urn))),
  ));
  return h(
    "li",
    { class: active ? "on" : undefined },
    h("button", { type: "button", role: "switch", class: "switch", "aria-checked": String(Boolean(active)), "aria-labelledby": id, "data-focus": `switch-${name}`, "data-fault": name, onclick: toggle }, h("span", { "aria-hidden": "true" })),
    h("div", { class: "what" }, h("b", { id }, name), h("span", { class: "faint" }, what), settings.more.length ? h("code", { class: "faint" }, settings.more.join(", ")) : null, active?.applied ? h("span", { class: "badge warn" }, `${active.applied} times`) : null),
    h(
      "div",
      { class: "settings" },
      value ? input("value", value.unit.replace("?", ""), { inputmode: value.unit === "URL?" ? "url" : "decimal" }) : null,
      isEarly(name) ? null : device,
      input("probability", "chance", { inputmode: "decimal", placeholder: "1" }),
      input("times", "times", { inputmode: "numeric", placeholder: "∞" }),
    ),
  );
}
