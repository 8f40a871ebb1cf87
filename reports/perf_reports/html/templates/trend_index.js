"use strict";
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const groups = [...document.querySelectorAll("details.group")].map((box) => {
    const body = box.querySelector("tbody");
    const rows = [...body.rows].map((row, place) => ({
      row, place, name: row.cells[0].textContent.trim(),
      text: `${row.cells[0].textContent} ${row.dataset.commits ?? ""} ${box.querySelector("strong").textContent}`.toLowerCase(),
    }));
    return {box, body, rows, open: box.open};
  });
  const total = groups.reduce((sum, group) => sum + group.rows.length, 0);
  const shown = document.getElementById("shown");
  const fold = document.getElementById("fold");
  const fields = [...form.elements].filter((field) => field.name);
  const day = (text) => text ? Date.parse(`${text}T00:00:00Z`) / 864e5 : -Infinity;
  const ORDERS = {
    changed: (a, b) => day(b.row.dataset.changed) - day(a.row.dataset.changed) || 0,
    size: (a, b) => Number(b.row.dataset.size) - Number(a.row.dataset.size),
    name: (a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0,
    at: (a, b) => day(a.row.dataset.at) - day(b.row.dataset.at),
  };
  const wanted = () => Object.fromEntries(fields.map((field) => [field.name, field.value]));
  const fits = (group, entry, want, newest) => {
    const data = entry.row.dataset;
    const words = (data.status ?? "").split(" ");
    return entry.text.includes(want.q.trim().toLowerCase())
      && (!want.branch || want.branch === group.box.dataset.branch)
      && (!want.environment || want.environment === group.box.dataset.environment)
      && (!want.label || want.label === data.label)
      && (!want.verdict || want.verdict === data.verdict)
      && (!want.status || words.includes(want.status))
      && (!want.days || newest - day(data.changed) <= Number(want.days));
  };
  const apply = () => {
    const want = {q: "", ...wanted()};
    const newest = day(form.elements.days.dataset.newest);
    const narrowed = fields.some((field) => field.name !== "sort" && field.value);
    let left = 0;
    for (const group of groups) {
      let own = 0;
      for (const entry of group.rows) {
        entry.row.hidden = !fits(group, entry, want, newest);
        own += entry.row.hidden ? 0 : 1;
      }
      const order = ORDERS[want.sort];
      const sorted = order ? [...group.rows].sort((a, b) => order(a, b) || a.place - b.place) : group.rows;
      group.body.append(...sorted.map((entry) => entry.row));
      group.box.hidden = own === 0;
      if (narrowed && own) group.box.open = true;
      left += own;
    }
    shown.textContent = narrowed ? `${left} of ${total} series` : "";
  };
  const keep = () => {
    const kept = new URLSearchParams();
    for (const field of fields) if (field.value) kept.set(field.name, field.value);
    history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname + location.search);
  };
  const restore = () => {
    const text = location.hash.slice(1);
    if (/^g-[0-9a-f]+$/.test(text)) {
      const box = document.getElementById(text);
      if (box) { box.open = true; box.scrollIntoView(); }
      return;
    }
    const kept = new URLSearchParams(text);
    for (const field of fields) {
      const value = kept.get(field.name) ?? "";
      const known = !field.options || [...field.options].some((option) => option.value === value);
      field.value = known ? value : "";
    }
    apply();
  };
  const say = () => { fold.textContent = groups.some((group) => group.box.open) ? "Fold all" : "Unfold all"; };
  form.hidden = false;
  form.addEventListener("input", () => { apply(); keep(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  fold.addEventListener("click", () => {
    const open = !groups.some((group) => group.box.open);
    for (const group of groups) group.box.open = open;
    say();
  });
  for (const group of groups) group.box.addEventListener("toggle", say);
  addEventListener("hashchange", restore);
  addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === "/" && !typing) { event.preventDefault(); form.elements.q.focus(); }
    if (event.key === "Escape" && event.target === form.elements.q) { form.elements.q.value = ""; apply(); keep(); }
  });
  restore();
  say();
})();
