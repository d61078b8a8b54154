// The map of the areas below: shade and number by cases in seven days, the grade by hatching and a letter, playable over
// time. No tiles. A click on an area leads into it. Where the browser cannot draw, the table beside it says the same.
import { LngLatBounds, Map as Chart, Marker, setWorkerUrl } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";

interface Properties { name: string; url: string; level: string; weeks: number[] }
type Position = [number, number];
type Outline = { type: "Polygon"; coordinates: Position[][] } | { type: "MultiPolygon"; coordinates: Position[][][] };
interface Feature { type: "Feature"; id: number; properties: Properties; geometry: Outline }
interface Data { days: string[]; features: Feature[] }
interface Labels { play: string; pause: string; day: string; map: string; cases: string; none: string; failed: string; levels: Record<string, string> }

const HATCHES: Record<string, string[]> = { medium: ["M0 12 12 0"], high: ["M0 12 12 0", "M0 0 12 12"] };
const SIDE = 12;

setWorkerUrl(workerUrl);

function rings(geometry: Outline): Position[][] {
  return geometry.type === "Polygon" ? [geometry.coordinates[0]] : geometry.coordinates.map((one) => one[0]);
}

// The centre of mass of the longest ring: where the label stands.
function middle(geometry: Outline): Position {
  const ring = rings(geometry).reduce((best, one) => (one.length > best.length ? one : best));
  let area = 0, x = 0, y = 0;
  for (let n = 0; n < ring.length - 1; n += 1) {
    const cross = ring[n][0] * ring[n + 1][1] - ring[n + 1][0] * ring[n][1];
    area += cross;
    x += (ring[n][0] + ring[n + 1][0]) * cross;
    y += (ring[n][1] + ring[n + 1][1]) * cross;
  }
  return area ? [x / (3 * area), y / (3 * area)] : ring[0];
}

function hatch(lines: string[], ink: string): ImageData {
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  pen.strokeStyle = ink;
  pen.lineWidth = 1.4;
  pen.globalAlpha = 0.75;
  for (const line of lines) pen.stroke(new Path2D(line));
  return pen.getImageData(0, 0, SIDE, SIDE);
}

export async function draw(place: HTMLElement, given: unknown): Promise<void> {
  const labels = given as Labels;
  const data = (await (await fetch(place.dataset.url ?? "")).json()) as Data;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  let map: Chart;
  try {
    map = new Chart({
      container: place, style: { version: 8, sources: {}, layers: [] }, attributionControl: false, renderWorldCopies: false,
      locale: { "Map.Title": labels.map }, canvasContextAttributes: { preserveDrawingBuffer: true },
      dragPan: false, dragRotate: false, scrollZoom: false, boxZoom: false, doubleClickZoom: false, keyboard: false, touchZoomRotate: false, touchPitch: false,
    });
  } catch {
    place.replaceChildren(Object.assign(document.createElement("p"), { className: "empty", textContent: labels.failed }));
    place.style.height = "auto";
    place.dataset.drawn = "no";
    return;
  }
  map.getCanvas().tabIndex = -1;
  const bounds = new LngLatBounds();
  for (const one of data.features) for (const [x, y] of rings(one.geometry).flat()) bounds.extend([x, y]);
  const fit = (): void => void map.fitBounds(bounds, { padding: 14, animate: false });
  fit();
  const most = Math.max(1, ...data.features.flatMap((one) => one.properties.weeks));
  const last = data.days.length - 1;
  const shade = (n: number): number => (n <= 0 ? 0 : 0.12 + (0.68 * Math.log1p(n)) / Math.log1p(most));
  const marks = data.features.map((one) => {
    const element = Object.assign(document.createElement("a"), { href: one.properties.url, className: "area-mark", textContent: one.properties.name });
    new Marker({ element }).setLngLat(middle(one.geometry)).addTo(map);
    return element;
  });
  let shown = last;
  const show = (at: number): void => {
    shown = at;
    for (const [n, { id, properties }] of data.features.entries()) {
      const cases = properties.weeks[at] ?? 0;
      const level = labels.levels[properties.level] ?? "";
      map.setFeatureState({ source: "areas", id }, { shade: shade(cases) });
      marks[n].replaceChildren(`${properties.name} `, Object.assign(document.createElement("b"), { textContent: `${cases}` }), level ? ` ${level[0].toUpperCase()}` : "");
      marks[n].title = `${properties.name}: ${cases} ${labels.cases}${level ? `, ${level}` : ""}`;
    }
    part(data.features, marks, at);
  };
  map.on("load", () => {
    map.addSource("areas", { type: "geojson", data: { type: "FeatureCollection", features: data.features }, tolerance: 0.1 });
    map.addLayer({ id: "shade", type: "fill", source: "areas", paint: { "fill-color": colour("--late"), "fill-opacity": ["coalesce", ["feature-state", "shade"], 0] } });
    for (const [level, lines] of Object.entries(HATCHES)) {
      map.addImage(level, hatch(lines, colour("--ink")));
      map.addLayer({ id: level, type: "fill", source: "areas", filter: ["==", ["get", "level"], level], paint: { "fill-pattern": level } });
    }
    map.addLayer({ id: "line", type: "line", source: "areas", paint: { "line-color": colour("--ink"), "line-width": 1 } });
    show(last);
    map.on("click", "shade", (event) => { const url = event.features?.[0]?.properties.url as string | undefined; if (url) location.href = url; });
    map.on("mousemove", "shade", () => { map.getCanvas().style.cursor = "pointer"; });
    map.on("mouseleave", "shade", () => { map.getCanvas().style.cursor = ""; });
    map.once("idle", () => { place.dataset.drawn = "yes"; part(data.features, marks, shown); });
  });
  map.on("resize", () => { fit(); part(data.features, marks, shown); });
  place.after(legend(labels, most, data.features), controls(data.days, labels, show));
}

// Where labels would lie on each other, those of areas with more cases stand; the others are in the table.
function part(features: Feature[], marks: HTMLElement[], at: number): void {
  const taken: DOMRect[] = [];
  const order = features.map((_one, n) => n).sort((a, b) => features[b].properties.weeks[at] - features[a].properties.weeks[at]);
  for (const n of order) {
    const box = marks[n].getBoundingClientRect();
    const free = taken.every((one) => box.right < one.left || box.left > one.right || box.bottom < one.top || box.top > one.bottom);
    marks[n].style.visibility = free ? "" : "hidden";
    if (free) taken.push(box);
  }
}

function legend(labels: Labels, most: number, features: Feature[]): HTMLElement {
  const row = Object.assign(document.createElement("p"), { className: "legend" });
  const entry = (kind: string, text: string): void => {
    const item = document.createElement("span");
    item.append(Object.assign(document.createElement("i"), { className: kind }), text);
    row.append(item);
  };
  entry("none", labels.none);
  entry("some", `1–${most} ${labels.cases}`);
  const levels = new Set(features.map((one) => one.properties.level));
  for (const [level, text] of Object.entries(labels.levels)) if (levels.has(level)) entry(level, `${text[0].toUpperCase()} ${text}`);
  return row;
}

function controls(days: string[], labels: Labels, show: (at: number) => void): HTMLElement {
  const row = Object.assign(document.createElement("div"), { className: "actions play" });
  const last = days.length - 1;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "second", textContent: labels.play });
  const slider = Object.assign(document.createElement("input"), { type: "range", min: "0", max: String(last), value: String(last) });
  const said = Object.assign(document.createElement("output"), { textContent: days[last] });
  slider.setAttribute("aria-label", labels.day);
  slider.setAttribute("aria-valuetext", days[last]);
  let timer = 0;
  const go = (at: number): void => {
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", days[at]);
    said.textContent = days[at];
    show(at);
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = 0;
    button.textContent = labels.play;
  };
  slider.addEventListener("input", () => { stop(); go(Number(slider.value)); });
  button.addEventListener("click", () => {
    if (timer) { stop(); return; }
    button.textContent = labels.pause;
    let at = Number(slider.value) >= last ? 0 : Number(slider.value);
    timer = window.setInterval(() => { go(at); at += 1; if (at > last) stop(); }, 250);
  });
  row.append(button, slider, said);
  return row;
}
