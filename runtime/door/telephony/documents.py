"""Answers to a phone provider: what it is to do with the call, in its own words.

Nothing that a webhook brought is ever part of one, and markup is made by a library, not by pasting.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from xml.etree import ElementTree as ET


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One answer."""

    content_type: str
    body: str = field(repr=False)
    """It may hold a way into a call."""
    status: HTTPStatus = HTTPStatus.OK

    def to_response(self, request_id: str) -> dict[str, Any]:
        """Return the response for API Gateway; nobody may keep it."""
        headers = {"content-type": self.content_type, "cache-control": "no-store", "x-request-id": request_id}
        return {"statusCode": self.status, "headers": headers, "body": self.body}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where the call's audio goes."""

    url: str = field(repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the provider repeats as the stream begins, for one that drops the query of a URL."""


def element(tag: str, *children: ET.Element, text: str = "", **attributes: str) -> ET.Element:
    """Make an element."""
    made = ET.Element(tag, attributes)
    made.text = text or None
    made.extend(children)
    return made


def xml(*verbs: ET.Element) -> Document:
    """Make the document that TwiML, TeXML and Plivo's XML all are."""
    body = ET.tostring(element("Response", *verbs), encoding="unicode")
    return Document(content_type="application/xml", body=f'<?xml version="1.0" encoding="UTF-8"?>{body}')


def ncco(*actions: Mapping[str, Any]) -> Document:
    """Make a call control object, as Vonage has it."""
    return Document(content_type="application/json", body=json.dumps(actions))
