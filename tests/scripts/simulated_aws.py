"""AWS as boto3 meets it, for what no embedded cloud answers: real clients, whose requests never leave this process.

Requests and answers are held to the services' models.
"""

import functools
import threading
from collections.abc import Callable
from typing import Any

from botocore.validate import ParamValidator

from scripts.embedded.clients import make_session

type Answer = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any] | str] | str
"""What is answered, what makes it of the parameters, or the code of an error and, behind a colon, its message."""


class SimulatedAws:
    """Answers what a test says, and refuses everything else as AWS refuses who has no rights.

    One at a time: the last that was made answers.

    Attributes:
        asked: Every operation that was asked, as (service, operation).
        session: In place of a session of boto3.
    """

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], Answer] = {}
        self.asked: set[tuple[str, str]] = set()
        self.session: Any = _session()
        self.session.answering = self

    def answer(self, service: str, operation: str, answer: Answer) -> None:
        """Have *operation*, by its name in the service's model, answered so."""
        self._answers[service, operation] = answer

    def reply(self, model: Any, params: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Return status and content, as botocore parses them."""
        key = model.service_model.service_name, model.name
        self.asked.add(key)
        found = self._answers.get(key, "AccessDeniedException")
        if callable(found):
            found = found(params)
        if isinstance(found, str):
            code, _, message = found.partition(": ")
            return _Response(400), {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}
        if model.output_shape:
            report = ParamValidator().validate(found, model.output_shape)
            assert not report.has_errors(), f"{key}: {report.generate_report()}"
        return _Response(200), {**found, "ResponseMetadata": {"HTTPStatusCode": 200}}


class _Response:
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


class _Session:
    """Makes each client once for all tests: that takes longer than a test."""

    def __init__(self) -> None:
        self.answering: SimulatedAws
        self._asking = threading.local()
        self._session = make_session(region="us-east-1", access_key="AKIAOFNOBODY", secret="of-nobody")
        self._session.events.register("before-parameter-build.*.*", self._remember)
        self._session.events.register("before-call.*.*", self._reply)

    @functools.cache  # noqa: B019 - there is one session, and it lives as long as the tests
    def client(self, service: str, *, region_name: str, **_: Any) -> Any:
        return self._session.client(service, region_name=region_name)

    def _remember(self, params: dict[str, Any], **_: Any) -> None:
        self._asking.params = params

    def _reply(self, model: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
        return self.answering.reply(model, self._asking.params)


@functools.cache
def _session() -> _Session:
    return _Session()
