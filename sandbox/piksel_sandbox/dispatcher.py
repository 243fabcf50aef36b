"""The innermost layer: moto's dispatcher, with what its development server lacks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from piksel_sandbox import internal
from piksel_sandbox.aws_call import AwsCall
from piksel_sandbox.aws_errors import error, refusal

logger = logging.getLogger(__name__)


class Dispatcher(DomainDispatcherApplication):
    """Sends a presigned URL to the service that it was signed for, and answers in AWS's shape when moto raises."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        """moto's answer, remembered: it lists and looks at every file of its package to find it."""
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]

    def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
        call = AwsCall.of(environ)
        if call.presigned and call.service != "s3":
            return f"{call.service}.{call.region}.amazonaws.com"
        return super().infer_service_region_host(environ, path)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        call = AwsCall.of(environ)
        if call.model is None:
            return error(call, "UnknownService", f"no such service: {call.service}", 501)(environ, start_response)
        try:
            with internal.accounts():
                # Read to the end inside the lock: a lazy body would look at the models later.
                answer = super().__call__(environ, start_response)
                return [b"".join(answer)]
        except internal.AccountsBusyError:
            raise
        except NotImplementedError as missing:
            return refusal(call, "not implemented", str(missing))(environ, start_response)
        except Exception:
            logger.exception("%s:%s failed in the emulator", call.service, call.operation)
            return refusal(call, "internal", "The emulator failed; see `piksel-sandbox logs`.")(environ, start_response)
