// Chains of transmission: a graph of generations, or each case on its day of onset. The page's table says the same.
import { GraphChart } from "echarts/charts";
import { AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import Graph from "graphology";
import Sigma from "sigma";

use([GraphChart, AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

interface Node {
  id: string;
  name: string;
  on: string;
  kind: string; // "" for a case of another area
  source: string | null;
  p: number | null;
  infected: number;
  problem: boolean;
  held: string;
  url: string;
}
interface Chains {
  view: string;
  nodes: Node[];
  kinds: Record<string, string>;
  words: { other: string; recorded: string; unknown: string };
}
interface Spot {
  row: number;
  depth: number;
}

// A colour and a shape for each class: colour never speaks alone.
const LOOKS: Record<string, { colour: string; shape: string }> = {
  confirmed: { colour: "--late", shape: "circle" },
  asymptomatic: { colour: "--accent", shape: "diamond" },
  probable: { colour: "--soon", shape: "triangle" },
  suspected: { colour: "--soon", shape: "rect" },
  "": { colour: "--faint", shape: "emptyCircle" },
};
const LABELLED = 60; // with more cases than this names are shown on demand only

function ink(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function look(kind: string): { colour: string; shape: string } {
  const found = LOOKS[kind] ?? LOOKS[""]!;
  return { colour: ink(found.colour), shape: found.shape };
}

// Rows from top to bottom so that each chain stands together and children stand below their source.
function places(nodes: Node[]): Map<string, Spot> {
  const known = new Set(nodes.map((node) => node.id));
  const children = new Map<string | null, Node[]>();
  for (const node of nodes) {
    const above = node.source !== null && known.has(node.source) ? node.source : null;
    children.set(above, [...(children.get(above) ?? []), node]);
  }
  const spots = new Map<string, Spot>();
  const todo = [...(children.get(null) ?? [])].reverse().map((node) => ({ node, depth: 0 }));
  while (todo.length) {
    const { node, depth } = todo.pop()!;
    if (spots.has(node.id)) continue;
    spots.set(node.id, { row: spots.size, depth });
    for (const child of [...(children.get(node.id) ?? [])].reverse()) todo.push({ node: child, depth: depth + 1 });
  }
  return spots;
}

function said(node: Node, data: Chains): string {
  const kind = node.kind ? data.kinds[node.kind] : data.words.other;
  const sure = node.source === null ? data.words.unknown : node.p === null ? data.words.recorded : `${Math.round(100 * node.p)} %`;
  return `${node.name} · ${node.on} · ${kind} · ${sure}`;
}

// Chains from left to right over the whole width; cases without a link in rows below them, so that chains have the room.
function layout(nodes: Node[], ratio: number): Map<string, { x: number; y: number }> {
  const known = new Set(nodes.map((node) => node.id));
  const sources = new Set(nodes.map((node) => node.source));
  const tied = nodes.filter((node) => (node.source !== null && known.has(node.source)) || sources.has(node.id));
  const alone = nodes.filter((node) => !tied.includes(node));
  const spots = places(tied);
  const deepest = Math.max(1, ...[...spots.values()].map((spot) => spot.depth));
  const columns = Math.max(2, Math.ceil(Math.sqrt(3 * ratio * alone.length)));
  const rows = Math.max(tied.length, 1) + 1.5 * Math.ceil(alone.length / columns);
  const width = rows * ratio;
  const at = new Map<string, { x: number; y: number }>();
  for (const [id, spot] of spots) at.set(id, { x: (spot.depth * width) / deepest, y: -spot.row });
  alone.forEach((node, n) => {
    at.set(node.id, { x: ((n % columns) * width) / (columns - 1), y: -tied.length - 1.5 * (1 + Math.floor(n / columns)) });
  });
  return at;
}

function legend(place: HTMLElement, data: Chains): void {
  const line = document.createElement("p");
  line.className = "legend";
  for (const kind of new Set(data.nodes.map((node) => node.kind))) {
    const one = document.createElement("span");
    const dot = document.createElement("i");
    dot.style.background = look(kind).colour;
    one.append(dot, kind ? (data.kinds[kind] ?? kind) : data.words.other);
    line.append(one);
  }
  place.before(line);
}

// A name on a ground of its own, so that lines do not cross it; to the left of the case where the right edge is near.
function drawName(
  context: CanvasRenderingContext2D,
  node: { x: number; y: number; size: number; label: string | null },
  settings: { labelSize: number; labelFont: string; labelWeight: string },
): void {
  if (!node.label) return;
  context.font = `${settings.labelWeight} ${settings.labelSize}px ${settings.labelFont}`;
  const width = context.measureText(node.label).width;
  const right = node.x + node.size + 4;
  const left = right + width > context.canvas.clientWidth - 4 ? node.x - node.size - 4 - width : right;
  context.fillStyle = ink("--sheet");
  context.fillRect(left - 2, node.y - settings.labelSize / 2 - 2, width + 4, settings.labelSize + 4);
  context.fillStyle = ink("--ink");
  context.fillText(node.label, left, node.y + settings.labelSize / 3);
}

function drawGraph(place: HTMLElement, data: Chains): void {
  const graph = new Graph({ type: "directed" });
  const spots = layout(data.nodes, place.clientWidth / Math.max(place.clientHeight, 1));
  const sources = new Set(data.nodes.map((node) => node.source));
  for (const node of data.nodes) {
    const spot = spots.get(node.id)!;
    const tied = node.source !== null || sources.has(node.id); // rows of cases without a link have no room for names
    graph.addNode(node.id, {
      x: spot.x,
      y: spot.y,
      size: 4 + 2 * Math.sqrt(node.infected),
      label: tied ? node.name : "",
      color: look(node.kind).colour,
      url: node.url,
      said: said(node, data),
    });
  }
  for (const node of data.nodes) {
    if (node.source === null || !graph.hasNode(node.source)) continue;
    const share = node.p ?? 1;
    graph.addEdge(node.source, node.id, { size: 0.5 + 2.5 * share, color: node.problem ? ink("--late") : ink("--faint"), type: "arrow" });
  }
  const sigma = new Sigma(graph, place, {
    defaultDrawNodeLabel: drawName,
    labelFont: "system-ui, sans-serif",
    labelRenderedSizeThreshold: data.nodes.length > LABELLED || place.clientWidth < 600 ? 9 : 0,
    allowInvalidContainer: true,
  });
  legend(place, data);
  const tip = place.parentElement?.querySelector<HTMLElement>("figcaption");
  const told = tip?.textContent ?? "";
  sigma.on("enterNode", ({ node }) => {
    if (tip) tip.textContent = graph.getNodeAttribute(node, "said");
  });
  sigma.on("leaveNode", () => {
    if (tip) tip.textContent = told;
  });
  sigma.on("clickNode", ({ node }) => {
    const url = graph.getNodeAttribute(node, "url");
    if (url) location.assign(url);
  });
}

function drawTimeline(place: HTMLElement, data: Chains): void {
  const spots = places(data.nodes);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const faint = ink("--faint");
  place.style.height = `${Math.min(Math.max(300, 14 * spots.size + 110), 1400)}px`;
  const chart = init(place, null, { renderer: "svg" });
  const kinds = [...new Set(data.nodes.map((node) => node.kind))];
  const name = (kind: string): string => (kind ? data.kinds[kind] ?? kind : data.words.other);
  chart.setOption({
    animation: !still && !navigator.webdriver,
    aria: { enabled: true },
    textStyle: { color: faint, fontFamily: "inherit" },
    tooltip: { formatter: (at: { dataType?: string; data: { said?: string } }) => (at.dataType === "node" ? (at.data.said ?? "") : "") },
    legend: { top: 0, itemGap: 28, textStyle: { color: faint }, data: kinds.map(name) },
    grid: { left: 12, right: data.nodes.length <= LABELLED && place.clientWidth > 600 ? 130 : 24, top: 34, bottom: 70, outerBoundsMode: "same" },
    xAxis: { type: "time", minInterval: 86400000, axisLine: { onZero: false }, axisLabel: { color: faint, fontSize: 12, formatter: "{MM}-{dd}", hideOverlap: true }, splitLine: { show: true, lineStyle: { opacity: 0.25 } } },
    yAxis: { type: "value", show: false, inverse: true, min: -1, max: spots.size },
    dataZoom: [
      { type: "slider", xAxisIndex: 0, bottom: 8, height: 22, labelFormatter: (value: number) => new Date(value).toISOString().slice(0, 10) },
      { type: "inside", xAxisIndex: 0, zoomOnMouseWheel: "ctrl" },
    ],
    series: [
      {
        type: "graph",
        coordinateSystem: "cartesian2d",
        layout: "none",
        edgeSymbol: ["none", "arrow"],
        edgeSymbolSize: 7,
        categories: kinds.map((kind) => ({ name: name(kind), symbol: look(kind).shape, itemStyle: { color: look(kind).colour } })),
        data: data.nodes.map((node) => ({
          id: node.id,
          name: node.id,
          said: said(node, data),
          url: node.url,
          value: [node.on, spots.get(node.id)!.row],
          category: kinds.indexOf(node.kind),
          symbol: look(node.kind).shape,
          symbolSize: 8 + 3 * Math.sqrt(node.infected),
          label: { show: data.nodes.length <= LABELLED, position: "right", formatter: node.name, color: ink("--ink"), fontSize: 11 },
        })),
        links: data.nodes
          .filter((node) => node.source !== null && spots.has(node.source))
          .map((node) => ({
            source: node.source,
            target: node.id,
            lineStyle: { width: 0.5 + 2 * (node.p ?? 1), opacity: 0.35 + 0.6 * (node.p ?? 1), color: node.problem ? ink("--late") : faint, curveness: 0.1 },
          })),
      },
    ],
  });
  chart.on("click", (at: unknown) => {
    const url = (at as { data?: { url?: string } }).data?.url;
    if (url) location.assign(url);
  });
  new ResizeObserver(() => chart.resize()).observe(place);
}

export function draw(place: HTMLElement, given: unknown): void {
  const data = given as Chains;
  try {
    if (data.view === "timeline") drawTimeline(place, data);
    else drawGraph(place, data);
    place.dataset.drawn = "yes";
  } catch (error) {
    // Without WebGL there is no graph; the table is there all the same.
    place.hidden = true;
    place.dataset.drawn = "no";
    console.warn(error);
  }
}
