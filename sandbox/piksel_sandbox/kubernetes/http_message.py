"""The head of an HTTP/1.1 message, as far as a relay must understand it (RFC 9112)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Head:
    """A start line and header fields; `raw` is the head as it came, with the empty line that ends it."""

    raw: bytes
    start: str
    fields: dict[str, str]

    @classmethod
    def of(cls, raw: bytes) -> Head:
        """Understands a head; names of fields are in lower case, a repeated field has its values joined by commas."""
        start, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
        fields: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            before = fields.get(name.lower())
            fields[name.lower()] = f"{before}, {value.strip()}" if before else value.strip()
        return cls(raw, start, fields)

    @property
    def method(self) -> str:
        """GET, POST, ... of a request."""
        return self.start.split(" ", 1)[0]

    @property
    def target(self) -> str:
        """Path and query of a request."""
        return self.start.split(" ")[1]

    @property
    def status(self) -> int:
        """The status of an answer. Raises ValueError for what is none."""
        return int(self.start.split(" ")[1])

    @property
    def is_chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return self.fields.get("transfer-encoding", "").lower() == "chunked"

    @property
    def length(self) -> int | None:
        """Bytes of the body, None when the head does not tell."""
        value = self.fields.get("content-length")
        return int(value) if value is not None else None

    @property
    def has_no_body(self) -> bool:
        """Whether this is an answer that never has a body."""
        return self.status in (204, 304) or 100 <= self.status < 200

    @property
    def ends_connection(self) -> bool:
        """Whether no other message follows on the connection."""
        untold = self.length is None and not self.is_chunked and not self.has_no_body
        return self.fields.get("connection", "").lower() == "close" or untold
