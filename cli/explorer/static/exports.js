// What is on the screen, as files.  Texts go in as texts: the serializer writes what would be markup out.

import { readColours, shapeOf } from "/graph.js";

const SVG = "http://www.w3.org/2000/svg";
const GRAPHML = "http://graphml.graphdrawing.org/xmlns";
const MARGIN = 60;

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function write(tree, kind, name) {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(tree)}\n`;
  save(new Blob([text], { type: kind }), name);
}

export async function savePng(cy) {
  const options = { output: "blob-promise", full: true, scale: 2, bg: readColours().paper, maxWidth: 8000, maxHeight: 8000 };
  save(await cy.png(options), "ringfence.png");
}

export function saveSvg(cy) {
  const colour = readColours(), box = cy.elements().boundingBox({ includeLabels: true });
  const tree = document.implementation.createDocument(SVG, "svg");
  const view = [box.x1 - MARGIN, box.y1 - MARGIN, box.w + 2 * MARGIN, box.h + 2 * MARGIN];
  setAll(tree.documentElement, { viewBox: view.map(Math.round).join(" "), "font-family": "sans-serif", "font-size": 11 });
  add(tree, tree.documentElement, "rect", { x: view[0], y: view[1], width: view[2], height: view[3], fill: colour.paper });
  cy.edges().forEach((edge) => drawEdge(tree, edge, colour));
  cy.nodes().forEach((node) => drawNode(tree, node, colour));
  write(tree, "image/svg+xml", "ringfence.svg");
}

function drawEdge(tree, edge, colour) {
  const [from, to] = [edge.source().position(), edge.target().position()];
  const dash = edge.data("kind") === "dealing" ? { "stroke-dasharray": "5 4" } : {};
  add(tree, tree.documentElement, "line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y, stroke: colour.edge, "stroke-width": 1.5, ...dash });
}

function drawNode(tree, node, colour) {
  const { x, y } = node.position(), data = node.data(), size = node.width() / 2;
  const fill = data.kind === "thing" ? colour.thing : colour[data.tier] ?? colour.clear;
  const width = { automatic: 5, review: 4, watch: 3 }[data.tier] ?? 1;
  const dash = data.tier === "watch" ? { "stroke-dasharray": "4 3" } : {};
  const look = { fill, stroke: colour.ink, "stroke-width": width, ...dash };
  if (data.kind === "account") add(tree, tree.documentElement, "circle", { cx: x, cy: y, r: size, ...look });
  else add(tree, tree.documentElement, "polygon", { points: listCorners(shapeOf(data), x, y, size), ...look });
  const place = { x, y: y + size + 13, "text-anchor": "middle", fill: colour.ink };
  add(tree, tree.documentElement, "text", place).textContent = data.shown;
}

const CORNERS = { pentagon: 5, hexagon: 6, diamond: 4, star: 10, tag: 4, vee: 3 };

function listCorners(shape, x, y, size) {
  const n = CORNERS[shape];
  if (!n) return [[-1, -0.8], [1, -0.8], [1, 0.8], [-1, 0.8]].map(([a, b]) => `${x + a * size},${y + b * size}`).join(" ");
  return Array.from({ length: n }, (_, place) => {
    const turn = (place / n) * 2 * Math.PI - Math.PI / 2, reach = shape === "star" && place % 2 ? size / 2 : size;
    return `${x + reach * Math.cos(turn)},${y + reach * Math.sin(turn)}`;
  }).join(" ");
}

const NODE_KEYS = { kind: "string", channel: "string", label: "string", tier: "string", accounts: "int", x: "double", y: "double" };
const EDGE_KEYS = { channel: "string", detail: "string" };

export function saveGraphml(cy) {
  const tree = document.implementation.createDocument(GRAPHML, "graphml");
  for (const [what, keys] of [["node", NODE_KEYS], ["edge", EDGE_KEYS]]) {
    for (const [name, type] of Object.entries(keys)) {
      add(tree, tree.documentElement, "key", { id: `${what}-${name}`, for: what, "attr.name": name, "attr.type": type });
    }
  }
  const graph = add(tree, tree.documentElement, "graph", { id: "screen", edgedefault: "undirected" });
  const number = new Map(cy.nodes().map((node, place) => [node.id(), `n${place}`]));
  cy.nodes().forEach((node) => {
    const values = { ...node.data(), x: node.position("x").toFixed(1), y: node.position("y").toFixed(1) };
    addData(tree, add(tree, graph, "node", { id: number.get(node.id()) }), "node", NODE_KEYS, values);
  });
  cy.edges().forEach((edge) => {
    const ends = { source: number.get(edge.data("source")), target: number.get(edge.data("target")) };
    addData(tree, add(tree, graph, "edge", ends), "edge", EDGE_KEYS, edge.data());
  });
  write(tree, "application/xml", "ringfence.graphml");
}

function addData(tree, parent, what, keys, values) {
  for (const name of Object.keys(keys)) {
    if (values[name] !== undefined && values[name] !== null && values[name] !== "") {
      add(tree, parent, "data", { key: `${what}-${name}` }).textContent = values[name];
    }
  }
}

function add(tree, parent, name, values = {}) {
  const made = tree.createElementNS(parent.namespaceURI, name);
  setAll(made, values);
  return parent.appendChild(made);
}

function setAll(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
}
