"use strict";
const filters = document.querySelector(".filters");
const boards = [...document.querySelectorAll(".board")];
const chosen = (name) => filters.elements[name].value;

function apply() {
  let shown = 0;
  for (const board of boards) {
    const fits = ["hardware", "language", "mode"].every(
      (name) => !chosen(name) || board.dataset[name] === chosen(name));
    const model = chosen("model");
    const ofModel = model === "" || (model === "first" ? board.dataset.first === "true" : board.dataset.model === model);
    board.hidden = !(fits && ofModel);
    shown += !board.hidden;
    for (const part of board.querySelectorAll(".metric")) part.hidden = part.dataset.metric !== chosen("metric");
    for (const row of board.querySelectorAll("tbody tr")) {
      const named = row.dataset.variant.toLowerCase().includes(chosen("skill").toLowerCase());
      row.hidden = !named || (filters.elements.placebo.checked && row.dataset.sham === "placebo");
    }
  }
  filters.querySelector(".empty").hidden = shown > 0;
}

function remember() {
  const kept = new URLSearchParams();
  for (const field of filters.elements) {
    const value = field.type === "checkbox" ? (field.checked ? "1" : "") : field.value;
    if (value !== field.dataset.start) kept.set(field.name, value);
  }
  history.replaceState(null, "", "#" + kept);
}

function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const field of filters.elements) {
    const value = kept.has(field.name) ? kept.get(field.name) : field.dataset.start;
    if (field.type === "checkbox") field.checked = value === "1";
    else if (field.tagName !== "SELECT" || [...field.options].some((each) => each.value === value)) field.value = value;
    else field.value = field.dataset.start;
  }
  apply();
}

function sort(button) {
  const head = button.closest("th");
  const table = head.closest("table");
  const first = head.dataset.first;
  const other = first === "ascending" ? "descending" : "ascending";
  const way = head.getAttribute("aria-sort") === first ? other : first;
  for (const each of table.querySelectorAll("th[aria-sort]")) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", way);
  const key = (row) => row.querySelector(`[data-column="${head.dataset.sorts}"]`).dataset.value;
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    // What is not known comes last, whichever way.
    if (x === "" || y === "") return (x === "") - (y === "");
    const order = head.dataset.text === undefined ? Number(x) - Number(y) : x.localeCompare(y);
    return way === "ascending" ? order : -order;
  };
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort(compare));
}

filters.hidden = false;
filters.addEventListener("submit", (event) => event.preventDefault());
for (const kind of ["input", "change"]) filters.addEventListener(kind, () => { apply(); remember(); });
addEventListener("hashchange", recall);
for (const button of document.querySelectorAll("th button")) button.addEventListener("click", () => sort(button));
recall();
