// The dots of the roofline: named by pointer, by touch and by the arrow keys, opened by a click.

const REACH = 16;
const tip = document.getElementById("roofline-tip");

function rooflineOf(svg) {
  const points = data.dots.flatMap((candidates, series) =>
    [...svg.querySelectorAll(`.dots-${series} use`)].map((use, at) => ({
      x: use.x.baseVal.value,
      y: use.y.baseVal.value,
      index: candidates[at],
    })));
  points.sort((left, right) => left.x - right.x || right.y - left.y);
  const ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  ring.setAttribute("class", "ring");
  ring.setAttribute("r", "8");
  svg.append(ring);
  let current = -1;

  const scale = () => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;

  function choose(at) {
    current = at;
    const point = points[at];
    ring.toggleAttribute("data-on", Boolean(point));
    tip.hidden = !point;
    if (!point) return;
    ring.setAttribute("cx", point.x);
    ring.setAttribute("cy", point.y);
    tip.replaceChildren(...nameOfDot(point.index));
    const box = svg.getBoundingClientRect();
    const page = tip.parentElement.getBoundingClientRect();
    const left = box.left - page.left + point.x * scale();
    const top = box.top - page.top + point.y * scale();
    const most = page.width - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(left - tip.offsetWidth / 2, most))}px`;
    tip.style.top = `${top - tip.offsetHeight - 14}px`;
  }

  function nearest(event) {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) / scale();
    const y = (event.clientY - box.top) / scale();
    let [found, least] = [-1, REACH / scale()];
    points.forEach((point, at) => {
      const distance = Math.hypot(point.x - x, point.y - y);
      if (distance < least) [found, least] = [at, distance];
    });
    return found;
  }

  function open() {
    if (current < 0) return;
    const { index } = points[current];
    history.replaceState(null, "", `#candidate-${index}`);
    openCandidate(index);
  }

  svg.addEventListener("pointermove", (event) => choose(nearest(event)));
  svg.addEventListener("pointerleave", (event) => event.pointerType === "touch" || choose(-1));
  svg.addEventListener("blur", () => choose(-1));
  svg.addEventListener("click", (event) => {
    const before = current;
    choose(nearest(event));
    // A finger cannot hover: its first touch names a dot, its second opens it.
    if (event.pointerType !== "touch" || before === current) open();
  });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (step) choose(current < 0 ? 0 : (current + step + points.length) % points.length);
    else if (event.key === "Enter") open();
    else if (event.key === "Escape") choose(-1);
    else return;
    event.preventDefault();
  });
  svg.setAttribute("tabindex", "0");
  svg.setAttribute("role", "application");
}

function nameOfDot(index) {
  const row = data.rows[index];
  return [
    element("strong", {}, nameOf[OP](row)),
    element("br", {}),
    titleOf(index),
    element("br", {}),
    `${resultOf(index)}, ${percent(row[ROOFLINE])} of the roofline`,
  ];
}

for (const svg of document.querySelectorAll("#roofline figure svg")) rooflineOf(svg);
