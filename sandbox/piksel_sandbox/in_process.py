"""boto3 clients that reach moto inside the daemon: no socket, no signature, no row, and under the caller's own lock."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from werkzeug.test import EnvironBuilder, run_wsgi_app

from piksel_sandbox.accounts import REGION
from piksel_sandbox.dispatcher import Dispatcher

ENDPOINT = "http://in-process.sandbox"


class _Body(BytesIO):
    """A response body as botocore reads it from urllib3."""

    def stream(self, **_: Any) -> Any:
        """Yields the body at once."""
        yield self.read()


def client(dispatcher: Dispatcher, account_id: str, service: str, region: str = REGION) -> Any:
    """A boto3 client that acts in `account_id` by calling the dispatcher directly."""

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        url, items = urlsplit(request.url), request.headers.items()
        builder = EnvironBuilder(
            method=request.method, base_url=ENDPOINT, path=url.path or "/", query_string=url.query,
            headers=[(name, value.decode() if isinstance(value, bytes) else value) for name, value in items],
            data=request.body or b"",
        )  # fmt: skip
        environ = builder.get_environ()
        environ["RAW_URI"] = f"{url.path}?{url.query}" if url.query else url.path
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account_id
        body, status, headers = run_wsgi_app(dispatcher, environ)
        content = b"".join(body)
        return AWSResponse(request.url, int(status.split(" ", 1)[0]), dict(headers), _Body(content))

    made = boto3.client(
        service, region_name=region, endpoint_url=ENDPOINT,
        aws_access_key_id="ASIASANDBOXINPROCESS", aws_secret_access_key="in-process-in-process-in-process",
        config=Config(retries={"max_attempts": 0}),
    )  # fmt: skip
    made.meta.events.register("before-send", send)
    return made
