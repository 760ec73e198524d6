// Images on offer, and how much of its image each device has fetched.

import { api } from "./api.js";
import { badge, empty, grouped, h, keepFocus, key, put, shortUrn } from "./dom.js";
import { reload, store, watch } from "./store.js";

function bar(image, device) {
  const { percent, done } = device;
  return h(
    "div",
    { class: "progress" },
    h("a", { href: `#/devices/${encodeURIComponent(key(device.urn))}` }, shortUrn(device.urn)),
    h("progress", { max: 100, value: percent, "aria-label": `${image.name || "image"} on ${shortUrn(device.urn)}` }),
    h("span", { class: "figure" }, `${grouped(device.received)} of ${grouped(image.size)}`),
    badge(done ? "complete" : percent > 0 ? `${Math.floor(percent)} %` : "announced", done ? "good" : percent > 0 ? "warn" : ""),
  );
}

function head(image) {
  return h("div", { class: "card-head" }, h("h4", {}, image.name || `image ${image.id}`), h("span", { class: "faint" }, `${grouped(image.size)} bytes`, ", SHA-256 ", h("code", { title: image.sha256 }, image.sha256.slice(0, 12))));
}

/** The images of a device; nothing when there are none. */
export function progressList(urn) {
  const own = store.firmware.flatMap((image) => image.devices.filter((device) => key(device.urn) === key(urn)).map((device) => h("li", { class: "card" }, head(image), bar(image, device))));
  return own.length === 0 ? null : h("ul", { class: "cards wide" }, own.reverse());
}

let list, choice;

export function enter(main) {
  list = h("div", {});
  const said = h("p", { class: "said", role: "alert" });
  choice = h("div", { class: "choices" });
  const submit = async (event) => {
    event.preventDefault();
    const form = event.target;
    const fields = new FormData(form);
    const file = fields.get("file");
    const urns = fields.getAll("urn");
    if (!file?.size || urns.length === 0) {
      said.textContent = "An image and a device are needed.";
      return;
    }
    try {
      await api.offer(new Blob([file]), file.name, urns);
      form.reset();
      said.textContent = "";
    } catch (error) {
      said.textContent = error.message;
    }
    reload("firmware");
  };
  put(
    main,
    h(
      "article",
      { class: "page" },
      h("h2", {}, "Firmware"),
      h("p", { class: "faint" }, "An image is announced to each device in a downlink, and fetched part by part."),
      h("form", { class: "inline", onsubmit: submit }, h("label", {}, "Image", h("input", { name: "file", type: "file" })), h("fieldset", {}, h("legend", {}, "Devices"), choice), h("button", { class: "primary" }, "Announce")),
      said,
      list,
    ),
  );
  draw();
  return watch((what) => (what === "firmware" || what === "devices") && draw());
}

export function open() {}

function draw() {
  const chosen = new Set([...choice.querySelectorAll(":checked")].map((box) => box.value));
  put(choice, store.devices.map((device) => h("label", { class: "check" }, h("input", { type: "checkbox", name: "urn", value: key(device.urn), checked: chosen.has(key(device.urn)) }), shortUrn(device.urn))));
  keepFocus(list, () =>
    put(list, store.firmware.length === 0 ? empty("No firmware", h("p", {}, "Images on offer, with the progress of each device, stand here.")) : h("ul", { class: "cards wide" }, [...store.firmware].reverse().map((image) => h("li", { class: "card" }, head(image), image.devices.map((device) => bar(image, device)))))),
  );
}
