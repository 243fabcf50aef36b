"""The suites of `make test`: what each runs, on which lanes, for how long at most, and what has to be there before."""

from __future__ import annotations

from dataclasses import dataclass

SANITY = "tests/static/test_sanity.py"
UNIT = "collections/ansible_collections/piksel/platform/tests/unit"
SURVIVAL = "tests/end_to_end/test_survival.py"


@dataclass(frozen=True)
class Suite:
    """One pytest run.

    paths: what pytest collects; limit: seconds until the run is ended; lanes: `main` and perhaps `py313`;
    arguments: more of pytest's options; second_lane: further ones there; needs_binaries: waits for the sandbox's build.
    """

    name: str
    paths: tuple[str, ...]
    limit: int
    lanes: tuple[str, ...] = ("main",)
    arguments: tuple[str, ...] = ("-q",)
    second_lane: tuple[str, ...] = ()
    needs_binaries: bool = False


# In order of start. What takes long comes first among its kind, so that no long suite is left alone at the end.
SUITES = (
    Suite(
        "static", ("tests/static", "tests/tools"), 600, arguments=("-q", "--deselect", "tests/static/test_sanity.py")
    ),
    Suite("unit", (UNIT,), 600, lanes=("main", "py313")),
    Suite("integration", ("tests/integration",), 2400, arguments=("-v",)),
    Suite("sanity", (SANITY,), 900, lanes=("main", "py313")),
    Suite(
        "end_to_end",
        ("tests/end_to_end",),
        4500,
        ("main", "py313"),
        ("-v", "--ignore", SURVIVAL),
        ("-m", "both_lanes"),
        True,
    ),
    # Runs that are killed after each write take as long as everything else from end to end, so they go beside it.
    Suite("survival", (SURVIVAL,), 3000, arguments=("-v",), needs_binaries=True),
    Suite("sandbox", ("tests/sandbox",), 1800, arguments=("-v",), needs_binaries=True),
    Suite("molecule", ("tests/molecule",), 1800, arguments=("-v",), needs_binaries=True),
)
# Names for parts that a developer asks for: `make lint` is `test.py lint`.
PARTS = {
    "lint": Suite("lint", ("tests/static",), 600, arguments=("-q", "-m", "lint")),
}


def chosen(names: list[str]) -> list[Suite]:
    """The suites of that name, all when none is named. Raises KeyError with the unknown name."""
    known = {suite.name: suite for suite in SUITES} | PARTS
    return [known[name] for name in names] if names else list(SUITES)
