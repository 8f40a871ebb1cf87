"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const count = data.y.length;
  const NS = "http://www.w3.org/2000/svg";
  const [WIDEST, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [860, 300, 62, 12, 14, 46];
  const FLOOR = HEIGHT - BOTTOM;
  const VERDICTS = {p: "pass", f: "fail", i: "inconclusive", n: "not judged", x: "not valid, not counted"};
  const seconds = [];
  data.t.reduce((sum, step) => { seconds.push(sum + step); return sum + step; }, 0);
  const reports = new Set(data.reports);
  const said = (second) => new Date(second * 1000).toISOString();
  // ids begin with the second in which the run began
  const run = (at) => data.r[at].startsWith("-")
    ? `${said(seconds[at]).slice(0, 19).replace(/[-:]/g, "").toLowerCase()}z${data.r[at]}` : data.r[at];
  const ends = (at, side) => data[side][at - (count - data[side].length)] ?? null;
  const number = (value) => value.toLocaleString("en-US", {maximumSignificantDigits: 4});
  const old = document.getElementById("plot");
  const box = document.getElementById("chart");
  const readout = document.getElementById("readout");
  const state = {range: "200", scale: "linear", by: "run", from: 0, to: count};
  let at = null;
  let svg = old;
  let width = WIDEST;
  let xs = [];
  let [spot, height] = [null, null];

  const draw = (tag, attributes, parent = svg) => {
    const made = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    parent.append(made);
    return made;
  };
  const label = (x, y, text, anchor) => {
    draw("text", {class: "f-text", x, y: y + 4, "text-anchor": anchor}).textContent = text;
  };
  const path = (d, role, more = {}) => { if (d) draw("path", {class: `s-${role}`, d, fill: "none", ...more}); };
  const round = (value) => Math.round(value * 10) / 10;
  const ticks = (low, high) => {
    if (state.scale === "log") {
      const found = [];
      for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade += 1) {
        for (const step of [1, 2, 5]) found.push(Number((step * 10 ** decade).toPrecision(3)));
      }
      const first = found.findLastIndex((tick) => tick <= low);
      const last = found.findIndex((tick) => tick >= high);
      const kept = found.slice(Math.max(first, 0), last < 0 ? undefined : last + 1);
      return kept.length > 8 ? kept.filter((tick, place) => place === 0 || place === kept.length - 1
        || Number.isInteger(Math.log10(tick))) : kept;
    }
    if (!(high > 0)) return [0, 1];
    const scale = 10 ** Math.floor(Math.log10(high / 5));
    const step = [1, 2, 2.5, 5, 10].map((part) => part * scale).find((part) => part >= high / 5 * (1 - 1e-9));
    return Array.from({length: Math.ceil(high / step - 1e-9) + 1}, (_, place) => step * place);
  };

  const spanned = () => {
    const [first, ...others] = seconds.slice(state.from, state.to);
    const [low, high] = others.reduce(([a, b], at) => [Math.min(a, at), Math.max(b, at)], [first, first]);
    return [low, high - low];
  };
  const scales = () => {
    const {from, to} = state;
    const detailed = to - from <= 400;
    const values = [];
    for (let i = from; i < to; i += 1) {
      if (data.y[i] === null) continue;
      values.push(data.y[i]);
      if (detailed && data.v[i] !== "x") values.push(ends(i, "hi") ?? data.y[i], ends(i, "lo") ?? data.y[i]);
    }
    if (data.band) values.push(...data.band);
    const log = state.scale === "log";
    const used = log ? values.filter((value) => value > 0) : values;
    const high = used.reduce((a, b) => Math.max(a, b), log ? 1e-9 : 0);
    const low = used.reduce((a, b) => Math.min(a, b), high);
    const marks = ticks(low, high);
    const [bottom, top] = [log ? marks[0] : 0, Math.max(marks.at(-1), marks[0] * 1.01)];
    const part = log ? (value) => Math.log(Math.max(value, bottom) / bottom) / Math.log(top / bottom)
      : (value) => value / top;
    const y = (value) => round(FLOOR - Math.min(1, Math.max(0, part(value))) * (FLOOR - TOP));
    // in the order of commits, whose runs may have begun in another
    const [began, span] = spanned();
    const inner = width - LEFT - RIGHT;
    const x = state.by === "time" && span > 0
      ? (i) => LEFT + 6 + (seconds[Math.min(Math.max(Math.round(i), from), to - 1)] - began) / span * (inner - 12)
      : (i) => LEFT + (i - from + 0.5) / (to - from) * inner;
    return {x, y, marks, detailed};
  };

  const frame = ({x, y, marks}) => {
    for (const [place, mark] of marks.entries()) {
      path(`M${LEFT} ${y(mark)}H${width - RIGHT}`, "grid");
      label(LEFT - 6, y(mark), number(mark) + (place === marks.length - 1 ? ` ${data.unit}` : ""), "end");
    }
    const {from, to} = state;
    let last = -Infinity;
    const short = spanned()[1] < 3 * 86400;
    for (let i = from; i < to; i += 1) {
      const place = x(i);
      if (place - last < 120 || place > width - 40) continue;
      label(place, FLOOR + 18, short ? said(seconds[i]).slice(5, 16).replace("T", " ") : said(seconds[i]).slice(0, 10), place < LEFT + 30 ? "start" : "middle");
      last = place;
    }
    path(`M${LEFT} ${FLOOR}H${width - RIGHT}`, "ink");
    label((LEFT + width) / 2, HEIGHT - 10, state.by === "time" ? "time (UTC)" : "runs in order, by the day they began", "middle");
  };
  const rectangle = (left, right, top, bottom, role, opacity) => draw("rect", {
    class: `f-${role}`, x: round(left), y: top, width: round(Math.max(right - left, 2)),
    height: Math.max(bottom - top, 2), "fill-opacity": opacity,
  });
  const marks = ({x, y}) => {
    const {from, to} = state;
    if (data.band) rectangle(LEFT, width - RIGHT, y(data.band[1]), y(data.band[0]), "before", 0.22);
    for (const [first, last, role] of data.changes) {
      if (last < from || first >= to) continue;
      rectangle(x(Math.max(first, from) - 0.5), x(Math.min(last, to - 1) + 0.5), TOP, FLOOR, role, role === "limit" ? 0.08 : 0.18);
    }
    for (const place of data.breaks) {
      if (place > from && place < to) path(`M${round(x(place - 0.5))} ${TOP}V${FLOOR}`, "limit", {"stroke-dasharray": "2 3"});
    }
    for (const [start, stop, value] of data.levels) {
      if (stop > from && start < to) {
        path(`M${round(x(Math.max(start, from) - 0.5))} ${y(value)}H${round(x(Math.min(stop, to) - 0.5))}`, "p99", {"stroke-width": 2});
      }
    }
  };
  // many runs on one pixel: the lowest and the highest of each column are kept
  const thinned = (x) => {
    const {from, to} = state;
    const most = 2 * (width - LEFT - RIGHT);
    if (to - from <= most) return Array.from({length: to - from}, (_, place) => from + place);
    const columns = new Map();
    for (let i = from; i < to; i += 1) {
      if (data.y[i] === null || data.v[i] === "x") continue;
      const column = Math.round(x(i));
      const kept = columns.get(column);
      if (!kept) columns.set(column, [i, i]);
      else if (data.y[i] < data.y[kept[0]]) kept[0] = i;
      else if (data.y[i] > data.y[kept[1]]) kept[1] = i;
    }
    return [...new Set([...columns.values()].flat())];
  };
  const dots = ({x, y, detailed}) => {
    const {from, to} = state;
    let [points, spans, rings] = ["", "", ""];
    for (let i = from; i < to; i += 1) {
      if (data.v[i] === "x") rings += `M${round(x(i))} ${FLOOR - 4}m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0`;
    }
    for (const i of thinned(x)) {
      if (data.v[i] === "x" || data.y[i] === null) continue;
      points += `M${round(x(i))} ${y(data.y[i])}h.01`;
      const [low, high] = [ends(i, "lo"), ends(i, "hi")];
      if (detailed && low !== null && high !== null && low < high) spans += `M${round(x(i))} ${y(low)}V${y(high)}`;
    }
    const size = to - from > 1000 ? 2.4 : to - from > 300 ? 3.2 : to - from > 60 ? 4.5 : 6;
    path(spans, "p50", {"stroke-opacity": 0.55});
    path(points, "p95", {"stroke-width": size, "stroke-linecap": "round"});
    path(rings, "breached", {"stroke-width": 1.2});
  };

  // on a small screen the drawing is as wide as its box, so that its words stay as large
  const fitting = () => Math.min(WIDEST, Math.max(280, box.clientWidth));
  const paint = () => {
    const fresh = document.createElementNS(NS, "svg");
    for (const {name, value} of old.attributes) fresh.setAttribute(name, value);
    width = fitting();
    fresh.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    fresh.classList.add("fitted");
    fresh.setAttribute("aria-label", `${count} runs, ${state.to - state.from} shown`);
    svg.replaceWith(fresh);
    svg = fresh;
    const scale = scales();
    frame(scale);
    marks(scale);
    dots(scale);
    xs = [];
    for (let i = state.from; i < state.to; i += 1) xs.push(scale.x(i));
    spot = draw("circle", {class: "spot off", r: 6});
    height = scale.y;
  };

  const part = (name, text) => {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  };
  const link = (text, href) => { const made = part("a", text); made.href = href; made.rel = "noreferrer"; return made; };
  const commit = (i) => {
    const known = data.commit && /^[0-9a-f]{7,}$/.test(data.c[i]);
    return known ? link(data.c[i], data.commit.replace("{commit}", data.c[i])) : part("span", data.c[i] || "no commit");
  };
  // the runs of the level that one run is held against: up to five valid ones before it
  const compared = (i) => {
    const start = Math.max(0, ...data.breaks.filter((place) => place <= i));
    const before = [];
    for (let j = i - 1; j >= start && before.length < 5; j -= 1) if (data.v[j] !== "x") before.unshift(run(j));
    return before.length ? `perfproof compare ${before.join(" ")} -- ${run(i)}` : "";
  };
  const show = (place) => {
    at = place;
    spot.classList.toggle("off", at === null);
    readout.replaceChildren();
    if (at === null) {
      readout.append(part("div", "Point at a run, or use the arrow keys, to read it. Drag to look closer; Escape or a double click goes back."));
      return;
    }
    spot.setAttribute("cx", xs[at - state.from]);
    spot.setAttribute("cy", data.v[at] === "x" || data.y[at] === null ? FLOOR - 4 : height(data.y[at]));
    const [low, high] = [ends(at, "lo"), ends(at, "hi")];
    const span = low !== null && high !== null && low < high ? ` (${number(low)} .. ${number(high)})` : "";
    const value = data.y[at] === null ? "n/a: not measured" : `${number(data.y[at])} ${data.unit}${span}`;
    const first = part("div", "");
    first.append(part("strong", value), ` · ${said(seconds[at]).slice(0, 16).replace("T", " ")}Z · `, commit(at), ` · ${VERDICTS[data.v[at]] ?? "not judged"}`);
    if (reports.has(at)) first.append(" · ", link("report", `../runs/${run(at)}.html`));
    const command = compared(at);
    readout.append(first);
    if (command) { const code = part("code", command); code.className = "copy"; readout.append(code); }
  };
  const near = (event) => {
    const area = svg.getBoundingClientRect();
    const x = (event.clientX - area.left) / area.width * width;
    let best = 0;
    for (let i = 1; i < xs.length; i += 1) if (Math.abs(xs[i] - x) < Math.abs(xs[best] - x)) best = i;
    return state.from + best;
  };

  const controls = document.getElementById("controls");
  const choices = {
    range: [["50", "last 50"], ["200", "last 200"], ["all", "all"]],
    scale: [["linear", "linear"], ["log", "log axis"]],
    by: [["run", "by run"], ["time", "by time"]],
  };
  const buttons = [];
  const set = (key, value) => {
    state[key] = value;
    if (key === "range" && value !== "part") {
      state.from = value === "all" ? 0 : Math.max(0, count - Number(value));
      state.to = count;
    }
    for (const button of buttons) button.setAttribute("aria-pressed", String(state[button.dataset.key] === button.dataset.value));
    const kept = new URLSearchParams();
    for (const name of Object.keys(choices)) if (state[name] !== choices[name][name === "range" ? 1 : 0][0]) kept.set(name, state[name]);
    if (state.range === "part") kept.set("part", `${state.from}-${state.to}`);
    history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname + location.search);
    paint();
    show(null);
  };
  for (const [key, options] of Object.entries(choices)) {
    const group = document.createElement("span");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", key);
    for (const [value, text] of options) {
      const button = part("button", text);
      Object.assign(button.dataset, {key, value});
      button.type = "button";
      button.addEventListener("click", () => set(key, value));
      buttons.push(button);
      group.append(button, " ");
    }
    controls.append(group);
  }
  controls.hidden = false;
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const [key, options] of Object.entries(choices)) {
    if (options.some(([value]) => value === kept.get(key))) state[key] = kept.get(key);
  }
  const brushed = /^(\d+)-(\d+)$/.exec(kept.get("part") ?? "");
  const cut = (from, to) => {
    Object.assign(state, {from: Math.max(0, Math.min(from, count - 2)), to: Math.min(count, to)});
    set("range", "part");
  };
  if (brushed && Number(brushed[2]) - Number(brushed[1]) >= 2 && Number(brushed[2]) <= count) cut(Number(brushed[1]), Number(brushed[2]));
  else set("range", state.range);

  addEventListener("resize", () => {
    if (fitting() !== width) { paint(); show(at); }
  });

  // drag over the chart to look closer; double click or Escape to come back
  let down = null;
  box.addEventListener("pointerdown", (event) => { if (event.pointerType === "mouse") down = near(event); });
  box.addEventListener("pointermove", (event) => show(near(event)));
  box.addEventListener("pointerup", (event) => {
    const [from, to] = [down, near(event)].sort((a, b) => a - b);
    if (down !== null && to - from >= 5) cut(from, to + 1);
    down = null;
  });
  box.addEventListener("dblclick", () => set("range", "200"));
  box.addEventListener("keydown", (event) => {
    const last = state.to - 1;
    const next = {ArrowRight: at === null ? state.from : Math.min(last, at + 1),
      ArrowLeft: at === null ? last : Math.max(state.from, at - 1), Home: state.from, End: last}[event.key];
    if (event.key === "Escape") { if (at === null) set("range", "200"); else show(null); }
    else if (next !== undefined) { event.preventDefault(); show(next); }
  });
})();
