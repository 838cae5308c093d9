"""Callers who want a person: handed over once, hung up on politely, and written down nowhere else."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from runtime.cloud import Cloud
from runtime.errors import QueueUnavailableError
from runtime.escalation import queue as queueing
from runtime.escalation.callbacks import Callbacks
from runtime.escalation.people import people_tools
from runtime.escalation.queue import Queue
from runtime.tools.tool import LastAnswer
from runtime.tools.transfer_to_human import HandOver, transfer_to_human_tool
from scripts.embedded.bedrock.scripted import Scripted, ScriptedBrain
from tests.runtime.conftest import GREETING, ask, greeted, until
from tests.runtime.test_telephony import phoned

NUMBER = "+442079460123"
CALLBACKS = "callbacks"
TOPIC = "arn:aws:sns:us-east-1:123456789012:callbacks"
SECRET = "a secret of the queue's"
HAND_OVER = HandOver(session_id="hotline-1", number=NUMBER, topic="a late order", asked_at=1_800_000_000)

WANTS_A_PERSON = Scripted(
    hears="a person please",
    tool=("transfer_to_human", {"callback_number": "+44 20 7946 0123", "topic": "a late order"}),
    says="Somebody will call you.",
    tone_seconds=0.6,
)


class Kept:
    """Takes hand-overs."""

    def __init__(self) -> None:
        self.taken: list[HandOver] = []

    async def deliver(self, hand_over: HandOver) -> None:
        self.taken.append(hand_over)


async def transfer(kept: Kept, *, caller_number: str = "", **arguments: Any) -> Any:
    tool = transfer_to_human_tool("hotline-1", kept.deliver, caller_number=caller_number)
    return await tool.run({"topic": "a late order", **arguments})


@pytest.mark.parametrize("said", ["+44 20 7946-0123", "+44 (20) 7946.0123", "+442079460123"])
async def test_hands_over_with_the_number_as_it_was_said(said):
    """Models write numbers as they hear them."""
    kept = Kept()
    answer = await transfer(kept, callback_number=said)

    assert isinstance(answer, LastAnswer)
    assert kept.taken[0].number == NUMBER


@pytest.mark.parametrize("said", ["", None, "my usual one", "12345", "1" * 16, "+44 call me", "this phone"])
async def test_asks_again_for_what_is_no_number(said):
    """A call-back that goes nowhere is worse than none: the caller waits for it."""
    kept = Kept()
    answer = await transfer(kept, callback_number=said)

    assert not answer["handed_over"]
    assert not kept.taken


async def test_whoever_calls_from_a_phone_need_not_spell_its_number():
    """The line knows it."""
    kept = Kept()
    await transfer(kept, caller_number=NUMBER, callback_number="this phone")

    assert kept.taken[0].number == NUMBER


async def test_what_it_is_about_stays_short():
    """A model in a talkative mood must not put the conversation into the table."""
    kept = Kept()
    await transfer(kept, callback_number=NUMBER, topic="one\ntwo " * 100)

    assert len(kept.taken[0].topic) == 200
    assert "\n" not in kept.taken[0].topic


def test_neither_number_nor_topic_is_in_a_hand_overs_words():
    """Whatever logs it logs no caller."""
    assert NUMBER not in repr(HAND_OVER)
    assert "late" not in repr(HAND_OVER)


def test_a_stage_without_people_offers_none(settings):
    """A promise that nobody keeps is not made."""
    assert list(people_tools(Cloud(settings), settings, "hotline-1")) == []


# Call-backs


@dataclass
class Topic:
    """Stands where SNS is."""

    published: list[dict[str, str]] = field(default_factory=list)
    refuses: bool = False

    def publish(self, **request: str) -> None:
        if self.refuses:
            raise ClientError({"Error": {"Code": "AuthorizationError"}}, "Publish")
        self.published.append(request)


@pytest.fixture
def topic(monkeypatch) -> Topic:
    found = Topic()
    plain = Cloud.client
    monkeypatch.setattr(
        Cloud, "client", lambda cloud, service: found if service == "sns" else plain(cloud, service)
    )
    return found


@pytest.fixture
def callback_settings(settings, database):
    database.client.create_table(
        TableName=CALLBACKS,
        KeySchema=[{"AttributeName": "session_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "session_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return replace(settings, callbacks_table=CALLBACKS, callbacks_topic=TOPIC, callback_days=7)


def waiting(database) -> list[dict[str, Any]]:
    return database.client.scan(TableName=CALLBACKS)["Items"]


async def test_a_call_back_is_a_row_that_forgets_itself_and_a_mail_without_the_number(
    callback_settings, database, topic
):
    """People learn that somebody waits, and look the number up where only they may."""
    await Callbacks(Cloud(callback_settings), callback_settings).deliver(HAND_OVER)
    (row,) = waiting(database)
    (mail,) = topic.published

    assert row["number"] == {"S": NUMBER}
    assert int(row["expires_at"]["N"]) == HAND_OVER.asked_at + 7 * 86_400
    assert mail["TopicArn"] == TOPIC
    assert row["session_id"]["S"] in mail["Message"]
    assert NUMBER not in str(mail)
    assert "late order" not in str(mail)


async def test_whoever_asked_is_on_the_list_before_anybody_is_told(callback_settings, database, topic):
    """An agent may die between the two: the next mail leads to all who wait, and none of them was lost."""
    callbacks = Callbacks(Cloud(callback_settings), callback_settings)
    topic.refuses = True
    with pytest.raises(ClientError):
        await callbacks.deliver(HAND_OVER)
    assert [row["number"] for row in waiting(database)] == [{"S": NUMBER}]

    topic.refuses = False
    await callbacks.deliver(replace(HAND_OVER, session_id="hotline-2"))
    (mail,) = topic.published
    assert len(waiting(database)) == 2
    assert f"in the table {CALLBACKS}" in mail["Message"]
    assert "one whom no mail was about" in mail["Message"]


async def test_nobody_is_told_of_a_caller_who_is_not_on_the_list(callback_settings, topic):
    """They would look for a number that is not there, while its caller was told that it failed."""
    away = replace(callback_settings, callbacks_table="nowhere")
    with pytest.raises(ClientError):
        await Callbacks(Cloud(away), away).deliver(HAND_OVER)

    assert not topic.published


async def test_nobody_can_know_what_anothers_row_is_called(callback_settings, database, topic):
    """An agent that was taken over may write rows, and is told what it overwrites."""
    for _ in range(2):
        await Callbacks(Cloud(callback_settings), callback_settings).deliver(HAND_OVER)
    (one, other) = [row["session_id"]["S"].removeprefix(HAND_OVER.session_id) for row in waiting(database)]

    assert one != other
    assert min(len(one), len(other)) > 20
    assert len(topic.published) == 2


async def test_a_second_try_is_the_same_row(callback_settings, database, topic):
    """People who could not be told a moment ago are told of one caller."""
    callbacks = Callbacks(Cloud(callback_settings), callback_settings)
    topic.refuses = True
    with pytest.raises(ClientError):
        await callbacks.deliver(HAND_OVER)
    topic.refuses = False
    await callbacks.deliver(HAND_OVER)

    assert len(topic.published) == 1
    assert len(waiting(database)) == 1


async def test_a_caller_is_handed_over_once_however_often_the_model_tries():
    """A model that repeats itself must not make people call twice."""
    kept = Kept()
    tool = transfer_to_human_tool("hotline-1", kept.deliver)
    answers = [
        await tool.run({"topic": "a late order", "callback_number": number})
        for number in (NUMBER, NUMBER, "+442079460199")
    ]

    assert [one.number for one in kept.taken] == [NUMBER]
    assert all(isinstance(one, LastAnswer) for one in answers)


async def test_a_try_that_took_too_long_is_not_begun_anew():
    """A tool's deadline ends the model's patience, not the request that is on its way."""
    begun, finish = [], asyncio.Event()

    async def deliver(hand_over: HandOver) -> None:
        begun.append(hand_over)
        await finish.wait()

    tool = transfer_to_human_tool("hotline-1", deliver)
    arguments = {"topic": "a late order", "callback_number": NUMBER}
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await tool.run(arguments)
    again = asyncio.create_task(tool.run(arguments))
    finish.set()

    assert isinstance(await again, LastAnswer)
    assert len(begun) == 1


async def test_a_try_that_failed_is_begun_anew():
    """People who could not be reached a moment ago may be now."""
    kept, faults = Kept(), [QueueUnavailableError("The queue did not answer.")]

    async def deliver(hand_over: HandOver) -> None:
        if faults:
            raise faults.pop()
        await kept.deliver(hand_over)

    tool = transfer_to_human_tool("hotline-1", deliver)
    arguments = {"topic": "a late order", "callback_number": NUMBER}
    with pytest.raises(QueueUnavailableError):
        await tool.run(arguments)

    assert isinstance(await tool.run(arguments), LastAnswer)
    assert len(kept.taken) == 1


@pytest.mark.usefixtures("callback_settings", "topic")
async def test_a_caller_who_wants_a_person_is_told_and_then_hung_up_on(start_agent, database):
    """The whole way: asked, written down, said goodbye to, counted; and no number in any log."""
    async with start_agent(
        ScriptedBrain(GREETING, WANTS_A_PERSON),
        callbacks_table=CALLBACKS,
        callbacks_topic=TOPIC,
        callback_days=7,
    ) as world:
        session_id = world.open_session()
        async with world.call(session_id) as line:
            await greeted(line)
            await ask(line)
            row = await world.closed(session_id)
        await until(lambda: world.metrics("Escalations"))
        (waits,) = waiting(database)

    assert row.reason == "escalated"
    assert waits["session_id"]["S"].startswith(f"{session_id}.")
    assert world.metrics("Escalations") == [1]
    assert world.metrics("ToolErrors") == [0]
    assert not any(part in world.said() for part in (NUMBER, "7946", "late order"))


@pytest.mark.usefixtures("callback_settings", "topic")
async def test_a_phone_callers_own_number_serves(start_agent, database):
    """Nobody should have to spell out what the line knows."""
    here = replace(
        WANTS_A_PERSON, tool=("transfer_to_human", {"callback_number": "this phone", "topic": "x"})
    )
    async with start_agent(
        ScriptedBrain(GREETING, here), callbacks_table=CALLBACKS, callbacks_topic=TOPIC, callback_days=7
    ) as world:
        session_id = world.open_session("twilio")
        await world.invoke(session_id, action="wake", line="twilio", number=NUMBER)
        async with phoned(world, "twilio", session_id) as line:
            await greeted(line)
            await ask(line)
            await world.closed(session_id)

    assert waiting(database)[0]["number"] == {"S": NUMBER}
    assert NUMBER not in world.said()


@pytest.mark.parametrize("number", ["0123", 7, "+44 20", ["+442079460123"]])
async def test_a_wake_with_something_else_than_a_number_is_refused(start_agent, number):
    """It would be dialled by a person, days later."""
    async with start_agent() as world:
        status, answer = await world.invoke("s" * 40, action="wake", line="twilio", number=number)

    assert status == 400
    assert str(number) not in str(answer)


@pytest.mark.usefixtures("callback_settings")
async def test_people_who_cannot_be_reached_are_no_end_of_the_call(start_agent, topic):
    """The caller is told, and may try again; the alarm on tools hears of it."""
    topic.refuses = True
    async with (
        start_agent(
            ScriptedBrain(GREETING, WANTS_A_PERSON),
            callbacks_table=CALLBACKS,
            callbacks_topic=TOPIC,
            callback_days=7,
        ) as world,
        world.call() as line,
    ):
        await greeted(line)
        await ask(line)
        await asyncio.sleep(1)

        assert not line.ear.lost
        assert world.metrics("ToolErrors") == [1]


# A queue


@dataclass
class People:
    """A queue on a socket."""

    url: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@contextlib.contextmanager
def people_on_a_socket() -> Iterator[People]:
    people = People()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            people.requests.append((dict(self.headers), body))
            self.send_response(people.answers.pop(0) if people.answers else 202)
            self.send_header("Location", people.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        people.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield people
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def people(monkeypatch) -> Iterator[People]:
    class Secrets:
        def get_secret_value(self, **_: str) -> dict[str, str]:
            return {"SecretString": SECRET}

    monkeypatch.setattr(Cloud, "client", lambda *_: Secrets())
    with people_on_a_socket() as found:
        yield found


@pytest.fixture
def queue(settings, people) -> Queue:
    there = replace(settings, queue_url=people.url, queue_secret_arn="arn:aws:secretsmanager:::secret:queue")
    return Queue(Cloud(there), there)


async def test_the_queue_can_tell_who_sent_a_caller(queue, people):
    """Whoever finds the address must not be able to make people call strangers."""
    await queue.deliver(HAND_OVER)
    ((headers, body),) = people.requests
    moment, made = headers[queueing.SIGNATURE].split(",")
    expected = hmac.new(SECRET.encode(), moment[2:].encode() + b"." + body, hashlib.sha256).hexdigest()

    assert made == f"v1={expected}"
    assert json.loads(body) == {
        "stage": "test",
        "session_id": "hotline-1",
        "number": NUMBER,
        "topic": "a late order",
        "asked_at": HAND_OVER.asked_at,
    }
    assert headers[queueing.ONCE] == "hotline-1"


def test_the_signature_is_the_one_that_is_documented():
    """docs/escalation.md shows this very example to whoever writes the other end."""
    assert queueing.signature("secret", b'{"a":1}', 1_800_000_000) == (
        "t=1800000000,v1=440dfbb83aabca24d9e5027629cfd81cb45254690f8d410bb28f1cc17c990dbc"
    )


async def test_a_hiccup_of_the_queue_is_tried_once_more(queue, people):
    """With the same key, so that it is one caller all the same."""
    people.answers = [503]
    await queue.deliver(HAND_OVER)

    assert [headers[queueing.ONCE] for headers, _ in people.requests] == ["hotline-1"] * 2


@pytest.mark.parametrize("status", [302, 400, 500])
async def test_a_queue_that_does_not_take_the_caller_is_an_error(queue, people, status):
    """Also one that sends us elsewhere: the number is for one host."""
    people.answers = [status, status]
    with pytest.raises(QueueUnavailableError) as fault:
        await queue.deliver(HAND_OVER)

    assert str(status) in str(fault.value)
    assert NUMBER not in str(fault.value)
    assert all(b"elsewhere" not in body for _, body in people.requests)
