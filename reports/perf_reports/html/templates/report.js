"use strict";
(() => {
  const make = (tag, attributes, text) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const shown = (cell) => {
    const copy = cell.cloneNode(true);
    for (const part of copy.querySelectorAll("small, svg")) part.remove();
    return copy.textContent.trim();
  };

  // theme, kept in memory only
  const root = document.documentElement;
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = make("button", {type: "button", class: "theme"});
  const say = () => { theme.textContent = dark() ? "Light page" : "Dark page"; };
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; say(); });
  document.querySelector(".head .wrap").prepend(theme);
  say();

  // tables: sort by a column, filter by text, only what did not pass
  const FACTORS = {s: 1000, "µs": 0.001};
  const value = (text) => {
    const match = /^[≥<>\s]*([+-]?[\d,]*\.?\d+)\s*(ms|µs|s|%|\/s)?/.exec(text.replace("\u2212", "-"));
    return match ? Number(match[1].replaceAll(",", "")) * (FACTORS[match[2]] ?? 1) : -Infinity;
  };
  const sortable = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = make("button", {type: "button"}, head.textContent);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") === "descending" ? 1
          : head.getAttribute("aria-sort") === "ascending" ? -1
          : head.classList.contains("num") ? -1 : 1;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up > 0 ? "ascending" : "descending");
        const numeric = head.classList.contains("num");
        const keyed = [...table.tBodies[0].rows].map((row) => [shown(row.cells[column]), row]);
        keyed.sort(([one], [other]) => up * (numeric ? (value(one) - value(other)) || 0
          : one < other ? -1 : one > other ? 1 : 0));
        table.tBodies[0].append(...keyed.map(([, row]) => row));
      });
    });
  };
  const filterable = (table) => {
    const rows = [...table.tBodies[0].rows];
    const judged = rows.some((row) => row.querySelector(".tone-pass"));
    const bar = make("div", {class: "bar"});
    const search = make("input", {type: "search", "aria-label": "Filter rows", placeholder: "Filter rows"});
    const count = make("span", {role: "status"});
    const box = make("input", {type: "checkbox"});
    const label = make("label", {});
    label.append(box, "only what did not pass");
    bar.append(search, ...(judged ? [label] : []), count);
    const apply = () => {
      const wanted = search.value.toLowerCase();
      let left = 0;
      for (const row of rows) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted)
          || (box.checked && row.querySelector(".tone-pass") !== null);
        left += row.hidden ? 0 : 1;
      }
      count.textContent = left === rows.length ? "" : `${left} of ${rows.length} rows`;
    };
    search.addEventListener("input", apply);
    box.addEventListener("change", apply);
    table.closest(".scroll").before(bar);
  };
  for (const table of document.querySelectorAll("section > .scroll > table")) {
    if (table.tBodies[0].rows.length < 2) continue;
    sortable(table);
    if (table.tBodies[0].rows.length > 7) filterable(table);
  }

  // charts: a line under the pointer that reads the table's row, on all that share the time axis
  const charts = [...document.querySelectorAll("figure[data-stops]")].map((figure) => {
    const plot = figure.querySelector(".plot");
    const stops = figure.dataset.stops.split(" ").map(Number);
    const table = figure.querySelector("details table");
    const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map(shown));
    const box = plot.viewBox.baseVal;
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("class", "cross off");
    plot.append(line);
    const readout = make("p", {class: "readout", role: "status"});
    figure.querySelector("figcaption").before(readout);
    const show = (place) => {
      const none = place === null || place >= rows.length;
      line.classList.toggle("off", none);
      readout.textContent = none ? "" : names.map((name, at) => `${name} ${rows[place][at]}`).join(" · ");
      if (!none) line.setAttribute("d", `M${stops[place]} ${box.y + 30}V${box.y + box.height - 36}`);
    };
    return {figure, plot, stops, show, shared: "overTime" in figure.dataset, rows};
  });
  const all = (chart) => chart.shared ? charts.filter((other) => other.shared) : [chart];
  for (const chart of charts) {
    let at = null;
    const go = (place) => { at = place; for (const other of all(chart)) other.show(place); };
    chart.plot.addEventListener("pointermove", (event) => {
      const frame = chart.plot.getBoundingClientRect();
      const x = (event.clientX - frame.left) / frame.width * chart.plot.viewBox.baseVal.width;
      let best = 0;
      chart.stops.forEach((stop, place) => {
        if (Math.abs(stop - x) < Math.abs(chart.stops[best] - x)) best = place;
      });
      go(best);
    });
    chart.plot.addEventListener("pointerleave", () => go(null));
    const region = chart.plot.closest(".scroll");
    region.addEventListener("keydown", (event) => {
      const last = chart.stops.length - 1;
      const next = {ArrowRight: at === null ? 0 : Math.min(last, at + 1),
        ArrowLeft: at === null ? last : Math.max(0, at - 1), Home: 0, End: last}[event.key];
      if (event.key === "Escape") go(null);
      else if (next !== undefined) { event.preventDefault(); go(next); }
    });
    region.addEventListener("blur", () => go(null));
    const parts = new Map();
    for (const part of chart.plot.querySelectorAll("[data-line]")) {
      const name = part.dataset.name;
      if (name) parts.set(name, [...(parts.get(name) ?? []), part]);
    }
    if (parts.size < 2) continue;
    const bar = make("div", {class: "bar", role: "group", "aria-label": "Lines shown"});
    for (const [name, drawn] of parts) {
      const button = make("button", {type: "button", "aria-pressed": "true"}, name);
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        for (const part of drawn) part.classList.toggle("off", !on);
      });
      bar.append(button);
    }
    region.before(bar);
  }
})();
