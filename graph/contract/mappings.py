"""Whether what the settings say of tables is about columns that the contract has, and can hold of them."""

from __future__ import annotations

from collections.abc import Iterable

from graph.contract.schema import CONTRACT, Kind, Table
from graph.errors import ConfigError
from graph.mapping import TableSettings
from graph.settings import Settings, nearest_hint

_ANY: tuple[Kind, ...] = ("id", "code", "text", "number", "rating", "time", "flag")


def refuse_unknown_mapping(settings: Settings) -> None:
    """Stop a load whose settings speak of what the contract does not know: it would go unread without a word.

    Raises
    ------
    ConfigError
        Names the table or column, and the one that is nearest.
    """
    for name in settings.tables:
        if name not in CONTRACT:
            raise ConfigError(f"ringfence.toml: no table 'tables.{name}'{nearest_hint(name, CONTRACT)}")
        for mapped in settings.list_parts(name):
            _check_columns(CONTRACT[name], mapped)
            _check_table(CONTRACT[name], mapped)


def _check_columns(table: Table, mapped: TableSettings) -> None:
    times = mapped.times if isinstance(mapped.times, dict) else {}
    _require(table, "columns", mapped.columns, _ANY)
    _require(table, "always", mapped.always, ("code", "text", "rating"))
    _require(table, "values", mapped.values, ("code", "text", "rating", "flag"))
    _require(table, "per_unit", mapped.per_unit, ("number",))
    _require(table, "times", times, ("time",))
    _require(table, "skip_empty", mapped.skip_empty, _ANY)
    for column in mapped.always:
        if column in mapped.columns:
            raise ConfigError(
                f"ringfence.toml: 'tables.{table.name}' has {column} among both columns and always; keep one"
            )


def _require(table: Table, setting: str, names: Iterable[str], kinds: tuple[Kind, ...]) -> None:
    known = [column.name for column in table.columns if column.kind in kinds]
    for name in names:
        if name not in known:
            hint = nearest_hint(name, known) or (f"; it may name {', '.join(known)}" if setting != "columns" else "")
            what = "no column" if name not in {each.name for each in table.columns} else "not for this column:"
            raise ConfigError(f"ringfence.toml: {what} 'tables.{table.name}.{setting}.{name}'{hint}")


def _check_table(table: Table, mapped: TableSettings) -> None:
    name = table.name
    if mapped.kinds and (table.use is None or table.use.kind_column is None):
        raise ConfigError(
            f"ringfence.toml: 'tables.{name}.kinds': only identifiers are of many kinds;"
            f" for several parts of one table write [[tables.{name}]] for each"
        )
    for column in ("kind", "value") if mapped.kinds else ():
        if column in mapped.columns or column in mapped.always:
            raise ConfigError(f"ringfence.toml: 'tables.{name}': kinds says what {column} is; leave {column} out")
    if mapped.nonzero and name != "orders":
        raise ConfigError(f"ringfence.toml: 'tables.{name}.nonzero': only orders end by an amount that was paid back")
    if mapped.below_zero and name not in ("orders", "transfers"):
        raise ConfigError(
            f"ringfence.toml: 'tables.{name}.below_zero': only orders and transfers are paid back, or out"
        )
    if mapped.below_zero and name == "orders" and mapped.is_outgoing:
        raise ConfigError("ringfence.toml: 'tables.orders.below_zero': only transfers are outgoing; write their status")
    if mapped.ignore and table.use is None:
        raise ConfigError(f"ringfence.toml: 'tables.{name}.ignore': only tables of identifiers leave values out")
    if mapped.attributes and not table.has_attributes:
        raise ConfigError(f"ringfence.toml: 'tables.{name}.attributes': only accounts keep further columns")
