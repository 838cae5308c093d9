"""What Bedrock checks before it opens a stream: the route, the signature, the permission, the model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from scripts.embedded.bedrock.credentials import CredentialsLookup
from scripts.embedded.bedrock.models import MODELS, RETIRED, Model
from scripts.embedded.bedrock.refusal import Refusal, denied, unrecognised
from scripts.embedded.bedrock.signature import Claim, EventChain, read_claim, verify_request

_ROUTE = re.compile(r"/model/(?P<model>[^/]+)/invoke-with-bidirectional-stream")
# Source: API reference of InvokeModelWithBidirectionalStream: this is the permission that it needs.
ACTION = "bedrock:InvokeModel"


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that may open a stream."""

    model: Model
    chain: EventChain | None
    """Verifies the events; None when this server knows no credentials."""


def admit(headers: Mapping[str, str], lookup: CredentialsLookup | None) -> Admission:
    """Check a request's head.

    Without *lookup* the Authorization header must be well formed, and its signature is not checked.

    Raises:
        Refusal: The request is to be answered with an error.
    """
    route = _ROUTE.fullmatch(headers[":path"].split("?")[0])
    if headers[":method"] != "POST" or not route:
        raise Refusal(404, "UnknownOperationException", f"No operation at {headers[':path']}.")
    claim = read_claim(headers)
    model_id = unquote(route["model"])
    chain = _authenticate(claim, headers, model_id, lookup) if lookup else None
    return Admission(_find(model_id), chain)


def _authenticate(
    claim: Claim, headers: Mapping[str, str], model_id: str, lookup: CredentialsLookup
) -> EventChain:
    credentials = lookup(claim.access_key_id)
    if credentials is None:
        raise unrecognised()
    verify_request(claim, credentials, headers)
    resource = f"arn:aws:bedrock:{claim.region}::foundation-model/{model_id}"
    if not credentials.allows(ACTION, resource):
        raise denied(ACTION, resource)
    return EventChain(claim, credentials)


def _find(model_id: str) -> Model:
    if model_id in RETIRED:
        message = f"The model {model_id} has reached the end of its life."
        raise Refusal(404, "ResourceNotFoundException", message)
    if model_id not in MODELS:
        raise Refusal(400, "ValidationException", "The provided model identifier is invalid.")
    return MODELS[model_id]
