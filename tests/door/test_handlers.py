import base64
import json
import logging
import time
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis.strategies import binary, dictionaries, just, lists, none, one_of, recursive, text

from runtime.door import handlers
from runtime.door.ledger import Ledger
from runtime.door.session import Figures, State
from tests.door.conftest import TABLE, aws_client, items
from tests.door.gateway import ALICE, BOB, REQUEST_ID, WANTED, WANTED_WEBRTC, event, forget

SECRETS = (ALICE, "X-Amz-Signature", "X-Amz-Credential")


def test_a_caller_gets_a_way_into_a_session_of_their_own(call, ledger):
    """This is what the door is for."""
    status, body, headers = call("POST /sessions", body=WANTED)

    assert status == HTTPStatus.CREATED
    assert (body["expires_in_seconds"], body["limits"]) == (60, {"call_seconds": 900})
    signed = parse_qs(urlsplit(body["url"]).query)
    assert signed["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"] == [body["session_id"]]
    assert len(body["session_id"]) >= 33  # AgentCore refuses shorter ids
    assert ledger.get(body["session_id"]).owner == ALICE
    assert headers["cache-control"] == "no-store"  # the URL is a key


def test_api_gateway_may_encode_the_body(call):
    """It does so for content types that it does not know to be text."""
    encoded = base64.b64encode(WANTED.encode()).decode()

    assert call("POST /sessions", body=encoded, isBase64Encoded=True)[0] == HTTPStatus.CREATED


@pytest.mark.parametrize(
    "body",
    [
        "",
        "websocket",
        "null",
        "[]",
        "{}",
        '{"transport": "telephone"}',
        '{"transport": null}',
        '{"transport": ["websocket"]}',
        '{"transport": "websocket", "owner": "somebody"}',
        '{"transport": "websocket"} trailing',
        "[" * 1000,
    ],
)
def test_a_body_that_asks_for_nothing_we_have_creates_nothing(call, dynamodb, body):
    """Strict now means that a key added later cannot have been sent by accident before."""
    status, told, headers = call("POST /sessions", body=body)

    assert (status, told["status"]) == (HTTPStatus.BAD_REQUEST, HTTPStatus.BAD_REQUEST)
    assert headers["content-type"] == "application/problem+json"
    assert any(name in told["detail"] for name in ("transport", "owner"))  # what to send, or not to
    assert items(dynamodb) == []


JSON = recursive(
    one_of(none(), text(), just("websocket")),
    lambda inner: one_of(lists(inner), dictionaries(one_of(just("transport"), text()), inner)),
)


@settings(
    deadline=None,
    max_examples=60,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=one_of(binary(max_size=2_000), JSON.map(lambda value: json.dumps(value).encode())))
def test_no_body_breaks_the_door(call, dynamodb, body):
    """Whatever arrives is answered, and makes no row."""
    assume(body != WANTED.encode())
    encoded = base64.b64encode(body).decode()

    status, told, _ = call("POST /sessions", body=encoded, isBase64Encoded=True)

    assert status in {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    assert "url" not in told
    assert items(dynamodb) == []


def test_a_body_that_is_not_the_base64_it_claims_to_be_is_refused(call, dynamodb):
    """A crash would answer 500 and page somebody."""
    status, told, _ = call("POST /sessions", body="%%%", isBase64Encoded=True)

    assert (status, told["detail"]) == (HTTPStatus.BAD_REQUEST, "The body is not valid base64.")
    assert items(dynamodb) == []


def test_a_long_body_is_not_even_parsed(call, dynamodb):
    """Nobody may make the door work hard for nothing."""
    status, _, _ = call("POST /sessions", body=WANTED + " " * 1_024)

    assert status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert items(dynamodb) == []


@pytest.mark.parametrize("authorizer", [{}, {"authorizer": None}, {"authorizer": {"iam": {"userArn": None}}}])
@pytest.mark.parametrize("route", ["POST /sessions", "GET /sessions/{id}", "DELETE /sessions/{id}"])
def test_a_route_that_lost_its_authorizer_opens_nothing(call, dynamodb, route, authorizer):
    """One wrong line in a template must not make the door public."""
    context = event(route, "", ALICE, "")["requestContext"]
    del context["authorizer"]

    status, _, _ = call(route, body=WANTED, requestContext=context | authorizer)

    assert status == HTTPStatus.FORBIDDEN
    assert items(dynamodb) == []


def test_a_full_house_says_when_to_come_back(call, dynamodb, capsys):
    """The page can wait and try again, and the metric tells the owner to raise the cap."""
    for _ in range(2):
        call("POST /sessions", body=WANTED)
    before = items(dynamodb)

    status, told, headers = call("POST /sessions", body=WANTED)

    assert (status, headers["retry-after"]) == (HTTPStatus.TOO_MANY_REQUESTS, "10")
    assert "url" not in told
    assert items(dynamodb) == before
    assert refusals(capsys.readouterr().out) == [0, 0, 1]


def test_one_caller_who_has_all_that_one_may_is_told_to_end_one(call, environment, dynamodb, capsys):
    """A second tab too many is the caller's to close; nobody is woken for it."""
    environment.setenv("HOTLINE_SESSIONS_PER_CALLER", "1")
    assert call("POST /sessions", body=WANTED)[0] == HTTPStatus.CREATED
    before = [one for one in items(dynamodb) if "owner" in one]

    status, told, headers = call("POST /sessions", body=WANTED)

    assert (status, headers["retry-after"]) == (HTTPStatus.TOO_MANY_REQUESTS, "10")
    assert "You have 1 sessions" in told["detail"]
    assert [one for one in items(dynamodb) if "owner" in one] == before
    out = capsys.readouterr().out
    assert [json.loads(line)["CallersLimited"] for line in out.splitlines() if "CallersLimited" in line] == [
        1
    ]
    assert refusals(out) == [0]
    assert call("POST /sessions", owner=BOB, body=WANTED)[0] == HTTPStatus.CREATED


def refusals(out: str) -> list[int]:
    return [json.loads(line)["SessionsRefused"] for line in out.splitlines() if "SessionsRefused" in line]


@pytest.fixture
def session_id(call) -> str:
    """A session of Alice's."""
    return call("POST /sessions", body=WANTED)[1]["session_id"]


@pytest.mark.parametrize("route", ["GET /sessions/{id}", "DELETE /sessions/{id}"])
def test_anothers_session_answers_like_one_that_never_was(call, dynamodb, agentcore, session_id, route):
    """A caller who guesses ids must learn nothing and end nobody's call."""
    before = items(dynamodb)

    refused = call(route, session_id=session_id, owner=BOB)
    unknown = call(route, session_id="hotline-00000000-0000-4000-8000-000000000009", owner=BOB)

    assert refused[0] == HTTPStatus.NOT_FOUND
    assert refused == unknown
    assert (items(dynamodb), agentcore.stopped) == (before, [])


@pytest.mark.parametrize("route", ["GET /sessions/{id}", "DELETE /sessions/{id}"])
@pytest.mark.parametrize("junk", ["open-sessions", "%2e%2e", "hotline-", "x" * 5_000])
@pytest.mark.usefixtures("session_id")
def test_an_id_that_is_none_finds_nothing(call, route, junk):
    """The ledger's own item lives in the same table; no id may reach it."""
    assert call(route, session_id=junk)[0] == HTTPStatus.NOT_FOUND


def test_an_unknown_route_is_not_found(call):
    """A route added to the template alone must not fail as a crash."""
    assert call("PUT /sessions")[0] == HTTPStatus.NOT_FOUND


def test_a_running_call_shows_its_length_and_cost(call, dynamodb, session_id):
    """This is what a page shows beside the hang-up button."""
    running = Ledger(dynamodb, TABLE, clock=lambda: time.time() - 40)
    running.join(session_id)
    running.heartbeat(session_id, Figures(cost_usd=0.02, speech_input_tokens=250))

    status, body, _ = call("GET /sessions/{id}", session_id=session_id)

    assert (status, body["state"], body["reason"]) == (HTTPStatus.OK, "active", None)
    assert 40 <= body["seconds"] < 60
    assert (body["cost_usd"], body["speech_input_tokens"], body["text_output_tokens"]) == (0.02, 250, 0)
    assert "owner" not in body


def test_a_dead_call_is_not_shown_as_alive(call, dynamodb, agentcore, session_id, capsys):
    """Between two runs of the reaper, GET must tell the truth as well."""
    Ledger(dynamodb, TABLE, clock=lambda: time.time() - 61).join(session_id)

    _, body, _ = call("GET /sessions/{id}", session_id=session_id)

    assert (body["state"], body["reason"]) == ("closed", "agent_lost")
    assert agentcore.stopped == [session_id]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["SessionsReaped"] == 1


def test_looking_at_a_session_works_while_agentcore_does_not(call, dynamodb, agentcore, session_id):
    """A look must not fail because an ending did; the reaper has the next try."""
    Ledger(dynamodb, TABLE, clock=lambda: time.time() - 61).join(session_id)
    agentcore.refuses[""] = (HTTPStatus.FORBIDDEN, "AccessDeniedException")

    status, body, _ = call("GET /sessions/{id}", session_id=session_id)

    assert (status, body["state"]) == (HTTPStatus.OK, "active")


def test_hanging_up_stops_the_session_as_often_as_one_likes(call, agentcore, session_id):
    """A page that is not sure whether its first try arrived will try again."""
    first = call("DELETE /sessions/{id}", session_id=session_id)
    agentcore.refuses[""] = (HTTPStatus.NOT_FOUND, "ResourceNotFoundException")
    second = call("DELETE /sessions/{id}", session_id=session_id)

    assert (first[0], first[1]["reason"]) == (HTTPStatus.OK, "stopped")
    assert second == first
    assert agentcore.stopped == [session_id]


def test_a_session_that_agentcore_will_not_stop_still_ends(call, ledger, agentcore, session_id):
    """The row closes first: the agent hangs up at its next heartbeat, and the caller is told to retry."""
    agentcore.refuses[""] = (HTTPStatus.FORBIDDEN, "AccessDeniedException")

    status, told, headers = call("DELETE /sessions/{id}", session_id=session_id)

    assert (status, headers["retry-after"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "10")
    assert "AccessDenied" not in told["detail"]
    assert ledger.get(session_id).state is State.CLOSED


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HOTLINE_RUNTIME_ARN", ""),
        ("HOTLINE_RUNTIME_ARN", "arn:aws:s3:::bucket"),
        ("HOTLINE_LEDGER_TABLE", "not-there"),
    ],
)
def test_a_door_that_is_set_up_wrong_says_so_and_writes_nothing(call, environment, caplog, variable, value):
    """The caller hears that it is not their fault, the operator's log hears what is wrong."""
    right = handlers.os.environ[variable]
    environment.setenv(variable, value)

    status, told, _ = call("POST /sessions", body=WANTED)

    assert (status, told["request_id"]) == (HTTPStatus.SERVICE_UNAVAILABLE, REQUEST_ID)
    assert items(aws_client("dynamodb")) == []
    assert "eploy" in caplog.records[-1].detail  # what to do
    environment.setenv(variable, right)
    forget()
    assert call("POST /sessions", body=WANTED)[0] == HTTPStatus.CREATED


def test_every_answer_carries_the_request_id(call, session_id):
    """It is what a caller quotes and what the logs are searched for."""
    for route in ("GET /sessions/{id}", "DELETE /sessions/{id}", "PUT /sessions"):
        assert call(route, session_id=session_id)[2]["x-request-id"] == REQUEST_ID


def test_neither_callers_nor_ways_in_reach_a_log(call, caplog, capsys, agentcore):
    """Logs are read by more people than may place calls, and kept for longer than a way in lives."""
    caplog.set_level(logging.DEBUG, logger="runtime")
    opened = call("POST /sessions", body=WANTED)[1]["session_id"]
    agentcore.refuses[""] = (HTTPStatus.FORBIDDEN, "AccessDeniedException")
    call("DELETE /sessions/{id}", session_id=opened)
    call("GET /sessions/{id}", session_id=opened, owner=BOB)

    printed = capsys.readouterr().out + "".join(str(vars(record)) for record in caplog.records)
    assert opened in printed  # so that the test sees what is logged
    assert [secret for secret in (*SECRETS, BOB) if secret in printed] == []


class Machine:
    """What `runtime.clock` takes for the clocks of this machine."""

    def __init__(self) -> None:
        self.wrong, self.frozen = 0.0, 0.0

    def time(self) -> float:
        return time.time() + self.wrong

    def monotonic(self) -> float:
        return time.monotonic() - self.frozen


@pytest.fixture
def machine(monkeypatch) -> Machine:
    made = Machine()
    monkeypatch.setattr("runtime.clock.time", made)
    return made


@pytest.mark.parametrize("wrong", [-300, 300], ids=["behind", "ahead"])
def test_a_function_whose_clock_is_wrong_writes_the_right_time(call, ledger, dynamodb, machine, wrong):
    """From its very first write on: how fast a caller begins sessions is counted before DynamoDB has answered."""
    machine.wrong = wrong

    opened = call("POST /sessions", body=WANTED)[1]["session_id"]

    assert ledger.get(opened).started_at == pytest.approx(time.time(), abs=60)
    assert paced(dynamodb) == pytest.approx(time.time(), abs=60)


def test_a_function_that_was_frozen_knows_the_time_when_it_wakes_up(call, ledger, dynamodb, machine):
    """Lambda stops a process between two requests, and with it whatever counts seconds."""
    call("POST /sessions", body=WANTED)
    machine.frozen = 600

    opened = call("POST /sessions", body=WANTED)[1]["session_id"]

    assert ledger.get(opened).started_at == pytest.approx(time.time(), abs=60)
    assert paced(dynamodb) == pytest.approx(time.time(), abs=60)


def paced(dynamodb) -> float:
    """When the caller's next session is due: the first thing that the door writes."""
    found = dynamodb.scan(TableName=TABLE)["Items"]
    (due,) = [float(one["due"]["N"]) for one in found if "due" in one]
    return due


@pytest.mark.usefixtures("environment")
def test_the_schedule_reaps(dynamodb, agentcore, capsys):
    """The entry point of the second function, as EventBridge Scheduler calls it."""
    long_ago = Ledger(dynamodb, TABLE, clock=lambda: time.time() - 91)
    lost = long_ago.open(
        "hotline-" + "0" * 36, owner=ALICE, transport="websocket", concurrency=2, per_caller=2
    )

    handlers.handle_schedule({}, None)

    assert agentcore.stopped == [lost.session_id]
    assert json.loads(capsys.readouterr().out)["SessionsReaped"] == 1


def test_a_process_builds_its_clients_once(call, monkeypatch):
    """Building one reads botocore's model of the service, which takes longer than serving a request."""
    built = []
    create = botocore.session.Session.create_client

    def counted(self, service, *rest, **more):
        built.append(service)
        return create(self, service, *rest, **more)

    monkeypatch.setattr(botocore.session.Session, "create_client", counted)
    for _ in range(3):
        opened = call("POST /sessions", body=WANTED_WEBRTC)[1]["session_id"]
        call("GET /sessions/{id}", session_id=opened)
        call("DELETE /sessions/{id}", session_id=opened)

    assert sorted(built) == ["bedrock-agentcore", "dynamodb", "secretsmanager"]
