"""Spot interruptions: EC2's warning two minutes before it takes an instance back, as the account's EventBridge gets it.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
"""

from __future__ import annotations

import json
from typing import Any

from werkzeug import Request, Response

from piksel_sandbox import internal

SOURCE = "aws.ec2"
DETAIL_TYPE = "EC2 Spot Instance Interruption Warning"


def handle(_request: Request, rest: str) -> Response:
    """Warns of the end of the instance whose id follows, wherever it runs."""
    with internal.accounts():
        instance = _running(rest)
        if instance is None:
            return internal.json_response({"error": f"no instance {rest} runs in any account"}, 404)
        return internal.json_response({"account": instance.owner_id, "rules": _warn(instance)})


def _running(instance_id: str) -> Any:
    from moto.ec2.models import ec2_backends

    instances = (
        instance
        for by_region in list(ec2_backends.values())
        for backend in list(by_region.values())
        for reservation in backend.reservations.values()
        for instance in reservation.instances
    )
    return next((one for one in instances if one.id == instance_id and one.is_running()), None)


def _warn(instance: Any) -> int:
    """Puts the event on the default bus; returns how many rules are on it."""
    from moto.events.models import events_backends

    bus = events_backends[instance.owner_id][instance.region_name]
    event = {
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Resources": [f"arn:aws:ec2:{instance.region_name}:{instance.owner_id}:instance/{instance.id}"],
        "Detail": json.dumps({"instance-id": instance.id, "instance-action": "terminate"}),
    }
    bus.put_own_events([event])
    return len(bus.event_buses["default"].rules)
