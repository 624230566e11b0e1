"""Install the Neo4j server that the tests use: its jars, its launcher, and what spares each start some seconds.

What one run of the usual tests needs takes no package, and can be fetched while those come.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from neo4j_release import (
    LAUNCHER,
    LONG_TERM,
    RELEASES,
    SOURCES,
    STAMP,
    NoServerError,
    Release,
    compute_digest,
    find_java,
    is_installed,
)

OFTEN_STARTED = (LONG_TERM,)
"""Preparing takes as long as four starts; the tests start the current release once or twice."""


def install(release: Release) -> None:
    """Copy a release's jars into the cache and compile the launcher, unless that was done.

    Raises
    ------
    NoServerError
        If this machine has no fitting Java, or no Maven, or Maven fails, or the server does not start.
    """
    java = find_java(release)
    if is_installed(release):
        return
    mvn, javac = shutil.which("mvn"), java.with_name("javac")
    if mvn is None:
        raise NoServerError("Maven (mvn) is not on the PATH; it fetches the Neo4j server that the tests use")
    if not javac.is_file():
        raise NoServerError(f"{java.parent.parent} is a Java runtime without javac; install the JDK")
    shutil.rmtree(release.folder, ignore_errors=True)
    jars = release.folder / "lib"
    _run(
        [mvn, "--quiet", "--batch-mode", "--strict-checksums", "-Dstyle.color=never", f"--file={SOURCES / 'pom.xml'}"]
        + [f"-Dneo4j.version={release.version}", "dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
    )
    _run([str(javac), "-cp", f"{jars}/*", "-d", str(release.folder), str(SOURCES / "Server.java")])
    with zipfile.ZipFile(release.folder / LAUNCHER, "w") as launcher:
        launcher.write(release.folder / "Server.class", "Server.class")
    (release.folder / STAMP).write_text(compute_digest(release))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoServerError(f"{Path(command[0]).name} failed:\n{(done.stdout + done.stderr)[-2000:]}")


def main() -> int:
    """Install the releases; return 1 where one that has to be there cannot be had."""
    parser = argparse.ArgumentParser(description="Install the Neo4j server that the tests use.")
    parser.add_argument("--if-possible", action="store_true", help="succeed without it, unless CI is set")
    parser.add_argument("--one-run", action="store_true", help="only what one run of the usual tests needs")
    chosen = parser.parse_args()
    missing = False
    for release in (LONG_TERM,) if chosen.one_run else RELEASES:
        try:
            install(release)
            if release in OFTEN_STARTED and not chosen.one_run:
                from neo4j_quick_starts import prepare_quick_starts

                prepare_quick_starts(release)
        except NoServerError as error:
            sys.stderr.write(f"tests against Neo4j {release.version} will be skipped: {error}\n")
            missing = missing or release is LONG_TERM
    return int(missing and not (chosen.if_possible and not os.environ.get("CI")))


if __name__ == "__main__":
    sys.exit(main())
