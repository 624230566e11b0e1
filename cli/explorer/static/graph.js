// The picture: accounts and things as nodes, what joins them as edges, and where they stand.

export const SHAPES = {
  account: "ellipse", device: "round-rectangle", address: "pentagon", payment: "rectangle", phone: "tag",
  email: "rhomboid", ip: "hexagon", "reviewed product": "star", "reviewed seller": "vee",
};
const OTHER_SHAPE = "diamond";
const STEP = 58;
const MOST_ARRANGED = 300, MANY = 800;

export const shapeOf = (data) => (data.kind === "account" ? SHAPES.account : SHAPES[data.channel] ?? OTHER_SHAPE);
export const accountNode = (id) => `a:${id}`;

export function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "ink", "dim", "edge", "accent", "thing", "automatic", "review", "watch", "clear"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function makeStyle(colour) {
  // A tier is told by its border as well as by its colour.
  const border = { automatic: ["double", 6], review: ["solid", 4], watch: ["dashed", 3], clear: ["solid", 1] };
  const tiers = Object.entries(border).map(([tier, [line, width]]) => ({
    selector: `node[tier = "${tier}"]`,
    style: { "background-color": colour[tier], "border-style": line, "border-width": width, "border-color": colour.ink },
  }));
  return [
    {
      selector: "node",
      style: {
        width: 26, height: 26, label: "data(shown)", color: colour.ink, "font-size": 11, "text-valign": "bottom",
        "text-margin-y": 3, "text-wrap": "ellipsis", "text-max-width": 130, "min-zoomed-font-size": 7,
        "background-color": colour.clear, "border-width": 1, "border-color": colour.ink,
        "text-background-color": colour.paper, "text-background-opacity": 0.7, "text-background-padding": 1,
      },
    },
    ...tiers,
    {
      selector: 'node[kind = "thing"]',
      style: { shape: (node) => shapeOf(node.data()), "background-color": colour.thing, "border-color": colour.dim, width: 22, height: 22 },
    },
    { selector: "node.folded", style: { "border-style": "double", "border-width": 5, width: 30, height: 30 } },
    { selector: "node.pinned", style: { "underlay-color": colour.ink, "underlay-opacity": 0.25, "underlay-padding": 7, "underlay-shape": "round-rectangle" } },
    { selector: "node.chosen", style: { "underlay-color": colour.accent, "underlay-opacity": 0.45, "underlay-padding": 7 } },
    { selector: "node:selected", style: { "overlay-color": colour.accent, "overlay-opacity": 0.35, "overlay-padding": 6 } },
    { selector: "edge", style: { width: 1.5, "line-color": colour.edge, "curve-style": "haystack" } },
    { selector: 'edge[kind = "dealing"]', style: { "line-style": "dashed", width: 2 } },
    { selector: "edge.way", style: { "line-color": colour.accent, width: 5 } },
  ];
}

export function makeGraph(container) {
  const cy = globalThis.cytoscape({
    container, style: makeStyle(readColours()), minZoom: 0.05, maxZoom: 4, boxSelectionEnabled: false,
    selectionType: "single", textureOnViewport: false, hideEdgesOnViewport: false, pixelRatio: "auto",
  });
  // Each step of a mark that is dragged draws everything anew: with very many, edges come back when it is let go.
  cy.on("grab", "node", () => { cy.renderer().hideEdgesOnViewport = cy.nodes().length > MANY; });
  cy.on("free", "node", () => { cy.renderer().hideEdgesOnViewport = false; });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => cy.style(makeStyle(readColours())));
  return cy;
}

function show(data) {
  return data.kind === "thing" && data.accounts > 2 ? `${data.label} (${data.accounts})` : data.label;
}

function makeNode(data, classes = []) {
  return { group: "nodes", data: { ...data, shown: show(data) }, classes };
}

function listNodes(found) {
  const accounts = found.accounts.map((each) =>
    makeNode({ ...each, id: accountNode(each.id), account: each.id, kind: "account" }));
  const thing = (each) => ({ ...each, id: nodeOf(each), thing: each.id, kind: each.account ? "account" : "thing", tier: each.tier ?? "" });
  const things = found.things.map((each) => makeNode(thing(each)));
  return [...accounts, ...things, ...found.folded.map((each) => makeNode(thing(each), ["folded"]))];
}

const nodeOf = (thing) => (thing.account ? accountNode(thing.account) : `t:${thing.id}`);

function listEdges(found) {
  const edge = (kind, channel, source, target, detail) => ({
    group: "edges", data: { id: JSON.stringify([channel, source, target]), kind, channel, source, target, detail },
  });
  const uses = [...found.things, ...found.folded].flatMap((each) =>
    each.users.map((user) => edge(each.account ? "dealing" : "use", each.channel, accountNode(user), nodeOf(each), each.label)));
  const dealings = found.dealings.map((each) =>
    edge("dealing", each.channel, accountNode(each.one), accountNode(each.other), each.detail));
  return [...uses, ...dealings];
}

// Adds what is not there yet, and returns it; what was folded and is looked into is folded no more.
export function addFound(cy, found, near) {
  const isNew = (each) => cy.getElementById(each.data.id).empty();
  const nodes = listNodes(found);
  for (const each of nodes) {
    if (!isNew(each) && !each.classes.includes("folded")) cy.getElementById(each.data.id).removeClass("folded");
  }
  const fresh = nodes.filter(isNew);
  return putNodes(cy, fresh, found, near);
}

function putNodes(cy, fresh, found, near) {
  const spots = findSpots(cy, fresh.length, near);
  const added = cy.add(fresh.map((each, place) => ({ ...each, position: spots[place] })));
  const ends = (each) => [each.data.source, each.data.target].every((id) => cy.getElementById(id).nonempty());
  const edges = listEdges(found).filter((each) => cy.getElementById(each.data.id).empty() && ends(each));
  return added.union(cy.add(edges));
}

// Free places round a place, from the nearest on: a sunflower's, which needs no luck.
function findSpots(cy, n, near) {
  const key = (x, y) => `${Math.round(x / STEP)},${Math.round(y / STEP)}`;
  const taken = new Set(cy.nodes().map((node) => key(node.position("x"), node.position("y"))));
  const spots = [];
  for (let place = 1; spots.length < n; place += 1) {
    const reach = STEP * Math.sqrt(place), turn = place * 2.399963;
    const spot = { x: near.x + reach * Math.cos(turn), y: near.y + reach * Math.sin(turn) };
    if (!taken.has(key(spot.x, spot.y))) {
      taken.add(key(spot.x, spot.y));
      spots.push(spot);
    }
  }
  return spots;
}

// Draws together what is joined; pinned nodes stay.  Too many nodes stay where they are: it would take seconds.
export function arrange(cy) {
  if (cy.nodes().length < 2 || cy.nodes().length > MOST_ARRANGED) return false;
  const options = { name: "cose", animate: false, randomize: false, fit: false, numIter: 700, nodeOverlap: 18 };
  cy.layout({ ...options, idealEdgeLength: () => 62, nodeRepulsion: () => 9000, gravity: 0.6, componentSpacing: 80 }).run();
  return true;
}

export function fit(cy) {
  cy.fit(undefined, 40);
  if (cy.zoom() > 1.4) {
    cy.zoom(1.4);
    cy.center();
  }
}

// The nearest node in a direction: what lies straight ahead counts as nearer than what lies aside.
export function findNext(cy, from, dx, dy) {
  const here = from.position();
  let best = null, least = Infinity;
  cy.nodes().forEach((node) => {
    const x = node.position("x") - here.x, y = node.position("y") - here.y;
    const ahead = x * dx + y * dy, aside = Math.abs(x * dy - y * dx);
    if (ahead > 1 && ahead + 2.5 * aside < least) [best, least] = [node, ahead + 2.5 * aside];
  });
  return best;
}
