"""What is said of a picture's nodes and edges, in the language of the page: for screen readers, and for the script."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from graph.pages.rendering import read_catalogue, show_text
from graph.pictures.network import NAMED, Edge, Network, Node
from graph.statements.telling import Language

Say = Callable[..., str]


@dataclass(frozen=True)
class Seen:
    """A node as it is drawn: its class in the style sheet, the letter in it, its name, and the same in words."""

    node: Node
    kind: str
    glyph: str
    name: str
    label: str
    about: str


@dataclass(frozen=True)
class Words:
    """Says things in a language."""

    language: Language

    def __call__(self, text: str, **values: Any) -> str:
        """A text of the catalogue with its values."""
        said = read_catalogue(self.language).gettext(text)
        return said % values if values else said

    def say_day(self, at: datetime) -> str:
        """A day as people write it."""
        return str(format_date(at, "medium", locale=self.language))

    def say_figure(self, figure: float) -> str:
        """A figure as people write it."""
        return str(format_decimal(figure, "#,##0.#", locale=self.language))


def see_nodes(network: Network, words: Words, *, is_weighed: bool = True) -> list[Seen]:
    """How each node of a picture is drawn; ``is_weighed`` where bits were worked out."""
    is_crowded = len(network.nodes) > NAMED
    nodes = network.nodes if is_weighed else [replace(each, bits=0.0) for each in network.nodes]
    return [_see(node, words, is_crowded=is_crowded) for node in nodes]


def _see(node: Node, words: Words, *, is_crowded: bool) -> Seen:
    name = say_name(node, words)
    label = "" if is_crowded and node.kind in ("account", "thing") else show_text(name, most=16)
    kind = f"account crowd {node.role}" if node.kind == "crowd" else f"{node.kind} {node.role}".strip()
    return Seen(node, kind, _find_glyph(node), show_text(name), label, say_about(node, words))


def _find_glyph(node: Node) -> str:
    if node.kind in ("crowd", "hub"):
        return str(node.count)
    if node.kind == "party":
        return "★" if node.role == "beneficiary" else "!"
    return ""


def say_name(node: Node, words: Words) -> str:
    """What a node is called."""
    if node.kind == "crowd":
        _ = words
        return _("%(n)s accounts alike", n=node.count)
    return node.name


def say_about(node: Node, words: Words) -> str:
    """What a node is, in a line."""
    _ = words
    if node.kind in ("thing", "hub"):
        here = len(node.account_ids)
        if node.count > here:
            return _("shared by %(n)s accounts here, %(all)s in the whole market", n=here, all=node.count)
        return _("shared by %(n)s accounts", n=here)
    parts = [say_role(node.role, words)]
    if node.tier:
        parts.append(_("tier %(tier)s", tier=say_tier(node.tier, words)))
    if node.bits > 0:
        parts.append(_("tied by %(bits)s bits", bits=words.say_figure(node.bits)))
    if node.at is not None:
        parts.append(_("since %(day)s", day=words.say_day(node.at)))
    return ", ".join(each for each in parts if each)


def say_edge(edge: Edge, words: Words, *, is_weighed: bool = True) -> str:
    """What an edge is, in a line."""
    _ = words
    parts = [say_channel(edge.channel, words)]
    if edge.bits > 0 and is_weighed:
        parts.append(_("%(bits)s bits", bits=words.say_figure(edge.bits)))
    if edge.at is not None:
        parts.append(_("since %(day)s", day=words.say_day(edge.at)))
    return ", ".join(parts)


def say_role(role: str, words: Words) -> str:
    """A role in words."""
    _ = words
    told = {
        "core": _("core member"),
        "fringe": _("fringe member"),
        "target": _("target"),
        "beneficiary": _("beneficiary"),
        "subject": _("the account itself"),
        "around": _("account around it"),
    }
    return told.get(role, show_text(role))


def say_tier(tier: str, words: Words) -> str:
    """A tier in words."""
    _ = words
    told = {"automatic": _("automatic"), "review": _("review"), "watch": _("watch"), "clear": _("clear")}
    return told.get(tier, show_text(tier))


_OF_ONE_WORD = {
    "email_address": "email",
    **dict.fromkeys(("mobile", "telephone"), "phone"),
    **dict.fromkeys(("ip_address", "ipv4"), "ip"),
    **dict.fromkeys(("bank", "bank_account", "payout", "payout_account"), "iban"),
}
"""Kinds for which people have the same word."""


@functools.lru_cache(maxsize=512)  # said of every line of a picture
def say_channel(channel: str, words: Words) -> str:
    """A channel in a word or two; kinds that nobody has described are called as they are."""
    _ = words
    told = {
        "device": _("device"),
        "payment": _("means of payment"),
        "phone": _("phone number"),
        "card": _("card"),
        "cookie": _("cookie"),
        "wallet": _("wallet"),
        "email": _("e-mail address"),
        "iban": _("bank account"),
        "national_id": _("identity document"),
        "address": _("postal address"),
        "wifi": _("wireless network"),
        "ip": _("internet address"),
        "ipv6": _("internet address (version 6)"),
        "praise": _("praise at the same time"),
        "blame": _("bad reviews at the same time"),
        "refund": _("refunds from one seller at the same time"),
        "purchase": _("purchases at the same time"),
        "item": _("items that come back"),
        "referral": _("referral"),
        "sign-up": _("sign-up at the same time"),
        "trade": _("trade with one another"),
        "order": _("orders"),
        "review of a seller": _("review of the seller"),
        "review of an item": _("review of an item"),
        "reviewed product": _("review of the same product"),
        "reviewed seller": _("review of the seller"),
        "refunds asked": _("refunds asked"),
        "sales refunded": _("sales paid back"),
        "reviews without an order": _("reviews without an order"),
        "bad reviews written": _("bad reviews written"),
        "known risk": _("known risk"),
    }
    return told.get(_OF_ONE_WORD.get(channel, channel)) or _say_set_up(channel, words)


def _say_set_up(channel: str, words: Words) -> str:
    """The channels of rings that one hand sets up: what they show, and whose money they move."""
    _ = words
    told = {
        "photo": _("same photo"),
        "photo-hash": _("same photo"),
        "photo_hash": _("same photo"),
        "listing-text": _("same text of a listing"),
        "listing_text": _("same text of a listing"),
        "text-hash": _("same text of a listing"),
        "text_hash": _("same text of a listing"),
        "funding": _("money from the same account"),
        "sweep": _("last payment to the same account"),
        "transfer": _("payments to the same account at the same time"),
        "event": _("the same done at the same time"),
        "message": _("same text sent"),
    }
    return told.get(channel, show_text(channel))


def say_kind(kind: str, words: Words) -> str:
    """A kind of ring in words."""
    _ = words
    told = {
        "trade": _("Trade ring"),
        "review": _("Review ring"),
        "attack": _("Attack ring"),
        "refund": _("Refund ring"),
        "farm": _("Account farm"),
        "shared-identity": _("Shared identity"),
    }
    return told.get(kind, show_text(kind))


def say_deed(what: str, words: Words) -> str:
    """A kind of moment in words."""
    _ = words
    told = {
        "sign-up": _("sign-ups"),
        "use": _("first uses"),
        "order": _("orders"),
        "sale": _("sales"),
        "transfer": _("transfers"),
        "review": _("reviews"),
        "refund": _("refunds"),
        "status": _("changes of status"),
        "label": _("labels"),
    }
    return told.get(what, show_text(what))


def say_explanation(name: str, words: Words) -> str:
    """An innocent explanation in words."""
    _ = words
    told = {
        "household": _("families and friends who share phones, cards and homes"),
        "shared place": _("a dormitory, an office, a parcel locker, a network or a public computer"),
        "institution": _(
            "a shop, a club, a home or an office whose till, phone, account or photos its people use beside their own"
        ),
        "word of mouth": _("friends who tell one another of the market, each on a device of their own"),
        "passed on": _("people who pass things on among themselves, each time for less"),
        "faulty goods": _("buyers of one faulty product, as most of its buyers complain"),
        "second-hand device": _("a device sold on from one to the next"),
        "referral campaign": _("the followers of somebody who recommends the market to a crowd"),
        "club": _("people who trade with one another, and praise what they bought"),
        "came together": _("people who signed up together: a class, a course, a fair"),
        "launch": _("a crowd with one opinion of one thing at one time"),
        "fans": _("buyers who come back to the same sellers, and praise them"),
        "same goods": _("sellers of one maker's goods, who show its photo"),
        "meeting": _("people who come together elsewhere, or follow somebody: a class, an office, a day at one table"),
        "common words": _("words that many use"),
    }
    return told.get(name, show_text(name))
