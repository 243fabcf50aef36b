"""moto's EventBridge backend, with tags of rules as the service keeps them.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule

RULE_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")
TARGETS_PER_RULE = 5
NOT_AUTHORIZED = {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}


class SandboxEventsBackend(EventsBackend):
    """PutRule tags a rule only when it makes it; the tagging API finds rules; five targets; aws.* is AWS."""

    def put_rule(self, name: str, *rest: Any, tags: list[dict[str, str]] | None = None, **more: Any) -> Rule:
        """PutRule."""
        if not RULE_NAME.fullmatch(name):
            raise ValidationException(
                f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
            )
        bus = self._get_event_bus(self._normalize_event_bus_arn(more.get("event_bus_arn")))
        return super().put_rule(name, *rest, tags=None if name in bus.rules else tags, **more)

    def put_targets(self, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
        """PutTargets."""
        rule = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn)).rules.get(name)
        if rule and len({one["Id"] for one in [*rule.targets, *targets]}) > TARGETS_PER_RULE:
            raise ValidationException("The requested resource exceeds the maximum number allowed.")
        super().put_targets(name, event_bus_arn, targets)

    def put_events(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """PutEvents, where nobody may speak for AWS."""
        entries = iter(super().put_events([one for one in events if not _is_of_aws(one)]))
        return [dict(NOT_AUTHORIZED) if _is_of_aws(one) else next(entries) for one in events]

    def put_own_events(self, events: list[dict[str, Any]]) -> None:
        """What a service of AWS tells."""
        super().put_events(events)

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """Buses, as moto has them, and the rules on them."""
        yield from super().iter_tagged_resources()
        for bus in self.event_buses.values():
            for rule in bus.rules.values():
                yield TaggedResource(rule.arn, self.tagger.get_tag_dict_for_resource(rule.arn), "events:rule")


def _is_of_aws(event: dict[str, Any]) -> bool:
    return str(event.get("Source", "")).startswith("aws.")
