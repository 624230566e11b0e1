"""How well addresses are known as one, by the system that they are written in, beside parsers that others keep.

    python benchmarks/address_scripts.py [--parsers FOLDER]

Reads the labelled groups of tests/data/address_scripts.toml.  FOLDER is one in which ``pip install --target`` has put
usaddress, pyap, pypostal-multiarch and the others that are named below.  Writes results/address_scripts.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from address_matching import join
from measure import write_result

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from labelled_addresses import read_script_pairs

Pairs = list[tuple[str, str, bool]]
Parser = Callable[[str], Any]


def parse_american(text: str) -> Any:
    """What usaddress makes of a text: its parts, folded, by their labels; nothing where it cannot say."""
    usaddress = import_module("usaddress")
    try:
        tagged, _ = usaddress.tag(text.casefold())
    except usaddress.RepeatedLabelError:
        return None
    return frozenset(tagged.items())


def parse_found(text: str) -> Any:
    """What pyap finds in a text: the parts of its first address, in the country that finds one."""
    pyap = import_module("pyap")
    for country in ("US", "GB", "CA"):
        found = pyap.parse(text, country=country)
        if found:
            return frozenset((k, v.casefold()) for k, v in found[0].as_dict().items() if isinstance(v, str))
    return None


def parse_postal(text: str) -> Any:
    """What libpostal makes of a text."""
    return frozenset(import_module("postal.parser").parse_address(text))


def parse_japanese(text: str) -> Any:
    """What japanese-address-parser makes of a text."""
    parsed = import_module("japanese_address_parser_py").Parser().parse(text)
    if parsed.error:
        raise ConnectionError(str(parsed.error))
    return tuple(sorted(parsed.address.items()))


def normalize_japanese(text: str) -> Any:
    """What normalize-japanese-addresses makes of a text."""
    return tuple(sorted(import_module("normalize_japanese_addresses").normalize(text).items()))


def search_japanese(text: str) -> Any:
    """What jageocoder finds for a text."""
    jageocoder = import_module("jageocoder")
    jageocoder.init()
    return jageocoder.search(text)["matched"]


PARSERS: dict[str, Parser] = {
    "usaddress": parse_american,
    "pyap": parse_found,
    "pypostal-multiarch (libpostal)": parse_postal,
    "japanese-address-parser-py": parse_japanese,
    "normalize-japanese-addresses": normalize_japanese,
    "jageocoder": search_japanese,
}


JAPANESE = (parse_japanese, normalize_japanese, search_japanese)


def score(pairs: Pairs, joined: list[bool]) -> str:
    """Cells: same, joined, different, joined wrongly, precision, recall."""
    hits = sum(one and same for one, (_, _, same) in zip(joined, pairs, strict=True))
    same = sum(same for _, _, same in pairs)
    precision = f"{hits / sum(joined):.3f}" if any(joined) else "–"
    return f"{same} | {hits} | {len(pairs) - same} | {sum(joined) - hits} | {precision} | {hits / same:.3f}"


def measure_ours(pairs: Pairs) -> str:
    _, place = join(text for pair in pairs for text in pair[:2])
    return score(pairs, [place[one] == place[other] for one, other, _ in pairs])


def measure_parser(parse: Parser, pairs: Pairs) -> str:
    """Cells of one parser, or why there are none."""
    try:
        parts = {text: parse(text) for pair in pairs for text in pair[:2]}
    except (ImportError, SystemError, OSError, Exception) as error:  # noqa: BLE001 - each fails in a manner of its own
        return f"cannot be asked: {type(error).__name__}"
    return score(pairs, [parts[one] is not None and parts[one] == parts[other] for one, other, _ in pairs])


HEAD = "same | joined | different | joined wrongly | precision | recall |"


def tabulate(half: str) -> list[str]:
    """A table of all systems in one half."""
    lines = ["", f"## {half.replace('_', ' ').capitalize()}", "", f"| system | {HEAD}", "| --- |" + " ---: |" * 6]
    return lines + [f"| {name} | {measure_ours(pairs)} |" for name, pairs in read_script_pairs(half).items()]


def compare() -> list[str]:
    """A table of all parsers on the pairs of both halves."""
    lines = [
        "",
        "## Parsers that others keep",
        "",
        BESIDE,
        f"| parser | system | {HEAD}",
        "| --- | --- |" + " ---: |" * 6,
    ]
    halves = [read_script_pairs(half) for half in ("development", "held_out")]
    for parser, parse in PARSERS.items():
        for name in ["Japanese"] if parse in JAPANESE else halves[0]:
            pairs = [pair for half in halves for pair in half[name]]
            cells = measure_parser(parse, pairs)
            if cells.startswith("cannot"):
                lines.append(f"| {parser} |  | {cells} |  |  |  |  |  |")
                break
            lines.append(f"| {parser} | {name} | {cells} |")
    return lines


INTRODUCTION = """# Addresses by the system that they are written in

`python benchmarks/address_scripts.py`; the groups are in `tests/data/address_scripts.toml`.

Written by hand from how each post describes its addresses, by whoever wrote the rules and not from them. A group holds
places that look alike (2-8-1 and 2-1-8, flat A and 2A, a road's number and a lot's), each in the spellings that people
use. Its pairs are all pairs of its texts, and all texts of a system are one market. Rules were made on
*development*; of *held out* the totals were counted between changes, and its pairs were not looked at. Six texts of
the first draft were taken out because no reader could say what they are (12/14 is a range, or flat 12 of 14), or
because a flat that somebody left out is joined with the only one that is known
([what only the market can tell](../../docs/data.md#what-only-the-market-can-tell)).

These are small sets of hard cases: one pair wrong is half a percent to five. Ordinary addresses in thousands of pairs
are in [address_matching.md](address_matching.md). Japanese in Latin letters is not joined with Japanese: how the
characters of a name are read takes a dictionary of places.
"""

BESIDE = """What equal parts join; both halves. Each was installed from its wheel and asked as its documentation says.

- **libpostal**: `postal` has no wheel. `pypostal-multiarch` has one, with the C library in it and without its model,
  which is nearly 2 GB from elsewhere: importing it fails.
- **usaddress** (MIT) knows the United States, **pyap** (MIT) them, Canada and Britain; neither says that two spellings
  are one, so that "St" and "Street" are two.
- **japanese-address-parser-py**, **normalize-japanese-addresses** and **jageocoder** ask a service for every town, or
  want its data in a file: addresses are not sent away to load a market. `kanjize` reads numbers only
  (`graph/identity/addresses/numerals.py`).
"""


def main() -> None:
    """Measure, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parsers", type=Path)
    options = parser.parse_args()
    lines = [*tabulate("development"), *tabulate("held_out")]
    if options.parsers:
        sys.path.append(str(options.parsers))
        lines += compare()
    write_result("address_scripts.md", INTRODUCTION + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
