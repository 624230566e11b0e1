// What stands beside the picture.  Every text is set as text: nothing that the server says is read as markup.

export const find = (id) => document.getElementById(id);

export function make(name, text, ...children) {
  const made = document.createElement(name);
  if (text !== null && text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

export function say(words) {
  find("status").textContent = words;
}

export function fillList(id, entries) {
  find(id).querySelector("ul").replaceChildren(...entries.map(({ label, detail, act }) => {
    const button = make("button", null, make("span", label), make("span", detail));
    button.type = "button";
    button.addEventListener("click", act);
    return make("li", null, button);
  }));
}

export function showHits(found, open) {
  find("hits").hidden = false;
  fillList("hits", found.hits.map((hit) => ({
    label: hit.label, detail: [hit.kind, hit.tier, hit.match].filter(Boolean).join(", "), act: () => open(hit),
  })));
  say(found.total ? `${found.hits.length} of ${found.total}${found.is_more ? " or more" : ""} found` : "Nothing found.");
}

export function showRings(rings, isOpen, open) {
  find("rings").hidden = rings.length === 0;
  find("rings").open = isOpen;
  fillList("rings", rings.map((ring) => ({
    label: ring.label, detail: `${ring.kind}, ${ring.tier}, ${ring.size} accounts`, act: () => open(ring.id),
  })));
}

export function showFacts(facts) {
  const rows = Object.entries(facts).filter(([, value]) => value !== null && value !== "" && value.length !== 0);
  find("facts").replaceChildren(...rows.flatMap(([name, value]) => [
    make("dt", name), make("dd", Array.isArray(value) ? value.join("; ") : value),
  ]));
}

export function fillChannels(channels) {
  const select = find("channel"), before = select.value;
  const options = ["", ...channels].map((each) => {
    const option = make("option", each || "all channels");
    option.value = each;
    return option;
  });
  select.replaceChildren(...options);
  if (channels.includes(before)) select.value = before;
}

export function showAnswer(title, ...content) {
  const answer = find("answer");
  answer.hidden = false;
  answer.querySelector("h2").textContent = title;
  answer.querySelector("div").replaceChildren(...content);
  answer.querySelector("h2").focus();
}

const SIDE = {
  tier: "tier", rings: "rings", labels: "labels", created_at: "created", role: "role", segment: "segment", status: "status",
  first_at: "first order", last_at: "last order", usual_hour: "usual hour", bought: "bought", sellers: "sellers",
  refund_share: "refunded", sold: "sold", buyers: "buyers", reviews: "reviews", mean_rating: "mean rating",
};

export function showComparison(found) {
  const head = make("tr", null, make("th", "account"), ...found.accounts.map((each) => withScope(make("th", each.account_id), "col")));
  const rows = Object.entries(SIDE).map(([name, words]) =>
    make("tr", null, withScope(make("th", words), "row"), ...found.accounts.map((each) => make("td", showCell(each[name])))));
  const common = found.in_common.map((each) =>
    make("tr", null, make("td", each.channel), make("td", each.label), make("td", each.accounts), make("td", each.users.join(", "))));
  const heads = ["what", "which", "accounts", "of these"].map((each) => withScope(make("th", each), "col"));
  const inCommon = common.length ? [makeTable(make("tr", null, ...heads), common)] : [make("p", "nothing")];
  const more = found.more ? [make("p", `and ${found.more} more`)] : [];
  const apart = found.apart.length ? [make("h3", "What tells them apart"), make("ul", null, ...found.apart.map((each) => make("li", each)))] : [];
  showAnswer("Side by side", makeTable(head, rows), make("h3", "In common"), ...inCommon, ...more, ...apart);
}

function withScope(cell, scope) {
  cell.scope = scope;
  return cell;
}

function showCell(value) {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.join(", ") || "none" : String(value);
}

function makeTable(head, rows) {
  const wide = make("div", null, make("table", null, make("thead", null, head), make("tbody", null, ...rows)));
  wide.className = "wide";
  wide.tabIndex = 0;
  wide.setAttribute("role", "group");
  wide.setAttribute("aria-label", "Table");
  return wide;
}

export function showText(title, help, text) {
  const area = make("textarea", text);
  area.readOnly = true;
  area.setAttribute("aria-label", title);
  showAnswer(title, make("p", help), area);
  area.focus();
  area.select();
}
