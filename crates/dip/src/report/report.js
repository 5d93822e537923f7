// What a report shows, drawn from the data in the page. No framework, no network.
//
// A part of the page exists only where its data does. Everything that moves is a function of one time `now`:
// `show(now)` moves the slider, the stages, and the cursors of the charts.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const documents = data.documents;
const dark = matchMedia("(prefers-color-scheme: dark)");

// Colours that the colour-blind can tell apart (Okabe and Ito 2008), and a dash and width each, so that lines
// are told apart in grey.
const STYLES = [
  ["#0072b2", "", 2], ["#d55e00", "8 4", 2], ["#009e73", "10 3 2 3", 2], ["#cc79a7", "2 3", 2],
  ["#56b4e9", "", 1.2], ["#e69f00", "8 4", 1.2], ["#999999", "", 3], ["#777777", "2 3", 3],
];

const runs = data.trajectories.map((trajectory, number) => {
  const column = name => {
    const place = trajectory.columns.indexOf(name);
    return trajectory.kept.map(row => row[place]);
  };
  const [colour, dash, width] = STYLES[number % STYLES.length];
  const columns = Object.fromEntries(trajectory.columns.map(name => [name, column(name)]));
  return { name: trajectory.name, shown: true, colour, dash, width, rows: trajectory.rows, remembered: trajectory.remembered, ...columns };
}).filter(run => run.t.length > 0);

// ---- elements ----

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  return fill(made, attributes, children);
}

function svgElement(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  return fill(made, attributes, children);
}

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null));
  return made;
}

const main = document.getElementById("main");

function section(id, title, ...children) {
  const heading = element("h2", { id: `${id}-title` }, title);
  main.append(element("section", { id, "aria-labelledby": `${id}-title` }, heading, ...children));
}

const note = text => element("p", { class: "note" }, text);

// ---- numbers ----

// With at most so many significant digits, without a tail of zeros; what does not exist is a dash.
function number(value, digits = 4) {
  if (typeof value !== "number") return "–";
  return String(Number(value.toPrecision(digits))).replace("-", "−").replace("e+", "e");
}

// Round numbers within an interval, about as many as asked for.
function ticks(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find(factor => factor * power >= raw);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (typeof value !== "number") continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [-1, 1];
  const margin = 0.06 * (high - low) || 0.1 * Math.abs(high) || 1;
  return [low - margin, high + margin];
}

// The place of the last entry that is not after `t`.
function placeOf(times, t) {
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= t) low = middle; else high = middle - 1;
  }
  return low;
}

// What a run shows at `t`, between two rows in a straight line; after its end, its end.
function at(run, name, t) {
  const place = placeOf(run.t, t);
  const [from, to] = [run[name][place], run[name][place + 1]];
  if (to === undefined || from === null || to === null || t <= run.t[place]) return from;
  return from + (to - from) * (t - run.t[place]) / (run.t[place + 1] - run.t[place]);
}

// ---- charts ----

// A chart of lines: `lines` is a list of { x, y, colour, dash, width }, all arrays equally long.
// Where `onPick` is given, pointing at the chart picks an x.
function chart({ title, xLabel, yLabel, height = 190, square = false, onPick = null, marks = false }) {
  const host = element("figure", { class: "chart" });
  let scale = null, cursor = null, dots = [], last = null;

  function draw(lines, domain = null) {
    last = [lines, domain];
    const width = Math.max(host.clientWidth - 20, 200);
    const tall = square ? Math.min(width, 420) : height;
    const box = { left: 58, right: width - 10, top: 24, bottom: tall - 38 };
    const inDomain = line => line.y.filter((_, i) => !domain || (line.x[i] >= domain[0] && line.x[i] <= domain[1]));
    const [x0, x1] = domain || extent(lines.flatMap(line => line.x));
    const [y0, y1] = extent(lines.flatMap(inDomain));
    const toX = x => box.left + (x - x0) / (x1 - x0) * (box.right - box.left);
    const toY = y => box.bottom - (y - y0) / (y1 - y0) * (box.bottom - box.top);
    scale = { toX, toY, x0, x1, box };

    const svg = svgElement("svg", { viewBox: `0 0 ${width} ${tall}`, role: "img", "aria-label": `${title}: ${yLabel} over ${xLabel}` });
    const clip = `clip-${title.replace(/\W/g, "")}-${Math.round(width)}`;
    svg.append(svgElement("clipPath", { id: clip }, svgElement("rect", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top })));
    for (const y of ticks(y0, y1, Math.max(2, (box.bottom - box.top) / 28))) {
      svg.append(svgElement("line", { class: "grid", x1: box.left, x2: box.right, y1: toY(y), y2: toY(y) }));
      svg.append(svgElement("text", { x: box.left - 6, y: toY(y) + 4, "text-anchor": "end" }, number(y, 6)));
    }
    for (const x of ticks(x0, x1, Math.max(2, (box.right - box.left) / 90))) {
      svg.append(svgElement("line", { class: "grid", x1: toX(x), x2: toX(x), y1: box.top, y2: box.bottom }));
      svg.append(svgElement("text", { x: toX(x), y: box.bottom + 16, "text-anchor": "middle" }, number(x, 6)));
    }
    svg.append(svgElement("text", { class: "name", x: 4, y: 14 }, yLabel));
    svg.append(svgElement("text", { x: box.right, y: tall - 4, "text-anchor": "end" }, xLabel));
    const drawn = svgElement("g", { "clip-path": `url(#${clip})` });
    for (const line of lines) {
      if (marks) {
        for (let i = 0; i < line.x.length; i++) drawn.append(svgElement("circle", { cx: toX(line.x[i]), cy: toY(line.y[i]), r: 4, fill: line.colour }));
        continue;
      }
      let path = "", pen = "M";
      for (let i = 0; i < line.x.length; i++) {
        if (typeof line.y[i] !== "number") { pen = "M"; continue; }
        path += `${pen}${toX(line.x[i]).toFixed(1)} ${toY(line.y[i]).toFixed(1)}`;
        pen = "L";
      }
      drawn.append(svgElement("path", { d: path, stroke: line.colour, "stroke-width": line.width, "stroke-dasharray": line.dash }));
    }
    svg.append(drawn);
    cursor = svgElement("line", { class: "cursor", x1: box.left, x2: box.left, y1: box.top, y2: box.bottom, visibility: "hidden" });
    svg.append(cursor);
    dots = lines.map(line => svgElement("circle", { r: 4.5, fill: line.colour, stroke: "currentColor", visibility: "hidden" }));
    svg.append(...dots);
    if (onPick) {
      const pick = event => onPick(x0 + (event.offsetX * width / svg.clientWidth - box.left) / (box.right - box.left) * (x1 - x0));
      svg.addEventListener("pointerdown", pick);
      svg.addEventListener("pointermove", event => { if (event.buttons) pick(event); });
      svg.style.cursor = "crosshair";
    }
    host.replaceChildren(svg);
  }

  function moveCursor(x) {
    const inside = x >= scale.x0 && x <= scale.x1;
    cursor.setAttribute("visibility", inside ? "visible" : "hidden");
    for (const name of ["x1", "x2"]) cursor.setAttribute(name, scale.toX(x));
  }

  function moveDots(points) {
    points.forEach(([x, y], place) => {
      dots[place].setAttribute("visibility", "visible");
      dots[place].setAttribute("cx", scale.toX(x));
      dots[place].setAttribute("cy", scale.toY(y));
    });
  }

  return { host, draw, moveCursor, moveDots, redraw: () => { if (last) draw(...last); } };
}

const redraws = [];

function plainChart(options, lines) {
  const made = chart(options);
  redraws.push(() => made.draw(lines));
  return made.host;
}

// ---- the runs: animation, histories, phase portraits ----

const plant = documents.summary?.experiment?.plant;
const end = Math.max(0, ...runs.map(run => run.t[run.t.length - 1]));
let now = 0, isPlaying = false, show = () => {}, setPlaying = () => {};

function motion() {
  const play = element("button", { id: "play", type: "button", "aria-keyshortcuts": "Space" }, "▶ Play");
  const slider = element("input", { id: "time", type: "range", min: 0, max: end, step: "any", value: 0, "aria-label": "Time in s" });
  const clock = element("output", { id: "clock", for: "time" });
  const options = values => values.map(([value, label]) => element("option", { value, selected: value === 1 && "" }, label));
  const speed = element("select", { id: "speed", "aria-label": "Speed" },
    ...options([[0.1, "0.1 ×"], [0.25, "0.25 ×"], [0.5, "0.5 ×"], [1, "1 ×"], [2, "2 ×"], [4, "4 ×"]]));
  const span = element("select", { id: "span", "aria-label": "Part of the run that the charts show" },
    ...options([[1, "whole run"], [2, "first half"], [10, "first tenth"]]));
  const overlay = element("input", { id: "overlay", type: "checkbox" });

  const chips = element("div", { class: "bar chips", role: "group", "aria-label": "Controllers that are shown" });
  for (const run of runs) {
    const box = element("input", { type: "checkbox", checked: "" });
    box.addEventListener("change", () => { run.shown = box.checked; layout(); });
    const sample = svgElement("svg", { width: 30, height: 10, "aria-hidden": "true" },
      svgElement("path", { d: "M0 5H30", stroke: run.colour, "stroke-width": run.width, "stroke-dasharray": run.dash }));
    chips.append(element("label", {}, box, sample, run.name));
  }
  if (runs.length > 1) chips.append(element("label", {}, overlay, "one over the other"));

  const stages = element("div", { class: "stages" });
  const player = element("div", { class: "bar player" }, play, slider, clock, speed, span);
  section("motion", "Motion", chips, player, plant ? stages : note("The lengths of the rods are not in summary.json: there is no animation."));

  const pick = t => { setPlaying(false); show(Math.min(Math.max(t, 0), end)); };
  const histories = [
    ["θ1", "theta1", "rad"], ["θ2", "theta2", "rad"], ["x", "x", "m"], ["u", "u", "N"], ["σ", "sigma", "N·s"],
  ].filter(([, name]) => runs.some(run => run[name].some(value => value !== null)))
    .map(([symbol, name, unit]) => ({ name, chart: chart({ title: symbol, xLabel: "t [s]", yLabel: `${symbol} [${unit}]`, onPick: pick }) }));
  section("histories", "Angles, cart, force and sliding variable",
    note("Point at a chart to move the time. Regulators have no σ; where none of the runs shown has one, its chart is empty."),
    element("div", { class: "charts" }, ...histories.map(each => each.chart.host)));

  // What some laws remember. Laws that call it alike share a chart.
  const quantities = [];
  for (const of of runs.flatMap(run => run.remembered)) {
    if (!quantities.some(known => known.name === of.name && known.unit === of.unit)) quantities.push(of);
  }
  const has = (run, of) => run.remembered.some(own => own.name === of.name && own.unit === of.unit);
  const gains = quantities.map(of => ({ of, name: of.name, chart: chart({ title: of.symbol, xLabel: "t [s]", yLabel: `${of.symbol} [${of.unit}]`, onPick: pick }) }));
  if (gains.length) {
    section("gains", "Gains that adapt, and integrals",
      note(`What a law remembers from one sample to the next. ${runs.length > 1 ? "Laws without it are not in its chart." : ""}`),
      element("div", { class: "charts" }, ...gains.map(each => each.chart.host)));
  }

  const portraits = [["θ1", "θ̇1", "theta1"], ["θ2", "θ̇2", "theta2"]].map(([angle, rate, name]) =>
    ({ name, chart: chart({ title: `phase ${angle}`, xLabel: `${angle} [rad]`, yLabel: `${rate} [rad/s]`, square: true }) }));
  section("phase", "Phase portraits", element("div", { class: "pairs" }, ...portraits.map(each => each.chart.host)));

  let scenes = [];
  const shownRuns = () => runs.filter(run => run.shown);

  function layout() {
    const shown = shownRuns();
    const groups = overlay.checked ? [shown] : shown.map(run => [run]);
    const isAlone = groups.length === 1;
    stages.classList.toggle("alone", isAlone);
    scenes = plant ? groups.filter(group => group.length).map(group => stage(group, isAlone)) : [];
    stages.replaceChildren(...scenes.map(scene => scene.host));
    drawCharts();
  }

  function drawCharts() {
    const shown = shownRuns();
    const until = end / Number(span.value);
    const line = (run, x, y) => ({ x: run[x], y: run[y], colour: run.colour, dash: run.dash, width: run.width });
    for (const { name, chart } of histories) chart.draw(shown.map(run => line(run, "t", name)), [0, until || 1]);
    for (const { of, chart } of gains) chart.draw(shown.filter(run => has(run, of)).map(run => line(run, "t", of.name)), [0, until || 1]);
    for (const { name, chart } of portraits) chart.draw(shown.map(run => line(run, name, `${name}_dot`)));
    for (const scene of scenes) scene.measure();
    show(now);
  }

  show = t => {
    now = t;
    slider.value = t;
    slider.setAttribute("aria-valuetext", `${t.toFixed(2)} s`);
    clock.textContent = `${t.toFixed(2)} / ${number(end)} s`;
    for (const scene of scenes) scene.draw(t);
    for (const { chart } of [...histories, ...gains]) chart.moveCursor(t);
    for (const { name, chart } of portraits) chart.moveDots(shownRuns().map(run => [at(run, name, t), at(run, `${name}_dot`, t)]));
  };

  let before = null;
  const frame = time => {
    if (!isPlaying) return;
    if (before !== null) show(Math.min(now + (time - before) / 1000 * Number(speed.value), end));
    before = time;
    if (now >= end) setPlaying(false); else requestAnimationFrame(frame);
  };
  setPlaying = playing => {
    if (playing === isPlaying) return;
    isPlaying = playing;
    play.textContent = playing ? "❚❚ Pause" : "▶ Play";
    if (playing) {
      if (now >= end) show(0);
      before = null;
      requestAnimationFrame(frame);
    }
  };
  play.addEventListener("click", () => setPlaying(!isPlaying));
  slider.addEventListener("input", () => { setPlaying(false); show(Number(slider.value)); });
  span.addEventListener("change", drawCharts);
  overlay.addEventListener("change", layout);
  dark.addEventListener("change", () => show(now));
  document.addEventListener("keydown", event => {
    if (event.key === " " && !event.target.matches("button, select, summary, [type=checkbox]")) {
      event.preventDefault();
      setPlaying(!isPlaying);
    }
    if (event.target === document.body && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      pick(now + (event.key === "ArrowLeft" ? -1 : 1) * end / 100);
    }
  });
  redraws.push(drawCharts);
  layout();
}

// The pendulums of some runs on one track, to scale: a metre up is a metre along.
function stage(group, isAlone) {
  const canvas = element("canvas", { role: "img", "aria-label": `Pendulum under ${group.map(run => run.name).join(", ")}` });
  const said = element("span");
  const host = element("figure", { class: "stage" }, canvas,
    element("figcaption", {}, element("b", {}, group.length === 1 ? group[0].name : `${group.length} controllers`), said));
  const reach = plant.l1 + plant.l2;
  const angles = runs.flatMap(run => [run.theta1, run.theta2]);
  const hangs = angles.some(list => list.some(angle => Math.abs(angle) > Math.PI / 2));
  const [left, right] = extent(runs.flatMap(run => run.x));
  const space = { left: Math.min(left, -0.3) - 0.35 * reach, right: Math.max(right, 0.3) + 0.35 * reach, top: 1.08 * reach, bottom: hangs ? -1.08 * reach : -0.22 * reach };
  let size = null;

  function measure() {
    const width = Math.max(canvas.parentElement.clientWidth - 20, 100);
    const most = isAlone ? 360 : 230;
    const metre = Math.min(width / (space.right - space.left), most / (space.top - space.bottom));
    size = { width, height: metre * (space.top - space.bottom), metre, ratio: devicePixelRatio || 1 };
    canvas.width = Math.round(size.width * size.ratio);
    canvas.height = Math.round(size.height * size.ratio);
    canvas.style.height = `${size.height}px`;
  }

  function draw(t) {
    const style = getComputedStyle(document.documentElement);
    const [ink, faint, line] = ["--ink", "--faint", "--line"].map(name => style.getPropertyValue(name).trim());
    const pen = canvas.getContext("2d");
    const middle = size.width / 2 - size.metre * (space.left + space.right) / 2;
    const place = (x, y) => [middle + size.metre * x, size.metre * (space.top - y)];
    pen.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
    pen.clearRect(0, 0, size.width, size.height);
    const stroke = (colour, width, points) => {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.lineCap = pen.lineJoin = "round";
      pen.beginPath();
      points.forEach(([x, y], i) => i ? pen.lineTo(x, y) : pen.moveTo(x, y));
      pen.stroke();
    };
    // The track, with its marks in metres.
    const low = -0.06 * reach;
    stroke(faint, 1.5, [[0, place(0, low)[1]], [size.width, place(0, low)[1]]]);
    pen.fillStyle = faint;
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "center";
    const [from, to] = [-middle / size.metre, (size.width - middle) / size.metre];
    for (const x of ticks(from, to, size.width / 80)) {
      const [at, y] = place(x, low);
      if (at < 16 || at > size.width - 20) continue;
      stroke(faint, 1, [[at, y], [at, y + 4]]);
      pen.fillText(`${number(x)}${x === 0 ? " m" : ""}`, at, y + 16);
    }
    for (const run of group) {
      const [x, theta1, theta2] = ["x", "theta1", "theta2"].map(name => at(run, name, t));
      const joint = [x + plant.l1 * Math.sin(theta1), plant.l1 * Math.cos(theta1)];
      const tip = [joint[0] + plant.l2 * Math.sin(theta2), joint[1] + plant.l2 * Math.cos(theta2)];
      // Upright, to see the angle.
      if (group.length === 1) stroke(line, 1, [place(x, 0), place(x, reach)]);
      const half = 0.13 * reach;
      const [cartX, cartY] = place(x - half, 0.05 * reach);
      pen.fillStyle = group.length === 1 ? faint : run.colour;
      pen.globalAlpha = group.length === 1 ? 1 : 0.8;
      pen.fillRect(cartX, cartY, 2 * half * size.metre, 0.11 * reach * size.metre);
      const [pivot, elbow, top] = [place(x, 0), place(...joint), place(...tip)];
      stroke(run.colour, 5, [pivot, elbow]);
      stroke(run.colour, 3.5, [elbow, top]);
      pen.globalAlpha = 1;
      for (const [[cx, cy], radius] of [[pivot, 3], [elbow, 3.5], [top, 4]]) {
        pen.fillStyle = ink;
        pen.beginPath();
        pen.arc(cx, cy, radius, 0, 2 * Math.PI);
        pen.fill();
      }
    }
    if (group.length === 1) {
      const run = group[0];
      const degrees = name => `${(at(run, name, t) * 180 / Math.PI).toFixed(1).replace("-", "−")}°`;
      const over = t > run.t[run.t.length - 1] ? " (ended)" : "";
      said.textContent = `θ1 ${degrees("theta1")}  θ2 ${degrees("theta2")}${over}`;
    }
  }

  return { host, measure, draw };
}

// ---- tables ----

// Columns are [name, unit, cell of a row]; a column without any value is left out.
function table(caption, rows, columns) {
  const cells = rows.map(row => columns.map(([, , cell]) => cell(row)));
  const isUsed = columns.map((_, place) => cells.some(row => row[place] !== undefined && row[place] !== null));
  const used = list => list.filter((_, place) => isUsed[place]);
  const head = used(columns).map(([name, unit]) => element("th", { scope: "col" }, name, element("small", {}, unit || " ")));
  const text = value => value instanceof Node ? value : typeof value === "string" ? value : number(value);
  const body = cells.map(row => element("tr", {}, ...used(row).map(value => element("td", {}, text(value)))));
  return element("div", {}, note(caption), element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body))));
}

const withInterval = (estimate, factor = 1) => {
  if (!estimate) return null;
  const [value, low, high] = [estimate.value, estimate.low, estimate.high].map(each => typeof each === "number" ? number(each * factor) : "–");
  return element("span", {}, `${value} `, element("small", {}, `${low}…${high}`));
};

const counts = [
  ["settled", "", row => row.settled], ["not settled", "", row => row.not_settled], ["fallen", "", row => row.fallen],
  ["off track", "", row => row.off_track], ["diverged", "", row => row.diverged],
];

const ofMetrics = [
  ["settling time", "s", row => row.metrics?.settling_time], ["of the angles", "s", row => row.metrics?.angle_settling_time],
  ["∫u²dt", "N²·s", row => row.metrics?.control_effort], ["Σ|Δu|", "N", row => row.metrics?.total_variation],
  ["chattering", "N/s", row => row.metrics?.chattering], ["peak force", "N", row => row.metrics?.peak_force],
  ["peak angle", "rad", row => row.metrics?.peak_angle], ["cart travel", "m", row => row.metrics?.cart_travel],
];

function summary() {
  const rows = documents.summary.controllers ?? [{ ...documents.summary, name: documents.summary.controller }];
  section("summary", rows.length > 1 ? "Comparison" : "Figures", table("From the start of the experiment, one run each", rows, [
    ["controller", "", row => row.name], ["outcome", "", row => String(row.outcome).replace("_", " ")],
    ["time", "s", row => row.time], ...ofMetrics,
  ]));
  if (rows.some(row => "bytes_left" in row)) {
    section("memory", "Memory",
      table("Live heap bytes after a controller was built, used until the horizon and dropped, less those before", rows, [
        ["controller", "", row => row.name], ["bytes left", "B", row => row.bytes_left],
      ]));
  }
}

function comparison() {
  const { controllers, starts, seed, box } = documents.comparison;
  section("comparison", "Comparison over random starts",
    table(`${starts} starts at rest, |θ1|, |θ2| ≤ ${box} rad, seed ${seed}; success with its 95 % interval, the rest are medians`, controllers, [
      ["controller", "", row => row.name],
      ["success", "%", row => withInterval({ value: row.success_rate, low: row.success_interval?.[0], high: row.success_interval?.[1] }, 100)],
      ...counts,
      ["settling time", "s", row => row.settling_time_median], ["∫u²dt", "N²·s", row => row.control_effort_median],
      ["Σ|Δu|", "N", row => row.total_variation_median], ["jitter θ", "rad", row => row.theta_rms_median], ["jitter u", "N", row => row.u_rms_median],
    ]));
}

function montecarlo() {
  const { controllers, comparisons, seed, confidence } = documents.montecarlo;
  const quantile = (name, which) => row => withInterval(row.quantiles?.[name]?.[which]);
  const parts = [table(`Seed ${seed}; small: ${number(100 * confidence)} % intervals; effort and variation of the runs that settled`, controllers, [
    ["controller", "", row => row.name], ["runs", "", row => row.runs],
    ["success", "%", row => withInterval(row.success, 100)], ["settle, median", "s", row => withInterval(row.settling_time_median)],
    ["settle, 95th percentile", "s", quantile("settling_time", "p95")],
    ["∫u²dt, median", "N²·s", quantile("control_effort", "median")], ["Σ|Δu|, median", "N", quantile("total_variation", "median")], ...counts,
  ])];
  if (comparisons?.length) {
    const flat = comparisons.map(pair => ({ pair, values: leaves(pair) }));
    const names = Object.keys(flat[0].values);
    parts.push(element("details", {}, element("summary", {}, "Pairs in the same scenarios, with p-values"),
      table("Every figure of montecarlo.json", flat, names.map(name => [name, "", row => row.values[name]]))));
  }
  const worst = controllers.flatMap(row => (row.worst ?? []).map(run => ({ law: row.name, ...run })));
  if (worst.length) {
    parts.push(element("details", {}, element("summary", {}, "Worst runs"), table(
      `Again with: dip simulate --controller NAME --replay ${seed}:INDEX, and the same experiment file`, worst, [
        ["controller", "", row => row.law], ["index", "", row => row.index], ["outcome", "", row => String(row.outcome).replace("_", " ")],
        ["θ1", "rad", row => row.start?.theta1], ["θ2", "rad", row => row.start?.theta2], ...ofMetrics.slice(0, 6),
      ])));
  }
  section("montecarlo", "Monte Carlo", ...parts);
}

// The numbers and words of an object, those of objects inside it under dotted names.
function leaves(object, prefix = "") {
  return Object.assign({}, ...Object.entries(object).map(([name, value]) => {
    if (value && typeof value === "object" && !("value" in value)) return leaves(value, `${prefix}${name} `);
    return { [`${prefix}${name}`.replaceAll("_", " ")]: value && typeof value === "object" ? withInterval(value) : value };
  }));
}

function picture(name, alt) {
  const svg = data.pictures[name];
  if (!svg) return note(`The picture ${name}.svg is not in the directory.`);
  return element("figure", { class: "picture" }, element("img", { alt, src: `data:image/svg+xml,${encodeURIComponent(svg)}` }));
}

function roa() {
  const { controllers, range, points } = documents.roa;
  section("roa", "Regions of attraction",
    picture("roa", `Maps of the starts θ1, θ2 within ±${range} rad from which each law settles`),
    table(`${points}×${points} starts at rest, |θ1|, |θ2| ≤ ${range} rad`, controllers, [
      ["controller", "", row => row.name], ["share", "%", row => 100 * row.settled_share], ["area", "rad²", row => row.area],
      ["area / LQR", "", row => row.area_of_lqr], ["square", "rad", row => row.square], ...counts,
    ]));
}

function sensitivity() {
  const { controller, of, parameters } = documents.sensitivity;
  section("sensitivity", `Sensitivity of ${controller}: ${of}`,
    picture("sensitivity", `Sobol indices of ${of} over the parameters of the plant`),
    table("Sobol indices with their 95 % intervals", parameters, [
      ["parameter", "", row => row.parameter], ["total", "", row => withInterval(row.total)], ["first order", "", row => withInterval(row.first)],
    ]));
}

function tune() {
  const { controller, history, front, gains } = documents.tune;
  const parts = [table("The search", [documents.tune], [
    ["controller", "", row => row.controller], ["verdict", "", row => row.verdict?.replaceAll("_", " ")],
    ["picked", "", row => row.picked], ["cost, training", "", row => row.best_cost], ["cost, verification", "", row => row.verification_cost],
    ["method", "", row => row.plan?.method?.replaceAll("_", " ")], ["evaluations", "", row => row.evaluations],
    ["infeasible", "", row => row.infeasible], ["seed", "", row => row.plan?.seed],
  ])];
  const trials = (caption, rows, judged) => rows?.length && parts.push(table(caption, rows, [
    ["trial", "", row => row.name], ["runs", "", row => row.runs], ["settled", "", row => row.settled],
    ["success", "%", row => withInterval(row.success, 100)], ...judged,
    ["settle, median", "s", row => row.settling_time_median], ["angles, median", "s", row => row.angle_settling_time_median],
    ["∫u²dt, median", "N²·s", row => row.control_effort_median], ["chattering, median", "N/s", row => row.chattering_median],
  ]));
  trials("Training: runs that the search has seen, of which all have to settle; medians of those that did", documents.tune.training, []);
  trials("Verification: runs that no candidate has seen; medians of those that settled", documents.tune.verification, [
    ["required", "%", row => 100 * row.required], ["passed", "", row => row.passed ? "yes" : "no"],
  ]);
  const over = (name, colour, dash) => {
    const known = history.filter(row => typeof row[name] === "number");
    return { x: known.map(row => row.evaluations ?? row.generation), y: known.map(row => row[name]), colour, dash, width: 2 };
  };
  if (history?.length) {
    const xLabel = "evaluations" in history[0] ? "evaluations" : "generation";
    const isFront = history.some(row => typeof row.hypervolume === "number");
    parts.push(element("div", { class: "pairs" },
      isFront
        ? plainChart({ title: "convergence", xLabel, yLabel: "volume of the front", height: 260 }, [over("hypervolume", "#0072b2", "")])
        : plainChart({ title: "convergence", xLabel, yLabel: "cost: best (solid), mean (dashed)", height: 260 }, [over("best_cost", "#0072b2", ""), over("mean_cost", "#d55e00", "8 4")]),
      plainChart({ title: "diversity", xLabel, yLabel: "diversity", height: 260 }, [over("diversity", "#009e73", "")])));
  }
  if (front?.length) {
    const objectives = front;
    const value = (point, name) => point[name];
    const labels = { settling_time: "settling time [s]", control_effort: "∫u²dt [N²·s]", chattering: "chattering [N/s]" };
    const names = Object.keys(objectives[0]).filter(name => typeof objectives[0][name] === "number");
    const pairs = names.flatMap((one, place) => names.slice(place + 1).map(other => [one, other]));
    const named = front.filter(point => point.names?.length);
    parts.push(element("h3", {}, "Pareto front"), named.length ? table("Points that have a name", named, [
      ["point", "", row => row.names.join(", ")], ["settle", "s", row => row.settling_time], ["∫u²dt", "N²·s", row => row.control_effort],
      ["chattering", "N/s", row => row.chattering], ["verified", "", row => row.verified ? "yes" : "no"],
    ]) : null, element("div", { class: "pairs" }, ...pairs.map(([one, other]) =>
      plainChart({ title: `pareto ${one} ${other}`, xLabel: labels[one] ?? one, yLabel: labels[other] ?? other, height: 300, marks: true },
        [{ x: objectives.map(point => value(point, one)), y: objectives.map(point => value(point, other)), colour: "#0072b2" }]))));
  }
  if (gains) parts.push(element("details", {}, element("summary", {}, "Gains"), element("pre", {}, JSON.stringify(gains, null, 2))));
  section("tune", `Tuning of ${controller}`, ...parts.filter(Boolean));
}

// ---- where it comes from ----

function provenance() {
  const parts = Object.entries(documents).flatMap(([name, content]) => {
    const scalar = key => typeof content[key] !== "object";
    const own = Object.keys(content).filter(key => scalar(key) && ["version", "schema", "seed", "index", "box", "rows", "starts", "until_ci"].includes(key));
    const known = { ...Object.fromEntries(own.map(key => [key, content[key]])), ...content.provenance };
    const lines = Object.entries(known).flatMap(([key, value]) => {
      const isCommand = key.startsWith("command");
      const text = Array.isArray(value) ? value.join(" ") : value && typeof value === "object" ? JSON.stringify(value) : String(value);
      return [element("dt", {}, key.replaceAll("_", " ")), element("dd", {}, isCommand ? element("code", {}, text) : text)];
    });
    const experiment = content.experiment
      ? element("details", {}, element("summary", {}, "Experiment, with every gain"), element("pre", { tabindex: 0 }, JSON.stringify(content.experiment, null, 2)))
      : null;
    return [element("h3", {}, `${name}.json`), element("dl", {}, ...lines), experiment];
  });
  section("provenance", "Provenance", ...parts.filter(Boolean));
}

function footer() {
  const thinned = data.trajectories.filter(trajectory => trajectory.kept.length < trajectory.rows);
  const foot = document.getElementById("footer");
  if (thinned.length) {
    const { kept, rows } = thinned[0];
    foot.append(element("p", { id: "thinned" }, `Trajectories are thinned out: of each stretch of rows after the first ones, which are all here, the page has the first and those with the smallest and the largest force, to five digits, gains to eight (${kept.length} of ${rows} rows of ${thinned[0].name}). The files beside this page have every row.`));
  }
  foot.append(element("p", {}, `Made by dip ${data.version}. Units are SI; angles are from upright, both absolute, positive to the right. Space plays and pauses.`));
}

const names = Object.keys(documents);
document.getElementById("subtitle").textContent = `Results in ${data.directory}: ${names.map(name => `${name}.json`).join(", ")}`;
document.title = `dip report: ${data.directory}`;

if (runs.length) motion();
if (documents.summary) summary();
if (documents.comparison) comparison();
if (documents.montecarlo) montecarlo();
if (documents.roa) roa();
if (documents.sensitivity) sensitivity();
if (documents.tune) tune();
provenance();
footer();

const redrawAll = () => redraws.forEach(redraw => redraw());
redrawAll();
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; redrawAll(); } });
document.documentElement.dataset.ready = "true";
