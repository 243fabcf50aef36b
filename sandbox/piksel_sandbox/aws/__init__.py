"""What the sandbox adds to moto's AWS: EKS whole, launch templates, RDS states, S3 defaults, repository policies, SSM
parameters.

Nothing of moto is changed on disk: `install()` hands moto's backend registries the subclasses of this package.
"""

from __future__ import annotations

import functools


@functools.cache
def install() -> None:
    """Make moto serve the backends of this package; call it before the first request. Repeating it does nothing.

    moto's `BackendDict` makes a backend per account and region from its attribute `backend`, and a backend finds its
    routes in the `urls` module beside its own, so replacing that class replaces models, responses and routes together.
    """
    from . import ec2, ecr, eks, events, iam, rds, s3, secretsmanager, servicequotas, sqs, ssm, sts

    for service in (ec2, ecr, eks, events, iam, rds, s3, secretsmanager, servicequotas, sqs, ssm, sts):
        service.install()
