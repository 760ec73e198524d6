// What the page knows, and who is notified of changes.

import { api } from "./api.js";
import { key } from "./dom.js";

/** How many messages the page keeps; the simulator has the others. */
const KEPT = 2000;

export const store = {
  messages: [], // newest last
  devices: [],
  downlinks: new Map(), // by URN
  sms: [],
  firmware: [],
  faults: [],
  loaded: false, // whether everything has been requested once
};

const listeners = new Set();

/** Calls `listener(what)` after each change; `what` names the list. */
export function watch(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Milliseconds between two redraws, however much arrives. */
const PACE = 80;
const changed = new Set();
function tell(what) {
  if (changed.size === 0) setTimeout(flush, PACE);
  changed.add(what);
}
function flush() {
  const all = [...changed];
  changed.clear();
  for (const listener of [...listeners]) for (const what of all) listener(what);
}

/** Messages that arrived while the list was being requested. */
const heardMeanwhile = [];

function addMessage(message) {
  const at = store.messages.findLastIndex((other) => other.number <= message.number);
  if (store.messages[at]?.number === message.number) store.messages[at] = message;
  else store.messages.splice(at + 1, 0, message);
  if (store.messages.length > KEPT) store.messages.splice(0, store.messages.length - KEPT);
  tell("messages");
}

async function load(what, ask) {
  try {
    store[what] = await ask();
    tell(what);
  } catch (error) {
    console.warn(`${what}: ${error.message}`);
  }
}

/** Requests a list again, at most a few times a second. */
const waiting = new Map();
function soon(what, ask) {
  if (waiting.has(what)) return;
  waiting.set(
    what,
    setTimeout(() => {
      waiting.delete(what);
      ask();
    }, 60),
  );
}

const loads = {
  messages: () => load("messages", () => api.messages(KEPT)).then(() => heardMeanwhile.splice(0).forEach(addMessage)),
  devices: () => load("devices", api.devices),
  sms: () => load("sms", api.sms),
  firmware: () => load("firmware", api.firmware),
  faults: () => load("faults", api.faults),
};

export async function loadAll() {
  store.loaded = false;
  await Promise.all(Object.values(loads).map((ask) => ask()));
  store.loaded = true;
  tell("messages");
  tell("devices");
}

export async function loadDownlinks(urn) {
  try {
    store.downlinks.set(key(urn), await api.downlinks(key(urn)));
    tell("downlinks");
  } catch (error) {
    console.warn(`downlinks of ${urn}: ${error.message}`);
  }
}

export const reload = (what) => loads[what]();

/** The device that the page shows, whose downlinks are kept up to date. */
let shown = null;
export function show(urn) {
  shown = urn;
  if (urn) return loadDownlinks(urn);
}

/** One server-sent event. */
export function hear(name, data) {
  if (name === "message" && data?.number) {
    addMessage(data);
    if (!store.loaded) heardMeanwhile.push(data);
    soon("devices", loads.devices);
    if (shown && data.device && key(data.device) === key(shown)) soon("downlinks", () => shown && loadDownlinks(shown));
    if (data.kind === "part") soon("firmware", loads.firmware);
  } else if (name === "downlink") {
    soon("devices", loads.devices);
    soon("firmware", loads.firmware);
    if (shown) soon("downlinks", () => shown && loadDownlinks(shown));
  } else if (name === "device") soon("devices", loads.devices);
  else if (name === "sms") soon("sms", loads.sms);
  else if (name === "fault") soon("faults", loads.faults);
}

/** The accepted measurements of a device, by name and oldest first. */
export function measurements(urn) {
  const series = new Map();
  const own = `${key(urn)}:`;
  for (const message of store.messages) {
    if (!message.accepted || key(message.device) !== key(urn)) continue;
    for (const record of message.records ?? []) {
      const name = record.n.startsWith(own) ? record.n.slice(own.length) : record.n;
      if (!series.has(name)) series.set(name, []);
      series.get(name).push(record);
    }
  }
  for (const records of series.values()) records.sort((a, b) => a.t - b.t);
  return series;
}
