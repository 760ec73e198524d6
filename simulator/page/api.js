// The HTTP API of the simulator, and its events.

const BASE = "/api/v1/";
const STORED = "kpn-things-simulator-token";

/** A token comes in the address, after `#token=`, and is removed from it at once. */
function takeToken() {
  const found = /(?:^#|&)token=([^&]+)/.exec(location.hash);
  if (found) {
    sessionStorage.setItem(STORED, decodeURIComponent(found[1]));
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(STORED);
}

let token = takeToken();

function headers(more = {}) {
  return token ? { ...more, Authorization: `Bearer ${token}` } : more;
}

/** A refusal by the API, with its reason. */
export class Refused extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

async function reason(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).error ?? text;
  } catch {
    return text || `status ${response.status}`;
  }
}

async function call(method, path, body) {
  const options = { method, headers: headers(), cache: "no-store" };
  if (body instanceof Blob) {
    options.headers = headers({ "Content-Type": "application/octet-stream" });
    options.body = body;
  } else if (body !== undefined) {
    options.headers = headers({ "Content-Type": "application/json" });
    options.body = JSON.stringify(body);
  }
  const response = await fetch(BASE + path, options);
  if (response.status === 401) askForToken();
  if (!response.ok) throw new Refused(response.status, await reason(response));
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

let asked = false;
function askForToken() {
  if (asked) return;
  asked = true;
  const given = window.prompt("The token of the API, as the simulator printed it");
  if (given) {
    token = given.trim();
    sessionStorage.setItem(STORED, token);
    location.reload();
  }
}

const of = (urn) => `devices/${encodeURIComponent(urn)}`;

export const api = {
  messages: async (limit) => (await call("GET", `messages?limit=${limit}`)).messages,
  message: (number) => call("GET", `messages/${number}`),
  clear: () => call("DELETE", "messages"),
  devices: async () => (await call("GET", "devices")).devices,
  addDevice: (device) => call("POST", "devices", device),
  removeDevice: (urn) => call("DELETE", of(urn)),
  downlinks: async (urn) => (await call("GET", `${of(urn)}/downlinks`)).downlinks,
  queue: (urn, body) => call("POST", `${of(urn)}/downlinks`, { body }),
  cancel: (urn, id) => call("DELETE", `${of(urn)}/downlinks/${encodeURIComponent(id)}`),
  sms: async () => (await call("GET", "sms")).sms,
  sendSms: (sms) => call("POST", "sms", sms),
  firmware: async () => (await call("GET", "firmware")).firmware,
  offer: (image, name, urns) => {
    const query = new URLSearchParams([["name", name], ...urns.map((urn) => ["device", urn])]);
    return call("POST", `firmware?${query}`, image);
  },
  faults: async () => (await call("GET", "faults")).faults,
  setFaults: (faults) => call("PUT", "faults", { faults: faults.map((fault) => ({ fault })) }),
};

/** Server-sent events by `fetch`, since an EventSource cannot carry a token. Reconnects when the connection is lost. */
export async function listen(heard, state) {
  for (let wait = 250; ; wait = Math.min(wait * 2, 5000)) {
    try {
      const response = await fetch(`${BASE}events`, { headers: headers({ Accept: "text/event-stream" }), cache: "no-store" });
      if (!response.ok) throw new Refused(response.status, await reason(response));
      state("live");
      wait = 250;
      await read(response.body.getReader(), heard);
    } catch (error) {
      if (error instanceof Refused && error.status === 401) {
        state("lost");
        return askForToken();
      }
    }
    state("lost");
    await new Promise((done) => setTimeout(done, wait));
  }
}

async function read(reader, heard) {
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text = (text + decoder.decode(value, { stream: true })).replace(/\r\n?/g, "\n");
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      take(text.slice(0, end), heard);
      text = text.slice(end + 2);
    }
  }
}

function take(block, heard) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }
  if (data.length === 0) return;
  try {
    heard(name, JSON.parse(data.join("\n")));
  } catch {
    heard(name, null);
  }
}
