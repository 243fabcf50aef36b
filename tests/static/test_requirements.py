"""docs/requirements.md agrees with the tree: known stages, files that exist, tests that carry the mark."""

from __future__ import annotations

import requirement_table
from static.tree import ROOT


def test_ids_are_unique_and_stages_known() -> None:
    rows = requirement_table.rows()
    identifiers = [row.identifier for row in rows]
    assert len(identifiers) == len(set(identifiers))
    assert {row.stage for row in rows} <= set(requirement_table.stages())
    assert {row.level for row in rows} <= {"MUST", "SHOULD", "BEYOND", "FACT", "DECISION"}


def test_landed_rows_say_where() -> None:
    stages = requirement_table.stages()
    for row in requirement_table.rows():
        if stages[row.stage]:
            assert row.where, f"{row.identifier} does not say where"
            for path in row.where:
                assert (ROOT / path).exists(), f"{row.identifier} names {path}, which does not exist"


def test_every_mark_names_a_known_requirement() -> None:
    known = {row.identifier for row in requirement_table.rows()}
    marked = requirement_table.tests_by_requirement()
    assert set(marked) <= known, {name: paths for name, paths in marked.items() if name not in known}


def test_the_test_column_is_written_from_the_marks() -> None:
    text = requirement_table.TABLE.read_text()
    assert text == requirement_table.with_tests(text), "run `make requirements`"


def test_each_landed_must_has_a_marked_test() -> None:
    stages = requirement_table.stages()
    marked = requirement_table.tests_by_requirement()
    musts = [row.identifier for row in requirement_table.rows() if row.level == "MUST" and stages[row.stage]]
    assert not [identifier for identifier in musts if identifier not in marked]
