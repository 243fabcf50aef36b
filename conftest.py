"""What every test of this checkout shares: the requirement IDs of a test go into its junit report.

`tools/test.py` reads the reports and fails when a MUST of a landed stage has no passing test.
"""

from __future__ import annotations

import hypothesis
import pytest

# How long an example takes says more about the machine's load than about the code.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Copy the IDs of `@pytest.mark.requirement("EKS-03", ...)` to the test's junit properties."""
    for item in items:
        for mark in item.iter_markers("requirement"):
            if not mark.args:
                raise pytest.UsageError(f"{item.nodeid}: the mark requirement names no ID")
            item.user_properties.extend(("requirement", identifier) for identifier in mark.args)
