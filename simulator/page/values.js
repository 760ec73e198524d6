// Values of SenML records, for display.

import { number } from "./dom.js";

function hex(data) {
  try {
    const text = atob(data.replace(/-/g, "+").replace(/_/g, "/"));
    return [...text].map((each) => each.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
  } catch {
    return data;
  }
}

/** The value of a record as text. */
export function value(record) {
  if (record.v !== undefined) return number(record.v);
  if (record.vb !== undefined) return record.vb ? "true" : "false";
  if (record.vs !== undefined) return `“${record.vs}”`;
  if (record.vd !== undefined) return hex(record.vd) || "no bytes";
  if (record.s !== undefined) return `sum ${number(record.s)}`;
  return "";
}

/** The value of a record as a number to draw, if it has one. */
export function figure(record) {
  if (record.v !== undefined) return record.v;
  if (record.vb !== undefined) return record.vb ? 1 : 0;
  return record.s;
}
