#!/usr/bin/python
# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_instance
short_description: Reconcile an instance of RDS
version_added: 0.1.0
author:
  - Piksel platform contributors (@piksel-platform)
description:
  - Creates an encrypted instance that is not reached from outside its network, whole and in one call, and changes an
    existing one in place.
  - What cuts connections (engine version, class, port, another parameter group, static parameters that wait for a
    reboot) and what lets go of backups is held unless the consent V(interrupt:rds_instance/SCOPE.KEY) is given.
  - What RDS cannot change (engine, key, first database, master, subnet group) is a replacement, which takes a last
    snapshot and makes an empty instance. It is held unless the consent V(replace:rds_instance/SCOPE.KEY) is given, and
    RDS refuses it while O(deletion_protection) is on.
  - An older engine, and less storage, are refused before any write. A newer minor of the wanted major, and storage that
    grew by itself, count as wanted.
  - The password of the master goes from Secrets Manager to RDS when the instance is made. It is never compared, changed
    or returned.
  - A wait ends with the first broken state. An instance that an earlier run left in motion is waited for.
options:
  scope:
    description:
      - Whose list this is, usually the role's name. The mark on each object is C(KIND/SCOPE.KEY).
      - One scope has one list per kind; what bears its mark and is not in the list is planned for deletion, done only
        with O(consent).
    type: str
    required: true
  tags:
    description: Tags that every object of the list gets. Tags that others put on an object are left alone.
    type: dict
    default: {}
  key:
    description: Logical name of the instance.
    type: str
    default: instance
  name:
    description: Identifier of the instance, which RDS keeps in lower case.
    type: str
    required: true
  engine:
    description: Engine of the instance.
    type: str
    default: postgres
  engine_version:
    description: A minor version, as in V(16.10), or a major one, of which RDS then chooses the minor. Needed unless
      O(state=available), as are O(instance_class), O(allocated_storage), O(kms_key_id), O(db_name),
      O(master_username), O(master_password_secret), O(subnet_group), O(security_group_ids) and O(parameter_group).
    type: str
  instance_class:
    description: Class of the instance, for instance V(db.t4g.large).
    type: str
  allocated_storage:
    description: Storage in GiB.
    type: int
  max_allocated_storage:
    description: GiB up to which RDS makes the storage larger by itself; left out, it does not.
    type: int
  storage_type:
    description: Type of the storage.
    type: str
    default: gp3
  kms_key_id:
    description: ARN of the KMS key that encrypts storage and snapshots.
    type: str
  db_name:
    description: Database that the instance comes with.
    type: str
  master_username:
    description: Name of the master user.
    type: str
  master_password_secret:
    description: Name of the secret in Secrets Manager whose text is the password of the master user.
    type: str
  port:
    description: Port that it listens on.
    type: int
    default: 5432
  subnet_group:
    description: Name of the subnet group.
    type: str
  security_group_ids:
    description: Security groups of the instance.
    type: list
    elements: str
  parameter_group:
    description: Name of the parameter group.
    type: str
  multi_az:
    description: Whether it has a standby in another zone.
    type: bool
    default: false
  backup_retention_days:
    description: Days that automated backups are kept, and back to which it can be restored.
    type: int
    default: 7
  backup_window:
    description: When backups are made, in UTC, as in V(03:00-06:00).
    type: str
  maintenance_window:
    description: When RDS maintains it, in UTC, as in V(mon:00:00-mon:03:00).
    type: str
  auto_minor_version_upgrade:
    description: Whether RDS goes to newer minor versions in the maintenance window.
    type: bool
    default: true
  iam_authentication:
    description: Whether users may sign in with a token of IAM.
    type: bool
    default: false
  log_exports:
    description: Logs to send to CloudWatch, for instance V(postgresql) and V(upgrade); the others are switched off.
    type: list
    elements: str
    default: []
  performance_insights:
    description: Whether Performance Insights is on.
    type: bool
    default: false
  monitoring_interval:
    description: Seconds between measurements of enhanced monitoring; V(0) switches it off.
    type: int
    choices: [0, 1, 5, 10, 15, 30, 60]
    default: 0
  monitoring_role_arn:
    description: ARN of the role that enhanced monitoring writes with.
    type: str
  copy_tags_to_snapshot:
    description: Whether snapshots get its tags.
    type: bool
    default: true
  deletion_protection:
    description: Whether RDS refuses to delete it.
    type: bool
    default: true
  apply_immediately:
    description: Whether changes are made at once, or in the maintenance window. What waits for it counts as done.
    type: bool
    default: true
  state:
    description:
      - V(present) makes and changes the instance and waits until it is available.
      - V(started) does not wait for a new instance; changes of an existing one are still waited for.
      - V(available) changes nothing; it waits for an instance that another task started. In check mode a missing
        instance has unknown facts.
    type: str
    choices: [present, started, available]
    default: present
  made_anew:
    description: With O(state=available), whether the task that started the instance replaces it. Then check mode hands
      on unknown facts, and not those of the instance that goes.
    type: bool
    default: false
extends_documentation_fragment:
  - piksel.platform.aws
  - piksel.platform.reconcile
seealso:
  - module: piksel.platform.rds_parameter_groups
  - module: piksel.platform.rds_subnet_groups
"""

EXAMPLES = r"""
- name: Start the database
  piksel.platform.rds_instance:
    region: ap-southeast-3
    scope: rds
    name: example-app-db
    engine_version: "16.10"
    instance_class: db.t4g.large
    allocated_storage: 50
    kms_key_id: arn:aws:kms:ap-southeast-3:123456789012:key/0d990263-018e-4e65-a703-eff731de951e
    db_name: example
    master_username: example
    master_password_secret: example-database
    subnet_group: example-app-db
    security_group_ids: [sg-0123456789abcdef0]
    parameter_group: example-app-db-postgres16
    state: started
"""

RETURN = r"""
changed:
  description: Whether there are operations.
  returned: always
  type: bool
operations:
  description:
    - What was done, or in check mode would be done. Each entry has C(action) (create, update, replace, delete),
      C(api), C(kind),
      C(key), C(object), C(account), C(region) and C(changes), a list of C(path), C(before), C(after).
  returned: always
  type: list
  elements: dict
held:
  description: Operations that need consent and have none; they are shown and not done. C(consent) is the exact word to
    give.
  returned: always
  type: list
  elements: dict
resources:
  description: The facts of RV(instance), by the instance's logical key.
  returned: always
  type: dict
  sample:
    instance:
      name: example-app-db
      arn: arn:aws:rds:ap-southeast-3:123456789012:db:example-app-db
      status: available
      engine_version: "16.10"
      address: example-app-db.c0123456789a.ap-southeast-3.rds.amazonaws.com
      port: 5432
      resource_id: db-ABCDEFGHIJKLMNOPQRSTUVWXYZ
      db_name: example
      master_username: example
      security_group_id: sg-0123456789abcdef0
instance:
  description: Facts of the instance; those that do not exist yet are unknown.
  returned: success
  type: dict
  sample:
    name: example-app-db
    arn: arn:aws:rds:ap-southeast-3:123456789012:db:example-app-db
    status: available
    engine_version: "16.10"
    address: example-app-db.c0123456789a.ap-southeast-3.rds.amazonaws.com
    port: 5432
    resource_id: db-ABCDEFGHIJKLMNOPQRSTUVWXYZ
    db_name: example
    master_username: example
    security_group_id: sg-0123456789abcdef0
"""

from ansible_collections.piksel.platform.plugins.module_utils import runner
from ansible_collections.piksel.platform.plugins.module_utils.arguments import SCOPE_ARGUMENTS, TAGS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.clients import AWS_ARGUMENTS
from ansible_collections.piksel.platform.plugins.module_utils.rds_instance import INSTANCE_ARGUMENTS, INSTANCE_NEEDS
from ansible_collections.piksel.platform.plugins.module_utils.rds_instance import run_instance as run
from ansible_collections.piksel.platform.plugins.module_utils.reconcile import CONSENT_ARGUMENTS

SERVICES = ("rds", "secretsmanager")
SPEC = runner.spec(
    AWS_ARGUMENTS, CONSENT_ARGUMENTS, SCOPE_ARGUMENTS, TAGS_ARGUMENTS, INSTANCE_ARGUMENTS, required_if=INSTANCE_NEEDS
)


def main():
    """Run as a module."""
    runner.main(SPEC, run)


if __name__ == "__main__":
    main()
