// The table of candidates: filtered, sorted, and opened by the reader.
// Every text of a candidate becomes a text node; nothing here makes markup of a string.

const data = JSON.parse(document.getElementById("candidate-data").textContent);
const [OP, MODEL, VARIANT, EPOCH, VERDICT, REASON, SPEEDUP, LOW, HIGH, NOISY, ROOFLINE, TOKENS, JUDGE] =
  Array(13).keys();
const PAGE = 100;
const NONE = "–";

const table = document.getElementById("candidate-table");
const body = table.tBodies[0];
const filters = [...document.querySelectorAll("#filters [data-filter]")];
const headers = [...table.querySelectorAll("[data-sort]")];
const opened = new Map();
let sorted = { column: null, descending: false };
let most = PAGE;

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const ratio = (value) => (value == null ? NONE : `${value.toFixed(2)}x`);
const interval = (low, high) => (low == null ? "" : `[${low.toFixed(2)}, ${high.toFixed(2)}]`);
const percent = (value) => (value == null ? NONE : `${Math.round(100 * value)} %`);
const whole = (value) => (value == null ? NONE : Math.round(value).toLocaleString("en"));
const seconds = (value) => (value == null ? NONE : `${value.toFixed(1)} s`);
const spaced = (name) => name.replaceAll("_", " ");

const nameOf = {
  [OP]: (row) => data.ops[row[OP]],
  [MODEL]: (row) => data.models[row[MODEL]],
  [VARIANT]: (row) => data.variants[row[VARIANT]],
  [VERDICT]: (row) => data.verdicts[row[VERDICT]],
};

function titleOf(index) {
  const row = data.rows[index];
  const model = data.models.length > 1 ? `${nameOf[MODEL](row)} · ` : "";
  return `${model}${nameOf[VARIANT](row)} · epoch ${row[EPOCH]}`;
}

function resultOf(index) {
  const row = data.rows[index];
  return row[SPEEDUP] == null ? spaced(nameOf[VERDICT](row)) : `${spaced(nameOf[VERDICT](row))}, ${ratio(row[SPEEDUP])}`;
}

function matches(row) {
  return filters.every((filter) => {
    const wanted = filter.value;
    if (!wanted) return true;
    if (filter.dataset.filter !== "text") return row[{ op: OP, model: MODEL, variant: VARIANT, verdict: VERDICT }[filter.dataset.filter]] === Number(wanted);
    const text = [OP, MODEL, VARIANT, VERDICT].map((column) => nameOf[column](row));
    text.push(data.reasons[row[REASON]] ?? "");
    return text.join(" ").toLowerCase().includes(wanted.trim().toLowerCase());
  });
}

function chosen() {
  const found = [...data.rows.keys()].filter((index) => matches(data.rows[index]));
  const { column, descending } = sorted;
  if (column === null) return found;
  const named = nameOf[column];
  return found.sort((left, right) => {
    const [a, b] = [left, right].map((index) => (named && column !== VARIANT ? named(data.rows[index]) : data.rows[index][column]));
    // What has no number is last, whichever way the rest is sorted.
    if (a == null || b == null) return (a == null) - (b == null) || left - right;
    const order = named && column !== VARIANT ? a.localeCompare(b, "en") : a - b;
    return (descending ? -order : order) || left - right;
  });
}

function show() {
  const found = chosen();
  const shown = found.slice(0, most);
  opened.clear();
  body.replaceChildren(...shown.map(rowOf));
  document.getElementById("candidate-count").textContent =
    `${found.length.toLocaleString("en")} of ${data.rows.length.toLocaleString("en")} candidates` +
    (shown.length < found.length ? `, the first ${shown.length} shown` : "");
  document.getElementById("more-candidates").hidden = shown.length === found.length;
  document.getElementById("no-candidates").hidden = found.length > 0;
  document.getElementById("clear-filters").hidden = filters.every((filter) => !filter.value);
  for (const header of headers) {
    const mine = Number(header.dataset.sort) === sorted.column;
    header.parentElement.setAttribute("aria-sort", mine ? (sorted.descending ? "descending" : "ascending") : "none");
  }
}

function rowOf(index) {
  const row = data.rows[index];
  const verdict = nameOf[VERDICT](row);
  const kind = verdict === "correct" ? "pill-good" : verdict === "infra_error" ? "pill-lost" : "pill-bad";
  const cell = (style, ...children) => element("td", { class: style, role: "cell" }, ...children);
  const open = element("button", { type: "button", class: "open", "aria-expanded": "false" }, nameOf[OP](row));
  const line = element("tr", { id: `candidate-${index}`, role: "row", class: "candidate" },
    element("th", { scope: "row", role: "rowheader", class: "c-op" }, open));
  if (data.models.length > 1) line.append(cell("c-model", nameOf[MODEL](row)));
  line.append(cell("c-variant", nameOf[VARIANT](row)), cell("num c-epoch", String(row[EPOCH])),
    cell("c-verdict", element("span", { class: `pill ${kind}` }, spaced(verdict))));
  if (row[REASON] < 0) {
    const noisy = row[NOISY] ? [" ", element("abbr", { title: "the interval stayed wider than the judge asks for" }, "noisy")] : [];
    line.append(cell("num strong c-speedup", ratio(row[SPEEDUP])),
      cell("num c-interval", interval(row[LOW], row[HIGH]), ...noisy),
      cell("num c-roofline", percent(row[ROOFLINE])));
  } else {
    const reason = cell("c-reason", data.reasons[row[REASON]]);
    reason.colSpan = 3;
    line.append(reason);
  }
  if (table.dataset.tokens) line.append(cell("num c-tokens", whole(row[TOKENS])));
  line.append(cell("num c-judge", seconds(row[JUDGE])));
  line.addEventListener("click", (event) => {
    if (!getSelection().isCollapsed || event.target.closest("abbr")) return;
    toggle(index, line);
  });
  return line;
}

function toggle(index, line) {
  const button = line.querySelector(".open");
  const there = opened.get(index);
  button.setAttribute("aria-expanded", String(!there));
  if (there) {
    there.remove();
    opened.delete(index);
    return;
  }
  const place = element("td", { role: "cell" }, element("p", { class: "muted" }, "Loading …"));
  place.colSpan = 20;
  const line2 = element("tr", { class: "detail", role: "row", id: `detail-${index}` }, place);
  button.setAttribute("aria-controls", line2.id);
  line.after(line2);
  opened.set(index, line2);
  detailsOf(index).then((details) => place.replaceChildren(...describe(index, details)), (error) => place.replaceChildren(element("p", { class: "flag", role: "alert" }, error.message)));
}

function changed() {
  most = PAGE;
  show();
}

function clearFilters(wanted = {}) {
  for (const filter of filters) filter.value = wanted[filter.dataset.filter] ?? "";
  changed();
}

function openCandidate(index) {
  if (!(index in data.rows)) return;
  let line = document.getElementById(`candidate-${index}`);
  if (!line) {
    clearFilters({ op: String(data.rows[index][OP]) });
    most = Infinity;
    show();
    line = document.getElementById(`candidate-${index}`);
  }
  if (!opened.has(index)) toggle(index, line);
  line.scrollIntoView({ block: "start" });
  line.querySelector(".open").focus({ preventScroll: true });
}

function openAddressed() {
  const address = /^#candidate-(\d+)$/.exec(location.hash);
  if (address) openCandidate(Number(address[1]));
}

for (const filter of filters) filter.addEventListener(filter.tagName === "SELECT" ? "change" : "input", changed);
for (const header of headers) {
  header.addEventListener("click", () => {
    const column = Number(header.dataset.sort);
    const largest = column >= SPEEDUP;
    sorted = { column, descending: sorted.column === column ? !sorted.descending : largest };
    show();
  });
}
document.getElementById("clear-filters").addEventListener("click", () => clearFilters());
document.getElementById("more-candidates").addEventListener("click", () => {
  most += 4 * PAGE;
  show();
});
for (const link of document.querySelectorAll("a[data-op], a[data-verdict]")) {
  link.addEventListener("click", () => {
    const { op, verdict } = link.dataset;
    clearFilters({
      op: op === undefined ? "" : String(data.ops.indexOf(op)),
      verdict: verdict === undefined ? "" : String(data.verdicts.indexOf(verdict)),
    });
  });
}
addEventListener("hashchange", openAddressed);
