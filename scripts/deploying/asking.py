"""Asking AWS without changing anything, and telling apart why there is no answer."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scripts.deploying.place import Place

_REFUSED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        "UnauthorizedException",
    }
)
# MiniStack's answers to operations that it does not know: a status in place of a code, or one of these.
_UNKNOWN_THERE = frozenset({"InvalidAction", "UnknownOperationException", "NotImplemented"})


@dataclass(frozen=True, slots=True)
class Right:
    """One read-only operation.

    Attributes:
        action: As IAM calls it, which is also what a refusal names.
        service: As boto3 calls its client.
        operation: As boto3 calls it.
        resource: What it is asked about; `*` where IAM knows no resource for it (Service Authorization Reference).
    """

    action: str
    service: str
    operation: str
    resource: str = "*"


IDENTITY = Right("sts:GetCallerIdentity", "sts", "get_caller_identity")
"""Needs no right: AWS answers everybody whose signature it knows."""


class UnansweredError(Exception):
    """The question was put and there is no answer; the message says why, in a few words."""


class NotAllowedError(UnansweredError):
    """The deployer may not ask it."""


class Asking:
    """Puts questions to the account of a stage with the deployer's own credentials.

    Args:
        place: Where the stage is, or is to be.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._clients: dict[tuple[str, str], Any] = {}

    def ask(self, right: Right, *, region: str = "", **arguments: Any) -> Any:
        """Return AWS's answer.

        Raises:
            NotAllowedError: The deployer lacks *right*.
            UnansweredError: There is none: no network, or an embedded cloud that has no such service.
            ClientError: AWS answered that what was asked about is not there, or not so.
        """
        client = self._client(right.service, region)
        try:
            return getattr(client, right.operation)(**arguments)
        except ClientError as fault:
            raise self._reason(right, fault) from fault
        except BotoCoreError as fault:
            raise UnansweredError(f"could not look: {fault}") from fault

    def ask_all(self, right: Right, key: str, *, region: str = "", **arguments: Any) -> list[Any]:
        """Return what stands under *key* in all pages of AWS's answer.

        Raises:
            NotAllowedError: As `ask`.
            UnansweredError: As `ask`.
            ClientError: As `ask`.
        """
        client = self._client(right.service, region)
        if not client.can_paginate(right.operation):
            return list(self.ask(right, region=region, **arguments)[key])
        try:
            pages = client.get_paginator(right.operation).paginate(**arguments)
            return [one for page in pages for one in page[key]]
        except ClientError as fault:
            raise self._reason(right, fault) from fault
        except BotoCoreError as fault:
            raise UnansweredError(f"could not look: {fault}") from fault

    def _client(self, service: str, region: str) -> Any:
        """Make each client once: that takes longer than a question.  Two threads that make the same do no harm."""
        if (service, region) not in self._clients:
            self._clients[service, region] = self._place.client(service, region=region)
        return self._clients[service, region]

    def _reason(self, right: Right, fault: ClientError) -> Exception:
        code = str(fault.response["Error"].get("Code", ""))
        if code in _REFUSED:
            return NotAllowedError(f"could not look: needs {right.action}")
        if self._place.is_embedded and (code in _UNKNOWN_THERE or code.isdigit() or not code):
            return UnansweredError("the embedded cloud cannot answer this")
        return fault
