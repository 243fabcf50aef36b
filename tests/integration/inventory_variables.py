"""Print, as JSON, what variables are for each host in each play: argv[1] is {"sources", "playbooks", "names"}.

A process of its own, since Ansible's finder of collections would stay in the tests' process.
"""

from __future__ import annotations

import json
import sys

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook import Playbook
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from ansible.vars.manager import VariableManager


def main() -> None:
    """Print [[playbook, play, host, {name: value}], ...]."""
    asked = json.loads(sys.argv[1])
    init_plugin_loader()
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=asked["sources"])
    variables = VariableManager(loader=loader, inventory=inventory)
    found = []
    for path in asked["playbooks"]:
        playbook = Playbook.load(path, variable_manager=variables, loader=loader)
        for play in playbook.get_plays():
            # As the executor does: the directory of the play's own file decides which group_vars lie beside it.
            loader.set_basedir(play._included_path or playbook._basedir)
            for host in inventory.get_hosts(play.hosts):
                templar = Templar(loader, variables=variables.get_vars(play=play, host=host))
                values = {name: templar.template(trust_as_template(f"{{{{ {name} }}}}")) for name in asked["names"]}
                found.append([path, play.name, host.name, values])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
