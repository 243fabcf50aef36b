# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Catalogues of secrets as modules take them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.piksel.platform.plugins.filter.kubernetes_secret_entries import kubernetes_secret_entries
from ansible_collections.piksel.platform.plugins.filter.manual_secrets import manual_secrets


def test_each_namespace_gets_its_copy():
    entry = {"name": "app", "namespaces": ["web", "jobs"], "data": {"user": "app"}}
    spaces = {"web": {"name": "web-apps"}, "jobs": {"name": "jobs"}}
    assert kubernetes_secret_entries({"app": entry, "off": {"enabled": False}}, spaces) == {
        "app.web": {"name": "app", "namespace": "web-apps", "data": {"user": "app"}},
        "app.jobs": {"name": "app", "namespace": "jobs", "data": {"user": "app"}},
    }


def test_an_unknown_namespace_is_refused():
    with pytest.raises(AnsibleFilterError, match="no namespace has the key web"):
        kubernetes_secret_entries({"app": {"name": "app", "namespaces": ["web"], "data": {}}}, {})


def test_what_people_make_is_what_has_keys():
    catalogue = {
        "oauth": {"name": "oauth-dev", "keys": ["id"], "description": "A client"},
        "off": {"name": "off-dev", "keys": ["id"], "enabled": False},
        "password": {"name": "password", "generate": "password"},
    }
    assert manual_secrets(catalogue) == {"oauth-dev": {"keys": ["id"], "description": "A client"}}
