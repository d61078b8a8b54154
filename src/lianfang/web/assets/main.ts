// Loaded on every page: htmx for small updates in place, and the islands (charts, maps, graphs) where a page has one.
import "htmx.org";

const islands: Record<string, () => Promise<{ draw: (place: HTMLElement, data: unknown) => void | Promise<void> }>> = {
  areas: () => import("./areas"),
  chains: () => import("./chains"),
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
    if (island) void (await island()).draw(place, dataOf(place));
  }
}

document.addEventListener("DOMContentLoaded", () => void wake(document));
document.addEventListener("htmx:after:swap", () => void wake(document));

// One box at the head of a list ticks all boxes of that name on the page.
document.addEventListener("change", (event) => {
  const head = event.target as HTMLInputElement;
  const name = head.dataset?.ticks;
  if (!name) return;
  for (const box of document.querySelectorAll<HTMLInputElement>(`input[type=checkbox][name="${name}"]`)) box.checked = head.checked;
});

// On a phone the navigation scrolls sideways: bring the page one is on into sight.
document.addEventListener("DOMContentLoaded", () => {
  const here = document.querySelector<HTMLElement>("nav.main a[aria-current]");
  if (here?.parentElement) here.parentElement.scrollLeft = here.offsetLeft - 24;
});
