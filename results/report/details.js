// What is shown of a candidate that is opened, and how its details get here.

const chunks = new Map();

// A file beside the page calls this: the one way to load data that works from file:// too.
window.skilldynoDetails = (digest, number, packed) => {
  const waiting = chunks.get(number);
  if (digest === data.digest) waiting.resolve(packed);
  else {
    const said = `${data.folder} is of another report: put this page's own folder here.`;
    waiting.reject(new Error(said));
  }
};

async function detailsOf(index) {
  const number = Math.floor(index / data.chunk);
  if (!chunks.has(number)) {
    const waiting = {};
    const packed = new Promise((resolve, reject) => Object.assign(waiting, { resolve, reject }));
    waiting.details = packed.then(unpack);
    chunks.set(number, waiting);
    load(number, waiting);
  }
  return (await chunks.get(number).details)[index % data.chunk];
}

function load(number, waiting) {
  const inside = document.getElementById(`details-${number}`);
  if (inside) {
    waiting.resolve(inside.textContent);
    return;
  }
  const file = `${data.folder}/${number}.js`;
  const script = element("script", { src: `${encodeURIComponent(data.folder)}/${number}.js` });
  script.addEventListener("error", () => {
    chunks.delete(number);
    const mend = `keep the folder ${data.folder} beside this page.`;
    waiting.reject(new Error(`${file} cannot be loaded: ${mend}`));
  });
  document.head.append(script);
}

async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

function describe(index, found) {
  const flags = found.flags ?? [];
  return [
    element("p", {}, found.reason ?? ""),
    about(index, found),
    ...flags.map((flag) => element("p", { class: "flag" }, `Integrity flag: ${flag}`)),
    ...(found.work ? [element("p", { class: "small" }, `The model ${found.work}.`)] : []),
    ...(found.steps ? steps(found.steps) : []),
    ...(found.timings ? timings(found) : []),
    ...(found.checks ? checks(found.checks) : []),
    ...(found.kernels ? kernels(found.kernels) : []),
    ...builds(found),
    ...(found.output ? [folded("Output", "", found.output)] : []),
    ...source(index, found.source),
  ];
}

function about(index, found) {
  const confined = found.isolation ? ` under ${found.isolation}` : "";
  const candidate = found.candidate ? `Candidate ${found.candidate.slice(0, 12)}${confined}. ` : "";
  const sample = `Log ${found.log}, sample ${found.sample}, epoch ${data.rows[index][EPOCH]}. `;
  const transcript = element("a", { href: found.transcript }, "Transcript");
  const viewer = element("code", {}, "inspect view --log-dir LOGS");
  const link = element("a", { href: `#candidate-${index}` }, "Link");
  const where = [transcript, ", while ", viewer, " runs. ", link];
  return element("p", { class: "small muted" }, candidate, sample, ...where);
}

function source(index, text) {
  if (!text) return [element("p", { class: "small muted" }, "The completion held no code.")];
  const lines = `${text.split("\n").length} lines`;
  return [folded("Source", lines, text), comparison(index, text)];
}

function builds(found) {
  const others = (found.builds ?? []).map(([arch, ok, log]) => {
    const said = ok === null ? "not known" : ok ? "builds" : "does not build";
    return folded(`Build for ${arch}`, said, log);
  });
  if (!found.build) return others;
  const [command, took, cached, log] = found.build;
  const said = `${seconds(took)}${cached ? ", cached" : ""}${log ? "" : ", no messages"}`;
  return [folded("Build", said, `${command}\n${log}`), ...others];
}

function folded(title, said, text) {
  const summary = element("summary", {}, `${title} `, element("span", { class: "muted" }, said));
  const code = element("pre", { tabindex: "0" }, element("code", {}, text));
  return element("details", {}, summary, code);
}

function tableOf(title, said, heads, lines) {
  const head = element("tr", {});
  for (const [at, text] of heads.entries()) {
    head.append(element("th", { scope: "col", class: at ? "num" : "" }, text));
  }
  const made = element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines));
  const region = { class: "scroll", tabindex: "0", role: "region", "aria-label": title };
  const heading = element("h4", {}, `${title} `, element("span", { class: "muted" }, said));
  return [heading, element("div", region, made)];
}

function tableLine(name, cells) {
  const line = element("tr", {}, element("th", { scope: "row" }, ...[name].flat()));
  for (const each of cells) {
    line.append(each instanceof Node ? each : element("td", { class: "num" }, each));
  }
  return line;
}

const micro = (value) => (value == null ? NONE : `${(1e6 * value).toFixed(1)} µs`);

function timings(found) {
  const over = found.timings[0][9].map(([name]) => name);
  const others = over.filter((name) => name !== found.baseline);
  const lines = found.timings.map((timing) => {
    const [workload, candidate, baseline, speedup, low, high, noisy, roofline, pairs] = timing;
    const speedups = new Map(timing[9]);
    return tableLine(workload, [
      micro(candidate),
      micro(baseline),
      element("td", { class: "num strong" }, ratio(speedup)),
      `${interval(low, high)}${noisy ? " noisy" : ""}`,
      ...others.map((name) => ratio(speedups.get(name))),
      percent(roofline),
      String(pairs ?? NONE),
    ]);
  });
  const heads = ["Workload", "Candidate", found.baseline, "Speedup", "95 % interval"];
  heads.push(...others.map((name) => `over ${name}`), "Roofline", "Pairs");
  return tableOf("Timings", "", heads, lines);
}

function checks(found) {
  const lines = found.lines.map(([workload, named, cells]) => {
    const hidden = named ? [] : [" ", element("span", { class: "muted" }, "hidden")];
    const errors = cells.map((each) => {
      const style = each && !each[1] ? "num fail" : "num";
      return element("td", { class: style }, each ? errorOf(each) : "");
    });
    return tableLine([workload, ...hidden], errors);
  });
  const failures = found.failures.map(([workload, distribution, said]) => {
    const detail = said ? `: ${said}` : "";
    return element("p", { class: "small" }, `Failed: ${workload}, ${distribution}${detail}`);
  });
  const passed = `${found.passed} of ${found.total} passed`;
  const said = `${passed}; largest error as a multiple of the tolerance`;
  const heads = ["Workload", ...found.distributions.map(spaced)];
  return [...tableOf("Checks", said, heads, lines), ...failures];
}

function errorOf([value, passed]) {
  const large = value < 100 ? value?.toFixed(2) : value?.toPrecision(2);
  const text = value > 0 && value < 0.005 ? "<0.01" : value == null ? NONE : large;
  return passed ? text : `${text} ✗`;
}

function steps(found) {
  const lines = found.map(([name, passed, said]) => {
    const result = passed === null ? "not reached" : passed ? "passed" : "failed ✗";
    const style = passed === false ? "num fail" : "num";
    const cells = [element("td", { class: style }, result), element("td", { class: "wrap" }, said)];
    return tableLine(name, cells);
  });
  return tableOf("Steps", "of a kernel repository", ["Step", "Result", "Detail"], lines);
}

function kernels(found) {
  const lines = found.map(([name, took, own]) => {
    const short = name.length > 60 ? `${name.slice(0, 59)}…` : name;
    return tableLine(short, [micro(took), own ? "its own" : "a library’s"]);
  });
  return tableOf("Kernels", "of one call", ["Kernel", "Time", "Whose"], lines);
}
