// What is shown of a candidate that is opened, and how its details get here.

const chunks = new Map();

// A file beside the page calls this: it is the one way to load data that works from file:// too.
window.skilldynoDetails = (digest, number, packed) => {
  const waiting = chunks.get(number);
  if (digest === data.digest) waiting.resolve(packed);
  else waiting.reject(new Error(`${data.folder}/${number}.js is of another report: write this one again, or move its own folder here.`));
};

async function detailsOf(index) {
  const number = Math.floor(index / data.chunk);
  if (!chunks.has(number)) {
    const waiting = Promise.withResolvers ? Promise.withResolvers() : deferred();
    chunks.set(number, waiting);
    load(number, waiting);
    waiting.details = waiting.promise.then(unpack);
  }
  return (await chunks.get(number).details)[index % data.chunk];
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

function load(number, waiting) {
  const inside = document.getElementById(`details-${number}`);
  if (inside) {
    waiting.resolve(inside.textContent);
    return;
  }
  const script = element("script", { src: `${data.folder}/${number}.js` });
  script.addEventListener("error", () => {
    chunks.delete(number);
    waiting.reject(new Error(`${data.folder}/${number}.js cannot be loaded: keep the folder ${data.folder} beside this page.`));
  });
  document.head.append(script);
}

async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

function describe(index, found) {
  const parts = [element("p", {}, found.reason ?? ""), about(index, found)];
  for (const flag of found.flags ?? []) parts.push(element("p", { class: "flag" }, `Integrity flag: ${flag}`));
  if (found.work) parts.push(element("p", { class: "small" }, `The model ${found.work}.`));
  if (found.steps) parts.push(...steps(found.steps));
  if (found.timings) parts.push(...timings(found));
  if (found.checks) parts.push(...checks(found.checks));
  if (found.kernels) parts.push(...kernels(found.kernels));
  for (const [arch, ok, log] of found.builds ?? []) {
    const said = ok === null ? "not known" : ok ? "builds" : "does not build";
    parts.push(folded(`Build for ${arch}`, said, log));
  }
  if (found.build) {
    const [command, took, cached, log] = found.build;
    parts.push(folded("Build", `${seconds(took)}${cached ? ", cached" : ""}${log ? "" : ", no messages"}`, `${command}\n${log}`));
  }
  if (found.output) parts.push(folded("Output", "", found.output));
  if (found.source) {
    parts.push(folded("Source", `${found.source.split("\n").length} lines`, found.source), comparison(index, found.source));
  } else parts.push(element("p", { class: "small muted" }, "The completion held no code."));
  return parts;
}

function about(index, found) {
  const said = [];
  if (found.candidate) said.push(`Candidate ${found.candidate.slice(0, 12)}${found.isolation ? ` under ${found.isolation}` : ""}.`);
  said.push(`Log ${found.log}, sample ${found.sample}, epoch ${data.rows[index][EPOCH]}.`);
  return element("p", { class: "small muted" }, said.join(" "), " ", element("a", { href: `#candidate-${index}` }, "Link"));
}

function folded(title, said, text) {
  return element("details", {}, element("summary", {}, title, " ", element("span", { class: "muted" }, said)),
    element("pre", { tabindex: "0" }, element("code", {}, text)));
}

function tableOf(label, heads, lines) {
  const head = heads.map((text, at) => element("th", { scope: "col", ...(at && { class: "num" }) }, text));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...lines)));
}

function lineOf(name, cells) {
  return element("tr", {}, element("th", { scope: "row" }, ...[name].flat()),
    ...cells.map((cell) => (cell instanceof Node ? cell : element("td", { class: "num" }, cell))));
}

function timings(found) {
  const others = found.timings[0][9].map(([name]) => name).filter((name) => name !== found.baseline);
  const lines = found.timings.map(([workload, candidate, baseline, speedup, low, high, noisy, roofline, pairs, over]) => {
    const each = new Map(over);
    return lineOf(workload, [micro(candidate), micro(baseline), element("td", { class: "num strong" }, ratio(speedup)),
      `${interval(low, high)}${noisy ? " noisy" : ""}`, ...others.map((name) => ratio(each.get(name))), percent(roofline), String(pairs ?? NONE)]);
  });
  return [element("h4", {}, "Timings"), tableOf("Timings",
    ["Workload", "Candidate", found.baseline, "Speedup", "95 % interval", ...others.map((name) => `over ${name}`), "Roofline", "Pairs"], lines)];
}

const micro = (value) => (value == null ? NONE : `${(1e6 * value).toFixed(1)} µs`);

function checks(found) {
  const lines = found.lines.map(([workload, named, cells]) => lineOf(
    named ? workload : [workload, " ", element("span", { class: "muted" }, "hidden")],
    cells.map((cell) => element("td", { class: cell && !cell[1] ? "num fail" : "num" }, cell ? error(cell) : ""))));
  const failures = found.failures.map(([workload, distribution, said]) =>
    element("p", { class: "small" }, `Failed: ${workload}, ${distribution}${said ? `: ${said}` : ""}`));
  return [
    element("h4", {}, "Checks ", element("span", { class: "muted" }, `${found.passed} of ${found.total} passed; largest error as a multiple of the tolerance`)),
    tableOf("Checks", ["Workload", ...found.distributions.map(spaced)], lines), ...failures];
}

function error([value, passed]) {
  const text = value == null ? NONE : value > 0 && value < 0.005 ? "<0.01" : value < 100 ? value.toFixed(2) : value.toPrecision(2);
  return passed ? text : `${text} ✗`;
}

function steps(found) {
  const lines = found.map(([name, passed, said]) => lineOf(name, [
    element("td", { class: passed === false ? "fail" : "" }, passed === null ? "not reached" : passed ? "passed" : "failed ✗"),
    element("td", { class: "wrap" }, said)]));
  return [element("h4", {}, "Steps"), element("div", { class: "scroll" }, element("table", {}, element("tbody", {}, ...lines)))];
}

function kernels(found) {
  const lines = found.map(([name, took, own]) => lineOf(name.length > 60 ? `${name.slice(0, 59)}…` : name, [micro(took), own ? "its own" : "a library’s"]));
  return [element("h4", {}, "Kernels of a call"), tableOf("Kernels of a call", ["Kernel", "Time", "Whose"], lines)];
}
