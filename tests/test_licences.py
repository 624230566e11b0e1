"""Under which licences the packages stand that an installation of Ringfence needs.

After a change of what is needed, ``PYTHONPATH=.:tests python tests/test_licences.py`` writes the list anew.
"""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from places import ROOT

PAGE = ROOT / "docs" / "licences.md"
PERMISSIVE = {"0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0"}
PERMISSIVE |= {"CC0-1.0", "ISC", "MIT", "MIT-0", "PSF-2.0", "Python-2.0", "Zlib"}
BOUND_TO_FILES = {"certifi", "tqdm"}
"""Under the Mozilla Public License: whoever changes their files publishes the changes, and nothing else."""
BOUND_TO_NVIDIA = re.compile(r"(nvidia|cuda)-")
"""What torch brings along on Linux: closed, and free to pass on; torch's build for CPUs does without."""
SPELT = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "nvidia proprietary software": "LicenseRef-NVIDIA-Proprietary",
}


def list_required() -> dict[str, str]:
    """Every package that an installation here needs, however far away, and its licence, by name."""
    found: dict[str, str] = {}
    wanted = list(distribution("ringfence").requires or [])
    while wanted:
        requirement = Requirement(wanted.pop())
        name = canonicalize_name(requirement.name)
        extras = requirement.extras or {""}
        if name in found or not any(_applies(requirement, extra) for extra in ("", *extras)):
            continue
        package = distribution(name)
        found[name] = say_licence(package)
        needs = [Requirement(each) for each in package.requires or []]
        wanted += [str(each) for each in needs if any(_applies(each, extra) for extra in extras)]
    return dict(sorted(found.items()))


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def say_licence(package: Distribution) -> str:
    """The licence that a package states, as an SPDX expression where it states one."""
    said = package.metadata
    classified = [each.rpartition(" :: ")[2] for each in said.get_all("Classifier") or [] if "License ::" in each]
    lines = (said.get("License") or "").strip().splitlines()
    words = said.get("License-Expression") or " AND ".join(sorted(SPELT.get(c.lower(), c) for c in classified))
    words = words or (lines[0] if lines else "")
    return SPELT.get(words.lower(), words)


def is_permissive(licence: str) -> bool:
    """Whether all of what an expression asks for together is permissive, or one of what it leaves to choose.

    >>> is_permissive("Apache-2.0 OR GPL-3.0-only"), is_permissive("MIT AND GPL-3.0-only"), is_permissive("")
    (True, False, False)
    """
    choices = [choice.split(" AND ") for choice in licence.split(" OR ")]
    return any(all(part.strip(" ()") in PERMISSIVE for part in choice) for choice in choices)


def write_list(required: dict[str, str]) -> str:
    """The table of the page; what only torch's build for graphics cards needs is one line of its text instead."""
    kept = {name: licence for name, licence in required.items() if not BOUND_TO_NVIDIA.match(name)}
    return "\n".join(["| package | licence |", "| --- | --- |", *(f"| {name} | {kept[name]} |" for name in kept)])


def test_nothing_that_is_needed_binds_what_is_built_on_it() -> None:
    bound = {name: licence for name, licence in list_required().items() if not is_permissive(licence)}
    closed = {name for name in bound if BOUND_TO_NVIDIA.match(name)}
    assert bound.keys() - closed == BOUND_TO_FILES & bound.keys()
    assert not [licence for licence in bound.values() if "GPL" in licence]
    assert all("MPL" in bound[name] for name in bound.keys() - closed)


def test_every_licence_is_on_the_page() -> None:
    listed = set(PAGE.read_text(encoding="utf-8").splitlines())  # other systems need other packages
    assert set(write_list(list_required()).splitlines()) - listed == set()


@pytest.mark.parametrize(
    "licence", ["GPL-2.0-or-later", "AGPL-3.0-only", "MIT AND LGPL-3.0-only", "GNU General Public License (GPL)", ""]
)
def test_what_binds_is_told_from_what_does_not(licence: str) -> None:
    assert not is_permissive(licence)


def main() -> None:
    before = PAGE.read_text(encoding="utf-8")
    start = before.index("| package |")
    PAGE.write_text(before[:start] + write_list(list_required()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
