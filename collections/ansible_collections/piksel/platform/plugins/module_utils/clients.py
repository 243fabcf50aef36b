# Copyright: Piksel platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS clients: said explicitly by profile or role, region and endpoint; patient with throttling, quick to give up on
nothing.
"""

from __future__ import annotations

import os
import threading

from ansible_collections.piksel.platform.plugins.module_utils.errors import AnswerLostError, PlatformError, told

try:
    import botocore.config
    import botocore.credentials
    import botocore.exceptions
    import botocore.loaders
    import botocore.session

    HAS_BOTOCORE = True
    # One loader for the process: forks inherit the parsed service models, which are most of a client's cost.
    _LOADER = botocore.loaders.create_loader(os.environ.get("AWS_DATA_PATH"))
except ImportError:
    HAS_BOTOCORE = False
    _LOADER = None

# With every third call throttled and one in twenty failing, twelve attempts fail once in 10^5 calls.
ATTEMPTS = 12
# An endpoint that nobody listens on does not come up while we wait: say so within a few seconds.
CONNECT_ATTEMPTS = 3
# Connections of a client, as many as the core has calls under way: objects of a list and parts of them.
POOL = 80

# Calls that make a new object each time they are repeated and carry no client token: a lost answer must be looked up.
NOT_IDEMPOTENT = frozenset({("kms", "CreateKey"), ("iam", "CreatePolicyVersion")})

AWS_ARGUMENTS = {
    "profile": {"type": "str"},
    "region": {"type": "str", "required": True},
    "role_arn": {"type": "str"},
    "endpoint_url": {"type": "str"},
}

_KNOWN = {}
_KNOWN_LOCK = threading.Lock()


def from_params(params: dict) -> Clients:
    """The Clients for the common AWS options of a task, one per process and combination."""
    chosen = tuple(params.get(name) for name in AWS_ARGUMENTS)
    with _KNOWN_LOCK:
        if chosen not in _KNOWN:
            _KNOWN[chosen] = Clients(**dict(zip(AWS_ARGUMENTS, chosen, strict=True)))
        return _KNOWN[chosen]


def warm(services) -> None:
    """Parse botocore's models of these services and of its endpoints once, for every later client of this process and
    its forks.
    """
    if not HAS_BOTOCORE:
        return
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        _LOADER.load_data(name)
    for service in {"sts", *services}:
        for part in ("service-2", "endpoint-rule-set-1", "paginators-1"):
            _LOADER.load_service_model(service, part)


def items(client, operation: str, key: str, **arguments) -> list:
    """What stands under ``key`` on all pages of an operation: ``items(iam, "list_users", "Users")``.

    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/paginators.html
    """
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[key]]


class Clients:
    """Clients of one account and region; safe to use from several threads.

    ``profile`` names a profile of the AWS config file, else the ambient session counts; ``role_arn`` is assumed from
    there and renewed before it expires; ``region`` is always given; ``endpoint_url`` overrides botocore's own choice
    (AWS_ENDPOINT_URL).
    """

    def __init__(self, profile=None, region=None, role_arn=None, endpoint_url=None):
        if not region:
            raise PlatformError("no region is given", advice="Set the option `region`.")
        self.profile = profile
        self.region = region
        self.role_arn = role_arn
        self.endpoint_url = endpoint_url
        self._lock = threading.RLock()
        self._clients = {}
        self._session = None
        self._identity = None

    def client(self, service: str, region: str | None = None):
        """The botocore client for a service ("iam"), in this region unless another is named."""
        where = (service, region or self.region)
        with self._lock:
            if where not in self._clients:
                with told(f"client for {service}", self):
                    self._clients[where] = self._new_client(*where)
            return self._clients[where]

    @property
    def identity(self) -> dict:
        """Who this run is: {"Account", "Arn", "UserId"} of sts:GetCallerIdentity, asked once."""
        with self._lock:
            if self._identity is None:
                with told("the caller's identity", self):
                    self._identity = self.client("sts").get_caller_identity()
            return self._identity

    @property
    def account_id(self) -> str:
        """The account that calls go to, 12 digits."""
        return self.identity["Account"]

    @property
    def known_account_id(self) -> str | None:
        """The account id when it was asked for already; errors use it, so that they never make a call."""
        return self._identity["Account"] if self._identity else None

    @property
    def source(self) -> str:
        """Where the credentials come from, for people: the role, the profile or the ambient session."""
        if self.role_arn:
            return f"role {self.role_arn}"
        return f"profile {self.profile}" if self.profile else "the ambient session"

    @property
    def partition(self) -> str:
        """The partition of the region, "aws" nearly everywhere."""
        return self._base_session().get_partition_for_region(self.region)

    def credentials(self):
        """botocore's credentials object of this session (it renews itself)."""
        with told("credentials", self):
            found = self._base_session().get_credentials()
            if found is None:
                raise botocore.exceptions.NoCredentialsError()
            return found

    def _base_session(self):
        with self._lock:
            if self._session is None:
                with told("credentials", self):
                    self._session = self._new_session()
            return self._session

    def _new_session(self):
        session = botocore.session.Session(profile=self.profile)
        session.register_component("data_loader", _LOADER)
        session.user_agent_extra = "piksel.platform"
        # A missing profile shows here, not in the middle of the first call.
        session.get_scoped_config()
        if self.role_arn:
            session = self._assumed(session)
        return session

    def _assumed(self, source):
        """A session of ``role_arn``; botocore renews it before it expires.
        https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        credentials = source.get_credentials()
        if credentials is None:
            raise botocore.exceptions.NoCredentialsError()

        def create_client(service, **overrides):
            return source.create_client(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint_url,
                config=_config().merge(overrides.pop("config", botocore.config.Config())),
                **overrides,
            )

        fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
            client_creator=create_client,
            source_credentials=credentials,
            role_arn=self.role_arn,
            extra_args={"RoleSessionName": "piksel-platform"},
        )
        session = botocore.session.Session()
        session.register_component("data_loader", _LOADER)
        session.user_agent_extra = "piksel.platform"
        session.get_component("credential_provider").insert_before("env", _AssumedRole(fetcher))
        return session

    def _new_client(self, service, region):
        client = self._base_session().create_client(
            service, region_name=region, endpoint_url=self.endpoint_url, config=_config()
        )
        identifier = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"after-call.{identifier}", _name_service)
        client.meta.events.register_first(f"needs-retry.{identifier}", _stop_hopeless_retry)
        return client


class _AssumedRole:
    """A botocore credential provider that answers with one assumed role."""

    METHOD = "piksel-assume-role"
    CANONICAL_NAME = None

    def __init__(self, fetcher):
        self._fetcher = fetcher

    def load(self):
        """The renewing credentials, as botocore's resolver asks for them."""
        return botocore.credentials.DeferredRefreshableCredentials(
            method=self.METHOD, refresh_using=self._fetcher.fetch_credentials
        )


def _config():
    # Mode "adaptive" slows a whole client to two seconds a call under steady throttling; "standard" backs off per
    # call.
    return botocore.config.Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=POOL,
        tcp_keepalive=True,
    )


def _name_service(parsed, model, **_more):
    """Leave the service's name in the answer: a ClientError carries the answer, and errors should name the call."""
    parsed.setdefault("ResponseMetadata", {})["Service"] = model.service_model.service_name


def _stop_hopeless_retry(operation, attempts, response=None, caught_exception=None, **_more):
    """Called before botocore's own retry handler; raising ends the retries, returning None leaves it to botocore."""
    call = (operation.service_model.service_name, operation.name)
    if caught_exception is not None:
        caught_exception.piksel_call = ":".join(call)
        if isinstance(
            caught_exception,
            (botocore.exceptions.EndpointConnectionError, botocore.exceptions.ConnectTimeoutError),
        ):
            if attempts >= CONNECT_ATTEMPTS:
                raise caught_exception
            return
    if call in NOT_IDEMPOTENT:
        failed = response is not None and response[0].status_code >= 500
        if failed or isinstance(
            caught_exception, (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError)
        ):
            raise AnswerLostError(":".join(call)) from caught_exception
