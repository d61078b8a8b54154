// The map of the areas below: shade and number by cases in seven days, the grade by a letter, playable over time. No tiles.
import { LngLatBounds, Map as Chart, Marker } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";

interface Properties { code: string; name: string; url: string; level: string; weeks: number[] }
type Position = [number, number];
type Outline = { type: "Polygon"; coordinates: Position[][] } | { type: "MultiPolygon"; coordinates: Position[][][] };
interface Feature { type: "Feature"; id: number; properties: Properties; geometry: Outline }
interface Data { days: string[]; features: Feature[] }
interface Labels { play: string; pause: string; cases: string }

const LETTER: Record<string, string> = { low: "L", medium: "M", high: "H" };

function points(geometry: Outline): Position[] {
  return geometry.type === "Polygon" ? geometry.coordinates.flat() : geometry.coordinates.flat(2);
}

function middle(geometry: Outline): Position {
  const rings = geometry.type === "Polygon" ? [geometry.coordinates[0]] : geometry.coordinates.map((one) => one[0]);
  const ring = rings.sort((a, b) => b.length - a.length)[0];
  const sum = ring.reduce<Position>((total, [x, y]) => [total[0] + x, total[1] + y], [0, 0]);
  return [sum[0] / ring.length, sum[1] / ring.length];
}

export async function draw(place: HTMLElement, given: unknown): Promise<void> {
  const labels = given as Labels;
  const data = (await (await fetch(place.dataset.url ?? "")).json()) as Data;
  if (!data.features.length) {
    place.closest("section")?.remove();
    return;
  }
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const map = new Chart({ container: place, style: { version: 8, sources: {}, layers: [] }, attributionControl: false, renderWorldCopies: false });
  const bounds = new LngLatBounds();
  for (const one of data.features) for (const [x, y] of points(one.geometry)) bounds.extend([x, y]);
  map.fitBounds(bounds, { padding: 16, animate: false });
  const most = Math.max(1, ...data.features.flatMap((one) => one.properties.weeks));
  const last = data.days.length - 1;
  const shade = (n: number): number => (n <= 0 ? 0 : 0.15 + (0.75 * Math.log1p(n)) / Math.log1p(most));
  const marks = data.features.map((one) => {
    const element = document.createElement("a");
    element.href = one.properties.url;
    element.className = "area-mark";
    new Marker({ element }).setLngLat(middle(one.geometry)).addTo(map);
    return element;
  });
  const show = (at: number): void => {
    for (const [n, one] of data.features.entries()) {
      const cases = one.properties.weeks[at] ?? 0;
      map.setFeatureState({ source: "areas", id: one.id }, { shade: shade(cases) });
      marks[n].textContent = `${cases} ${LETTER[one.properties.level] ?? ""}`.trim();
      marks[n].title = `${one.properties.name}: ${cases} ${labels.cases}`;
    }
  };
  map.on("load", () => {
    map.addSource("areas", { type: "geojson", data: { type: "FeatureCollection", features: data.features } });
    map.addLayer({ id: "shade", type: "fill", source: "areas", paint: { "fill-color": colour("--late"), "fill-opacity": ["coalesce", ["feature-state", "shade"], 0] } });
    map.addLayer({ id: "line", type: "line", source: "areas", paint: { "line-color": colour("--faint"), "line-width": 1 } });
    show(last);
    place.dataset.drawn = "yes";
  });
  place.after(controls(data.days, labels, show));
}

function controls(days: string[], labels: Labels, show: (at: number) => void): HTMLElement {
  const row = document.createElement("div");
  row.className = "actions";
  const button = Object.assign(document.createElement("button"), { type: "button", className: "second", textContent: labels.play });
  const slider = Object.assign(document.createElement("input"), { type: "range", min: "0", max: String(days.length - 1), value: String(days.length - 1) });
  const said = Object.assign(document.createElement("output"), { textContent: days[days.length - 1] });
  slider.setAttribute("aria-label", labels.play);
  let timer = 0;
  const go = (at: number): void => {
    slider.value = String(at);
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
    let at = Number(slider.value) >= days.length - 1 ? 0 : Number(slider.value);
    timer = window.setInterval(() => { go(at); at += 1; if (at >= days.length) stop(); }, 250);
  });
  row.append(button, slider, said);
  return row;
}
