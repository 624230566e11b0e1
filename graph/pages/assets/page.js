"use strict";
// What a page does when it is touched.  It reads one block of data, writes text and nothing but text, and fetches
// nothing.  Without it a page still shows everything.
(() => {
  const $ = (selector, under = document) => under.querySelector(selector);
  const all = (selector, under = document) => [...under.querySelectorAll(selector)];
  const data = JSON.parse($("#data").textContent);
  const words = data.words || {};
  document.documentElement.classList.add("scripted");

  const make = (tag, text, kind) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  // --- A table that is filtered by words, and by what is ticked above it.
  for (const table of all("table[data-filter]")) {
    const field = $("#" + table.dataset.filter);
    const count = $("#" + table.dataset.count);
    const rows = all("tbody tr", table);
    const filter = () => {
      const wanted = field.value.trim().toLowerCase();
      const roles = new Set(all("input[data-role]").filter((box) => !box.checked).map((box) => box.dataset.role));
      let shown = 0;
      for (const row of rows) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted) || roles.has(row.dataset.role);
        shown += row.hidden ? 0 : 1;
      }
      if (count) count.textContent = `${shown} / ${rows.length}`;
    };
    field.addEventListener("input", filter);
    for (const box of all("input[data-role]")) box.addEventListener("change", filter);
    filter();
  }

  const picture = $("#network");
  if (!picture || !data.nodes) return;

  // --- The picture: nodes and edges as they stand in the page, with what the data says of them.
  const [marks, lines] = [all(".node", picture), all(".edge", picture)];
  const nodes = data.nodes.map((node, place) => ({ ...node, mark: marks[place], place, edges: [] }));
  const edges = data.edges.map((edge, place) => ({ ...edge, mark: lines[place] }));
  for (const node of nodes) {
    const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
    title.textContent = `${node.name}: ${node.about}`;
    node.mark.append(title);
  }
  for (const edge of edges) {
    nodes[edge.s].edges.push(edge);
    nodes[edge.t].edges.push(edge);
  }
  const other = (edge, node) => nodes[edge.s === node.place ? edge.t : edge.s];
  const details = $("#details");
  const times = [...new Set([...nodes, ...edges].map((each) => each.at).filter((at) => at !== undefined))].sort((one, two) => one - two);
  let picked = null;
  let until = times.length;

  const tell = (node) => {
    details.replaceChildren(make("h3", node.name), make("p", node.about, "muted"));
    const list = make("ul");
    for (const edge of [...node.edges].sort((one, two) => two.bits - one.bits)) {
      const name = other(edge, node).name;
      const item = make("li", edge.what === node.name ? name : edge.what.includes(name) ? edge.what : `${edge.what}: ${name}`);
      item.append(make("span", edge.about, "muted"));
      list.append(item);
    }
    details.append(list);
    for (const name of node.names || []) details.append(make("span", name, "chip"));
  };

  const pick = (node, focus) => {
    picked = node === picked && !focus ? null : node;
    for (const each of nodes) {
      each.mark.classList.toggle("picked", each === picked);
      each.mark.setAttribute("aria-pressed", String(each === picked));
      each.mark.setAttribute("tabindex", each === (picked || nodes[0]) ? "0" : "-1");
    }
    if (picked) tell(picked);
    else details.replaceChildren(make("p", words.nothing, "muted"));
    for (const row of all("tr[data-n]")) row.classList.toggle("picked", picked !== null && Number(row.dataset.n) === picked.place);
    draw();
    if (picked && focus) picked.mark.focus();
  };

  const draw = () => {
    const hidden = (kind) => new Set(all(`input[data-${kind}]`).filter((box) => !box.checked).map((box) => box.dataset[kind]));
    const channels = hidden("channel");
    const roles = hidden("role");
    const now = until < times.length ? times[Math.max(until - 1, 0)] : null;
    const isLate = (each) => until < times.length && each.at !== undefined && (until === 0 || each.at > now);
    for (const node of nodes) node.out = isLate(node) || roles.has(node.role);
    for (const edge of edges) edge.out = isLate(edge) || channels.has(edge.channel) || nodes[edge.s].out || nodes[edge.t].out;
    for (const node of nodes) {
      if (node.ids === undefined) node.out = node.out || node.edges.every((edge) => edge.out);
      node.mark.classList.toggle("out", node.out);
    }
    const near = new Set(picked ? [picked, ...picked.edges.filter((edge) => !edge.out).map((edge) => other(edge, picked))] : []);
    picture.classList.toggle("has-pick", picked !== null);
    for (const node of nodes) node.mark.classList.toggle("near", near.has(node));
    for (const edge of edges) {
      edge.mark.classList.toggle("out", edge.out);
      edge.mark.classList.toggle("near", picked !== null && (nodes[edge.s] === picked || nodes[edge.t] === picked));
    }
    const members = nodes.filter((node) => node.ids !== undefined && !node.out).reduce((sum, node) => sum + node.ids, 0);
    $("#shown").textContent = `${members} / ${data.members}`;
  };

  // --- Keys: one stop for the Tab key, arrows go to whatever lies there, Enter picks, Escape lets go.
  const ahead = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const step = (from, [dx, dy]) => {
    let best = null;
    for (const node of nodes) {
      const along = (node.x - from.x) * dx + (node.y - from.y) * dy;
      const aside = Math.abs((node.x - from.x) * dy) + Math.abs((node.y - from.y) * dx);
      if (node === from || node.out || along <= 0) continue;
      const far = along + 2 * aside;
      if (!best || far < best.far) best = { node, far };
    }
    return best && best.node;
  };
  for (const node of nodes) {
    node.mark.addEventListener("click", () => pick(node));
    node.mark.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") pick(node);
      else if (event.key === "Escape") pick(null);
      else if (event.key in ahead) {
        const next = step(node, ahead[event.key]);
        if (next) pick(next, true);
      } else return;
      event.preventDefault();
    });
  }
  for (const row of all("tr[data-n] button")) row.addEventListener("click", () => pick(nodes[Number(row.closest("tr").dataset.n)], true));
  for (const box of all("input[data-channel], input[data-role]")) box.addEventListener("change", draw);

  // --- Time: how it came together, one thing after the other.
  const slider = $("#time");
  const line = $("#now");
  let playing = null;
  const move = (place) => {
    until = place;
    slider.value = String(place);
    const at = place === 0 ? null : times[place - 1];
    const text = at === null ? words.before : new Date(at * 1000).toISOString().replace("T", " ").slice(0, 16);
    $("#when").textContent = text;
    slider.setAttribute("aria-valuetext", text);
    if (line) {
      const share = ((at === null ? data.from : at) - data.from) / (data.to - data.from);
      const x = String(data.left + Math.min(Math.max(share, 0), 1) * data.wide);
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
      line.classList.toggle("out", place === times.length);
    }
    draw();
  };
  const stop = () => {
    clearInterval(playing);
    playing = null;
    $("#play").textContent = words.play;
  };
  if (slider && times.length > 1) {
    slider.max = String(times.length);
    slider.addEventListener("input", () => { stop(); move(Number(slider.value)); });
    $("#play").addEventListener("click", () => {
      if (playing) return stop();
      $("#play").textContent = words.stop;
      if (until === times.length) move(0);
      playing = setInterval(() => (until < times.length ? move(until + 1) : stop()), Math.max(40, 6000 / times.length));
    });
    move(times.length);
  } else if (slider) $("#clock").hidden = true;
  pick(null);
})();
