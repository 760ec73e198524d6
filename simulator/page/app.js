// Views by address, keyboard shortcuts, and the connection to the simulator.

import { listen } from "./api.js";
import { say } from "./dom.js";
import { hear, loadAll, store, watch } from "./store.js";
import * as messages from "./messages.js";
import * as devices from "./devices.js";
import * as sms from "./sms.js";
import * as firmware from "./firmware.js";
import * as faults from "./faults.js";

const VIEWS = { messages, devices, sms, firmware, faults };
const main = document.getElementById("main");
let view = null;
let leave = () => {};

let routed = null;

function route() {
  if (location.hash === routed) return;
  routed = location.hash;
  const [, name = "messages", ...rest] = location.hash.split("/");
  const next = VIEWS[name] ? name : "messages";
  const argument = decodeURIComponent(rest.join("/"));
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === next) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (next !== view) {
    leave();
    main.replaceChildren();
    main.className = `view-${next}`;
    view = next;
    leave = VIEWS[next].enter(main) ?? (() => {});
  }
  VIEWS[next].open(argument);
}

function counts() {
  const numbers = {
    messages: store.messages.length,
    devices: store.devices.length,
    sms: store.sms.filter((each) => /executing/i.test(each.state)).length,
    firmware: store.firmware.length,
    faults: store.faults.length,
  };
  for (const place of document.querySelectorAll("[data-count]")) {
    place.textContent = numbers[place.dataset.count] || "";
  }
  const refused = store.messages.at(-1)?.accepted === false ? "✗ " : "";
  document.title = `${refused}KPN Things simulator`;
}

const STATES = { wait: "connecting", live: "live", lost: "connection lost" };
function connection(state) {
  const place = document.getElementById("live");
  // Events from now on are received, so that nothing is missed.
  if (state === "live") loadAll();
  if (place.dataset.state !== state) {
    place.dataset.state = state;
    place.textContent = STATES[state];
  }
}

const keysDialog = document.getElementById("keys-dialog");
document.getElementById("keys").addEventListener("click", () => keysDialog.showModal());

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || keysDialog.open) return;
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "Escape") {
    if (typing) typing.blur();
    else VIEWS[view].back?.();
    route();
    return;
  }
  if (typing) return;
  const place = Number(event.key) - 1;
  const names = Object.keys(VIEWS);
  if (names[place]) location.hash = `#/${names[place]}`;
  else if (event.key === "?") keysDialog.showModal();
  else if (event.key === "/") main.querySelector("[data-filter]")?.focus();
  else if (!VIEWS[view].key?.(event.key)) return;
  // At once, because the next key may come before the browser reports the new address.
  route();
  event.preventDefault();
});

window.addEventListener("hashchange", route);
watch(counts);
watch((what) => {
  const last = store.messages.at(-1);
  if (what === "messages" && last) say(`message ${last.number} ${last.accepted ? "accepted" : "refused"}`);
});
route();
listen(hear, connection);
