"""What names one incarnation of a cluster."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClusterRef:
    """One incarnation of a cluster: `uid` is random hex, so that a cluster made again under its old name is another."""

    account_id: str
    region: str
    name: str
    uid: str

    @property
    def slug(self) -> str:
        """`<account>-<cluster>-<uid>`, in names of files and processes."""
        return f"{self.account_id}-{self.name}-{self.uid}"

    @property
    def path(self) -> str:
        """`<account>/<region>/<cluster>/<uid>`, below the sandbox's own path `kubernetes`."""
        return f"{self.account_id}/{self.region}/{self.name}/{self.uid}"
