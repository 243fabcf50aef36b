# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where variables are defined: scopes, lines, precedence, files that cannot be read."""

from __future__ import annotations

import pytest
from ansible_collections.piksel.platform.plugins.plugin_utils import inventory_scan

HOSTS = """\
spokes:
  vars:
    in_group: 1
  children:
    dev:
      hosts:
        piksel-dev:
          in_host: 2
"""


@pytest.fixture
def inventory(tmp_path):
    """An inventory like ours: shared values behind a link, own values in a directory, one file per concern."""
    shared = tmp_path / "group_vars" / "all"
    own = tmp_path / "inventories" / "dev" / "group_vars" / "dev"
    shared.mkdir(parents=True)
    own.mkdir(parents=True)
    (tmp_path / "inventories" / "dev" / "hosts.yml").write_text(HOSTS)
    (own.parent / "all").symlink_to("../../../group_vars/all")
    (shared / "names.yml").write_text("---\nproject: piksel\nprefix: '{{ project }}-x'\n")
    (own / "names.yml").write_text("project: other\nnothing: null\ntree:\n  branch:\n    leaf: 1\n")
    return tmp_path / "inventories" / "dev"


def by_name(scan, host="piksel-dev"):
    return {one.name: one for one in scan.of_host(["dev", "spokes"], host)}


def test_scan_finds_variables_of_groups_and_hosts_with_their_lines(inventory):
    found = by_name(inventory_scan.scan([str(inventory)]))
    assert found["in_group"].place.line == 3
    assert found["in_host"].place.line == 8
    assert found["prefix"].place.line == 3
    assert found["prefix"].place.file.endswith("/group_vars/all/names.yml")


def test_the_narrowest_definition_counts(inventory):
    found = by_name(inventory_scan.scan([str(inventory)]))
    assert found["project"].constant == "other"
    assert found["project"].scope == "group:dev"


def test_a_deeper_group_beats_its_parent_whatever_their_names(tmp_path):
    for group in ("zone", "alpha"):
        (tmp_path / "group_vars").mkdir(exist_ok=True)
        (tmp_path / "group_vars" / f"{group}.yml").write_text(f"value: {group}\n")
    (tmp_path / "hosts.yml").write_text("zone:\n  children:\n    alpha:\n      hosts:\n        one:\n")
    last = inventory_scan.scan([str(tmp_path)]).of_host(["alpha", "zone"], "one")[-1]
    assert last.constant == "alpha"


def test_constant_is_none_for_templates_nulls_and_mappings(inventory):
    found = by_name(inventory_scan.scan([str(inventory)]))
    assert [found[name].constant for name in ("prefix", "nothing", "tree")] == [None, None, None]


def test_a_file_behind_a_link_is_read_once(inventory):
    scan = inventory_scan.scan([str(inventory), str(inventory)])
    assert len([one for one in scan.definitions if one.name == "prefix"]) == 1


def test_place_of_follows_keys_and_stops_at_the_last_that_exists(inventory):
    tree = by_name(inventory_scan.scan([str(inventory)]))["tree"]
    assert inventory_scan.place_of(tree.node, ["branch", "leaf"], tree.place).line == 5
    assert inventory_scan.place_of(tree.node, ["branch", "gone"], tree.place).line == 4
    assert inventory_scan.place_of(tree.node, ["branch", "leaf", "deeper"], tree.place).line == 5


def test_broken_yaml_is_told_with_its_line(inventory):
    (inventory / "group_vars" / "dev" / "broken.yml").write_text("a: 1\nb: [1\n")
    ((place, problem),) = inventory_scan.scan([str(inventory)]).broken
    assert place.file.endswith("broken.yml")
    assert place.line
    assert problem


def test_files_of_other_formats_are_left_alone(inventory):
    (inventory / "extra.ini").write_text("[dev:vars]\nx=1\n")
    (inventory / "group_vars" / "dev" / "notes.txt").write_text("a: [")
    assert not inventory_scan.scan([str(inventory)]).broken


def test_siblings_are_the_inventories_beside(inventory):
    for name in ("prod", "not-one"):
        (inventory.parent / name).mkdir()
    (inventory.parent / "prod" / "group_vars").mkdir()
    (inventory.parent / "prod" / "hosts.yml").write_text("prod:\n")
    names = [path.rsplit("/", 1)[1] for path in inventory_scan.siblings([str(inventory)])]
    assert names == ["dev", "prod"]


def test_duplicates_are_found_at_every_depth(inventory):
    (inventory / "group_vars" / "dev" / "twice.yml").write_text("twice:\n  list:\n    - a: 1\n      a: 2\n")
    one = by_name(inventory_scan.scan([str(inventory)]))["twice"]
    assert [(key, place.line) for key, place in inventory_scan.duplicates(one)] == [("a", 4)]


def test_a_place_below_the_working_directory_is_shown_relative(inventory, monkeypatch):
    monkeypatch.chdir(inventory)
    assert str(inventory_scan.Place(str(inventory / "hosts.yml"), 3)) == "hosts.yml:3"
    assert str(inventory_scan.Place("/etc/hosts")) == "/etc/hosts"
