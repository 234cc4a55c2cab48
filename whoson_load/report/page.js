"use strict";

const { document: drawn, places } = JSON.parse(document.getElementById("charts").textContent);

// What the charts do not do by themselves on a small screen, or under a finger.
for (const { attributes: plot } of drawn.roots) {
  if (innerWidth < 640) {
    const legends = plot.above.filter(({ name }) => name === "Legend");
    legends.forEach(({ attributes }) => (attributes.ncols = 2));
    plot.height += 24 * Math.ceil(Math.max(0, ...legends.map(({ attributes }) => (attributes.items ?? []).length)) / 2);
    plot.below.forEach(({ attributes }) => (attributes.ticker.attributes.desired_num_ticks = 3));
  }
  if (matchMedia("(pointer: coarse)").matches) {
    plot.toolbar.attributes.active_drag = null; // a finger that drags means to scroll the page
  }
}

const embedded = Bokeh.embed.embed_items({ run: drawn }, [
  { docid: "run", roots: places, root_ids: Object.keys(places) },
]);

async function plots() {
  const views = (await embedded).flatMap((managed) => [...managed]);
  return views.filter(({ model }) => model.id in places); // what all charts share is a view, too
}

// Text and grids take their colours from the page's style: when that changes, they have to be painted again.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", async () => {
  for (const plot of await plots()) {
    plot.invalidate_render();
  }
});

// Paper is another size and always light, and printing waits for nobody: it gets copies, painted for it beforehand.
plots().then((views) => {
  const copies = [];
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("paper");
    for (const view of views) {
      const copy = view.export("png").canvas;
      copy.className = "copy";
      document.getElementById(places[view.model.id]).after(copy);
      copies.push(copy);
    }
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("paper");
    copies.splice(0).forEach((copy) => copy.remove());
  });
  document.documentElement.dataset.drawn = views.length;
});
