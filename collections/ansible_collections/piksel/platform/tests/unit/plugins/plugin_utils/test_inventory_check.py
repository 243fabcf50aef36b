# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the check of an inventory finds, and that it names file, line and key."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.piksel.platform.plugins.plugin_utils import inventory_check, inventory_scan
from ansible_collections.piksel.platform.plugins.plugin_utils.inventory_check import Role
from ansible_collections.piksel.platform.plugins.plugin_utils.problem import Problem

HOSTS = "dev:\n  hosts:\n    piksel-dev:\n"


class Inventory:
    """Inventories on disk and what a check of host piksel-dev finds in them."""

    def __init__(self, root):
        self.root = root
        self.write("dev", "x.yml", "")

    def write(self, account, name, text):
        folder = self.root / account / "group_vars" / account
        folder.mkdir(parents=True, exist_ok=True)
        (self.root / account / "hosts.yml").write_text(HOSTS.replace("dev", account))
        (folder / name).write_text(text)

    def check(self, spec, roles=(), options=(), values=None, failed=None, command_line=(), evaluated=None):
        sources = [str(self.root / "dev")]
        scan = inventory_scan.scan(sources)
        raw = {one.name: yaml.safe_load(yaml.serialize(one.node)) for one in scan.of_host(["dev"], "piksel-dev")}
        raw.update(values or {})
        known = {name: value for name, value in raw.items() if name not in (failed or {})} | (evaluated or {})
        host = inventory_check.Host("piksel-dev", ["dev"], known, raw, failed or {}, frozenset(command_line))
        others = inventory_scan.scan(inventory_scan.siblings(sources))
        return inventory_check.Check(host, scan, others, spec, list(roles), options).run(["dev"])

    def findings(self, *args, **kwargs):
        return [str(one) for one in self.check(*args, **kwargs).findings]


@pytest.fixture
def inventory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Inventory(tmp_path)


FILE = "dev/group_vars/dev/x.yml"


def test_a_clean_inventory_has_no_finding(inventory):
    inventory.write("dev", "x.yml", "size: 3\nansible_become: false\n")
    assert inventory.findings({"size": {"type": "int"}}) == []


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known_one(inventory):
    inventory.write("dev", "x.yml", "---\nkubernets_version: '1.34'\n")
    assert inventory.findings({"kubernetes_version": {"type": "str"}}) == [
        f"{FILE}:2: kubernets_version: unknown key. Did you mean kubernetes_version?"
    ]


def test_an_unknown_key_of_the_command_line_is_found_too(inventory):
    (finding,) = inventory.findings({"accounts": {"type": "str"}}, command_line=["acounts"])
    assert finding == "the command line (-e): acounts: unknown key. Did you mean accounts?"


@pytest.mark.parametrize(
    ("written", "spec", "words"),
    [
        ("many", {"type": "int"}, "unable to convert to int"),
        ("maybe", {"type": "bool"}, "unable to convert to bool"),
        ("[1]", {"type": "dict"}, "unable to convert to dict"),
        ("prd", {"type": "str", "choices": ["dev", "prod"]}, "must be one of: dev, prod, got: prd"),
        ("1.3", {"type": "str", "pattern": r"1\.\d\d"}, "Quote it: YAML reads an unquoted number"),
        ("10.1.0.0", {"type": "str", "format": "cidr"}, "no network in CIDR notation"),
        ("10.1.0.1/16", {"type": "str", "format": "cidr"}, "has host bits set"),
        ("[10.0.0.0/8, x]", {"type": "list", "elements": "str", "format": "cidr"}, "x is no network"),
    ],
)
def test_a_wrong_value_is_told_with_file_line_and_key(inventory, written, spec, words):
    inventory.write("dev", "x.yml", f"---\nvalue: {written}\n")
    (finding,) = inventory.findings({"value": spec})
    assert finding.startswith(f"{FILE}:2: value: ")
    assert words in finding


def test_a_key_below_another_is_found_in_its_own_line(inventory):
    inventory.write("dev", "x.yml", "versions:\n  coredns: v1\n  kube-prxy: v1\n")
    spec = {"versions": {"type": "dict", "options": {"coredns": {"type": "str"}, "kube-proxy": {"type": "str"}}}}
    assert inventory.findings(spec) == [f"{FILE}:3: versions: unknown key kube-prxy; did you mean kube-proxy?"]


def test_entries_of_a_catalogue_are_checked_by_their_options(inventory):
    inventory.write("dev", "x.yml", "spaces:\n  odc:\n    name: odc\n  argo:\n    nam: argo\n")
    spec = {"spaces": {"type": "dict", "entries": {"name": {"type": "str", "required": True}}}}
    findings = inventory.findings(spec)
    assert any(f"{FILE}:5: spaces.argo: unknown key nam; did you mean name?" in one for one in findings)
    assert any("missing required arguments: name" in one for one in findings)


def test_entries_of_a_catalogue_have_patterns_and_must_not_share_a_name(inventory):
    inventory.write("dev", "x.yml", "spaces:\n  odc:\n    name: Odc\n  a:\n    name: same\n  b:\n    name: same\n")
    spec = {"spaces": {"type": "dict", "unique": ["name"], "entries": {"name": {"type": "str", "pattern": "[a-z]+"}}}}
    assert inventory.findings(spec) == [
        f"{FILE}:3: spaces.odc.name: Odc is not of the form [a-z]+.",
        f"{FILE}:7: spaces.b: name is same, as that of a is already.",
    ]


@pytest.mark.parametrize(("text", "state"), [("", "is not set"), ("account_id: null\n", "is null")])
def test_a_missing_required_key_says_where_to_set_it(inventory, text, state):
    inventory.write("dev", "account.yml", text)
    inventory.write("prod", "account.yml", "account_id: '1'\n")
    (finding,) = inventory.findings({"account_id": {"type": "str", "required": True}})
    assert f"{state}, and every run needs it. Set account_id there." in finding
    assert finding.startswith("dev/group_vars/dev/account.yml")


def test_a_null_key_that_leaves_something_out_is_a_notice(inventory):
    inventory.write("dev", "x.yml", "cost: null\n")
    check = inventory.check({"cost": {"type": "str", "leaves_out": "the tag CostCenter"}})
    assert check.findings == []
    assert check.notices == [f"{FILE}:1: cost is not set, which leaves out the tag CostCenter."]


def test_a_role_input_is_blamed_on_the_key_that_it_is_made_from(inventory):
    inventory.write("dev", "x.yml", "days: soon\n")
    role = Role("logs", {"logs_days": {"type": "int"}})
    (finding,) = inventory.findings({"days": {"type": "raw"}}, [role], values={"logs_days": "{{ days }}"})
    assert finding.startswith(f"{FILE}:1: days: ")
    assert "(input logs_days of role logs)" in finding


def test_a_finding_of_a_key_is_not_repeated_for_the_role_that_takes_it(inventory):
    inventory.write("dev", "x.yml", "days: soon\n")
    role = Role("logs", {"logs_days": {"type": "int"}})
    assert len(inventory.findings({"days": {"type": "int"}}, [role], values={"logs_days": "{{ days }}"})) == 1


def test_a_required_role_input_names_the_null_key_behind_it(inventory):
    inventory.write("dev", "x.yml", "zone: null\n")
    role = Role("dns", {"dns_zone": {"type": "str", "required": True}})
    spec = {"zone": {"type": "str"}}
    scanned = inventory.check(spec, [role], values={"dns_zone": "{{ zone }}"})
    assert scanned.findings == []
    host = scanned.host
    host.values["dns_zone"] = None
    check = inventory_check.Check(host, scanned.scan, scanned.others, spec, [role]).run(["dev"])
    assert [str(one) for one in check.findings] == [
        f"{FILE}:1: zone: is not set, and the input dns_zone of role dns needs it. Set zone there."
    ]


def test_what_a_stage_hands_over_is_not_looked_for(inventory):
    options = {"net_ids": {"type": "list", "required": True}, "net_first": {"type": "str"}}
    role = Role("net", options, frozenset({"net_ids"}))
    failed = {"net_first": "'net_ids' is undefined"}
    assert inventory.findings({}, [role], values={"net_first": "{{ net_ids[0] }}"}, failed=failed) == []


def test_inputs_of_roles_that_no_stage_calls_are_known(inventory):
    inventory.write("dev", "x.yml", "later_size: 1\n")
    assert inventory.findings({}, options=["later_size"]) == []


def test_what_cannot_be_evaluated_is_told_once(inventory):
    inventory.write("dev", "x.yml", "a: '{{ gone }}'\n")
    role = Role("one", {"one_a": {"type": "str"}})
    failed = {"a": "'gone' is undefined", "one_a": "'gone' is undefined"}
    findings = inventory.findings({"a": {"type": "str"}}, [role], values={"one_a": "{{ a }}"}, failed=failed)
    assert findings == [f"{FILE}:1: a: cannot be evaluated: 'gone' is undefined."]


def test_what_is_made_from_a_wrong_key_is_not_told_too(inventory):
    inventory.write("dev", "x.yml", "title: '{{ titles[word] }}'\nword: wrong\n")
    spec = {"title": {"type": "str"}, "word": {"type": "str", "choices": ["right"]}}
    (finding,) = inventory.findings(spec, failed={"title": "no attribute 'wrong'"})
    assert "must be one of: right, got: wrong" in finding


CIDR = {"cidr": {"type": "str", "format": "cidr", "disjoint": True}}


@pytest.mark.parametrize("other", ["10.1.0.0/16", "10.1.128.0/17", "10.0.0.0/8"])
def test_networks_of_two_accounts_must_not_overlap(inventory, other):
    inventory.write("dev", "x.yml", "cidr: 10.1.0.0/16\n")
    inventory.write("prod", "x.yml", f"# prod\ncidr: {other}\n")
    (finding,) = inventory.findings(CIDR)
    assert finding.startswith(
        f"{FILE}:1: cidr: 10.1.0.0/16 overlaps {other}, which is cidr in prod/group_vars/prod/x.yml:2."
    )


def test_networks_that_do_not_overlap_are_fine(inventory):
    inventory.write("dev", "x.yml", "cidr: 10.1.0.0/16\n")
    inventory.write("prod", "x.yml", "cidr: 10.2.0.0/16\n")
    assert inventory.findings(CIDR) == []


def test_two_networks_of_one_account_must_not_overlap_either(inventory):
    inventory.write("dev", "x.yml", "cidr: 10.0.0.0/8\nhub: 10.0.0.0/16\n")
    spec = {**CIDR, "hub": {"type": "str", "disjoint": True}}
    (finding,) = inventory.findings(spec)
    assert "hub: 10.0.0.0/16 overlaps 10.0.0.0/8" in finding


def test_a_value_of_the_command_line_is_compared_as_well(inventory):
    inventory.write("dev", "x.yml", "cidr: 10.1.0.0/16\n")
    inventory.write("prod", "x.yml", "cidr: 10.2.0.0/16\n")
    (finding,) = inventory.findings(CIDR, values={"cidr": "10.2.0.0/16"}, command_line=["cidr"])
    assert finding.startswith("the command line (-e): cidr: 10.2.0.0/16 overlaps")


def test_all_findings_come_at_once(inventory):
    inventory.write("dev", "x.yml", "cidr: 10.1.0.0/16\ncidr: 10.2.0.0/16\nsize: many\nodd: 1\n")
    inventory.write("dev", "bad.yml", "a: [")
    inventory.write("prd", "y.yml", "")
    (inventory.root / "dev" / "group_vars" / "prd.yml").write_text("size: 1\n")
    findings = inventory.findings({**CIDR, "size": {"type": "int"}, "id": {"required": True}})
    for words in (
        "is set in line 1 already",
        "unable to convert to int",
        "odd: unknown key",
        "no valid YAML",
        "group prd",
    ):
        assert any(words in one for one in findings), words
    assert any("id: is not set" in one for one in findings)


GROUPS = {"all": ["a", "b"], "spokes": ["a", "b"], "dev": ["a"], "prod": ["b"], "ungrouped": []}


@pytest.mark.parametrize(
    ("asked", "hosts", "check_mode", "words"),
    [
        (None, ["a"], False, None),
        (None, ["a", "b"], True, None),
        (None, ["a", "b"], False, "-e piksel_accounts=dev,prod"),
        (["dev", "prod"], ["a", "b"], False, None),
        (["spokes"], ["a", "b"], False, None),
        (["dev"], ["a", "b"], False, "the run also reaches b"),
        (["dev"], ["a", "b"], True, "the run also reaches b"),
        (["dve"], ["a"], False, "no account is called dve"),
    ],
)
def test_a_converge_of_several_accounts_must_be_asked_for(asked, hosts, check_mode, words):
    findings = [str(one) for one in inventory_check.accounts(asked, hosts, GROUPS, check_mode)]
    assert bool(findings) == bool(words)
    assert words is None or words in findings[0]


def test_a_rule_of_a_catalogue_blames_the_key_that_holds_the_entry(inventory, monkeypatch):
    inventory.write("dev", "x.yml", "---\nnames:\n  a:\n    name: same\n  b:\n    name: same\nzone: x\n")
    role = Role("role", {"role_names": {"type": "dict"}})
    spec = {"names": {"type": "dict"}, "zone": {"type": "str"}}
    problem = Problem(["b", "name"], "is taken", "Rename it.")
    monkeypatch.setitem(inventory_check.RULES, "role_names", lambda _value, _values: [problem])
    made = {"b": {"name": "same"}}
    (finding,) = inventory.findings(spec, [role], values={"role_names": "{{ names }}"}, evaluated={"role_names": made})
    assert finding == f"{FILE}:6: names.b.name: is taken. Rename it."


def test_a_rule_blames_the_key_in_which_the_value_is_written_out(inventory, monkeypatch):
    inventory.write(
        "dev",
        "x.yml",
        """---
own: {}
names: "{{ {'a': 'one'} | combine(own) }}"
entries:
  a:
    name: "{{ names.a }}"
    days: 1
""",
    )
    spec = {name: {"type": "dict"} for name in ("own", "names", "entries")}
    role = Role("role", {"role_entries": {"type": "dict"}})
    problems = [Problem(["a", "name"], "is bad"), Problem(["a", "days"], "is few")]
    monkeypatch.setitem(inventory_check.RULES, "role_entries", lambda _value, _values: problems)
    made = {"names": {"a": "one"}, "entries": {"a": {"name": "one", "days": 1}}}
    given = {"spec": spec, "roles": [role], "values": {"role_entries": "{{ entries }}"}}
    evaluated = {**made, "role_entries": made["entries"]}
    name, days = inventory.findings(**given, evaluated=evaluated)
    assert (name, days) == (f"{FILE}:6: entries.a.name: is bad.", f"{FILE}:7: entries.a.days: is few.")
    file = inventory.root / FILE
    file.write_text(file.read_text().replace("own: {}", "own:\n  a: one"))
    name, days = inventory.findings(**given, evaluated={**evaluated, "own": {"a": "one"}})
    assert (name, days) == (f"{FILE}:3: own.a.name: is bad.", f"{FILE}:8: entries.a.days: is few.")


def test_a_rule_is_not_asked_about_what_is_wrong_already(inventory, monkeypatch):
    inventory.write("dev", "x.yml", "---\nnames: 3\n")
    role = Role("role", {"role_names": {"type": "dict"}})
    monkeypatch.setitem(inventory_check.RULES, "role_names", lambda value, _values: [Problem([], value.missing)])
    (finding,) = inventory.findings({"names": {"type": "dict"}}, [role], values={"role_names": "{{ names }}"})
    assert finding.startswith(f"{FILE}:2: names: ")
