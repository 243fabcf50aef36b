#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: database_objects
short_description: Reconcile roles, databases, extensions and grants in an instance of RDS for PostgreSQL
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates databases with their extensions, roles that sign in, and what each role may do in a database.
  - It only adds. Nothing is dropped, revoked or taken over, and memberships and rights that others gave are never
    looked at.
  - Statements run one after another, never beside each other. USAGE and CREATE on a schema are granted together.
  - Passwords go from Secrets Manager to the server, as the hash that it keeps, and nowhere else. A role whose password
    is not that of its secret gets it again, which a sign-in finds out.
  - Connections are made by TLS, with the instance's certificate verified.
  - In check mode an instance that does not exist yet is not connected to, and everything is listed as a create.
  - A private instance is reached by a relay, a pod that the run makes, forwards a port to and takes away. Check mode
    makes none. It compares with the ConfigMap C(database-objects), in which the last run left hashes of what it made,
    and so does a run, which opens a relay only when something is wanted that the record does not have, or with
    O(look=always).
requirements:
  - psycopg >= 3.2
options:
  scope:
    description: Whose list this is, usually the role's name.
    type: str
    required: true
  instance:
    description: Identifier of the instance.
    type: str
    required: true
  master_password_secret:
    description: Name of the secret in Secrets Manager that holds the master's password.
    type: str
    required: true
  ca_bundle:
    description: File with the authorities of RDS, which it publishes at C(https://truststore.pki.rds.amazonaws.com).
    type: path
    required: true
  access:
    description: Whether to connect to the instance's own endpoint, or by a relay in the cluster.
    type: str
    choices: [direct, relay]
    default: direct
  look:
    description:
      - Whether a run by relay looks into the database only when something else is wanted than the last run left, or
        always.
      - What somebody takes away inside the database, only a look finds.
    type: str
    choices: [when_changed, always]
    default: when_changed
  cluster_name:
    description: Name of the cluster, for O(access=relay).
    type: str
  cluster_endpoint:
    description:
      - Endpoint as M(piksel.platform.eks_cluster) returned it. Check mode learns from it that the cluster is yet to be
        made.
    type: str
  relay_namespace:
    description: Namespace of the relay and of the record.
    type: str
    default: kube-system
  relay_image:
    description: Image of the relay, one with the C(nc) of BusyBox, whose C(-ll) and C(-e) it uses.
    type: str
    default: public.ecr.aws/docker/library/busybox:1.37.0
  databases:
    description:
      - The databases, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required).
      - C(extensions) (list of strings), extensions in it.
      - A database is in UTF-8 and belongs to the master. One that does not is refused.
    type: dict
    required: true
  roles:
    description:
      - The roles, keyed by a logical name. Each is a map of the following options.
      - C(name) (string, required).
      - C(password_secret) (string, required), name of the secret whose value is the password.
    type: dict
    required: true
  grants:
    description:
      - What roles may do, keyed by a logical name. Each is a map of the following options.
      - C(role) and C(database) (strings, required), logical names. CONNECT is always granted.
      - C(schema) (string), V(public) by default. USAGE is always granted.
      - C(create) (boolean), whether CREATE on the schema is granted too.
      - C(tables) (list of strings), privileges on every table of the schema that the master may grant on, V([SELECT])
        by default.
      - C(sequences) (list of strings), privileges on its sequences, none by default.
      - What the master makes later gets the same privileges.
    type: dict
    required: true
extends_documentation_fragment:
  - piksel.platform.aws
seealso:
  - module: piksel.platform.rds_instance
  - module: piksel.platform.secretsmanager_secrets
"""

EXAMPLES = r"""
- name: Make what applications find in the database
  piksel.platform.database_objects:
    region: ap-southeast-3
    scope: rds
    instance: example-app-db
    master_password_secret: database-password
    ca_bundle: ~/rds/global-bundle.pem
    databases:
      odc:
        name: odc
        extensions: [postgis]
    roles:
      odc:
        name: odc
        password_secret: odc-password
      odcread:
        name: odcread
        password_secret: odc-read-password
    grants:
      odc:
        role: odc
        database: odc
        create: true
        tables: [SELECT, INSERT, UPDATE, DELETE]
        sequences: [USAGE, SELECT]
      odcread:
        role: odcread
        database: odc
"""

RETURN = r"""
changed:
  description: Whether there are operations.
  returned: always
  type: bool
operations:
  description:
    - What was done, or in check mode would be done. Each entry has C(action) (create, update), C(api), C(kind),
      C(key), C(object), C(account), C(region) and C(changes), a list of C(path), C(before), C(after).
    - In place of a password stands C((sensitive)).
  returned: always
  type: list
  elements: dict
held:
  description: Always empty, as nothing here takes anything away.
  returned: always
  type: list
  elements: dict
notices:
  description: What is worth knowing, such as that a plan could not look into the database.
  returned: success
  type: list
  elements: str
  sample: []
resources:
  description: C(name) of each object, by C(role), C(database), C(extension) or C(grant) and its logical key.
  returned: always
  type: dict
  sample:
    role.odc:
      name: odc
    database.odc:
      name: odc
    extension.odc.postgis:
      name: odc/postgis
    grant.odc:
      name: odc on odc.public
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.database_objects import run

SERVICES = ("sts", "eks", "rds", "secretsmanager")
SPEC = runner.spec(
    AWS_ARGUMENTS,
    SCOPE_ARGUMENTS,
    {
        "instance": {"type": "str", "required": True},
        "master_password_secret": {"type": "str", "required": True, "no_log": False},
        "ca_bundle": {"type": "path", "required": True},
        "access": {"type": "str", "choices": ["direct", "relay"], "default": "direct"},
        "look": {"type": "str", "choices": ["when_changed", "always"], "default": "when_changed"},
        "cluster_name": {"type": "str"},
        "cluster_endpoint": {"type": "str"},
        "relay_namespace": {"type": "str", "default": "kube-system"},
        "relay_image": {"type": "str", "default": "public.ecr.aws/docker/library/busybox:1.37.0"},
        "databases": {"type": "dict", "required": True},
        "roles": {"type": "dict", "required": True},
        "grants": {"type": "dict", "required": True},
    },
    required_if=[("access", "relay", ["cluster_name"])],
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
