"""Operations of RDS whose parameters moto passes over."""

from __future__ import annotations

from moto.core.responses import ActionResult, PaginatedResult
from moto.rds.responses import RDSResponse

from piksel_sandbox.aws.rds import catalogue


class SandboxRDSResponse(RDSResponse):
    """moto's RDS that knows what there is of PostgreSQL."""

    def describe_orderable_db_instance_options(self) -> ActionResult:
        """DescribeOrderableDBInstanceOptions."""
        if self.params.get("Engine") != catalogue.ENGINE:
            return super().describe_orderable_db_instance_options()
        options = catalogue.options(self.params.get("EngineVersion"), self.params.get("DBInstanceClass"))
        return PaginatedResult({"OrderableDBInstanceOptions": options})
