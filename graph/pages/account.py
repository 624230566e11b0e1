"""The page of an account: why it stands where it stands, who is around it, what it did."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from graph.pages.content import MOST_MOMENTS, Asked, hide_all
from graph.pages.rendering import Site, render_page
from graph.pages.ring import Command, find_places, frame_picture
from graph.pages.ties import read_uses
from graph.pages.wording import Words
from graph.pictures.masks import Masks
from graph.pictures.network import Network, Person, Tie, draw_network
from graph.pictures.strip import LANES, Strip, draw_strip
from graph.queries.accounts import find_account
from graph.queries.answers import AccountRecord, RunSummary
from graph.queries.expansion import Bounds, expand
from graph.queries.runs import find_latest_run, find_stored_run
from graph.queries.timeline import Wanted, find_timeline
from graph.queries.views import Branch, Expansion, Moment, Timeline
from graph.statements.telling import Language
from graph.stores.protocol import GraphStore

MOST_AROUND = 40
"""So many accounts are shown around one, those that share most with it."""
_DEALT = frozenset({"trade", "transfer", "referral", "reviewed seller"})
"""Ways of being connected that join two accounts, and no thing does."""


@dataclass(frozen=True)
class AccountFacts:
    """All that is known of an account for its page; ``run`` is None before the first one."""

    account: AccountRecord
    run: RunSummary | None
    network: Network
    strip: Strip | None
    timeline: Timeline
    around: tuple[Branch, ...]
    is_masked: bool

    @property
    def moments(self) -> tuple[Moment, ...]:
        """Those that are listed one by one."""
        return self.timeline.moments[:MOST_MOMENTS]


def read_account(store: GraphStore, account_id: str, asked: Asked) -> AccountFacts:
    """Everything for the page of an account.

    Raises
    ------
    UnknownIdError
        If there is no such account, or no such run.
    """
    record = find_account(store, account_id, run_id=asked.run_id)
    timeline = find_timeline(store, account_id, Wanted(run_id=asked.run_id, what=LANES))
    found = expand(store, account_id, Bounds(most=MOST_AROUND, run_id=asked.run_id))
    (root,) = found.branches
    facts = AccountFacts(
        account=record,
        run=find_stored_run(store, asked.run_id) if asked.run_id else find_latest_run(store),
        network=draw_network(_list_people(record, root), _list_ties(found)),
        strip=draw_strip(timeline),
        timeline=replace(timeline, moments=timeline.moments[:MOST_MOMENTS]),
        around=root.branches,
        is_masked=asked.is_masked,
    )
    return hide_all(facts, Masks(read_uses(store, [account_id]).identifiers)) if asked.is_masked else facts


def _list_people(record: AccountRecord, root: Branch) -> list[Person]:
    subject = Person(record.account_id, "subject", record.tier or "", at=record.created_at)
    return [subject, *(Person(each.account_id, "around", each.tier or "") for each in root.branches)]


def _list_ties(found: Expansion) -> Iterator[Tie]:
    """What the account shares with those around it, rarer things the wider, and the hubs that were not followed."""
    (root,) = found.branches
    for branch in root.branches:
        for share in branch.shares:
            rarity = 1.0 / max(share.accounts - 1, 1)
            if share.channel in _DEALT:
                yield Tie(root.account_id, share.channel, share.name, rarity, other_id=branch.account_id)
                continue
            for account_id in (root.account_id, branch.account_id):
                what = f"{share.channel} {share.name}"
                yield Tie(account_id, share.channel, what, rarity, users=share.accounts)
    for share in found.folded:
        yield Tie(root.account_id, share.channel, f"{share.channel} {share.name}", users=share.accounts)


def write_account(facts: AccountFacts, language: Language, site: Site | None = None) -> str:
    """The page of an account, whole: the same facts give the same bytes; ``site`` where it is one page of many."""
    words = Words(language)
    flags = [each for each in facts.account.flags if facts.run and each.run_id == facts.run.run_id]
    return render_page(
        "account.html.j2",
        language,
        site=site,
        facts=facts,
        around=facts.around,
        places=find_places(facts.network),
        reasons=[reason for each in flags for reason in each.reasons],
        commands=list_commands(facts.account.account_id, words),
        **frame_picture(facts.network, facts.strip, words, is_weighed=False),
    )


def list_commands(account_id: str, words: Words) -> Sequence[Command]:
    """What an investigator does next with an account."""
    _, named = words, shlex.quote(account_id)
    return (
        Command(f"ringfence why {named}", _("the reasons in sentences")),
        Command(f"ringfence expand {named} --hops 2", _("who else is around it")),
        Command(f"ringfence timeline {named}", _("every moment, in one stream")),
        Command(f"ringfence similar {named}", _("who behaves alike")),
        Command(f"ringfence decide {named} confirmed --reason '…'", _("if it is fraud")),
        Command(f"ringfence decide {named} cleared --reason '…'", _("if it is honest")),
    )
