// The difference between two candidates of one op, line by line, made when it is asked for.

const CONTEXT = 3;
// Longer pairs are shown as wholly different: the table of common lines would take too much memory.
const MOST_CELLS = 2e7;

function comparison(index, source) {
  const op = data.rows[index][OP];
  const others = [...data.rows.keys()].filter((other) => other !== index && data.rows[other][OP] === op);
  const select = element("select", { id: `diff-${index}` }, element("option", { value: "" }, "another candidate …"),
    ...others.map((other) => element("option", { value: String(other) }, `${titleOf(other)} · ${resultOf(other)}`)));
  const place = element("div", { "aria-live": "polite" });
  select.addEventListener("change", async () => {
    if (!select.value) {
      place.replaceChildren();
      return;
    }
    try {
      const other = await detailsOf(Number(select.value));
      place.replaceChildren(...difference(other.source ?? "", source, titleOf(Number(select.value))));
    } catch (error) {
      place.replaceChildren(element("p", { class: "flag", role: "alert" }, error.message));
    }
  });
  return element("div", { class: "comparison" }, element("label", { for: select.id }, "Difference from "), select, place);
}

function difference(old, now, name) {
  const edits = editsBetween(old.split("\n"), now.split("\n"));
  const gone = edits.filter(([sign]) => sign === "-").length;
  const come = edits.filter(([sign]) => sign === "+").length;
  if (!gone && !come) return [element("p", { class: "small" }, "The sources are the same.")];
  const said = `− ${gone} lines only in ${name}; + ${come} lines only here.`;
  return [element("p", { class: "small" }, said),
    element("pre", { class: "diff", tabindex: "0", role: "region", "aria-label": "Difference" }, ...hunks(edits))];
}

function hunks(edits) {
  const near = edits.map(() => false);
  edits.forEach(([sign], at) => {
    if (sign !== " ") near.fill(true, Math.max(0, at - CONTEXT), at + CONTEXT + 1);
  });
  const lines = [];
  for (let at = 0; at < edits.length; at += 1) {
    if (near[at]) {
      const [sign, text] = edits[at];
      const style = { "+": "added", "-": "removed", " ": "same-line" }[sign];
      lines.push(element("span", { class: style }, `${sign === "-" ? "−" : sign} ${text}\n`));
      continue;
    }
    let end = at;
    while (end < edits.length && !near[end]) end += 1;
    lines.push(element("span", { class: "skipped" }, `  … ${end - at} equal lines\n`));
    at = end - 1;
  }
  return lines;
}

// The longest common subsequence by dynamic programming, between equal beginnings and ends.
function editsBetween(old, now) {
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let ends = 0;
  while (ends < Math.min(old.length, now.length) - start && old.at(-1 - ends) === now.at(-1 - ends)) ends += 1;
  const [a, b] = [old.slice(start, old.length - ends), now.slice(start, now.length - ends)];
  const kept = (lines) => lines.map((line) => [" ", line]);
  return [...kept(old.slice(0, start)), ...middle(a, b), ...kept(ends ? old.slice(-ends) : [])];
}

function middle(a, b) {
  const whole = [...a.map((line) => ["-", line]), ...b.map((line) => ["+", line])];
  const width = b.length + 1;
  if (!a.length || !b.length || (a.length + 1) * width > MOST_CELLS) return whole;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const edits = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      edits.push([" ", a[i]]);
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      edits.push(["-", a[i]]);
      i += 1;
    } else {
      edits.push(["+", b[j]]);
      j += 1;
    }
  }
  return edits;
}
