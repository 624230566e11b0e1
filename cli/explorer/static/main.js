// The page: what is done where, and what the server is asked for.

import { ask, send } from "/api.js";
import { saveGraphml, savePng, saveSvg } from "/exports.js";
import { accountNode, addFound, arrange, findNext, fit, makeGraph, SHAPES } from "/graph.js";
import * as panel from "/panel.js";

const { find, say } = panel;
const MOST_CHOSEN = 8, MOST_LISTED = 400;
const cy = makeGraph(find("graph"));
const chosen = [];
let selected = null;

const trying = (act) => async (...given) => {
  try {
    await act(...given);
  } catch (error) {
    say(error.message);
  }
};

function takeIn(found, near, words) {
  const before = cy.nodes().length;
  const added = addFound(cy, found, near ?? middle());
  if (cy.nodes().length > before) {
    arrange(cy);
    fit(cy);
  }
  list();
  const rest = found.around - found.shown;
  const folded = found.folded.length ? `, ${found.folded.length} folded` : "";
  say(words ?? `${added.nodes().length} new${folded}${rest > 0 ? `, ${rest} more around` : ""}`);
}

const middle = () => ({ x: (cy.extent().x1 + cy.extent().x2) / 2, y: (cy.extent().y1 + cy.extent().y2) / 2 });

const openId = trying(async (id) => {
  const found = await ask("from", { id });
  takeIn(found);
  select(cy.getElementById(found.roots.length ? accountNode(found.roots[0]) : `t:${found.things[0].id}`));
});

const openHit = trying(async (hit) => {
  if (hit.thing) {
    const found = await ask("users", { thing: hit.thing });
    takeIn(found);
    select(cy.getElementById(`t:${hit.thing}`));
  } else if (hit.kind === "account" || hit.kind === "ring") {
    await openId(hit.id);
  } else if (hit.users.length) {
    await openId(hit.users[0].id);
  } else {
    say(`Nothing is drawn of a ${hit.kind}.`);
  }
});

const expand = trying(async () => {
  if (!selected) return;
  const data = selected.data(), channel = find("channel").value;
  const asked = data.kind === "account" ? ["around", { id: data.account ?? data.label, channel: channel ? [channel] : [] }] : ["users", { thing: data.thing }];
  takeIn(await ask(...asked), selected.position());
});

function select(node) {
  if (!node || node.empty()) return;
  cy.elements().unselect();
  node.select();
  selected = node;
  find("selected").hidden = false;
  find("who").textContent = node.data("label");
  panel.showFacts(describe(node));
  markButtons();
  if (node.data("kind") === "account") tellAccount(node);
}

function describe(node) {
  const data = node.data();
  if (data.kind === "account") return { tier: data.tier, risk: data.risk?.toFixed(2) ?? "", rings: data.rings ?? [] };
  const folded = node.hasClass("folded") ? "too many share it; expand shows the first of them" : "";
  return { what: data.channel, accounts: String(data.accounts), "on the screen": String(node.neighborhood("node").length), folded };
}

const tellAccount = trying(async (node) => {
  const { id, label, ...known } = await ask("account", { id: node.data("account") });
  if (selected === node) panel.showFacts({ ...describe(node), ...known, rings: known.rings });
});

function markButtons() {
  if (!selected) return;
  const isAccount = selected.data("kind") === "account";
  find("pin").setAttribute("aria-pressed", selected.hasClass("pinned"));
  find("choose").setAttribute("aria-pressed", chosen.includes(selected.id()));
  find("choose").disabled = !isAccount;
  find("channel").disabled = !isAccount;
  find("path").disabled = chosen.length !== 2;
  find("compare").disabled = chosen.length < 2;
}

function pin() {
  if (!selected) return;
  selected.toggleClass("pinned");
  if (selected.hasClass("pinned")) selected.lock();
  else selected.unlock();
  markButtons();
}

function choose() {
  if (!selected || selected.data("kind") !== "account") return;
  const place = chosen.indexOf(selected.id());
  if (place >= 0) chosen.splice(place, 1);
  else if (chosen.length < MOST_CHOSEN) chosen.push(selected.id());
  else say(`No more than ${MOST_CHOSEN} can be chosen.`);
  listChosen();
}

function listChosen() {
  cy.nodes().forEach((node) => node.toggleClass("chosen", chosen.includes(node.id())));
  panel.fillList("chosen", chosen.map((id) => cy.getElementById(id)).map((node) => ({
    label: node.data("label"), detail: node.data("tier") ?? "", act: () => select(node),
  })));
  markButtons();
}

function takeAway(nodes) {
  const gone = new Set(nodes.map((node) => node.id()));
  nodes.remove();
  chosen.splice(0, chosen.length, ...chosen.filter((id) => !gone.has(id)));
  if (selected && gone.has(selected.id())) {
    selected = null;
    find("selected").hidden = true;
  }
  listChosen();
  list();
}

const chosenIds = () => chosen.map((id) => cy.getElementById(id).data("account"));

const findPath = trying(async () => {
  const [one, other] = chosenIds();
  const found = await ask("path", { one, other });
  cy.edges().removeClass("way");
  if (!found.found) {
    const hubs = found.left_out.map((each) => `${each.channel} ${each.label} (${each.accounts})`);
    panel.showAnswer("No path", panel.make("p", "They are joined by nothing that few share."), ...(hubs.length ? [panel.make("p", `Left out: ${hubs.join(", ")}`)] : []));
    return;
  }
  takeIn(found, undefined, `${found.hops} hops, ${found.ways} ways as short`);
  markWay(found);
  const stops = found.accounts.map((each) => each.label).join(" – ");
  panel.showAnswer(`Path of ${found.hops} hops`, panel.make("p", stops), panel.make("p", found.things.map((each) => `${each.channel}: ${each.label}`).join("; ")));
});

function markWay(found) {
  const ids = new Set([...found.accounts.map((each) => accountNode(each.id)), ...found.things.map((each) => `t:${each.id}`)]);
  cy.edges().filter((edge) => ids.has(edge.data("source")) && ids.has(edge.data("target"))).addClass("way");
}

const compare = trying(async () => panel.showComparison(await ask("compare", { id: chosenIds() })));

const showCypher = trying(async () => {
  const id = cy.nodes('[kind = "account"]').map((node) => node.data("account"));
  const { command } = await send("cypher", { id });
  panel.showText("Cypher", "This asks for what joins the accounts on the screen:", command);
});

function list() {
  const wanted = find("filter").value.toLowerCase();
  const fits = (node) => [node.data("label"), node.data("channel"), node.data("tier"), node.data("kind")].some((each) => each?.toLowerCase().includes(wanted));
  const nodes = cy.nodes().filter(fits);
  panel.fillList("shown", nodes.slice(0, MOST_LISTED).map((node) => ({
    label: node.data("label"), detail: detailOf(node), act: () => {
      select(node);
      cy.center(node);
    },
  })));
  const more = nodes.length > MOST_LISTED ? `; the first ${MOST_LISTED} are listed` : "";
  find("count").textContent = `${nodes.length} of ${cy.nodes().length}${more}`;
  find("graph").setAttribute("aria-label", `The graph: ${cy.nodes('[kind = "account"]').length} accounts, ${cy.nodes('[kind = "thing"]').length} things`);
  panel.fillChannels([...new Set(cy.edges().map((edge) => edge.data("channel")))].sort());
}

function detailOf(node) {
  const data = node.data();
  if (data.kind === "account") return data.tier || "not judged";
  return `${data.channel}, ${data.accounts} accounts${node.hasClass("folded") ? ", folded" : ""}`;
}

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = {
  Enter: () => expand(), p: pin, c: choose, Delete: () => selected && takeAway(selected),
  "+": () => cy.zoom({ level: cy.zoom() * 1.25, renderedPosition: centre() }), "-": () => cy.zoom({ level: cy.zoom() / 1.25, renderedPosition: centre() }),
  0: () => fit(cy),
};
const centre = () => ({ x: cy.width() / 2, y: cy.height() / 2 });

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const way = WAYS[event.key], act = KEYS[event.key];
  if (!way && !act) return;
  event.preventDefault();
  if (act) act();
  else select(selected ? findNext(cy, selected, ...way) : cy.nodes().first());
}

function drawLegend() {
  const tiers = { automatic: "double border", review: "thick border", watch: "dashed border", clear: "thin border" };
  const words = [
    ...Object.entries(tiers).map(([tier, border]) => `${tier}: ${border}`),
    ...Object.entries(SHAPES).map(([kind, shape]) => `${kind}: ${shape.replace("round-", "").replace("ellipse", "circle")}`),
    "folded: double, and a number", "dashed line: deals with",
  ];
  find("legend").replaceChildren(...words.map((each) => panel.make("span", each)));
}

function listen() {
  const on = (id, act) => find(id).addEventListener("click", act);
  on("expand", expand);
  on("pin", pin);
  on("choose", choose);
  on("remove", () => selected && takeAway(selected));
  on("fit", () => fit(cy));
  on("arrange", () => say(arrange(cy) ? "Arranged." : "Too many to arrange; take some away first."));
  on("unpinned", () => takeAway(cy.nodes().not(".pinned")));
  on("path", findPath);
  on("compare", compare);
  on("png", trying(() => savePng(cy)));
  on("svg", () => saveSvg(cy));
  on("graphml", () => saveGraphml(cy));
  on("cypher", showCypher);
  find("filter").addEventListener("input", list);
  find("graph").addEventListener("keydown", onKey);
  cy.on("tap", "node", (event) => select(event.target));
  cy.on("dbltap", "node", () => expand());
  find("search").addEventListener("submit", (event) => {
    event.preventDefault();
    trying(async () => panel.showHits(await ask("search", { text: find("text").value }), openHit))();
  });
}

const begin = trying(async () => {
  const { run, rings, start, spelt } = await ask("begin");
  find("run").textContent = [run ? `run ${run}` : "no run yet", spelt ? "identifiers are spelt out" : "identifiers are masked"].join(", ");
  panel.showRings(rings, !start, openId);
  if (start) {
    takeIn(start);
    select(cy.nodes().first());
  } else {
    list();
    say("Search for an account or a thing, or open a ring.");
  }
});

drawLegend();
cy.resize();
listen();
begin();
