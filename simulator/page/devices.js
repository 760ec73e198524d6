// The devices, and one of them open beside the list: its measurements, positions and downlinks.

import { api } from "./api.js";
import { card } from "./chart.js";
import { badge, empty, h, keepFocus, key, put, reconcile, say, section, shortUrn } from "./dom.js";
import { downlinkForm, downlinkTable } from "./downlinks.js";
import { progressList } from "./firmware.js";
import { map, places } from "./map.js";
import { smsList } from "./sms.js";
import { measurements, reload, show, store, watch } from "./store.js";
import { figure } from "./values.js";

let open = "";
let main, list, detail;
let parts = {};

export function enter(place) {
  main = place;
  list = h("ol", { class: "rows devices", "aria-label": "Devices", "data-scroll": "list" });
  detail = h("article", { class: "detail", "aria-label": "Device", tabindex: "-1" });
  put(place, h("section", { class: "list", "aria-label": "List of devices" }, list, addForm()), detail);
  const stop = watch(heard);
  return () => {
    stop();
    show(null);
  };
}

function addForm() {
  const said = h("p", { class: "said", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    const form = event.target;
    const fields = new FormData(form);
    const device = { urn: fields.get("urn").trim() };
    if (fields.get("secret")) device.secret = fields.get("secret");
    try {
      await api.addDevice(device);
      form.reset();
      said.textContent = "";
      await reload("devices");
      location.hash = `#/devices/${encodeURIComponent(key(device.urn))}`;
    } catch (error) {
      said.textContent = error.message;
    }
  };
  return h(
    "details",
    { class: "add" },
    h("summary", {}, "Add a device"),
    h(
      "form",
      { onsubmit: submit },
      h("label", {}, "URN", h("input", { name: "urn", required: true, placeholder: "urn:dev:IMEI:490154203237518", autocomplete: "off", spellcheck: "false" })),
      h("label", {}, "Secret", h("input", { name: "secret", type: "password", placeholder: "empty: no token needed", autocomplete: "new-password" })),
      h("button", { class: "primary" }, "Add"),
      said,
    ),
  );
}

function heard(what) {
  if (what === "devices") drawList();
  if (!open || !parts.charts) {
    if (what === "devices") drawDetail();
    return;
  }
  const draws = { messages: drawMeasurements, downlinks: drawDownlinks, devices: drawHead, sms: drawSms, firmware: drawFirmware };
  draws[what]?.();
}

function openDevice(argument) {
  open = key(argument);
  main.classList.toggle("is-open", open !== "");
  drawList();
  drawDetail();
  show(open || null);
}

export function back() {
  location.hash = "#/devices";
}

function press(pressed) {
  const at = store.devices.findIndex((device) => key(device.urn) === open);
  const next = { j: at + 1, k: at < 0 ? store.devices.length - 1 : at - 1 }[pressed];
  if (next === undefined) return false;
  const device = store.devices[next];
  if (device) location.hash = `#/devices/${encodeURIComponent(key(device.urn))}`;
  return true;
}

export { openDevice as open, press as key };

function drawList() {
  const row = (device) => {
    const waiting = (device.downlinks?.pending ?? 0) + (device.downlinks?.executing ?? 0);
    return h(
      "li",
      {},
      h(
        "a",
        { href: `#/devices/${encodeURIComponent(key(device.urn))}`, "aria-current": key(device.urn) === open ? "true" : undefined, "data-focus": `device-${device.urn}` },
        h("span", { class: "who" }, shortUrn(device.urn)),
        h("span", { class: "gist" }, `${device.messages ?? 0} messages`, waiting ? `, ${waiting} downlinks wait` : ""),
      ),
    );
  };
  const entry = (device) => ({ id: device.urn, sign: JSON.stringify([device, key(device.urn) === open]), make: () => row(device) });
  keepFocus(list, () => reconcile(list, store.devices.map(entry)));
}

function drawDetail() {
  parts = {};
  if (!store.loaded) return;
  if (!open) {
    return put(detail, store.devices.length ? empty("No device chosen", h("p", {}, "Choose one from the list.")) : empty("No device is registered", h("p", {}, "Every message is refused until one is added.")));
  }
  if (!store.devices.some((device) => key(device.urn) === open)) {
    return put(detail, empty(`No device ${open}`, h("p", {}, "It is not registered.")));
  }
  parts = {
    head: h("header", {}),
    none: h("p", { class: "faint" }, "None was accepted yet."),
    charts: h("ul", { class: "cards" }),
    place: h("div", {}),
    downlinks: h("div", {}),
    firmware: h("div", {}),
    sms: h("div", {}),
  };
  put(
    detail,
    parts.head,
    section("Measurements", parts.none, parts.charts),
    parts.place,
    section("Downlinks", downlinkForm(open), parts.downlinks),
    parts.firmware,
    parts.sms,
  );
  drawHead();
  drawMeasurements();
  drawDownlinks();
  drawFirmware();
  drawSms();
  detail.scrollTop = 0;
}

function drawHead() {
  const device = store.devices.find((each) => key(each.urn) === open);
  if (!device) return drawDetail();
  const counts = device.downlinks ?? {};
  const remove = async () => {
    if (!window.confirm(`Remove ${open} with its downlinks?`)) return;
    await api.removeDevice(open);
    say("device removed");
    location.hash = "#/devices";
    reload("devices");
  };
  const secret = device.secret_length ? `${device.secret_length} characters, fingerprint ${device.secret_fingerprint}` : "none, no token needed";
  put(
    parts.head,
    h(
      "div",
      { class: "title" },
      h("button", { type: "button", class: "quiet back", onclick: back, "aria-label": "Back to the list" }, "‹"),
      h("h2", {}, key(device.urn)),
      h("button", { type: "button", class: "quiet end", onclick: remove }, "Remove"),
    ),
    h(
      "dl",
      { class: "facts" },
      h("div", {}, h("dt", {}, "secret"), h("dd", {}, secret)),
      h("div", {}, h("dt", {}, "messages"), h("dd", {}, device.messages ?? 0)),
      h(
        "div",
        {},
        h("dt", {}, "downlinks"),
        h(
          "dd",
          {},
          badge(`${counts.pending ?? 0} pending`),
          " ",
          counts.executing ? [badge(`${counts.executing} executing`, "warn"), " "] : null,
          badge(`${counts.delivered ?? 0} delivered`, counts.delivered ? "good" : ""),
          counts.failed ? [" ", badge(`${counts.failed} failed`, "bad")] : null,
        ),
      ),
    ),
  );
}

function drawMeasurements() {
  const series = measurements(open);
  const seen = places(series);
  // Measurements that can be drawn come first.
  const drawn = (name) => series.get(name).some((record) => figure(record) !== undefined);
  const names = [...series.keys()].sort((a, b) => drawn(b) - drawn(a) || a.localeCompare(b));
  const entry = (name) => {
    const records = series.get(name);
    return { id: name, sign: JSON.stringify([records.length, records[0], records.at(-1)]), make: () => card(name, records) };
  };
  keepFocus(parts.charts, () => reconcile(parts.charts, names.map(entry)));
  parts.none.hidden = names.length > 0;
  const where = seen.length === 0 ? [] : [{ id: "map", sign: JSON.stringify([seen.length, seen[0], seen.at(-1)]), make: () => section("Where it was", map(seen)) }];
  reconcile(parts.place, where);
}

function drawDownlinks() {
  keepFocus(parts.downlinks, () => put(parts.downlinks, downlinkTable(open)));
}

function drawFirmware() {
  const progress = progressList(open);
  put(parts.firmware, progress && section("Firmware", progress));
}

function drawSms() {
  const all = smsList(open);
  put(parts.sms, all && section("SMS", all));
}
