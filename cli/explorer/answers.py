"""What the page asks, answered from the store: nodes and edges as plain values, and nothing that is not shown."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cli.explorer.cypher import write_cypher
from cli.explorer.names import Names, show_short
from cli.output import as_plain
from graph.errors import RingfenceError, UnknownIdError
from graph.pictures.masks import Identifier, Masks
from graph.queries.asking import about_accounts
from graph.queries.neighbourhood import (
    DEALINGS,
    Neighbourhood,
    Reach,
    SharedThing,
    find_canonical,
    is_identifier,
    look_around,
    look_at_thing,
    look_from,
    trace,
)

if TYPE_CHECKING:
    from graph.queries.answers import AccountRecord, OrdersSummary
    from graph.queries.views import Comparison, Hit
    from graph.stores.protocol import GraphStore

_USES = "(a)-[:USES]->(i:Identifier)"
_USED = "DISTINCT i.kind AS kind, i.canonical AS canonical, i.value AS value"
MOST_AROUND, MOST_USERS, MOST_HITS, MOST_LISTED = 200, 500, 30, 30
Plain = dict[str, Any]


@dataclass
class Explorer:
    """Answers one question at a time; the store knows nothing of threads."""

    store: GraphStore
    names: Names
    start_id: str | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def finish(self) -> None:
        """Answer what is asked just now, and nothing more: the store is about to be closed."""
        self._turn.acquire()

    def begin(self) -> Plain:
        """What the page opens with: the run, its first rings, and what is around whom it was called for."""
        from graph.queries.rings import list_rings
        from graph.queries.runs import find_latest_run

        with self._turn:
            run = find_latest_run(self.store)
            rings = list_rings(self.store)[:MOST_LISTED] if run else []
            start = self._tell(look_from(self.store, self.start_id, Reach())) if self.start_id is not None else None
        listed = [
            {"id": each.ring_id, "label": show_short(each.ring_id), "kind": each.kind, "tier": each.tier}
            | {"size": each.size, "score": each.score}
            for each in rings
        ]
        run_id = None if run is None else show_short(run.run_id)
        return {"run": run_id, "rings": listed, "start": start, "spelt": self.names.is_spelt}

    def look_from(self, any_id: str) -> Plain:
        """What is around an account, a ring or a thing by its name."""
        with self._turn:
            return self._tell(look_from(self.store, any_id, Reach()))

    def look_around(self, account_ids: Sequence[str], channels: Iterable[str], most: int) -> Plain:
        """What is around accounts that the page shows."""
        from graph.queries.ids import check_accounts

        reach = Reach(frozenset(channels), min(max(most, 1), MOST_AROUND))
        with self._turn:
            check_accounts(self.store, *account_ids)
            return self._tell(look_around(self.store, account_ids, reach))

    def list_users(self, key: str, most: int) -> Plain:
        """Who shares a thing that the page shows."""
        with self._turn:
            thing = self.names.find_thing(key)
            if thing is None:
                raise UnknownIdError("that thing is not known any more; load the page again")
            return self._tell(look_at_thing(self.store, *thing, most=min(max(most, 1), MOST_USERS)))

    def find_path(self, one: str, other: str) -> Plain:
        """The shortest ways between two accounts."""
        from graph.queries.paths import find_path

        with self._turn:
            path = find_path(self.store, one, other, most=3)
            told = self._tell(trace(self.store, path))
            left_out = [
                self._tell_folded(SharedThing(each.channel, each.name, each.accounts, ())) for each in path.left_out
            ]
        return told | {
            "found": path.found,
            "hops": len(path.hops),
            "ways": path.ways,
            "left_out": left_out[:MOST_LISTED],
        }

    def compare(self, account_ids: Sequence[str]) -> Plain:
        """Accounts side by side."""
        from graph.queries.comparison import compare_accounts

        if len(set(account_ids)) < 2:
            raise RingfenceError("choose two accounts or more to compare")
        with self._turn:
            return self._tell_comparison(compare_accounts(self.store, account_ids))

    def search(self, text: str) -> Plain:
        """Where a text occurs; an identifier that was found is named as it is anywhere on the page."""
        from graph.queries.search import search

        with self._turn:
            found = search(self.store, text, most=MOST_HITS)
            hits = [self._tell_hit(hit) for hit in found.hits]
        return {"hits": [each for each in hits if each], "total": found.total, "is_more": found.is_more}

    def tell_account(self, account_id: str) -> Plain:
        """What is known of one account, without what it uses."""
        from graph.queries.accounts import find_account

        with self._turn:
            account = find_account(self.store, account_id)
            masks = Masks() if self.names.is_spelt else self._mask(account_id)
        return _tell_account(account, masks)

    def _mask(self, account_id: str) -> Masks:
        """What hides the account's identifiers in sentences, by the names that they have all over the page."""
        (rows,) = self.store.query_many([about_accounts(_USES, _USED, [account_id])])
        names = {
            Identifier(row["kind"], (row["canonical"] or "", row["value"] or "")): self.names.show(
                row["kind"], row["canonical"] or row["value"]
            )
            for row in sorted(rows, key=lambda each: (each["kind"], each["canonical"] or "", each["value"] or ""))
        }
        return Masks(tuple(names), names)

    def write_cypher(self, account_ids: Sequence[str]) -> Plain:
        """The question that gives what joins these accounts."""
        return asdict(write_cypher(account_ids))

    def _tell(self, found: Neighbourhood) -> Plain:
        """A neighbourhood as nodes and edges."""
        accounts = [
            {"id": each.account_id, "label": show_short(each.account_id), "tier": each.tier, "risk": each.risk_score}
            | {"rings": list(map(show_short, each.ring_ids))}
            for each in found.accounts
        ]
        dealings = [
            {"channel": each.channel, "one": each.account_a, "other": each.account_b, "detail": show_short(each.detail)}
            for each in found.dealings
        ]
        return {
            "roots": list(found.roots),
            "accounts": accounts,
            "things": [self._tell_thing(each) for each in found.things],
            "dealings": dealings,
            "folded": [self._tell_folded(each) for each in found.folded[:MOST_LISTED]],
            "around": found.around,
            "shown": len(found.accounts) - len(found.roots),
        }

    def _tell_thing(self, thing: SharedThing) -> Plain:
        key, label = self.names.find_key(thing.channel, thing.name), self.names.show(thing.channel, thing.name)
        told = {"id": key, "channel": thing.channel, "label": label, "accounts": thing.accounts}
        return told | {"users": list(thing.account_ids)}

    def _tell_folded(self, thing: SharedThing) -> Plain:
        """What was folded; an account with which very many deal is one that may be looked at by itself."""
        if thing.channel not in DEALINGS:
            return self._tell_thing(thing)
        told = {"id": None, "account": thing.name, "channel": thing.channel, "label": show_short(thing.name)}
        return told | {"accounts": thing.accounts, "users": list(thing.account_ids)}

    def _tell_hit(self, hit: Hit) -> Plain | None:
        told: Plain = {
            "kind": hit.kind,
            "match": hit.match,
            "tier": hit.tier,
            "accounts": hit.accounts,
            "id": None,
            "thing": None,
        }
        told["users"] = [{"id": each, "label": show_short(each)} for each in hit.account_ids]
        if is_identifier(hit):
            thing = find_canonical(self.store, hit)
            if thing is None:
                return None
            return told | {"thing": self.names.find_key(*thing), "label": self.names.show(*thing)}
        if hit.kind == "product":
            told["thing"] = self.names.find_key("reviewed product", hit.id)
        title = f" ({hit.title})" if hit.title else ""
        return told | {"id": hit.id, "label": show_short(hit.id + title)}

    def _tell_comparison(self, found: Comparison) -> Plain:
        common = [
            {"channel": each.channel, "label": self.names.show(each.channel, each.name), "accounts": each.accounts}
            | {"users": list(map(show_short, each.account_ids))}
            for each in found.in_common[:MOST_LISTED]
        ]
        accounts = [_shorten(as_plain(each)) | {"id": each.account_id} for each in found.accounts]
        more = max(0, len(found.in_common) - MOST_LISTED)
        return {"accounts": accounts, "in_common": common, "more": more, "apart": list(map(show_short, found.apart))}


def _tell_account(account: AccountRecord, masks: Masks) -> Plain:
    kinds: dict[str, int] = {}
    for use in account.identifiers:
        kinds[use.kind] = kinds.get(use.kind, 0) + 1
    reasons = [each for flag in account.flags if flag.run_id == account.run_id for each in flag.reasons]
    rings = [f"{each.ring_id}: {each.role} of a {each.kind} ring" for each in account.rings]
    told = {
        "verdict": masks.hide(account.verdict),
        "why": [masks.hide(each) for each in reasons],
        "decisions": [masks.hide(each) for each in account.decisions],
        "rings": rings,
        "created": as_plain(account.created_at),
        "role": ", ".join(each for each in (account.role, account.segment, account.status) if each),
        "labels": [each.label for each in account.labels],
        "bought": f"{account.bought.orders:,}",
        "sold": f"{account.sold.orders:,}",
        **{what: f"{side.orders:,}" for what, side in _list_payments(account) if side.orders},
        "reviews": f"{account.reviews.written:,} written, {account.reviews.received:,} received",
        "uses": [f"{kind}: {n:,}" for kind, n in sorted(kinds.items())],
    }
    return {"id": account.account_id, "label": show_short(account.account_id), **_shorten(told)}


def _list_payments(account: AccountRecord) -> tuple[tuple[str, OrdersSummary], ...]:
    return ("paid", account.paid), ("was paid", account.received)


def _shorten(value: Any) -> Any:
    """The same with every text as it can be shown."""
    if isinstance(value, dict):
        return {name: _shorten(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_shorten(each) for each in value]
    return show_short(value) if isinstance(value, str) else value
