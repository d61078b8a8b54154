// The epidemic curve and other series over days, as bars and lines.
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, LineChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

interface Curve {
  days: string[];
  series: { name: string; kind: "bar" | "line"; values: (number | null)[]; stack?: string }[];
}

export function draw(place: HTMLElement, data: unknown): void {
  const curve = data as Curve;
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--faint").trim();
  const colours = ["--accent", "--late", "--soon", "--done"].map((name) => style.getPropertyValue(name).trim());
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const chart = init(place, null, { renderer: "svg" });
  chart.setOption({
    animation: !still && !navigator.webdriver,
    aria: { enabled: true },
    color: colours,
    textStyle: { color: ink, fontFamily: "inherit" },
    tooltip: { trigger: "axis" },
    legend: curve.series.length > 1 ? { top: 0, itemGap: 28, textStyle: { color: ink } } : undefined,
    grid: { left: 8, right: 8, top: curve.series.length > 1 ? 32 : 12, bottom: 4, outerBoundsMode: "same" },
    xAxis: { type: "category", data: curve.days, axisLabel: { color: ink } },
    yAxis: { type: "value", minInterval: 1, axisLabel: { color: ink }, splitLine: { lineStyle: { opacity: 0.25 } } },
    series: curve.series.map((one) => ({ name: one.name, type: one.kind, data: one.values, stack: one.stack, symbol: "none" })),
  });
  new ResizeObserver(() => chart.resize()).observe(place);
  place.dataset.drawn = "yes";
}
