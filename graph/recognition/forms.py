"""How the cells of a draft are written: times, numbers, words; and what has to be asked because two forms fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import available_timezones

from graph.contract.schema import CONTRACT, Column
from graph.mapping import OUTGOING
from graph.recognition.names import read_data, squeeze
from graph.recognition.one_file import Draft, name_times, profile_joined
from graph.recognition.survey import Look, Survey
from graph.recognition.values import Profile
from graph.recognition.wide import combine_status

_OF_CHARACTERS = "Asia/Shanghai"
"""Where the clocks hung of columns that are called by characters alone: in Japan too, as other files tell."""
_TRANSLATED = ("code", "rating", "flag")
_PLAIN_WORDS = frozenset(("yes", "no", "true", "false", "t", "f", "y", "n", "1", "0"))


@dataclass(frozen=True)
class Question:
    """Something that the files do not say: ``default`` is what is taken unless somebody says otherwise."""

    key: str
    text: str
    choices: tuple[str, ...]
    default: str


@dataclass(frozen=True)
class Form:
    """How a draft's cells are written, as settings say it, with a remark on each; and what was unsure.

    Attributes
    ----------
    times, values, per_unit
        By the contract's column.
    decimal, zone
        None where nothing has to be declared.
    empty
        Words that stand for nothing.
    below_zero
        What amounts below zero mean: a status, or that they were paid out; None where there are none.
    remarks
        By setting: what shows it.
    questions
        What two forms fit.
    unsure
        What nothing could be made of.
    """

    times: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    per_unit: Mapping[str, int]
    decimal: str | None
    zone: str | None
    empty: tuple[str, ...]
    below_zero: str | None
    remarks: Mapping[str, str]
    questions: tuple[Question, ...]
    unsure: tuple[str, ...]


@dataclass(frozen=True)
class Usual:
    """What all files of a folder have in common that say it: the order of dates, and where the clocks hung."""

    order: str | None = None
    zone: str | None = None


def find_usual(survey: Survey) -> Usual:
    """What the files of a folder have in common, as far as they show it, and all the same."""
    zones = {zone for look in survey.looks for zone in [_guess_zone(look)] if zone is not None}
    certain = zones - {_OF_CHARACTERS} or zones
    return Usual(find_usual_order(survey), certain.pop() if len(certain) == 1 else None)


def find_form(draft: Draft, answers: Mapping[str, str], usual: Usual = Usual()) -> Form:
    """Look at the cells of a draft's columns.

    Parameters
    ----------
    draft
        Which columns play which parts.
    answers
        What somebody answered, by the key of the question.
    usual
        What the other files say.
    """
    questions: list[Question] = []
    remarks: dict[str, str] = {}
    times = _find_times(draft, usual.order, answers, questions, remarks)
    decimal = _find_decimal(draft, answers, questions, remarks)
    zone = _find_zone(draft, usual.zone, answers, questions, remarks)
    unsure: list[str] = []
    values = {name: words for name, words in _find_values(draft, unsure) if words}
    profiles = [profile for name in _list_columns(draft) for profile in [draft.look.columns[name]]]
    empty = tuple(dict.fromkeys(word for profile in profiles for word in profile.nothings))
    per_unit = _find_hundredths(draft, unsure)
    below = _find_below_zero(draft, unsure, remarks)
    _say_zone_columns(draft, remarks, unsure)
    return Form(times, values, per_unit, decimal, zone, empty, below, remarks, tuple(questions), tuple(unsure))


def _list_columns(draft: Draft) -> Iterator[str]:
    yield from (name for pick in draft.picks.values() for name in pick.names)
    yield from (name for picks in draft.kinds.values() for pick in picks for name in pick.names)


def _profile(draft: Draft, column: str) -> Profile:
    pick = draft.picks[column]
    is_time = any(each.name == column and each.kind == "time" for each in CONTRACT[draft.table].columns)
    return profile_joined(draft.look, pick) if is_time and len(pick.names) > 1 else draft.look.columns[pick.names[0]]


def _ask(key: str, text: str, choices: tuple[str, ...], default: str, questions: list[Question]) -> Question:
    question = Question(key, text, choices, default)
    questions.append(question)
    return question


def _find_times(
    draft: Draft, usual: str | None, answers: Mapping[str, str], questions: list[Question], remarks: dict[str, str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    shown = []
    for column in name_times(draft):
        profile = _profile(draft, column)
        form = profile.time.form if profile.time else "excel"
        if profile.time and profile.time.others:
            file_column = draft.picks[column].names[0]
            choices = tuple(dict.fromkeys([str(form), *profile.time.others]))
            either = " or ".join(each.removesuffix(" first") for each in choices)
            text = f"{file_column} in {draft.look.name}, such as {profile.some[0]}: {either} first?"
            key = f"times:{draft.look.name}:{file_column}"
            asked = _ask(key, text, choices, usual if usual in choices else _guess_order(draft, choices), questions)
            form = answers.get(key, asked.default)
        if form is not None:
            found[column] = form
            shown.append(profile.some[-1])
    if shown:
        remarks["times"] = " and ".join(dict.fromkeys(shown))
    return found


def find_usual_order(survey: Survey) -> str | None:
    """Whether the day or the month is first in the dates of a folder, as far as they show it, and all the same."""
    forms = {
        profile.time.form
        for look in survey.looks
        for profile in look.columns.values()
        if profile.time and not profile.time.others and profile.time.form in ("day first", "month first")
    }
    return forms.pop() if len(forms) == 1 else None


def _guess_order(draft: Draft, choices: tuple[str, ...]) -> str:
    """Day first, as in most of the world, unless money is counted in dollars of the United States."""
    money = draft.look.columns[draft.picks["currency"].names[0]].some if "currency" in draft.picks else []
    american = bool(money) and all(each.upper() in ("USD", "$") for each in money)
    return "month first" if american and "month first" in choices else choices[0]


def _find_decimal(
    draft: Draft, answers: Mapping[str, str], questions: list[Question], remarks: dict[str, str]
) -> str | None:
    kinds = {column.name: column.kind for column in CONTRACT[draft.table].columns}
    columns = [_profile(draft, name) for name in draft.picks if kinds[name] in ("number", "rating")]
    forms = [(profile, profile.number) for profile in columns if profile.number]
    marks = [(profile, form.decimal) for profile, form in forms if form.decimal is not None and not form.unsure]
    if marks:
        remarks["decimal"] = next((each for each in marks[0][0].some if marks[0][1] in each), marks[0][0].some[0])
        return marks[0][1]
    unsure = [profile for profile, form in forms if form.unsure]
    if not unsure:
        return None
    key, shown = f"decimal:{draft.look.name}", next((each for each in unsure[0].some if re.search("[.,]", each)), "")
    asked = _ask(
        key, f"numbers in {draft.look.name}, such as {shown}: which is the decimal mark?", (".", ","), ".", questions
    )
    remarks["decimal"] = shown
    return answers.get(key, asked.default)


def _find_hundredths(draft: Draft, unsure: list[str]) -> dict[str, int]:
    """Amounts in cents, by their names; whole numbers alone only raise the question."""
    found: dict[str, int] = {}
    for column in CONTRACT[draft.table].columns:
        if column.kind != "number" or column.name not in draft.picks:
            continue
        name = draft.picks[column.name].names[0]
        if any(squeeze(name).endswith(squeeze(word)) for word in read_data("words.toml")["hundredths"]["words"]):
            found[column.name] = 100
        elif (form := _profile(draft, column.name).number) and form.is_whole:
            unsure.append(f"{name} is whole numbers; if they are cents, write per_unit = {{ {column.name} = 100 }}")
    return found


def _find_below_zero(draft: Draft, unsure: list[str], remarks: dict[str, str]) -> str | None:
    """What amounts below zero are taken for: orders paid back, where most are above, and transfers paid out."""
    if draft.table not in ("orders", "transfers") or "amount" not in draft.picks:
        return None
    profile, name = _profile(draft, "amount"), draft.picks["amount"].names[0]
    below = [each for each in profile.filled if _BELOW_ZERO.search(each)]
    if not below:
        return None
    share = len(below) / len(profile.filled)
    remarks["below_zero"] = below[0]
    if draft.table == "transfers":
        return _find_outgoing(draft, f"{share:.0%} of {name} are below zero, such as {below[0]}", unsure)
    if share > _MOST_PAID_BACK:
        unsure.append(f"{share:.0%} of {name} are below zero, such as {below[0]}, and would be set aside")
        return None
    unsure.append(f"{share:.0%} of {name} are below zero, such as {below[0]}; they are taken for what was paid back")
    return "refunded"


def _find_outgoing(draft: Draft, told: str, unsure: list[str]) -> str | None:
    """What signs of a statement are taken for where payer and payee say who paid whom.

    Where one of them is always the same the other is its counterpart, whoever paid: only the sign says it.
    """
    names = {part: draft.picks[f"{part}_id"].names[0] for part in ("payer", "payee")}
    alone = [name for name in names.values() if len(draft.look.columns[name].distinct) == 1]
    if alone and len(_profile(draft, "amount").filled) > 1:
        unsure.append(
            f"{told}, and would be set aside: {alone[0]} is always the same, so that only the sign says who paid"
        )
        return None
    unsure.append(
        f"{told}; they are taken for payments out, from {names['payer']} to {names['payee']} like all others"
        f" (below_zero = 'refunded' if they were paid back)"
    )
    return OUTGOING


_MOST_PAID_BACK = 0.5
_BELOW_ZERO = re.compile(r"^[-−(]|\D-\d|-$")


def _find_zone(
    draft: Draft, usual: str | None, answers: Mapping[str, str], questions: list[Question], remarks: dict[str, str]
) -> str | None:
    bare = [
        _profile(draft, name).some[0]
        for name in name_times(draft)
        if _is_bare(_profile(draft, name)) and "utc" not in draft.picks[name].names[0].casefold()
    ]
    if not bare:
        return None
    own = _guess_zone(draft.look)
    guess = (usual or own if own in (None, _OF_CHARACTERS) else own) or "UTC"
    text = f"times in {draft.look.name}, such as {bare[0]}, do not say their zone: where did the clock hang?"
    asked = _ask(f"zone:{draft.look.name}", text, (), guess, questions)
    zone = answers.get(asked.key, asked.default)
    remarks["zone"] = f"{bare[0]} does not say its zone"
    return None if zone == "UTC" else zone


def _guess_zone(look: Look) -> str | None:
    """Where the clocks probably hung, by a column that says it, or by the language of a file's columns."""
    told = [zone for _, profile in _list_zone_columns(look) for zone in [_read_zone(profile)] if zone]
    if told:
        return told[0]
    names = " ".join(look.columns)
    return next((zone for zone, signs in _read_zones().items() if any(re.search(sign, names) for sign in signs)), None)


def _say_zone_columns(draft: Draft, remarks: dict[str, str], unsure: list[str]) -> None:
    """What a column says of the clocks, where times have none of their own: a load reads one zone for all of them."""
    for name, profile in _list_zone_columns(draft.look) if "zone" in remarks else ():
        if _read_zone(profile):
            remarks["zone"] += f", but {name} says {', '.join(profile.some)}"
        else:
            listed = ", ".join(profile.some[:_MOST_ZONES])
            unsure.append(f"{name} says {listed}, which no one zone is; it is not read, and one is taken for all times")


def _read_zone(profile: Profile) -> str | None:
    """The one zone that all cells of a column name, in letters (``BST``) or as it is called; None where there is none.

    Where clocks are in BST in summer they are in GMT in winter.
    """
    known = profile.translate("zone_words")
    zones = {known.get(each, each if each in available_timezones() else "") for each in profile.some}
    if "Europe/London" in zones:
        zones.discard("UTC")
    return zones.pop() or None if len(zones) == 1 else None


_MOST_ZONES = 5


def _list_zone_columns(look: Look) -> Iterator[tuple[str, Profile]]:
    """The columns that say where the clocks hung."""
    called = {squeeze(each) for each in read_data("words.toml")["zone_columns"]["words"]}
    yield from ((name, profile) for name, profile in look.columns.items() if squeeze(name) in called and profile.some)


def _is_bare(profile: Profile) -> bool:
    """Whether times hung on some clock, and nothing says where; days of Excel with a part behind the mark did too."""
    if profile.time is None:
        return profile.looks_like_excel_days and any("." in each for each in profile.some)
    return profile.time.has_clock and not profile.time.has_zone


def _read_zones() -> dict[str, list[str]]:
    zones: dict[str, list[str]] = read_data("words.toml")["zones"]
    return zones


_COUNTS_AS = {"orders": "counts as a sale", "transfers": "counts as a payment", "accounts": "bars nobody"}


def _find_values(draft: Draft, unsure: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    for column in CONTRACT[draft.table].columns:
        if column.kind not in _TRANSLATED or column.name not in draft.picks:
            continue
        profile = _profile(draft, column.name)
        meant = profile.translate(_name_words(draft, column))
        if column.name == "status" and (combined := combine_status(draft, meant)):
            yield column.name, combined
            continue
        yield column.name, {word: meaning for word, meaning in meant.items() if not _is_known(column, word, meaning)}
        strange = [word for word in profile.some if word.casefold() not in {each.casefold() for each in meant}]
        if column.name == "status" and draft.table in _COUNTS_AS and strange:
            listed = ", ".join(strange[:8])
            unsure.append(f"status {listed}: what it means is not known here, and it {_COUNTS_AS[draft.table]}")


def _name_words(draft: Draft, column: Column) -> str:
    """Which words of ``words.toml`` a column's cells are compared with."""
    return "account_status" if (draft.table, column.name) == ("accounts", "status") else column.name


def _is_known(column: Column, word: str, meaning: str) -> bool:
    """Whether the contract reads the word so by itself."""
    return word.casefold() == meaning or (column.kind == "flag" and word.casefold() in _PLAIN_WORDS)
