// Loaded on every page: htmx for small updates in place, and the islands (charts, maps, graphs) where a page has one.
import "htmx.org";

const islands: Record<string, () => Promise<{ draw: (place: HTMLElement, data: unknown) => void }>> = {
  curve: () => import("./curve"),
};

function dataOf(place: HTMLElement): unknown {
  const source = document.getElementById(place.dataset.source ?? "");
  return source?.textContent ? JSON.parse(source.textContent) : null;
}

async function wake(root: ParentNode): Promise<void> {
  for (const place of root.querySelectorAll<HTMLElement>("[data-island]:not([data-awake])")) {
    place.dataset.awake = "yes";
    const island = islands[place.dataset.island ?? ""];
    if (island) (await island()).draw(place, dataOf(place));
  }
}

document.addEventListener("DOMContentLoaded", () => void wake(document));
document.addEventListener("htmx:after:swap", () => void wake(document));
