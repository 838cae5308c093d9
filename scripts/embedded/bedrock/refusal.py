"""Bedrock's ways to say no before a stream opens: status, error code and words as AWS has them.

Source: botocore 1.43.106, bedrock-runtime service model (statuses), and
https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html.
"""

import json

from scripts.embedded.bedrock.exchange import Exchange


class Refusal(Exception):  # noqa: N818  (it is an answer on the wire, not a fault of this program)
    """The request is answered with an error instead of a stream."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    def answer(self, exchange: Exchange) -> None:
        """Send this refusal as the response."""
        headers = {"content-type": "application/json", "x-amzn-errortype": self.code}
        exchange.respond(self.status, headers, json.dumps({"message": self.message}).encode())


def expired() -> Refusal:
    """Credentials were good once: the client must fetch new ones."""
    message = "The security token included in the request is expired"
    return Refusal(403, "ExpiredTokenException", message)


def unrecognised() -> Refusal:
    """The access key, or the token that goes with it, belongs to nobody."""
    message = "The security token included in the request is invalid."
    return Refusal(403, "UnrecognizedClientException", message)


def mismatch() -> Refusal:
    """The signature is not the one that the key's secret gives."""
    message = "The request signature we calculated does not match the signature you provided."
    return Refusal(403, "InvalidSignatureException", message)


def denied(action: str, resource: str) -> Refusal:
    """No policy of the caller allows this."""
    message = f"The caller is not authorized to perform: {action} on resource: {resource}"
    return Refusal(403, "AccessDeniedException", message)


def throttled() -> Refusal:
    """The account has as many streams or requests as it may."""
    message = "Too many requests, please wait before trying again."
    return Refusal(429, "ThrottlingException", message)


def unavailable(message: str) -> Refusal:
    """This server lacks something of its own."""
    return Refusal(503, "ServiceUnavailableException", message)
