"""Operations of launch templates that carry a client token.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
"""

from __future__ import annotations

from collections.abc import Callable

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from .models import SandboxEC2Backend


class SandboxEC2Response(EC2Response):
    """moto's EC2 that answers a call with a known token as it did the first time."""

    ec2_backend: SandboxEC2Backend

    def create_launch_template(self) -> ActionResult:
        """CreateLaunchTemplate."""
        return self._once(super().create_launch_template)

    def create_launch_template_version(self) -> ActionResult:
        """CreateLaunchTemplateVersion."""
        return self._once(super().create_launch_template_version)

    def _once(self, call: Callable[[], ActionResult]) -> ActionResult:
        token = self._get_param("ClientToken")
        if not token:
            return call()
        key = (str(self._get_action()), str(token))
        answers = self.ec2_backend.answers
        if key not in answers:
            answers[key] = call()
        return answers[key]
