// The difference between two candidates of one op, line by line, made when it is asked for.

const CONTEXT = 3;
// Longer pairs are shown as wholly different: their table would take too much memory.
const MOST_CELLS = 2e7;
const STYLES = { "+": "added", "-": "removed", " ": "same-line" };

function comparison(index, source) {
  const op = data.rows[index][OP];
  const select = element("select", { id: `diff-${index}` });
  select.append(element("option", { value: "" }, "another candidate …"));
  for (const [other, row] of data.rows.entries()) {
    if (row[OP] !== op || other === index) continue;
    const name = `${titleOf(other)} · ${resultOf(other)}`;
    select.append(element("option", { value: String(other) }, name));
  }
  const place = element("div", { "aria-live": "polite" });
  select.addEventListener("change", async () => {
    const other = Number(select.value);
    place.replaceChildren();
    if (!select.value) return;
    try {
      const found = await detailsOf(other);
      place.replaceChildren(...difference(found.source ?? "", source, titleOf(other)));
    } catch (error) {
      place.replaceChildren(complaint(error));
    }
  });
  const label = element("label", { for: select.id }, "Difference from ");
  return element("div", { class: "comparison" }, label, select, place);
}

function difference(old, now, name) {
  const edits = editsBetween(old.split("\n"), now.split("\n"));
  const counted = (sign) => edits.filter(([each]) => each === sign).length;
  const [gone, come] = [counted("-"), counted("+")];
  if (!gone && !come) return [element("p", { class: "small" }, "The sources are the same.")];
  const said = `− ${gone} lines only in ${name}; + ${come} lines only here.`;
  const region = { class: "diff", tabindex: "0", role: "region", "aria-label": "Difference" };
  return [element("p", { class: "small" }, said), element("pre", region, ...hunks(edits))];
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
      const shown = `${sign === "-" ? "−" : sign} ${text}\n`;
      lines.push(element("span", { class: STYLES[sign] }, shown));
      continue;
    }
    let end = at;
    while (end < edits.length && !near[end]) end += 1;
    lines.push(element("span", { class: "skipped" }, `  … ${end - at} equal lines\n`));
    at = end - 1;
  }
  return lines;
}

// Equal beginnings and ends are set apart first: most of two candidates is often the same.
function editsBetween(old, now) {
  const least = Math.min(old.length, now.length);
  let start = 0;
  while (start < least && old[start] === now[start]) start += 1;
  let ends = 0;
  while (ends < least - start && old.at(-1 - ends) === now.at(-1 - ends)) ends += 1;
  const inner = (lines) => lines.slice(start, lines.length - ends);
  const kept = (lines) => lines.map((line) => [" ", line]);
  return [
    ...kept(old.slice(0, start)),
    ...shortestEdits(inner(old), inner(now)),
    ...kept(old.slice(old.length - ends)),
  ];
}

// By the longest common subsequence, from a table of its lengths for all pairs of ends.
function shortestEdits(a, b) {
  const width = b.length + 1;
  if ((a.length + 1) * width > MOST_CELLS) {
    return [...a.map((line) => ["-", line]), ...b.map((line) => ["+", line])];
  }
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const [below, right] = [common[(i + 1) * width + j], common[i * width + j + 1]];
      const both = common[(i + 1) * width + j + 1] + 1;
      common[i * width + j] = a[i] === b[j] ? both : Math.max(below, right);
    }
  }
  const edits = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [rest, below] = [i * width + j, (i + 1) * width + j];
    if (i < a.length && j < b.length && a[i] === b[j]) {
      edits.push([" ", a[i]]);
      [i, j] = [i + 1, j + 1];
    } else if (j >= b.length || (i < a.length && common[below] >= common[rest + 1])) {
      edits.push(["-", a[i]]);
      i += 1;
    } else {
      edits.push(["+", b[j]]);
      j += 1;
    }
  }
  return edits;
}
