"""A run as a site of pages that know one another: which pages there are, where each lies, and a page to search in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from graph.pages.rendering import Page, Site, render_page
from graph.pages.ring import speak
from graph.pages.run import ASSETS
from graph.pages.run_content import RunFacts
from graph.pages.wording import Words, say_kind
from graph.statements.telling import Language

HOME, SEARCH = "index.html", "search.html"
MOST_RINGS, MOST_ACCOUNTS = 500, 2000


@dataclass(frozen=True)
class Member:
    """An account that has a page: its id, its tier, and the rings it is in."""

    account_id: str
    tier: str
    ring_ids: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Which pages a site has: by id of a ring or an account, where its page lies, seen from the site's folder.

    Ids are no names of files: they may hold anything.  ``left_out`` are as many rings and accounts as have no page.
    """

    rings: Mapping[str, str]
    accounts: Mapping[str, str]
    members: tuple[Member, ...]
    rings_left_out: int
    accounts_left_out: int

    def link_ring(self, account_ids: Sequence[str]) -> Site:
        """The site as a ring's page sees it."""
        return Site(f"../{HOME}", f"../{SEARCH}", self._list(account_ids, self.accounts))

    def link_account(self, member: Member) -> Site:
        """The site as an account's page sees it."""
        return Site(f"../{HOME}", f"../{SEARCH}", self._list(member.ring_ids, self.rings))

    def _list(self, ids: Sequence[str], places: Mapping[str, str]) -> tuple[Page, ...]:
        return tuple(Page(each, f"../{places[each]}") for each in ids if each in places)


def plan_site(ring_ids: Sequence[str], members: Sequence[tuple[str, str, str]]) -> Plan:
    """Which pages there are: rings by rank, and their members in the order of the rings.

    Parameters
    ----------
    ring_ids
        The rings of the run, by rank.
    members
        Of each ring and member: the ring's id, the account's id, its tier.
    """
    rings = {ring_id: f"rings/{place:04d}.html" for place, ring_id in enumerate(ring_ids[:MOST_RINGS], start=1)}
    part_of: dict[str, list[str]] = defaultdict(list)
    tiers: dict[str, str] = {}
    for ring_id, account_id, tier in members:
        part_of[account_id].append(ring_id)
        tiers[account_id] = tier
    known = [Member(each, tiers[each], tuple(part_of[each])) for each in part_of]
    kept = tuple(known[:MOST_ACCOUNTS])
    accounts = {each.account_id: f"accounts/{place:05d}.html" for place, each in enumerate(kept, start=1)}
    return Plan(rings, accounts, kept, max(0, len(ring_ids) - MOST_RINGS), len(known) - len(kept))


@dataclass(frozen=True)
class Entry:
    """A line of the search: a page, what it is of, and the pages of what it belongs to."""

    page: Page
    what: str
    tier: str
    others: tuple[Page, ...]


def write_search(facts: RunFacts, plan: Plan, language: Language) -> str:
    """The page to search in: every page there is, as a table that is filtered while somebody types."""
    words = Words(language)
    left_out = SimpleNamespace(rings=plan.rings_left_out, accounts=plan.accounts_left_out)
    return render_page(
        "search.html.j2",
        language,
        assets=ASSETS,
        site=Site(HOME, SEARCH),
        entries=[*_list_rings(facts, plan, words), *_list_accounts(plan, words)],
        left_out=left_out if plan.rings_left_out or plan.accounts_left_out else None,
        words=speak(words),
        run=facts.run,
        is_masked=facts.is_masked,
    )


def _list_rings(facts: RunFacts, plan: Plan, words: Words) -> list[Entry]:
    return [
        Entry(Page(ring.ring_id, plan.rings[ring.ring_id]), say_kind(ring.kind, words), ring.tier, ())
        for ring in (each.ring for each in facts.rings)
        if ring.ring_id in plan.rings
    ]


def _list_accounts(plan: Plan, words: Words) -> list[Entry]:
    _ = words
    return [
        Entry(
            Page(each.account_id, plan.accounts[each.account_id]),
            _("Account"),
            each.tier,
            tuple(Page(ring_id, plan.rings[ring_id]) for ring_id in each.ring_ids if ring_id in plan.rings),
        )
        for each in plan.members
    ]
