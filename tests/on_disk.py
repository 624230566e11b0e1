"""What lies in an embedded store's folder, for tests that look there."""

from __future__ import annotations

from pathlib import Path

import msgspec

from graph.stores.embedded.database import DATABASE_FILE
from graph.stores.embedded.draft import drafting
from graph.stores.embedded.folder import StoreFolder
from graph.stores.embedded.generations import hold_newest, name_generation
from graph.stores.embedded.manifest import MANIFEST_FILE, read_manifest, write_manifest


def find_graph(location: Path) -> Path | None:
    """The file of the newest generation; None where there is none."""
    folder = StoreFolder(location)
    numbers = folder.list_numbers()
    return name_generation(folder, numbers[-1]) / DATABASE_FILE if numbers else None


def need_graph(location: Path) -> Path:
    """The file of the newest generation, which is there."""
    found = find_graph(location)
    assert found is not None
    return found


def claim_version(location: Path, version: int) -> None:
    """Make a store say that it is of some version."""
    folder = StoreFolder(location)
    base = hold_newest(folder)
    assert base is not None
    with drafting(folder, base) as draft:
        draft.database.ask(f"MATCH (s:Schema) SET s.version = {version}")
    base.release()
    place = need_graph(location).parent
    manifest = read_manifest(place)
    (place / MANIFEST_FILE).unlink()
    write_manifest(place, msgspec.structs.replace(manifest, schema=version))


def overwrite(file: Path, content: bytes) -> None:
    """Change what nobody may write to."""
    file.chmod(0o600)
    file.write_bytes(content)


def list_files(location: Path) -> list[str]:
    """Every file in a folder, and with a slash every folder that has nothing in it."""
    found = []
    for path in location.rglob("*"):
        name = path.relative_to(location).as_posix()
        if not path.is_dir():
            found.append(name)
        elif not any(path.iterdir()):
            found.append(f"{name}/")
    return sorted(found)


def list_leftovers(location: Path) -> list[str]:
    """What no store has in its folder while nobody uses it."""
    of_generations = ("graph.lbug", "graph.lbug.wal", "manifest.json", "names.txt", "names-changes.txt")
    expected = (*of_generations, "lock", "ringfence-store.json", "drafts/")
    return [name for name in list_files(location) if not name.endswith(expected)]
