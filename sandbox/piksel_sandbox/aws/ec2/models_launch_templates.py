"""Launch templates: tags that can be changed, and calls that are known by their token when they come again."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import InvalidLaunchTemplateNameAlreadyExistsError
from moto.ec2.models import EC2Backend
from moto.ec2.models.launch_templates import LaunchTemplate

TYPE = "launch-template"


class SandboxLaunchTemplate(LaunchTemplate):
    """moto's launch template keeps a copy of its first tags; here they are those that it has."""

    @property
    def tags(self) -> list[dict[str, str]]:
        """The tags now."""
        return self.get_tags()

    @tags.setter
    def tags(self, first: list[dict[str, str]]) -> None:
        """moto sets what it has just stored."""


class LaunchTemplates(EC2Backend):
    """EC2 with launch templates of our own."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        # (operation, client token) -> answer of the first call
        self.answers: dict[tuple[str, str], Any] = {}

    def create_launch_template(
        self, name: str, description: str, template_data: dict[str, Any], tag_spec: dict[str, Any]
    ) -> LaunchTemplate:
        """CreateLaunchTemplate: tags of the template itself are no part of its data."""
        if name in self.launch_template_name_to_ids:
            raise InvalidLaunchTemplateNameAlreadyExistsError()
        specifications = template_data.get("TagSpecifications", [])
        kept = [one for one in specifications if one["ResourceType"] != TYPE]
        data = {key: value for key, value in template_data.items() if key != "TagSpecifications"}
        data |= {"TagSpecifications": kept} if kept else {}
        template = SandboxLaunchTemplate(self, name, data, description, tag_spec)
        self.launch_templates[template.id] = template
        self.launch_template_name_to_ids[template.name] = template.id
        self.launch_template_insert_order.append(template.id)
        return template
