// The downlinks of a device, and the form that makes one.

import { api } from "./api.js";
import { badge, h, put, say } from "./dom.js";
import { KINDS, pack, wrongs } from "./senml.js";
import { loadDownlinks, store } from "./store.js";

const STATES = { pending: "", executing: "warn", delivered: "good", failed: "bad", cancelled: "faint" };

/** The table of the downlinks of `urn`. */
export function downlinkTable(urn) {
  const all = [...(store.downlinks.get(urn) ?? [])].reverse();
  if (all.length === 0) return h("p", { class: "faint" }, "None yet. The next message of the device is answered with the first one queued.");
  const row = (downlink) => {
    const state = String(downlink.state).toLowerCase();
    const cancel = async () => {
      try {
        await api.cancel(urn, downlink.id);
        say(`downlink ${downlink.id} cancelled`);
      } catch (error) {
        window.alert(error.message);
      }
      loadDownlinks(urn);
    };
    return h(
      "tr",
      { "data-downlink": downlink.id },
      h("td", { class: "figure" }, downlink.id),
      h("td", {}, badge(state, STATES[state] ?? "")),
      h("td", { class: "wide" }, h("code", {}, downlink.body)),
      h("td", {}, state === "pending" ? h("button", { type: "button", class: "quiet", onclick: cancel, "data-focus": `cancel-${downlink.id}` }, "Cancel") : null),
    );
  };
  return h(
    "div",
    { class: "scroll" },
    h("table", {}, h("thead", {}, h("tr", {}, ["no.", "state", "body", ""].map((name) => h("th", { scope: "col" }, name || h("span", { class: "visually-hidden" }, "actions"))))), h("tbody", {}, all.map(row))),
  );
}

const fresh = () => ({ name: "", kind: "v", value: "", unit: "" });

/** A form that queues a downlink of valid SenML for `urn`. */
export function downlinkForm(urn) {
  const rows = [fresh()];
  let touched = false;
  const table = h("div", { class: "records" });
  const preview = h("code", { class: "preview", "aria-live": "off" });
  const said = h("p", { class: "said", role: "alert" });
  const button = h("button", { type: "submit", class: "primary" }, "Queue");

  const check = () => {
    const text = pack(urn, rows);
    preview.textContent = text ?? "—";
    rows.forEach((row, at) => {
      const wrong = touched ? wrongs(row) : {};
      for (const field of ["name", "value"]) {
        const input = table.querySelector(`[name="${field}-${at}"]`);
        input?.setCustomValidity?.("");
        input?.setAttribute("aria-invalid", String(Boolean(wrong[field])));
        if (input) input.title = wrong[field] ?? "";
      }
    });
    said.textContent = touched ? [...new Set(rows.flatMap((row) => Object.values(wrongs(row))))].join("; ") : "";
    return text;
  };

  const drawRow = (row, at) => {
    const input = (field, label, more = {}) =>
      h("input", {
        name: `${field}-${at}`,
        "aria-label": `${label} of record ${at + 1}`,
        placeholder: label,
        autocomplete: "off",
        spellcheck: "false",
        value: row[field],
        oninput: (event) => {
          row[field] = event.target.value;
          check();
        },
        ...more,
      });
    const value =
      row.kind === "vb"
        ? h(
            "select",
            {
              name: `value-${at}`,
              "aria-label": `value of record ${at + 1}`,
              onchange: (event) => {
                row.value = event.target.value;
                check();
              },
            },
            ["true", "false"].map((text) => h("option", { value: text, selected: row.value === text }, text)),
          )
        : input("value", row.kind === "vd" ? "0a ff" : "value", { inputmode: row.kind === "v" ? "decimal" : undefined });
    return h(
      "div",
      { class: "record", role: "group", "aria-label": `Record ${at + 1}` },
      input("name", "name"),
      h(
        "select",
        {
          name: `kind-${at}`,
          "aria-label": `kind of record ${at + 1}`,
          onchange: (event) => {
            row.kind = event.target.value;
            row.value = row.kind === "vb" ? "true" : "";
            drawRows(`kind-${at}`);
          },
        },
        KINDS.map(([id, name]) => h("option", { value: id, selected: row.kind === id }, name)),
      ),
      value,
      input("unit", "unit"),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-label": `Remove record ${at + 1}`,
          disabled: rows.length === 1,
          onclick: () => {
            rows.splice(at, 1);
            drawRows("name-0");
          },
        },
        "×",
      ),
    );
  };

  const drawRows = (focus) => {
    put(table, rows.map(drawRow));
    check();
    if (focus) table.querySelector(`[name="${focus}"]`)?.focus();
  };

  const submit = async (event) => {
    event.preventDefault();
    touched = true;
    const text = check();
    if (!text) {
      table.querySelector('[aria-invalid="true"]')?.focus();
      return;
    }
    button.disabled = true;
    try {
      await api.queue(urn, text);
      rows.splice(0, rows.length, fresh());
      touched = false;
      drawRows("name-0");
      say("downlink queued");
    } catch (error) {
      said.textContent = error.message;
    }
    button.disabled = false;
    loadDownlinks(urn);
  };

  drawRows();
  return h(
    "form",
    { class: "downlink", onsubmit: submit, novalidate: true, "aria-label": "New downlink" },
    table,
    h(
      "div",
      { class: "actions" },
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          onclick: () => {
            rows.push(fresh());
            drawRows(`name-${rows.length - 1}`);
          },
        },
        "+ record",
      ),
      preview,
      button,
    ),
    said,
  );
}
