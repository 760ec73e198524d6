// One measurement over time.

import { h, number, put, s, time } from "./dom.js";
import { figure, value } from "./values.js";

const HEIGHT = 132;
const MARGIN = { top: 10, right: 12, bottom: 22, left: 46 };
/** Up to this many points are drawn as dots; more are drawn only as a line. */
const DOTS = 120;

/** Round steps that divide `from` to `to` into about `count` parts. */
export function ticks(from, to, count) {
  const rough = (to - from) / count;
  if (!(rough > 0) || !Number.isFinite(rough)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((each) => each >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(from / step - 1e-9); at * step <= to + step * 1e-9; at += 1) found.push(Number((at * step).toPrecision(12)));
  return found;
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800, 2592000, 31536000];

function timeTicks(from, to, count) {
  const step = STEPS.find((each) => (to - from) / each <= count) ?? STEPS.at(-1);
  const zone = new Date(from * 1000).getTimezoneOffset() * 60;
  const found = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) found.push(at);
  return found;
}

function timeLabel(at, width) {
  const text = time(at, true);
  if (width > 86400 * 2) return text.slice(5, 10);
  return width > 600 ? text.slice(11, 16) : text.slice(11);
}

/** The card of one measurement: its last value, and a chart if it is a number or a Boolean. */
export function card(name, records) {
  const last = records.at(-1);
  const unit = last.u ? ` ${last.u}` : "";
  const points = records.filter((record) => figure(record) !== undefined).map((record) => ({ at: record.t, is: figure(record), record }));
  const readout = h("output", { class: "readout" });
  const rest = () => put(readout, h("b", {}, value(last)), unit, h("span", { class: "faint" }, ` ${time(last.t)}`));
  rest();
  const head = h("div", { class: "card-head" }, h("h4", {}, name), readout);
  if (points.length === 0) return h("li", { class: "card" }, head, texts(records));
  const place = h("div", { class: "plot" });
  const truth = points.every((point) => point.record.vb !== undefined);
  const observer = new ResizeObserver(() => {
    if (!place.isConnected) return observer.disconnect();
    draw(place, name, points, truth, unit, (point) => (point ? put(readout, h("b", {}, value(point.record)), unit, h("span", { class: "faint" }, ` ${time(point.at, true)}`)) : rest()));
  });
  observer.observe(place);
  return h("li", { class: "card" }, head, place);
}

function texts(records) {
  const last = records.slice(-5).reverse();
  return h("ul", { class: "texts" }, last.map((record) => h("li", {}, h("span", { class: "faint" }, time(record.t)), " ", value(record))));
}

function draw(place, name, points, truth, unit, show) {
  const width = Math.max(place.clientWidth, 160);
  let [left, right] = [points[0].at, points.at(-1).at];
  if (left === right) [left, right] = [left - 30, right + 30];
  let low = Math.min(...points.map((point) => point.is));
  let high = Math.max(...points.map((point) => point.is));
  if (truth) [low, high] = [0, 1];
  else if (low === high) [low, high] = [low - (Math.abs(low) || 1) * 0.05, high + (Math.abs(high) || 1) * 0.05];
  else [low, high] = [low - (high - low) * 0.06, high + (high - low) * 0.06];
  const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const x = (at) => MARGIN.left + ((at - left) / (right - left)) * inner.width;
  const y = (is) => MARGIN.top + (1 - (is - low) / (high - low)) * inner.height;
  const round = (pixels) => pixels.toFixed(1);

  const rules = (truth ? [0, 1] : ticks(low, high, 3)).map((is) => [
    s("line", { class: "rule", x1: MARGIN.left, x2: width - MARGIN.right, y1: round(y(is)), y2: round(y(is)) }),
    s("text", { class: "tick", x: MARGIN.left - 6, y: round(y(is) + 3.5), "text-anchor": "end" }, truth ? (is ? "true" : "false") : number(is)),
  ]);
  const times = timeTicks(left, right, Math.max(2, Math.floor(inner.width / 90))).map((at) =>
    s("text", { class: "tick", x: round(x(at)), y: HEIGHT - 6, "text-anchor": x(at) > width - 30 ? "end" : "middle" }, timeLabel(at, right - left)),
  );
  let path = "";
  points.forEach((point, at) => {
    const to = `${round(x(point.at))} ${round(y(point.is))}`;
    if (at === 0) path += `M${to}`;
    else path += truth ? `H${round(x(point.at))}V${round(y(point.is))}` : `L${to}`;
  });
  const floor = round(MARGIN.top + inner.height);
  const area = truth || points.length < 2 ? null : s("path", { class: "area", d: `${path}V${floor}H${round(x(points[0].at))}Z` });
  const dots = points.length <= DOTS ? points.map((point) => s("circle", { class: "dot", cx: round(x(point.at)), cy: round(y(point.is)), r: 2.2 })) : [];
  const cursor = s("g", { class: "cursor", visibility: "hidden" }, s("line", { y1: MARGIN.top, y2: floor }), s("circle", { r: 4 }));

  let at = -1;
  const move = (to) => {
    at = to;
    const point = points[at];
    cursor.setAttribute("visibility", point ? "visible" : "hidden");
    if (point) {
      const [line, circle] = cursor.children;
      for (const end of ["x1", "x2"]) line.setAttribute(end, round(x(point.at)));
      circle.setAttribute("cx", round(x(point.at)));
      circle.setAttribute("cy", round(y(point.is)));
    }
    show(point);
  };
  const nearest = (pixels) => {
    let best = 0;
    points.forEach((point, which) => {
      if (Math.abs(x(point.at) - pixels) < Math.abs(x(points[best].at) - pixels)) best = which;
    });
    return best;
  };
  const keys = { ArrowLeft: () => move(Math.max(0, (at < 0 ? points.length : at) - 1)), ArrowRight: () => move(Math.min(points.length - 1, at + 1)), Home: () => move(0), End: () => move(points.length - 1) };
  const last = points.at(-1);
  put(
    place,
    s(
      "svg",
      {
        viewBox: `0 0 ${width} ${HEIGHT}`,
        width,
        height: HEIGHT,
        tabindex: 0,
        role: "img",
        "data-focus": `chart-${name}`,
        "aria-label": `${name}: ${points.length} values from ${time(points[0].at, true)} to ${time(last.at, true)}, the last is ${value(last.record)}${unit}. Arrow keys go from value to value.`,
        onpointermove: (event) => move(nearest(event.offsetX)),
        onpointerleave: () => move(-1),
        onblur: () => move(-1),
        onkeydown: (event) => {
          if (!keys[event.key]) return;
          keys[event.key]();
          event.preventDefault();
        },
      },
      rules,
      times,
      area,
      s("path", { class: "curve", d: path }),
      dots,
      cursor,
    ),
  );
}
