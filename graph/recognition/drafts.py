"""Which file is which table, and whom they name alike; each choice with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from graph.contract.schema import CONTRACT
from graph.recognition.fits import Fit, find_fits
from graph.recognition.one_file import (
    MAIN,
    NO_GAPS,
    Draft,
    Pick,
    draft_file,
    find_gaps,
    is_called,
    rank_tables,
    score_table,
    take_only_time,
)
from graph.recognition.survey import ROWS_LOOKED_AT, Look, Survey

_ENOUGH_OVERLAP, _SURE_NAME = 0.05, 0.9


def draft_main(survey: Survey, chosen: Mapping[str, str]) -> list[Draft]:
    """For each file the table that it is, if it is one.

    Parameters
    ----------
    survey
        The files.
    chosen
        What somebody said of files by their names: a table, or ``none``.
    """
    drafts = []
    for look in survey.looks:
        told = chosen.get(look.name)
        if told == "none":
            continue
        ranked = rank_tables(look) if told is None else [(told, 1.0)]
        for table, _ in ranked[:1]:
            drafts.append(draft_file(look, CONTRACT[table]))
    found = _leave_twins(_leave_deeper([draft for draft in drafts if draft is not None], chosen), chosen)
    listed = [draft for draft in found if draft.table == "accounts"]
    named = [draft for draft in listed if is_called(draft.look, CONTRACT["accounts"])]
    others = [] if not named else [id(draft) for draft in listed if draft not in named]
    return link_persons([draft for draft in found if id(draft) not in others])


def _leave_deeper(drafts: Sequence[Draft], chosen: Mapping[str, str]) -> list[Draft]:
    """The files of each table that lie least deep: in folders inside are copies, older ones, what was made of them."""
    least: dict[str, int] = {}
    for draft in drafts:
        least[draft.table] = min(draft.look.depth, least.get(draft.table, draft.look.depth))
    return [draft for draft in drafts if draft.look.depth == least[draft.table] or draft.look.name in chosen]


_SAME_KEYS = 0.5
"""Two files that have so much of the smaller one's keys in common are about the same things."""


def _leave_twins(drafts: Sequence[Draft], chosen: Mapping[str, str]) -> list[Draft]:
    """Of files that name the same orders in other columns the one that fits best: the rows of one contradict the other.

    Such are the orders of a shop and the lines of its orders.  The better one has each key once, and leaves no doubt
    which column it is.
    """
    kept: list[Draft] = []
    for draft in sorted(drafts, key=_rank_twin, reverse=True):
        if draft.look.name in chosen or not any(_is_twin(draft, other) for other in kept):
            kept.append(draft)
    return [draft for draft in drafts if any(draft is each for each in kept)]


def _rank_twin(draft: Draft) -> tuple[bool, bool, float]:
    table = CONTRACT[draft.table]
    pick = draft.picks.get(table.key or "")
    if pick is None:
        return False, False, 0.0
    is_key = draft.look.columns[pick.names[0]].variety >= NO_GAPS
    return is_key, not pick.others, score_table(draft.look, table) or 0.0


def _is_twin(draft: Draft, other: Draft) -> bool:
    """Whether two files are of the same things, in columns of which some are other ones, and say no state of them."""
    table = CONTRACT[draft.table]
    if draft.table != other.table or table.is_thing or table.key in (None, "account_id"):
        return False
    if any(table.key not in each.picks or "updated_at" in each.picks for each in (draft, other)):
        return False
    if draft.look.columns.keys() == other.look.columns.keys():
        return False
    keys, others = _list_keys(draft), _list_keys(other)
    return len(keys & others) > _SAME_KEYS * max(min(len(keys), len(others)), 1)


def _list_keys(draft: Draft) -> set[str]:
    return set(draft.look.columns[draft.picks[str(CONTRACT[draft.table].key)].names[0]].distinct)


def name_twins(survey: Survey, drafts: Sequence[Draft], chosen: Mapping[str, str]) -> dict[str, str]:
    """Files that are left out because another one names the same orders, by their names: why, and what they lack.

    Parameters
    ----------
    survey
        The files.
    drafts
        Those that are tables.
    chosen
        What somebody said of files by their names: a table, or ``none``.
    """
    taken = {id(draft.look) for draft in drafts}
    found: dict[str, str] = {}
    for look in survey.looks:
        ranked = [] if id(look) in taken or look.name in chosen else rank_tables(look)[:1]
        for own in (draft_file(look, CONTRACT[table]) for table, _ in ranked):
            twin = next((each for each in drafts if own is not None and _is_twin(own, each)), None)
            if own is not None and twin is not None:
                found[look.name] = _say_twin(own, twin)
    return found


def _say_twin(draft: Draft, twin: Draft) -> str:
    key = draft.picks[str(CONTRACT[draft.table].key)].names[0]
    lost = [f"{pick.names[0]} ({name})" for name, pick in draft.picks.items() if name not in twin.picks]
    told = f"; its {' and '.join(lost)} is lost" if lost else ""
    whose = f"its {key} names those of {twin.look.name}, which fits better, in other columns"
    return f"left out of {draft.table}: {whose}{told}"


def draft_rest(survey: Survey, drafts: Sequence[Draft], chosen: Mapping[str, str]) -> list[Draft]:
    """Files that are no table by themselves, and name accounts: whatever else they hold may be identifiers.

    Parameters
    ----------
    survey
        The files.
    drafts
        Those that are tables.
    chosen
        What somebody said of files by their names: a table, or ``none``.

    Returns
    -------
    list of Draft
        Of the table ``identifiers``; without a kind and a value where those are columns of their own.
    """
    accounts = next((draft for draft in drafts if draft.table == "accounts"), None)
    listed = set(accounts.look.columns[accounts.picks["account_id"].names[0]].distinct) if accounts else set()
    taken = {id(draft.look) for draft in drafts}
    free = [look for look in survey.looks if id(look) not in taken and chosen.get(look.name) != "none"]
    free = [look for look in free if not name_instead(look, drafts)]
    found = [_draft_naming(look, listed, accounts.look.name if accounts else "") for look in free]
    return [draft for draft in found if draft is not None]


def _draft_naming(look: Look, listed: set[str], file: str) -> Draft | None:
    table = CONTRACT["identifiers"]
    bare = Draft(table.name, look, {}, f"{look.name}, which names accounts")
    scored = [(fit, _overlap(bare, fit.name, listed)) for fit in _list_candidates(bare)]
    fit, overlap = max(scored, key=lambda each: each[0].score + 2.0 * each[1], default=(None, 0.0))
    if fit is None or (overlap < _ENOUGH_OVERLAP and fit.score < _SURE_NAME):
        return None
    shown = f", and {overlap:.0%} of its values are accounts of {file}" if overlap >= _ENOUGH_OVERLAP else ""
    picks = {"account_id": Pick((fit.name,), f"{fit.reason.partition(',')[0]}{shown}")}
    for column in table.columns:
        fits = [each for each in find_fits(look, table, column, False) if each.name != fit.name]
        if column.name in ("kind", "value", "seen_at") and fits:
            picks[column.name] = Pick((fits[0].name,), fits[0].reason)
    if "kind" not in picks or "value" not in picks:
        picks = {name: pick for name, pick in picks.items() if name not in ("kind", "value")}
    take_only_time(look, table, picks, {pick.names[0] for pick in picks.values()})
    return replace(bare, picks=picks, skip_empty=_find_gaps_of(look, picks))


def _find_gaps_of(look: Look, picks: Mapping[str, Pick]) -> tuple[str, ...]:
    needed = [name for name in ("account_id", "kind", "value") if name in picks]
    return tuple(name for name in needed if look.columns[picks[name].names[0]].fill < NO_GAPS)


def name_strangers(drafts: Sequence[Draft]) -> Iterator[str]:
    """Columns that should name accounts and name none of those that are listed, where all of them were looked at."""
    accounts = next((draft for draft in drafts if draft.table == "accounts"), None)
    if accounts is None or len(next(iter(accounts.look.columns.values())).cells) >= ROWS_LOOKED_AT:
        return
    key = accounts.picks["account_id"].names[0]
    listed = set(accounts.look.columns[key].distinct)
    for draft in drafts:
        if draft.look is accounts.look or draft.person not in draft.picks:
            continue
        name = draft.picks[draft.person].names[0]
        if (overlap := _overlap(draft, name, listed)) < _ENOUGH_OVERLAP and (some := draft.look.columns[name].some):
            few = "none" if not overlap else "hardly one"
            yield (
                f"{draft.table}.{draft.person} is {name} of {draft.look.name}, and {few} of its values ({some[0]}, …)"
                f" is an account of {accounts.look.name} ({accounts.look.columns[key].some[0]}, …)"
            )


def name_instead(look: Look, drafts: Sequence[Draft]) -> str:
    """The file that is read as the table that this one could be, and lies less deep; empty where there is none."""
    ranked = [table for table, _ in rank_tables(look)[:1]]
    others = [draft.look for draft in drafts if draft.table in ranked and draft.look.depth < look.depth]
    return others[0].name if others else ""


def name_missing(look: Look, drafts: Sequence[Draft]) -> str:
    """Why a file is no table: another one is, or what it lacks of the one that it is called after."""
    if instead := name_instead(look, drafts):
        return f"{instead} is, which lies less deep"
    for table in (CONTRACT[name] for name in MAIN):
        called = is_called(look, table)
        needed = [column for column in table.columns if column.required]
        missing = [each.name for each in needed if not find_fits(look, table, each, called)]
        if called and missing:
            return f"it is called as {table.name} are, but none of its columns is known to be {' or '.join(missing)}"
    return "it looks like no table of the data contract"


def link_persons(drafts: list[Draft]) -> list[Draft]:
    """Choose the columns that name accounts so that as many as possible name accounts of the accounts' file."""
    accounts = next((draft for draft in drafts if draft.table == "accounts"), None)
    others = [draft for draft in drafts if draft.table != "accounts"]
    if accounts is None or not others:
        return drafts
    candidates = _list_candidates(accounts)
    ranked = sorted(candidates, key=lambda fit: -_worth(fit, accounts, others))
    best = ranked[0]
    listed = set(accounts.look.columns[best.name].distinct)
    proven = any(_overlap(other, fit.name, listed) > 0.5 for other in others for fit in _list_candidates(other))
    alternatives = () if proven else tuple(fit.name for fit in ranked[1:])
    picks = {**accounts.picks, "account_id": Pick((best.name,), best.reason, alternatives)}
    picked = replace(accounts, picks=picks, skip_empty=find_gaps(accounts.look, CONTRACT["accounts"], picks))
    file = accounts.look.name
    return [picked if each is accounts else _link_seller(_link(each, listed, file), listed, file) for each in drafts]


def _list_candidates(draft: Draft, name: str = "") -> list[Fit]:
    """What a column of the contract can be in a file; that which says whom a row is about, unless one is named."""
    table = CONTRACT[draft.table]
    column = next(each for each in table.columns if each.name == (name or draft.person))
    return find_fits(draft.look, table, column, is_called(draft.look, table))


def _worth(fit: Fit, accounts: Draft, others: Iterable[Draft]) -> float:
    listed = set(accounts.look.columns[fit.name].distinct)
    overlaps = [
        max((_overlap(other, name.name, listed) for name in _list_candidates(other)), default=0.0) for other in others
    ]
    return fit.score + 2.0 * max(overlaps)


def _overlap(draft: Draft, name: str, listed: set[str]) -> float:
    distinct = draft.look.columns[name].distinct
    return len(distinct.keys() & listed) / max(len(distinct), 1)


def _link(draft: Draft, listed: set[str], file: str) -> Draft:
    if draft.person not in draft.picks or draft.table == "accounts":
        return draft
    scored = [(fit, _overlap(draft, fit.name, listed)) for fit in _list_candidates(draft)]
    fit, overlap = max(scored, key=lambda each: each[0].score + 2.0 * each[1])
    if overlap < _ENOUGH_OVERLAP:
        return draft
    reason = f"{fit.reason.partition(',')[0]}, and {overlap:.0%} of its values are accounts of {file}"
    others = () if overlap > 0.5 else tuple(each.name for each, _ in scored if each.name != fit.name)
    freed = {name: pick for name, pick in draft.picks.items() if pick.names != (fit.name,) or name == draft.person}
    picks = {**freed, draft.person: Pick((fit.name,), reason, others)}
    return replace(draft, picks=picks, skip_empty=find_gaps(draft.look, CONTRACT[draft.table], picks))


def _link_seller(draft: Draft, listed: set[str], file: str) -> Draft:
    """Of several columns that can name the seller, that whose values are accounts: a shop's name is none."""
    before = draft.picks.get("seller_id")
    if before is None or draft.person == "seller_id":
        return draft
    taken = {name for column, pick in draft.picks.items() if column != "seller_id" for name in pick.names}
    free = [fit for fit in _list_candidates(draft, "seller_id") if fit.name not in taken]
    scored = [(fit, _overlap(draft, fit.name, listed)) for fit in free]
    fit, overlap = max(scored, key=lambda each: each[0].score + 2.0 * each[1])
    if fit.name in before.names or overlap < _ENOUGH_OVERLAP:
        return draft
    reason = f"{fit.reason.partition(',')[0]}, and {overlap:.0%} of its values are accounts of {file}"
    return replace(draft, picks={**draft.picks, "seller_id": Pick((fit.name,), reason)})
