"""What else a file says of the accounts that it names: identifiers, devices, addresses, referrals, verdicts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from graph.contract.schema import CONTRACT
from graph.recognition.fits import find_fits, find_paid_back, list_flags
from graph.recognition.names import read_aliases, score_name, squeeze
from graph.recognition.one_file import Draft, Pick
from graph.recognition.survey import Look
from graph.recognition.values import MOST, Profile

_CHECKED = ("email", "phone", "ip", "iban")
_UNMISTAKABLE = ("email", "ip", "iban")
_SURE = 0.6
_MOST_FLAGS, _MOST_COMBINATIONS = 2, 60
_LEAST_VARIETY = 0.02
"""What nearly all rows have in common is a way of paying, and nobody's card."""
_ALSO = ("devices", "referrals", "labels")


def draft_further(drafts: Sequence[Draft], rest: Sequence[Draft] = ()) -> list[Draft]:
    """The drafts, and what their files say beside: each in the contract's order of tables.

    Parameters
    ----------
    drafts
        The files that are tables.
    rest
        Those that are none and name accounts; see :func:`~graph.recognition.drafts.draft_rest`.
    """
    main = [_add_flags(draft) for draft in drafts]
    whole = [*_draft_accounts(main), *main]
    for draft in main:
        if draft.person in draft.picks:
            whole += [further for further in _list_further(draft, main) if further is not None]
    for draft in rest:
        whole += [draft] if "kind" in draft.picks else _list_named(draft, main)
    return sorted(whole, key=lambda draft: list(CONTRACT).index(draft.table))


def _list_named(draft: Draft, main: Sequence[Draft]) -> list[Draft]:
    """What a file says of accounts that is no table by itself."""
    found = [further for further in _list_further(draft, main) if further is not None]
    own = {name: pick for name, pick in draft.picks.items() if name in ("account_id", "seen_at")}
    return [replace(each, picks={**each.picks, **own}, reason=f"{draft.look.name}, by its columns") for each in found]


def _draft_accounts(drafts: Sequence[Draft]) -> Iterator[Draft]:
    """Who buys, where no file lists accounts: some file has to play that part."""
    if any(draft.table == "accounts" for draft in drafts):
        return
    named = [draft for draft in drafts if draft.person in draft.picks]
    for draft in sorted(named, key=lambda each: -len(each.look.columns[each.picks[each.person].names[0]].distinct))[:1]:
        pick = replace(draft.picks[draft.person], others=())
        reason = f"no file lists accounts; {draft.look.name} names the most of them"
        yield Draft("accounts", draft.look, {"account_id": pick}, reason, skip_empty=_where_empty(draft.look, pick))


def _list_further(draft: Draft, main: Sequence[Draft]) -> Iterator[Draft | None]:
    taken = {name for pick in draft.picks.values() for name in pick.names} - set(draft.picks[draft.person].names)
    for table in _ALSO:
        is_free = draft.table != table and not any(each.table == table for each in main)
        if is_free and (table == "devices" or draft.table == "accounts"):
            yield _draft_also(draft, table, taken)
    yield _draft_identifiers(draft, taken)
    if draft.table != "addresses":
        yield from _draft_addresses(draft, taken)


def _start(draft: Draft, table: str) -> dict[str, Pick]:
    """Whom the rows are about, and when they were seen so."""
    person = draft.picks[draft.person]
    picks = {"account_id": Pick(person.names, f"as in {draft.table}")}
    time = CONTRACT[draft.table].time
    if time in draft.picks and "seen_at" in {column.name for column in CONTRACT[table].columns}:
        picks["seen_at"] = Pick(draft.picks[str(time)].names, f"as {time} of {draft.table}")
    return picks


def _where_empty(look: Look, *picks: Pick) -> tuple[str, ...]:
    return ("account_id",) if any(look.columns[pick.names[0]].fill < 1.0 for pick in picks) else ()


def _draft_also(draft: Draft, table: str, taken: set[str]) -> Draft | None:
    record = CONTRACT[table]
    picks = _start(draft, table)
    for column in record.columns:
        if column.required and column.name != "account_id":
            fits = [fit for fit in find_fits(draft.look, record, column, False) if fit.name not in taken]
            if not fits or fits[0].score < _SURE:
                return None
            picks[column.name] = Pick((fits[0].name,), fits[0].reason)
    needed = [name for name in picks if name not in ("account_id", "seen_at")]
    skip = (*_where_empty(draft.look, picks["account_id"]), *needed)
    return Draft(
        table, draft.look, picks, f"columns of {draft.look.name}, which is another table too", skip_empty=tuple(skip)
    )


def _draft_identifiers(draft: Draft, taken: set[str]) -> Draft | None:
    kinds: dict[str, list[Pick]] = {}
    person = draft.picks[draft.person].names
    for name, profile in draft.look.columns.items():
        if name in taken or profile.variety < _LEAST_VARIETY or len(profile.distinct) < 2:
            continue
        found = _find_kind(name, profile)
        # An account is its own wallet; only what has several spellings says more than the account's id does.
        if found and (name not in person or found[0] in _CHECKED):
            kinds.setdefault(found[0], []).append(Pick((name,), found[1]))
    if not kinds:
        return None
    picks = _start(draft, "identifiers")
    by_kind = {kind: tuple(each) for kind, each in kinds.items()}
    skip = _where_empty(draft.look, picks["account_id"])
    return Draft(
        "identifiers",
        draft.look,
        picks,
        f"columns of {draft.look.name}, which is another table too",
        by_kind,
        skip_empty=skip,
    )


def _find_kind(name: str, profile: Profile) -> tuple[str, str] | None:
    """What kind of identifier a column holds, and why."""
    scores = {kind: score_name(name, names) for kind, names in read_aliases().kinds.items()}
    kind = max(scores, key=lambda each: scores[each])
    if scores[kind] >= _SURE and (kind not in _CHECKED or profile.share(kind) >= MOST):
        values = f", and {profile.share(kind):.0%} of its values look so" if kind in _CHECKED else ""
        return kind, f"by its name{values}"
    # Digits may be anything; these are unmistakable whatever the column is called.
    looks = next((each for each in _UNMISTAKABLE if profile.share(each) >= MOST), None)
    return (looks, f"by its cells, of which {profile.share(looks):.0%} look so") if looks else None


_OF_A_LIST = re.compile(r"(?P<list>.+)\.0\.(?P<column>.+)")


def list_unread_lists(look: Look, unused: Sequence[str]) -> Iterator[str]:
    """Lists of records in records of which nothing is read, though they seem to be devices, addresses or identifiers.

    Parameters
    ----------
    look
        The file.
    unused
        Its columns that play no part.
    """
    lists: dict[str, list[str]] = {}
    for name in look.columns:
        if found := _OF_A_LIST.fullmatch(name):
            lists.setdefault(found["list"], []).append(name)
    for called, names in lists.items():
        if all(name in unused for name in names) and any(_links(name.rpartition(".0.")[2]) for name in names):
            yield called


def _links(name: str) -> bool:
    """Whether a column is called as what accounts may have in common is."""
    aliases = read_aliases()
    known = (aliases.columns["device_id"], aliases.columns["address"], *aliases.kinds.values())
    return squeeze(name) in aliases.address_parts["street"].names or any(
        score_name(name, each) >= _SURE for each in known
    )


# ── addresses in several columns ──────────────────────────────────────────────────────────────────


def _draft_addresses(draft: Draft, taken: set[str]) -> Iterator[Draft]:
    for use, pick in _find_addresses(draft.look, taken).items():
        picks = {**_start(draft, "addresses"), "address": pick}
        skip = (*_where_empty(draft.look, picks["account_id"]), "address")
        always = {"kind": use} if use else {}
        reason = f"columns of {draft.look.name}, which is another table too"
        yield Draft("addresses", draft.look, picks, reason, always=always, skip_empty=skip)


def _find_addresses(look: Look, taken: set[str]) -> Mapping[str, Pick]:
    """The addresses that a file has, by what each is used as; one in one column goes before parts in several."""
    found: dict[str, Pick] = {}
    uses = {**{use: names.names for use, names in read_aliases().address_uses.items()}, "": ("",)}
    free = {squeeze(name): name for name, profile in look.columns.items() if name not in taken and profile.some}
    for use, prefixes in uses.items():
        parts = {part: _find_part(part, prefixes, free) for part in read_aliases().address_parts}
        names = tuple(name for name in parts.values() if name is not None)
        if parts["street"] is not None and len(names) > 1:
            found[use] = Pick(tuple(dict.fromkeys(names)), "parts of one address, by their names")
            free = {bare: name for bare, name in free.items() if name not in names}
    for bare, name in free.items():
        if bare in read_aliases().columns["address"].names and look.columns[name].number is None:
            use = next((each for each in ("shipping", "billing") if _begins(bare, uses[each])), "")
            found.setdefault(use, Pick((name,), "by its name"))
    return found


def _find_part(part: str, prefixes: Sequence[str], free: Mapping[str, str]) -> str | None:
    pairs = [(prefix, alias) for alias in read_aliases().address_parts[part].names for prefix in prefixes]
    # "Billing City", and "City (Billing)" as WooCommerce has it.
    wanted = (*(f"{prefix}{alias}" for prefix, alias in pairs), *(f"{alias}{prefix}" for prefix, alias in pairs))
    return next((free[bare] for bare in wanted if bare in free), None)


def _begins(bare: str, prefixes: Sequence[str]) -> bool:
    return any(prefix and bare.startswith(prefix) for prefix in prefixes)


# ── orders whose end stands beside their status ───────────────────────────────────────────────────


def _add_flags(draft: Draft) -> Draft:
    """Join what says that an order was refunded, disputed or cancelled to its status."""
    if draft.table != "orders":
        return draft
    flags = list(itertools.islice(list_flags(draft.look), _MOST_FLAGS))
    status = draft.picks.get("status")
    names = (*(status.names if status else ()), *(name for _, name in flags))
    if not any(ending == "refunded" for ending, _ in flags):
        paid_back = find_paid_back(draft.look, status.names if status else ())
        draft = replace(draft, nonzero={paid_back[1]: paid_back[0]}) if paid_back else draft
    if not flags or (len(names) < 2 and status):
        return draft
    endings = " and ".join(f"{name} says which were {ending}" for ending, name in flags)
    return replace(
        draft, picks={**draft.picks, "status": Pick(names, f"{status.reason if status else 'by name'}; {endings}")}
    )


def combine_status(draft: Draft, meant: Mapping[str, str]) -> dict[str, str]:
    """What each combination of a status and yes or no beside it means; empty where there is nothing beside it."""
    names = draft.picks["status"].names if "status" in draft.picks else ()
    flags = {name: ending for ending, name in list_flags(draft.look)}
    if not any(name in flags for name in names):
        return {}
    columns = [list(draft.look.columns[name].distinct) for name in names]
    found: dict[str, str] = {}
    for cells in itertools.islice(itertools.product(*columns), _MOST_COMBINATIONS):
        said = [
            flags[name] for name, cell in zip(names, cells, strict=True) if name in flags and cell.casefold() in _YES
        ]
        plain = next((cell for name, cell in zip(names, cells, strict=True) if name not in flags), "completed")
        found[", ".join(cells)] = said[-1] if said else meant.get(plain, plain.casefold())
    return found


_YES = frozenset(("true", "t", "yes", "y", "1"))
