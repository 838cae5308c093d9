"""The ledger's time, from what DynamoDB, the door and API Gateway tell of it."""

import time
from email.utils import formatdate

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

from runtime.clock import LedgerClock, clock_of

NOW = 1_800_000_000.0


class Machine:
    """A machine whose clocks show what a test wants."""

    def __init__(self, *, wall: float = 0.0) -> None:
        self.wall, self.uptime = wall, 500.0
        self.clock = LedgerClock(wall=lambda: self.wall, monotonic=lambda: self.uptime)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_until_somebody_tells_it_is_the_machines_own_time():
    """An agent that somebody invokes past the door has no better one."""
    assert LedgerClock()() == pytest.approx(time.time(), abs=1)
    assert not LedgerClock().has_heard


def test_what_was_told_is_carried_on_though_the_wall_clock_jumps(machine):
    """A microVM restored from a snapshot sets its wall clock right some time after it has begun to work."""
    machine.clock.hear(NOW)
    machine.wall, machine.uptime = NOW + 86_400, 540.0

    assert machine.clock() == NOW + 40


@pytest.mark.parametrize("nonsense", [None, "soon", True, -5, float("nan"), float("inf")])
def test_nonsense_is_no_time(nonsense):
    """A row with such a moment in it could not be written, and the call would look lost."""
    clock = LedgerClock()
    clock.hear(nonsense)

    assert clock() == pytest.approx(time.time(), abs=1)


def test_a_time_that_agrees_with_what_is_told_is_left_as_it_is(machine):
    """Whole seconds must not make milliseconds jump, nor a request that was long on its way set the time back."""
    machine.clock.hear(NOW + 0.75)
    machine.clock.hear(NOW, within_seconds=1)
    assert machine.clock() == NOW + 0.75

    machine.clock.hear(NOW - 20, within_seconds=30)
    assert machine.clock() == NOW + 0.75


def test_a_time_that_does_not_agree_is_moved_as_far_as_it_must(machine):
    """Either way, however far."""
    machine.clock.hear(NOW + 300)
    machine.clock.hear(NOW, within_seconds=1)
    assert machine.clock() == NOW + 1

    machine.clock.hear(NOW + 900, within_seconds=1)
    assert machine.clock() == NOW + 900


def test_seconds_add_up_to_less(machine):
    """Each answer that comes late in its second narrows the time down: dates are cut off, not rounded."""
    for tenths in (2, 9, 5, 14, 27):
        machine.uptime = 500 + tenths / 10
        machine.clock.hear(float(int(NOW + tenths / 10)), within_seconds=1)

    assert machine.clock() == pytest.approx(NOW + 2.7, abs=0.31)


def test_a_machine_that_was_frozen_hears_the_time_with_its_next_request(machine):
    """Lambda freezes a function between two requests, and no clock of its own need know of it."""
    machine.clock.hear(NOW)
    machine.clock.hear(NOW + 600)

    assert machine.clock() == NOW + 600


class DynamoDb:
    """A client whose answers bear the date that a test wants, and take as long; nothing is sent."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.date = formatdate(NOW, usegmt=True)
        self.status = 200
        self.takes = 0.0
        self.client = boto3.client(
            "dynamodb",
            region_name="us-east-1",
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.client.meta.events.register("before-send.dynamodb", self._answer)

    def _answer(self, request, **_):
        self.machine.uptime += self.takes
        if self.status == 0:
            raise EndpointConnectionError(endpoint_url=request.url)
        headers = {"Date": self.date} if self.date else {}
        return Answer(self.status, headers)

    def get(self) -> None:
        self.client.get_item(TableName="t", Key={"k": {"S": "v"}})


class Answer:
    def __init__(self, status: int, headers: dict[str, str]) -> None:
        self.status_code, self.headers, self.content, self.url = status, headers, b"{}", ""


@pytest.fixture
def dynamodb(machine) -> DynamoDb:
    made = DynamoDb(machine)
    machine.clock.follow(made.client)
    return made


def test_every_answer_of_dynamodbs_tells_the_time(machine, dynamodb):
    """There is none without a date (RFC 9110, 6.6.1)."""
    dynamodb.get()

    assert machine.clock() == NOW


def test_a_refusal_tells_the_time_as_well(machine, dynamodb):
    """A function whose rights are missing must not judge by a wrong clock either."""
    dynamodb.status = 400
    with pytest.raises(ClientError):
        dynamodb.get()

    assert machine.clock() == NOW


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_an_answer_without_a_date_tells_nothing(machine, dynamodb, date):
    """Something stands between us and DynamoDB; it is not to be believed either."""
    dynamodb.date = date
    dynamodb.get()

    assert not machine.clock.has_heard


def test_no_answer_tells_nothing(machine, dynamodb):
    """And breaks nothing."""
    dynamodb.status = 0
    with pytest.raises(EndpointConnectionError):
        dynamodb.get()

    assert not machine.clock.has_heard


def test_an_answer_that_was_long_on_its_way_moves_nothing_that_may_be_right(machine, dynamodb):
    """DynamoDB may have written the date before it began to hang."""
    machine.clock.hear(NOW)
    dynamodb.takes = 3.0
    dynamodb.get()

    assert machine.clock() == NOW + 3


def test_a_client_has_one_clock_and_hears_each_answer_once(dynamodb):
    """Whoever writes to the ledger, and whoever judges it, goes by the same."""
    clock = clock_of(dynamodb.client)
    heard = []
    clock.hear = lambda moment, **_: heard.append(moment)

    assert clock_of(dynamodb.client) is clock
    dynamodb.get()
    assert heard == [NOW]
