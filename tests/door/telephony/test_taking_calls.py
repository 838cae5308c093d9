"""A call from its first webhook to its answer document, through the handler."""

import json
import logging
import re
import time
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import pytest

from runtime.door.budget import BudgetSwitch, Notice
from runtime.door.session import Reason, State
from runtime.door.telephony.phone_door import BUSY, CLOSED, SORRY
from runtime.door.telephony.stream_tokens import StreamTokens
from tests.door.conftest import TABLE, aws_client, items
from tests.door.stand_in import agent_error
from tests.door.telephony.conftest import BRIDGE_URL
from tests.door.telephony.dialing import CALLER, OURS, PROVIDERS, REQUEST_ID, SECRETS, answer, dial, parsed

pytestmark = pytest.mark.usefixtures("phone")

DIRECT = tuple(name for name in PROVIDERS if name != "twilio")


def sessions(dynamodb) -> list[dict]:
    return [item for item in items(dynamodb) if item["session_id"]["S"].startswith("hotline-")]


def way_in(provider: str, body: str) -> str:
    """Where a document streams the call to."""
    if provider == "vonage":
        (action,) = json.loads(body)
        (endpoint,) = action["endpoint"]
        assert (action["action"], endpoint["type"]) == ("connect", "websocket")
        return endpoint["uri"]
    stream = parsed(body).find(".//Stream")
    return stream.get("url") or stream.text


def words(provider: str, body: str) -> str:
    """What a document says before it hangs up."""
    if provider == "vonage":
        (action,) = json.loads(body)
        assert action["action"] == "talk"
        return action["text"]
    said, hang_up = parsed(body)
    assert hang_up.tag == "Hangup"
    return said.text


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_agent_that_hands_callers_over_learns_their_number(provider, environment, agentcore, capsys):
    """Nobody should have to spell out what the line knows; no other agent needs to know it."""
    environment.setenv("HOTLINE_TELLS_NUMBERS", "True")
    answer(dial(provider))

    ((_, asked),) = agentcore.asked
    assert re.fullmatch(r"\+[1-9]\d{6,14}", asked["number"])
    assert asked["number"] not in capsys.readouterr().out


@pytest.mark.parametrize("provider", DIRECT)
def test_a_caller_is_streamed_to_an_agent_of_their_own(provider, agentcore, ledger):
    """This is what the entry is for: one call, one session, its agent awake for this provider's stream."""
    status, body, headers = answer(dial(provider))

    ((session_id, asked),) = agentcore.asked
    assert (status, asked["action"], asked["line"]) == (HTTPStatus.OK, "wake", provider)
    assert "number" not in asked
    assert asked["now"] == pytest.approx(time.time(), abs=60)  # rows are judged by the door's clock
    signed = parse_qs(urlsplit(way_in(provider, body)).query)
    assert signed["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"] == [session_id]
    assert signed["X-Amz-Expires"] == ["60"]
    session = ledger.get(session_id)
    assert (session.transport, session.state) == (provider, State.OPEN)
    assert (headers["cache-control"], headers["x-request-id"]) == ("no-store", REQUEST_ID)


def test_a_caller_of_twilios_is_streamed_to_the_bridge_with_a_ticket(agentcore, dynamodb):
    """Twilio drops the query of a stream's address, and with it any signature."""
    _, body, headers = answer(dial("twilio"))

    ((session_id, _),) = agentcore.asked
    stream = parsed(body).find("./Connect/Stream")
    brought = {one.get("name"): one.get("value") for one in stream.findall("Parameter")}
    assert (stream.get("url"), headers["content-type"]) == (BRIDGE_URL, "application/xml")
    assert brought["session"] == session_id
    assert brought["token"] not in str(items(dynamodb))  # only its hash is kept
    tickets = StreamTokens(dynamodb, TABLE)
    assert [tickets.redeem(session_id, brought["token"]) for _ in range(2)] == [True, False]


def test_each_provider_hears_of_the_stream_in_its_own_words():
    """µ-law at 8 kHz both ways where G.711 is all there is, and nothing that outlasts the call for long."""
    plivo = parsed(answer(dial("plivo"))[1]).find("Stream")
    telnyx = parsed(answer(dial("telnyx", caller="+14155550101"))[1]).find("./Connect/Stream")

    assert plivo.attrib == {
        "bidirectional": "true",
        "keepCallAlive": "true",
        "contentType": "audio/x-mulaw;rate=8000",
        "streamTimeout": "960",
    }
    assert {name: telnyx.get(name) for name in ("codec", "bidirectionalMode", "bidirectionalCodec")} == {
        "codec": "PCMU",
        "bidirectionalMode": "rtp",
        "bidirectionalCodec": "PCMU",
    }


def test_vonage_streams_at_the_rate_that_the_model_hears():
    """It can, so nothing is lost on the way."""
    _, body, headers = answer(dial("vonage"))

    assert json.loads(body)[0]["endpoint"][0]["content-type"] == "audio/l16;rate=16000"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("provider", ["vonage", "plivo", "telnyx"])
def test_a_provider_that_asks_again_gets_the_same_session(provider, dynamodb):
    """Vonage asks again after five seconds, Plivo when a connection broke: the caller is still the same."""
    age = {"age": 1} if provider == "telnyx" else {}
    first = answer(dial(provider, call_id="one", **age))
    second = answer(dial(provider, call_id="one"))

    asked = [
        parse_qs(urlsplit(way_in(provider, body)).query)["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"]
        for _, body, _ in (first, second)
    ]
    assert asked[0] == asked[1]
    assert len(sessions(dynamodb)) == 1


def test_a_new_ticket_voids_the_one_before(dynamodb, agentcore):
    """Twilio's fallback address may ask about the call again, with one field more."""
    first = answer(dial("twilio", call_id="one"))[1]
    second = answer(dial("twilio", call_id="one", fields={"ErrorCode": "11200"}.items()))[1]

    session_id = agentcore.asked[0][0]
    old, new = (parsed(body).find(".//Parameter[@name='token']").get("value") for body in (first, second))
    tickets = StreamTokens(dynamodb, TABLE)
    assert not tickets.redeem(session_id, old)
    assert tickets.redeem(session_id, new)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_full_house_is_told_in_words(provider, dynamodb):
    """The third caller is neither left ringing nor hung up on without a word."""
    for caller in ("+14155550101", "+14155550102"):
        answer(dial(provider, caller=caller))

    status, body, _ = answer(dial(provider))

    assert (status, words(provider, body)) == (HTTPStatus.OK, BUSY)
    assert len(sessions(dynamodb)) == 2


def test_one_number_does_not_get_every_line(phone, dynamodb):
    """Somebody who calls again and again leaves lines for the others."""
    phone.setenv("HOTLINE_CALLS_PER_NUMBER", "1")
    answer(dial("vonage"))

    assert words("vonage", answer(dial("vonage"))[1]) == BUSY
    assert way_in("vonage", answer(dial("vonage", caller="+14155550101"))[1])
    assert len(sessions(dynamodb)) == 2


def test_a_phones_place_is_free_once_its_call_is_over(agentcore, ledger):
    """Nobody has to give it back: whoever finds the house full looks who is still there."""
    for caller in ("+14155550101", "+14155550102"):
        answer(dial("vonage", caller=caller))
    ledger.close(agentcore.asked[0][0], Reason.HANG_UP)

    assert way_in("vonage", answer(dial("vonage"))[1])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_spent_budget_is_told_in_words(provider, dynamodb, agentcore):
    """Closed is something else than busy: calling again in a minute is no use."""
    BudgetSwitch(dynamodb, TABLE).close(Notice(told_at=time.time(), limit="$1", spent="$2"))
    before = sessions(dynamodb)

    status, body, _ = answer(dial(provider))

    assert (status, words(provider, body)) == (HTTPStatus.OK, CLOSED)
    assert (sessions(dynamodb), agentcore.asked) == (before, [])


def test_who_calls_again_and_again_is_slowed_down(phone, agentcore):
    """A number that hangs up at once stays below every cap, and would wake an agent each time."""
    phone.setenv("HOTLINE_SESSIONS_PER_CALLER_AND_MINUTE", "1")
    answer(dial("vonage"))

    assert words("vonage", answer(dial("vonage"))[1]) == BUSY
    assert len(agentcore.asked) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_agent_that_does_not_wake_is_an_apology(provider, agentcore, dynamodb, capsys, caplog):
    """The caller hears words, the session is closed, and the metric wakes somebody."""
    agentcore.refuses["wake"] = agent_error(500)

    status, body, _ = answer(dial(provider))

    assert (status, words(provider, body)) == (HTTPStatus.OK, SORRY)
    (row,) = sessions(dynamodb)
    assert (row["state"]["S"], row["reason"]["S"]) == ("closed", "agent_error")
    assert agentcore.stopped == [row["session_id"]["S"]]
    assert counted(capsys.readouterr().out, "PhoneCallsFailed") == [1]
    assert caplog.records[-1].levelno == logging.ERROR


def counted(out: str, metric: str) -> list[int]:
    return [json.loads(line)[metric] for line in out.splitlines() if metric in json.loads(line)]


def test_calls_that_are_taken_count_as_such(capsys):
    """Their zeros make the average of the metric the share that failed."""
    answer(dial("plivo"))

    out = capsys.readouterr().out
    assert (counted(out, "PhoneCallsFailed"), counted(out, "SessionsRefused")) == ([0], [0])


def test_an_owner_is_told_from_others_and_not_who_they_are(ledger, agentcore):
    """Two calls of one number are one caller's; the number is nowhere, and no hash that can be tried out."""
    for caller in (CALLER, CALLER, "+14155550101"):
        answer(dial("vonage" if caller == CALLER else "plivo", caller=caller))

    first, second, *_ = (ledger.get(session_id).owner for session_id, _ in agentcore.asked)
    assert first == second
    assert first.startswith("phone:")
    assert CALLER.removeprefix("+") not in first


@pytest.mark.parametrize("provider", PROVIDERS)
def test_neither_numbers_nor_ways_in_nor_secrets_reach_a_log_or_the_ledger(
    provider, agentcore, dynamodb, caplog, capsys
):
    """Logs are read by more people than know who calls, and kept for longer."""
    caplog.set_level(logging.DEBUG, logger="runtime")
    answer(dial(provider))
    answer(dial(provider, caller="+14155550101"))
    answer(dial(provider, caller="+14155550102"))
    answer(dial(provider, caller="+81312345678"))
    agentcore.refuses["wake"] = agent_error(500)
    answer(dial(provider, caller="+14155550103"))

    told = (
        capsys.readouterr().out
        + "".join(str(vars(record)) for record in caplog.records)
        + str(items(dynamodb))
    )
    assert agentcore.asked[0][0] in told  # so that the test sees what is told
    hidden = ("1415555", "8131234", "X-Amz-Signature", SECRETS[provider])
    assert [one for one in hidden if one in told] == []


def test_a_secret_that_cannot_be_read_takes_no_calls(phone_settings, dynamodb, caplog):
    """It is the operator's fault, not an attack; the provider is told to try again."""
    aws_client("secretsmanager").delete_secret(
        SecretId=phone_settings.lines["vonage"].secret_arn, ForceDeleteWithoutRecovery=True
    )

    status, _, headers = answer(dial("vonage"))

    assert (status, headers["retry-after"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "10")
    assert "no webhook can be verified" in caplog.records[-1].detail
    assert items(dynamodb) == []


def test_numbers_may_be_written_with_or_without_their_plus():
    """Vonage and Plivo leave it out."""
    assert way_in("vonage", answer(dial("vonage", called=OURS.removeprefix("+")))[1])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_report_of_how_a_call_went_is_taken_and_changes_nothing(provider, dynamodb, agentcore):
    """Vonage sends events for every call, and a console is easily set up to send reports to the same address."""
    fields = {"status": "completed"} if provider == "vonage" else {"CallStatus": "completed"}

    status, body, _ = answer(dial(provider, fields=fields.items()))

    assert (status, body) == (HTTPStatus.NO_CONTENT, "")
    assert (items(dynamodb), agentcore.asked) == ([], [])


@pytest.mark.usefixtures("agentcore")
def test_a_secret_that_was_replaced_while_nobody_called_is_read_again():
    """Lambda freezes the function in between, and whether its clocks go on is Lambda's affair."""
    answer(dial("plivo"))
    aws_client("secretsmanager").put_secret_value(SecretId="plivo", SecretString="a new one")
    later = dial("plivo", secret="a new one")
    later["requestContext"]["timeEpoch"] += 61_000

    assert answer(later)[0] == HTTPStatus.OK
