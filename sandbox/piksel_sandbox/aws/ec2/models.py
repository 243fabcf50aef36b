"""moto's EC2 backend with what the sandbox adds to it."""

from __future__ import annotations

from .models_interfaces import Interfaces
from .models_launch_templates import LaunchTemplates


class SandboxEC2Backend(LaunchTemplates, Interfaces):
    """EC2 of one account and region."""
