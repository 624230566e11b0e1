"""What ``ringfence.toml`` may say, checked before anything runs.

Importing this module is cheap on purpose: the command line reads the settings before it knows
whether any table will be opened at all.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from graph.errors import ConfigError
from graph.mapping import TableSettings
from graph.vocabulary import COUNTRIES

T = TypeVar("T")

DEFAULT_STORE = "ringfence-store"
LARGEST_SETTINGS = 1 << 20
"""Bytes of ``ringfence.toml``, or of a file with a password."""
LONGEST_TIMEOUT_SECONDS = 1_000_000
"""More than eleven days is no limit, and more than some clocks count."""


class LoadSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of a table may be bad, and how large a table may be: a few bytes can unpack to more than a machine has.

    Attributes
    ----------
    max_reject_share
        The share of a table's rows, 0 to 1, that may break the contract.
    max_table_bytes
        Bytes of one table, unpacked.
    max_unpacked_factor
        So many times as large as its file a compressed table may be once it is unpacked; up to 64 MiB it always may.
    max_row_bytes
        Bytes of one row, its header among them.
    max_rows, max_columns
        Of one table.
    """

    max_reject_share: float = 0.1
    max_table_bytes: int = 16 << 30
    max_unpacked_factor: int = 200
    max_row_bytes: int = 64 << 20
    max_rows: int = 200_000_000
    max_columns: int = 10_000

    def __post_init__(self) -> None:
        if not 0.0 <= self.max_reject_share <= 1.0:
            raise ValueError(f"max_reject_share {self.max_reject_share} is not a share from 0 to 1")
        for name in LIMITS:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} is below 1")
        if self.max_row_bytes >= 1 << 31:
            raise ValueError(f"max_row_bytes {self.max_row_bytes} is not below 2 GiB, which no reader can hold")


LIMITS = ("max_table_bytes", "max_unpacked_factor", "max_row_bytes", "max_rows", "max_columns")
"""The settings under ``[load]`` that bound what one table may take."""


class QuerySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a question that somebody makes up, in Cypher, may take.

    Attributes
    ----------
    timeout_seconds
        How long it may be at work.
    max_rows
        How many rows it may have for an answer.
    max_memory_bytes
        How much memory it may take in this process, beside the pool of a graph in a folder (1 GiB).
    """

    timeout_seconds: float = 60.0
    max_rows: int = 1_000_000
    max_memory_bytes: int = 2 << 30

    def __post_init__(self) -> None:
        if not 0.0 < self.timeout_seconds <= LONGEST_TIMEOUT_SECONDS:
            raise ValueError(
                f"timeout_seconds {self.timeout_seconds:g} is not above 0 and up to {LONGEST_TIMEOUT_SECONDS:,}"
            )
        for name in ("max_rows", "max_memory_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} is below 1")


class CaseworkSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people work on cases, and what a case is taken to cost and to be worth.

    Attributes
    ----------
    claim_hours
        How long a case stays with whoever claimed it.
    case_minutes, member_minutes
        What looking at a case takes, and each of its members besides.
    appeal_days
        Within how many days an appeal has to be answered.
    member_harm
        What a member is taken to cost who has no orders with an amount, in the unit of the amounts.
    """

    claim_hours: float = 8.0
    case_minutes: float = 10.0
    member_minutes: float = 0.5
    member_harm: float = 10.0
    appeal_days: float = 183.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not 0.0 < getattr(self, name) <= 1e6:
                raise ValueError(f"{name} {getattr(self, name):g} is not above 0 and up to 1,000,000")


class StatementSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What statements of reasons say that no table knows.

    Attributes
    ----------
    platform, contact
        Who decides, and where to write to whoever disagrees; each has to be given.
    terms, terms_url
        The clause of the terms and conditions that was broken, up to 500 characters, and where it can be read.
    law
        The law that was broken, up to 500 characters, where it is not only the terms; one of both has to be given.
    account, payments, visibility
        What follows for whom is decided about: the account is `suspended` or `terminated`, payments are `suspended` or
        `terminated`, what they show is `removed`, `disabled` or `demoted`; empty for nothing of the kind.
    account_type
        What the accounts are: `business`, `private`, or empty if they are of both kinds.
    countries
        Where the decision holds, in two letters each; all of the European Union otherwise.
    appeal_days
        Within how many days after the decision it can be appealed.
    key_file
        Holds the secret from which the numbers of statements are made; relative to the settings file, made if missing.
    """

    platform: str = ""
    contact: str = ""
    terms: str = ""
    terms_url: str = ""
    law: str = ""
    account: Literal["", "suspended", "terminated"] = "suspended"
    payments: Literal["", "suspended", "terminated"] = ""
    visibility: Literal["", "removed", "disabled", "demoted"] = ""
    account_type: Literal["", "business", "private"] = ""
    countries: tuple[str, ...] = ()
    appeal_days: float = 183.0
    key_file: str = "ringfence-statement.key"

    def __post_init__(self) -> None:
        if not 1.0 <= self.appeal_days <= 36_500.0:
            raise ValueError(f"appeal_days {self.appeal_days:g} is not from 1 to 36,500")
        for name in ("terms", "law", "terms_url"):
            if len(getattr(self, name)) > 500:
                raise ValueError(f"{name} has more than 500 characters")
        if not (self.account or self.payments or self.visibility):
            raise ValueError("account, payments and visibility are all empty: then nothing was decided")
        for country in self.countries:
            if country not in COUNTRIES:
                raise ValueError(f"countries: {country!r} is no country of the European Economic Area, like 'DE'")


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Neo4j server; the environment (NEO4J_URI and so on) goes before each of these.

    Attributes
    ----------
    uri
        Its address, such as ``neo4j://host:7687``; None where the graph is kept in a folder.
    username, database
        As whom to log in, and to which database; None for ``neo4j`` and the user's own.
    password_file
        A file that holds nothing but the password; relative to the settings file.
    password
        The password itself, for who keeps the whole settings file secret.
    ca_file
        Certificates (PEM) to trust instead of the system's; relative to the settings file.
    """

    uri: str | None = None
    username: str | None = None
    database: str | None = None
    password_file: str | None = None
    password: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        if self.password is not None and self.password_file is not None:
            raise ValueError("password and password_file are both given; keep one")

    def __repr__(self) -> str:
        """Everything but the password, and the address, into which people write it."""
        return f"ServerSettings(username={self.username!r}, database={self.database!r})"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of ``ringfence.toml``.

    Attributes
    ----------
    store
        Where the property graph lives: a folder, or the address of a Neo4j server.
    seed
        Start of every random sequence; the same seed and tables give the same results.
    wait_seconds
        How long a command that writes waits for another one.
    keep_generations
        How many of the latest generations of a graph in a folder stay, 1 or more.
    neo4j
        The server, where the graph is kept on one.
    query
        What a question may take.
    casework
        How people work on cases.
    statement
        What statements of reasons say.
    load, tables
        How folders are read; ``tables`` by contract table name, several where several files play a table's part.
    detect, measures, run
        Handed on unread: detection checks its own settings.
    """

    store: str = DEFAULT_STORE
    seed: int = 0
    wait_seconds: float = 60.0
    keep_generations: int = 3
    neo4j: ServerSettings = ServerSettings()
    query: QuerySettings = QuerySettings()
    casework: CaseworkSettings = CaseworkSettings()
    statement: StatementSettings = StatementSettings()
    load: LoadSettings = LoadSettings()
    tables: dict[str, TableSettings | tuple[TableSettings, ...]] = {}
    detect: dict[str, Any] = {}
    measures: dict[str, Any] = {}
    run: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if not self.store.strip() or "\0" in self.store:
            raise ValueError("store is empty, or holds a NUL; name a folder")
        if self.neo4j.uri is not None and self.store not in (DEFAULT_STORE, self.neo4j.uri):
            raise ValueError("store and neo4j.uri name two places; keep one")
        if self.wait_seconds < 0:
            raise ValueError(f"wait_seconds {self.wait_seconds:g} is below zero")
        if self.keep_generations < 1:
            raise ValueError(f"keep_generations {self.keep_generations} is below 1: the graph itself is a generation")
        if self.seed < 0:
            raise ValueError(f"seed {self.seed} is below zero")

    def list_parts(self, table: str) -> tuple[TableSettings, ...]:
        """The mappings of one table: one, or as many as ``[[tables.NAME]]`` has."""
        mapped = self.tables.get(table, TableSettings())
        return mapped if isinstance(mapped, tuple) else (mapped,)


def load_settings(path: Path | None) -> Settings:
    """Read ``ringfence.toml``; the defaults where ``path`` is None.

    Raises
    ------
    ConfigError
        If the file cannot be read, is not TOML, or holds a setting that does not exist or makes no
        sense; the message names the file, the setting and the nearest valid one.
    """
    if path is None:
        return Settings()
    return convert_settings(_read_toml(path), path.name)


def convert_settings(data: dict[str, Any], file: str) -> Settings:
    """What a file of this name holds, as settings; see :func:`load_settings`."""
    tables = data.get("tables", {})
    if isinstance(tables, dict):
        for name, table in tables.items():
            for part in table if isinstance(table, list) and table else [table]:
                _convert(part, TableSettings, file=file, inside=f"tables.{name}")
    _convert(data.get("load", {}), LoadSettings, file=file, inside="load")
    _convert(data.get("query", {}), QuerySettings, file=file, inside="query")
    _convert(data.get("casework", {}), CaseworkSettings, file=file, inside="casework")
    _convert(data.get("statement", {}), StatementSettings, file=file, inside="statement")
    _convert(data.get("neo4j", {}), ServerSettings, file=file, inside="neo4j")
    return _convert(data, Settings, file=file, inside="")


def read_login(server: ServerSettings, folder: Path) -> dict[str, str | None]:
    """What the settings say of a server besides its address, with the password read from its file.

    Parameters
    ----------
    server
        The settings.
    folder
        Where the settings file lies.

    Raises
    ------
    ConfigError
        If there is no such password file.
    """
    password = server.password
    if server.password_file is not None:
        try:
            password = _read_small(folder / server.password_file).decode().rstrip("\r\n")
        except ConfigError:
            raise
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8, or no name of a file"
            raise ConfigError(f"neo4j.password_file {server.password_file} cannot be read: {reason}") from None
    ca_file = None if server.ca_file is None else str(folder / server.ca_file)
    return {"username": server.username, "password": password, "database": server.database, "ca_file": ca_file}


def nearest_hint(wrong: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'X'?"`` for the nearest known name, or an empty string.

    >>> nearest_hint("max_rejects", ["max_reject_share"])
    "; did you mean 'max_reject_share'?"
    >>> nearest_hint("colour", ["store", "seed"])
    ''
    """
    near = difflib.get_close_matches(wrong, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_read_small(path).decode("utf-8-sig"))
    except ConfigError:
        raise
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such settings file") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from error
    except RecursionError:
        raise ConfigError(f"{path.name}: not TOML: brackets in brackets in brackets") from None
    except ValueError as error:  # not only TOMLDecodeError: a number of 5,000 digits, a day that is in no calendar
        raise ConfigError(f"{path.name}: not TOML: {error}") from error


def _read_small(path: Path) -> bytes:
    """A file that people write; a device that never ends is none."""
    with path.open("rb") as file:
        content = file.read(LARGEST_SETTINGS + 1)
    if len(content) > LARGEST_SETTINGS:
        raise ConfigError(f"{path}: no settings file is larger than {LARGEST_SETTINGS:,} bytes")
    return content


def _convert(data: object, struct: type[T], *, file: str, inside: str) -> T:
    if isinstance(data, Mapping):
        _refuse_unknown(data, struct, file=file, inside=inside)
    try:
        return msgspec.convert(data, struct)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {_plain(str(error), inside)}") from error


def _refuse_unknown(data: Mapping[str, object], struct: type[Any], *, file: str, inside: str) -> None:
    known = [field.name for field in msgspec.structs.fields(struct)]
    for key in data:
        if key not in known:
            full = f"{inside}.{key}" if inside else key
            raise ConfigError(f"{file}: no setting {full!r}{nearest_hint(key, known)}")


def _plain(message: str, inside: str) -> str:
    """Turn msgspec's ``Expected `int`, got `str` - at `$.seed` `` into words with the key path."""
    found = re.fullmatch(r"(.*?)(?: - at `\$\.?(.*)`)?", message, flags=re.DOTALL)
    what, where = (found[1], found[2] or "") if found else (message, "")
    key = ".".join(part for part in (inside, where) if part)
    words = what.replace("`", "").replace("Expected", "expected").replace("str", "text").replace("object", "a section")
    return f"'{key}': {words}" if key else words
