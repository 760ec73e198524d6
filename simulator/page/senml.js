// Makes a SenML pack from what is typed: a valid one, or none and the reason.

import { key } from "./dom.js";

// RFC 8428 section 4.5.1.
const NAME = /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/;
// RFC 8259 section 6.
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const HEX = /^([0-9a-fA-F]{2}\s*)*$/;

export const KINDS = [
  ["v", "number"],
  ["vb", "boolean"],
  ["vs", "text"],
  ["vd", "data, hex"],
];

function base64url(hex) {
  const bytes = (hex.match(/[0-9a-fA-F]{2}/g) ?? []).map((pair) => String.fromCharCode(Number.parseInt(pair, 16)));
  return btoa(bytes.join("")).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** The value as JSON, or `{wrong}`. A number stays as typed, so that no digit is lost. */
function json(kind, text) {
  if (kind === "vb") return { json: String(text === "true") };
  if (kind === "vs") return { json: JSON.stringify(text) };
  if (kind === "vd") return HEX.test(text.trim()) ? { json: JSON.stringify(base64url(text)) } : { wrong: "data is pairs of hex digits, such as 0a ff" };
  const typed = text.trim();
  if (!NUMBER.test(typed)) return { wrong: "a number is written as in JSON, such as -0.5 or 1e3" };
  if (!Number.isFinite(Number(typed))) return { wrong: "the number is beyond what a double holds" };
  return { json: typed };
}

/** What is wrong with a row `{name, kind, value, unit}`: `{field: reason}`. */
export function wrongs(row) {
  const found = {};
  if (!NAME.test(row.name)) found.name = row.name === "" ? "a name is needed" : "a name begins with a letter or digit, and has letters, digits and - : . / _";
  const { wrong } = json(row.kind, row.value);
  if (wrong) found.value = wrong;
  return found;
}

/** The pack as text for the device `urn`, its base name first, as the platform sends it; none if a row is wrong. */
export function pack(urn, rows) {
  if (rows.length === 0 || rows.some((row) => Object.keys(wrongs(row)).length > 0)) return null;
  const records = rows.map((row) => {
    const unit = row.unit.trim() ? `,"u":${JSON.stringify(row.unit.trim())}` : "";
    return `{"n":${JSON.stringify(row.name)}${unit},"${row.kind}":${json(row.kind, row.value).json}}`;
  });
  return `[{"bn":${JSON.stringify(`${key(urn)}:`)}},${records.join(",")}]`;
}
