// Where a device has been: its track over a graticule, drawn without map tiles.

import { ticks } from "./chart.js";
import { h, put, s, time } from "./dom.js";

const HEIGHT = 260;
const MARGIN = { top: 12, right: 14, bottom: 24, left: 58 };
const METRES_PER_DEGREE = 111320;

const NAMES = { latitude: ["latitude", "lat"], longitude: ["longitude", "lon", "lng"] };

/** Positions of a device: pairs of a latitude and a longitude from the same moment, oldest first. */
export function places(series) {
  const find = (names) => names.map((name) => series.get(name)).find(Boolean)?.filter((record) => Number.isFinite(record.v));
  const [latitudes, longitudes] = [find(NAMES.latitude), find(NAMES.longitude)];
  if (!latitudes || !longitudes) return [];
  const by = new Map(longitudes.map((record) => [record.t, record.v]));
  return latitudes
    .filter((record) => by.has(record.t) && Math.abs(record.v) <= 90 && Math.abs(by.get(record.t)) <= 180)
    .map((record) => ({ at: record.t, lat: record.v, lon: by.get(record.t) }));
}

const degrees = (value, [plus, minus]) => `${Math.abs(value)}° ${value < 0 ? minus : plus}`;

/** The map of such positions; nothing if there are none. */
export function map(all) {
  if (all.length === 0) return null;
  const place = h("div", { class: "plot map" });
  const observer = new ResizeObserver(() => {
    if (!place.isConnected) return observer.disconnect();
    draw(place, all);
  });
  observer.observe(place);
  return place;
}

function draw(place, all) {
  const width = Math.max(place.clientWidth, 200);
  const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const [lats, lons] = [all.map((each) => each.lat), all.map((each) => each.lon)];
  const middle = { lat: (Math.min(...lats) + Math.max(...lats)) / 2, lon: (Math.min(...lons) + Math.max(...lons)) / 2 };
  // A degree of longitude is shorter the farther it is from the equator.
  const shrink = Math.max(Math.cos((middle.lat * Math.PI) / 180), 0.01);
  const spread = { lat: Math.max(...lats) - Math.min(...lats), lon: (Math.max(...lons) - Math.min(...lons)) * shrink };
  const perDegree = Math.min(inner.height / Math.max(spread.lat * 1.25, 0.002), inner.width / Math.max(spread.lon * 1.25, 0.002));
  const x = (lon) => MARGIN.left + inner.width / 2 + (lon - middle.lon) * shrink * perDegree;
  const y = (lat) => MARGIN.top + inner.height / 2 - (lat - middle.lat) * perDegree;
  const half = { lat: inner.height / 2 / perDegree, lon: inner.width / 2 / perDegree / shrink };
  const round = (pixels) => pixels.toFixed(1);

  const parallels = ticks(middle.lat - half.lat, middle.lat + half.lat, 4).map((lat) => [
    s("line", { class: "rule", x1: MARGIN.left, x2: width - MARGIN.right, y1: round(y(lat)), y2: round(y(lat)) }),
    s("text", { class: "tick", x: MARGIN.left - 6, y: round(y(lat) + 3.5), "text-anchor": "end" }, degrees(lat, "NS")),
  ]);
  const meridians = ticks(middle.lon - half.lon, middle.lon + half.lon, Math.max(2, Math.floor(inner.width / 110))).map((lon) => [
    s("line", { class: "rule", y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom, x1: round(x(lon)), x2: round(x(lon)) }),
    s("text", { class: "tick", x: round(x(lon)), y: HEIGHT - 7, "text-anchor": x(lon) > width - 40 ? "end" : "middle" }, degrees(lon, "EW")),
  ]);
  const metres = ticks(0, (inner.width / 3 / perDegree) * METRES_PER_DEGREE, 2).at(-1);
  const bar = (metres / METRES_PER_DEGREE) * perDegree;
  const right = width - MARGIN.right - 10;
  const bottom = HEIGHT - MARGIN.bottom - 10;
  const scale = s("g", { class: "scale" }, s("path", { d: `M${round(right - bar)} ${bottom - 5}v5H${round(right)}v-5` }), s("text", { x: round(right - bar / 2), y: bottom - 6, "text-anchor": "middle" }, metres >= 1000 ? `${metres / 1000} km` : `${metres} m`));
  const last = all.at(-1);
  put(
    place,
    s(
      "svg",
      {
        viewBox: `0 0 ${width} ${HEIGHT}`,
        width,
        height: HEIGHT,
        role: "img",
        "aria-label": `Map: ${all.length} places, the last at latitude ${last.lat}, longitude ${last.lon}, ${time(last.at, true)}`,
      },
      parallels,
      meridians,
      s("path", { class: "track", d: all.map((each, at) => `${at ? "L" : "M"}${round(x(each.lon))} ${round(y(each.lat))}`).join("") }),
      all.slice(0, -1).map((each) => s("circle", { class: "dot", cx: round(x(each.lon)), cy: round(y(each.lat)), r: 2.2 }, s("title", {}, `${each.lat}, ${each.lon}, ${time(each.at, true)}`))),
      s("circle", { class: "halo", cx: round(x(last.lon)), cy: round(y(last.lat)), r: 9 }),
      s("circle", { class: "here", cx: round(x(last.lon)), cy: round(y(last.lat)), r: 4.5 }, s("title", {}, `${last.lat}, ${last.lon}, ${time(last.at, true)}`)),
      scale,
    ),
  );
}
