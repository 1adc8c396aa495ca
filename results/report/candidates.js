// The table of candidates: filtered, sorted, and opened by the reader.
// Every text of a candidate becomes a text node; nothing here makes markup of a string.

const data = JSON.parse(document.getElementById("candidate-data").textContent);
const [OP, MODEL, VARIANT, EPOCH, VERDICT, REASON] = Array(6).keys();
const [SPEEDUP, LOW, HIGH, NOISY, ROOFLINE, TOKENS, JUDGE] = [6, 7, 8, 9, 10, 11, 12];
const FILTERED = { op: OP, model: MODEL, variant: VARIANT, verdict: VERDICT };
const PAGE = 100;
const NONE = "–";

const table = document.getElementById("candidate-table");
const body = table.tBodies[0];
const filters = [...document.querySelectorAll("#filters [data-filter]")];
const headers = [...table.querySelectorAll("[data-sort]")];
const columns = new Set(headers.map((header) => Number(header.dataset.sort)));
const opened = new Map();
let sorted = { column: null, descending: false };
let most = PAGE;

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
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
  const verdict = spaced(nameOf[VERDICT](row));
  return row[SPEEDUP] == null ? verdict : `${verdict}, ${ratio(row[SPEEDUP])}`;
}

function matches(row, filter) {
  const wanted = filter.value.trim().toLowerCase();
  const column = FILTERED[filter.dataset.filter];
  if (!wanted || column !== undefined) return !wanted || row[column] === Number(wanted);
  const texts = Object.values(nameOf).map((name) => name(row));
  return [...texts, data.reasons[row[REASON]] ?? ""].join(" ").toLowerCase().includes(wanted);
}

// Variants keep their order, the baseline first; other names go by the alphabet.
function sortKey(index, column) {
  const row = data.rows[index];
  return column in nameOf && column !== VARIANT ? nameOf[column](row) : row[column];
}

function byColumn(left, right) {
  const [a, b] = [sortKey(left, sorted.column), sortKey(right, sorted.column)];
  // What has no number is last, whichever way the rest is sorted.
  if (a == null || b == null) return (a == null) - (b == null) || left - right;
  const order = typeof a === "string" ? a.localeCompare(b, "en") : a - b;
  return (sorted.descending ? -order : order) || left - right;
}

function show() {
  const kept = ([, row]) => filters.every((filter) => matches(row, filter));
  const found = [...data.rows.entries()].filter(kept).map(([index]) => index);
  if (sorted.column !== null) found.sort(byColumn);
  const first = found.slice(0, most);
  opened.clear();
  body.replaceChildren(...first.map(lineOf));
  const all = first.length === found.length;
  document.getElementById("candidate-count").textContent =
    `${whole(found.length)} of ${whole(data.rows.length)} candidates` +
    (all ? "" : `, the first ${first.length} shown`);
  document.getElementById("more-candidates").hidden = all;
  document.getElementById("no-candidates").hidden = found.length > 0;
  document.getElementById("clear-filters").hidden = filters.every((filter) => !filter.value);
  for (const header of headers) {
    const mine = Number(header.dataset.sort) === sorted.column;
    const way = sorted.descending ? "descending" : "ascending";
    header.parentElement.setAttribute("aria-sort", mine ? way : "none");
  }
}

function cell(style, ...children) {
  return element("td", { class: style, role: "cell" }, ...children);
}

function lineOf(index) {
  const row = data.rows[index];
  const open = element("button", { type: "button", class: "open", "aria-expanded": "false" });
  open.append(nameOf[OP](row));
  const line = element("tr", { id: `candidate-${index}`, role: "row", class: "candidate" });
  line.append(element("th", { scope: "row", role: "rowheader", class: "c-op" }, open));
  if (columns.has(MODEL)) line.append(cell("c-model", nameOf[MODEL](row)));
  line.append(
    cell("c-variant", nameOf[VARIANT](row)),
    cell("num c-epoch", String(row[EPOCH])),
    cell("c-verdict", pillOf(nameOf[VERDICT](row))),
    ...(row[REASON] < 0 ? speedOf(row) : reasonOf(row)),
  );
  if (columns.has(TOKENS)) line.append(cell("num c-tokens", whole(row[TOKENS])));
  if (columns.has(JUDGE)) line.append(cell("num c-judge", seconds(row[JUDGE])));
  line.addEventListener("click", () => {
    // Text that is being selected is to be copied.
    if (getSelection().isCollapsed) toggle(index, line);
  });
  return line;
}

function pillOf(verdict) {
  const kinds = { correct: "pill-good", infra_error: "pill-lost" };
  return element("span", { class: `pill ${kinds[verdict] ?? "pill-bad"}` }, spaced(verdict));
}

function speedOf(row) {
  const bounds = cell("num c-interval", interval(row[LOW], row[HIGH]));
  if (row[NOISY]) {
    const title = "the interval stayed wider than the judge asks for";
    bounds.append(" ", element("abbr", { title }, "noisy"));
  }
  const share = cell("num c-roofline", percent(row[ROOFLINE]));
  return [cell("num strong c-speedup", ratio(row[SPEEDUP])), bounds, share];
}

function reasonOf(row) {
  const reason = cell("c-reason", data.reasons[row[REASON]]);
  reason.colSpan = 3;
  return [reason];
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
  const place = cell("", element("p", { class: "muted" }, "Loading …"));
  place.colSpan = headers.length + 1;
  const detail = element("tr", { class: "detail", role: "row", id: `detail-${index}` }, place);
  button.setAttribute("aria-controls", detail.id);
  line.after(detail);
  opened.set(index, detail);
  detailsOf(index).then(
    (found) => place.replaceChildren(...describe(index, found)),
    (error) => place.replaceChildren(complaint(error)),
  );
}

function complaint(error) {
  return element("p", { class: "flag", role: "alert" }, error.message);
}

function filterBy(wanted) {
  for (const filter of filters) filter.value = wanted[filter.dataset.filter] ?? "";
  most = PAGE;
  show();
}

function openCandidate(index) {
  if (!(index in data.rows)) return;
  if (!document.getElementById(`candidate-${index}`)) {
    filterBy({ op: String(data.rows[index][OP]) });
    most = Infinity;
    show();
  }
  const line = document.getElementById(`candidate-${index}`);
  if (!opened.has(index)) toggle(index, line);
  line.scrollIntoView({ block: "start" });
  line.querySelector(".open").focus({ preventScroll: true });
}

function openAddressed() {
  const address = /^#candidate-(\d+)$/.exec(location.hash);
  if (address) openCandidate(Number(address[1]));
}

for (const filter of filters) {
  filter.addEventListener(filter.tagName === "SELECT" ? "change" : "input", () => {
    most = PAGE;
    show();
  });
}
for (const header of headers) {
  header.addEventListener("click", () => {
    const column = Number(header.dataset.sort);
    // Of numbers the largest are looked for first.
    const descending = sorted.column === column ? !sorted.descending : column >= SPEEDUP;
    sorted = { column, descending };
    show();
  });
}
for (const link of document.querySelectorAll("a[data-op], a[data-verdict]")) {
  link.addEventListener("click", () => {
    const [op, verdict] = [
      data.ops.indexOf(link.dataset.op),
      data.verdicts.indexOf(link.dataset.verdict),
    ];
    filterBy(op >= 0 ? { op: String(op) } : { verdict: String(verdict) });
  });
}
document.getElementById("clear-filters").addEventListener("click", () => filterBy({}));
document.getElementById("more-candidates").addEventListener("click", () => {
  most += 4 * PAGE;
  show();
});
addEventListener("hashchange", openAddressed);
