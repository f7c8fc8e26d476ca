"use strict";
(() => {
  const all = (query, root) => Array.from((root || document).querySelectorAll(query));
  const one = (id) => document.getElementById(id);
  const table = one("table");
  const status = one("status");

  // Values under the pointer. A browser's own hint comes late, and on touch never: the words are taken from it.
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  all("g[data-cell], g[data-part]").forEach((part) => {
    const title = part.querySelector("title");
    if (!title) return;
    part.dataset.words = title.textContent;
    title.remove();
  });
  // A curve is thin: what is a few pixels away counts, too.
  const around = [[0, 0]];
  [5, 10].forEach((far) => [[far, 0], [-far, 0], [0, far], [0, -far]].forEach((step) => around.push(step)));
  const under = (x, y) => {
    const found = around.map(([dx, dy]) => document.elementFromPoint(x + dx, y + dy));
    const part = found.find((element) => element && element.closest("[data-words]"));
    return part && part.closest("[data-words]");
  };
  const read = (event) => {
    const [x, y] = [event.clientX, event.clientY];
    const part = event.target instanceof Element && event.target.closest(".card") && under(x, y);
    tip.hidden = !part;
    if (!part) return;
    tip.textContent = part.dataset.words;
    const [width, height] = [tip.offsetWidth, tip.offsetHeight];
    tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - width - 4)) + "px";
    tip.style.top = Math.max(4, y + 18 + height > innerHeight ? y - height - 12 : y + 18) + "px";
  };
  const away = () => { tip.hidden = true; };
  ["pointermove", "pointerdown"].forEach((name) => addEventListener(name, read));
  addEventListener("scroll", away, true);
  addEventListener("keydown", (event) => { if (event.key === "Escape") away(); });

  if (!table) return;
  const rows = () => all("tbody tr", table);
  const say = (words) => { status.textContent = words; };
  all("[data-script], .toggle").forEach((part) => { part.hidden = false; });

  // Sorting: a button in each heading.
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent.trim() : cell.dataset.sort;
  };
  const compare = (a, b) => {
    if (a === "" || b === "") return 0;
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
  };
  all("thead th", table).forEach((head, column, heads) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sorted = rows().map((row, place) => [value(row, column), place, row]);
      // What is not known comes last, whichever way.
      sorted.sort((a, b) => (a[0] === "") - (b[0] === "")
        || (down ? -1 : 1) * compare(a[0], b[0]) || a[1] - b[1]);
      table.tBodies[0].append(...sorted.map((entry) => entry[2]));
      say("Sorted by " + button.textContent.trim() + (down ? ", highest first" : ", lowest first"));
    });
  });

  // Filter: every word has to be somewhere in the row.
  const filter = one("filter");
  const sift = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    rows().forEach((row) => {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      left += row.hidden ? 0 : 1;
    });
    say(words.length ? left + " of " + rows().length + " rows" : "");
  };
  filter.addEventListener("input", sift);

  // Columns: those that are ticked, and of the percentiles the one that is chosen.
  const boxes = all("#columns [data-column]");
  const radios = all("#percentile input");
  const thin = () => {
    const chosen = radios.find((radio) => radio.checked);
    const gone = new Set(boxes.filter((box) => !box.checked).map((box) => box.dataset.column));
    radios.forEach((radio) => {
      if (chosen && chosen.value !== "all" && radio !== chosen) gone.add(radio.value);
    });
    all("[data-column]", table).forEach((cell) => { cell.hidden = gone.has(cell.dataset.column); });
  };
  boxes.concat(radios).forEach((input) => input.addEventListener("change", thin));
  if (radios.length) thin();

  // Combinations in all charts at once.
  const toggles = all(".toggle");
  const draw = () => {
    toggles.forEach((box) => {
      all('[data-cell="' + box.dataset.toggle + '"]').forEach((part) => {
        part.classList.toggle("off", !box.checked);
      });
    });
  };
  toggles.forEach((box) => box.addEventListener("change", draw));
  const press = (id, wanted) => {
    const button = one(id);
    if (button) button.addEventListener("click", () => {
      toggles.forEach((box) => { box.checked = wanted(box); });
      draw();
      say(toggles.filter((box) => box.checked).length + " combinations in the charts");
    });
  };
  press("show-all", () => true);
  press("show-none", () => false);
  press("show-filtered", (box) => !box.closest("tr").hidden);

  // A link to a combination (#c3): its row comes into sight and the charts pick it out.
  const pick = () => {
    const match = /^#c(\d+)$/.exec(location.hash);
    all(".hit").forEach((part) => part.classList.remove("hit"));
    all("svg.pick").forEach((svg) => svg.classList.remove("pick"));
    const row = match && one("c" + match[1]);
    if (!row) return;
    if (row.hidden) { filter.value = ""; sift(); }
    all('[data-cell="' + match[1] + '"]').forEach((part) => {
      part.classList.add("hit");
      part.closest("svg").classList.add("pick");
    });
    row.scrollIntoView({ block: "center" });
    say("Combination " + match[1] + " is picked out in the charts");
  };
  addEventListener("hashchange", pick);
  pick();
})();
