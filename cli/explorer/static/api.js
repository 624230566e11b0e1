// Questions to the server.  The token came after the # of the address, which no server is told; it goes in a header.

const HELD = "ringfence-token";

function readToken() {
  const given = location.hash.slice(1);
  if (given) {
    sessionStorage.setItem(HELD, given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(HELD) ?? "";
}

const token = readToken();

export async function ask(path, values = {}) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const each of [value].flat()) words.append(name, each);
  }
  return receive(await fetch(`/api/${path}?${words}`, { headers: { "X-Ringfence-Token": token } }));
}

export async function send(path, values) {
  const headers = { "X-Ringfence-Token": token, "Content-Type": "application/json" };
  return receive(await fetch(`/api/${path}`, { method: "POST", headers, body: JSON.stringify(values) }));
}

async function receive(response) {
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}
