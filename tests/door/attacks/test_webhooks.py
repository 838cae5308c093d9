"""What is sent to the telephony entries by somebody who is not the provider, or not calling one of our numbers."""

import base64
from http import HTTPStatus
from itertools import permutations, product

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runtime.door.telephony.webhook import MAX_WEBHOOK_BYTES
from tests.door.conftest import items
from tests.door.telephony.conftest import phone, phone_settings  # noqa: F401 - fixtures of these tests, too
from tests.door.telephony.dialing import PROVIDERS, SECRETS, answer, dial, event

pytestmark = pytest.mark.usefixtures("phone")

REJECTS = {"twilio": "<Reject reason", "telnyx": "<Reject reason", "plivo": "<Hangup reason", "vonage": "[]"}


class Traces:
    """What there may be after an attack."""

    def __init__(self, dynamodb, agentcore) -> None:
        self._dynamodb, self._agentcore = dynamodb, agentcore
        self.take()

    def take(self) -> None:
        """Allow what there is now."""
        self._items, self._asked = items(self._dynamodb), list(self._agentcore.asked)

    def check(self) -> None:
        """Make sure that nothing came since."""
        assert items(self._dynamodb) == self._items
        assert self._agentcore.asked == self._asked


@pytest.fixture(autouse=True)
def traces(dynamodb, agentcore):
    """After each of these attacks, unless it takes what it left: no item, and no agent was woken."""
    found = Traces(dynamodb, agentcore)
    yield found
    found.check()


def lets_in(body: str) -> bool:
    """Whether a document holds a way into a session."""
    return "X-Amz-Signature" in body or "<Parameter" in body


def forged(provider: str) -> dict:
    """A webhook of somebody who knows everything but the secret."""
    match provider:
        case "telnyx":
            return dial(provider, key=Ed25519PrivateKey.generate())
        case _:
            return dial(provider, secret=f"{SECRETS[provider]}?")


def test_a_forged_webhook_is_refused(subtests):
    """Anybody can read how a webhook looks."""
    for provider in PROVIDERS:
        with subtests.test(provider):
            status, body, headers = answer(forged(provider))

            assert (status, headers["content-type"]) == (HTTPStatus.FORBIDDEN, "application/problem+json")
            assert not lets_in(body)


def test_an_unsigned_webhook_is_refused(subtests):
    """No header is no signature, and an empty one is none either."""
    signed = {"authorization", "x-twilio-signature", "x-plivo-signature-v3", "telnyx-signature-ed25519"}
    for provider in PROVIDERS:
        genuine = dial(provider)
        bare = {name: value for name, value in genuine["headers"].items() if name not in signed}
        empty = {name: "" if name in signed else value for name, value in genuine["headers"].items()}
        for headers in (bare, empty):
            with subtests.test(provider, headers=sorted(headers)):
                assert answer(genuine | {"headers": headers})[0] == HTTPStatus.FORBIDDEN


def test_a_genuine_signature_is_for_its_own_body(subtests):
    """Who calls, and whom, cannot be exchanged."""
    for provider in PROVIDERS:
        with subtests.test(provider):
            genuine, other = dial(provider), dial(provider, caller="+14155550199")

            assert answer(genuine | {"body": other["body"]})[0] == HTTPStatus.FORBIDDEN


def test_one_providers_signature_is_not_anothers(subtests):
    """The path chooses the rule, and the headers do not."""
    for provider, other in permutations(PROVIDERS, 2):
        with subtests.test(provider, other=other):
            status, _, _ = answer(dial(provider) | {"pathParameters": {"provider": other}})

            assert status in {HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST}


def test_a_replayed_webhook_creates_nothing_twice(phone, subtests, traces):  # noqa: F811 - the fixture above
    """Whoever got hold of one cannot get into the call, nor start another."""
    phone.setenv("HOTLINE_CONCURRENCY", "4")
    phone.setenv("HOTLINE_PHONE_CONCURRENCY", "4")
    for number, provider in enumerate(PROVIDERS):
        with subtests.test(provider):
            genuine = dial(provider, caller=f"+1415555010{number}")
            assert lets_in(answer(genuine)[1])
            traces.take()

            status, body, _ = answer(genuine)

            assert status == HTTPStatus.CONFLICT
            assert not lets_in(body)
            traces.check()


def test_a_call_that_has_begun_is_not_joined_by_asking_again(ledger, agentcore, traces):
    """Even a genuine second request gets no way into a call that somebody is in."""
    answer(dial("vonage", call_id="one"))
    ledger.join(agentcore.asked[0][0])

    status, body, _ = answer(dial("vonage", call_id="one"))

    assert (status, lets_in(body)) == (HTTPStatus.CONFLICT, False)
    assert len(agentcore.asked) == 1
    traces.take()


def test_one_call_is_not_asked_about_for_ever(traces):
    """A provider asks again a few times; what asks on and on is something else."""
    asked = [answer(dial("plivo", call_id="one"))[0] for _ in range(6)]

    assert asked == [HTTPStatus.OK] * 4 + [HTTPStatus.CONFLICT] * 2
    traces.take()


def test_a_stale_webhook_is_refused(subtests):
    """Later than the replay window, or dated ahead so that it would be good for ever."""
    for provider, age in product(("vonage", "telnyx"), (302, 86_400, -302)):
        with subtests.test(provider, age=age):
            assert answer(dial(provider, age=age))[0] == HTTPStatus.FORBIDDEN


def test_clocks_may_differ_by_less_than_the_window(subtests, traces):
    """Five minutes of skew cost no call."""
    for provider, age in (("vonage", 290), ("telnyx", -290)):
        with subtests.test(provider, age=age):
            assert lets_in(answer(dial(provider, age=age))[1])
    traces.take()


NOT_FOR_US = {
    "not ours": {"called": "+14155550124"},
    "Japan": {"caller": "+81312345678"},
    "Jamaica, with the prefix of the United States": {"caller": "+18765550100"},
    "nobody": {"caller": ""},
    "withheld": {"caller": "anonymous"},
    "SIP": {"caller": "sip:somebody@example.com"},
    "an app": {"caller": "client:alice"},
    "no country": {"caller": "+0012345678"},
    "no such country": {"caller": "+999999999"},
}


def test_calls_that_are_not_for_us_are_not_answered(subtests):
    """Answering is what toll fraud is paid for."""
    for provider, (name, numbers) in product(PROVIDERS, NOT_FOR_US.items()):
        with subtests.test(provider, calls=name):
            status, body, _ = answer(dial(provider, **numbers))

            assert status == (HTTPStatus.FORBIDDEN if provider == "vonage" else HTTPStatus.OK)
            assert REJECTS[provider] in body
            assert not lets_in(body)


def test_only_named_callers_where_they_are_named(phone, traces):  # noqa: F811 - the fixture above
    """A line for the people on call, say."""
    phone.setenv("HOTLINE_CALLER_NUMBERS", "+442079460000 +14155550199")

    assert not lets_in(answer(dial("plivo"))[1])
    assert lets_in(answer(dial("plivo", caller="+442079460000"))[1])
    traces.take()


def test_a_signature_for_another_address_is_refused(subtests):
    """An account has other applications; their webhooks must not open sessions here."""
    for provider in ("twilio", "plivo"):
        with subtests.test(provider):
            other = f"https://other.example.com/telephony/{provider}"

            assert answer(dial(provider, url=other))[0] == HTTPStatus.FORBIDDEN


ADDRESSES = ("host", "x-forwarded-host", "x-original-host", "x-forwarded-server", "forwarded")


def test_a_request_does_not_say_which_address_was_signed(subtests):
    """The address is the deployment's: whoever sends the request could name any."""
    for provider, header in product(("twilio", "plivo"), ADDRESSES):
        with subtests.test(provider, header=header):
            sent = dial(provider, url=f"https://other.example.com/telephony/{provider}")
            value = "host=other.example.com;proto=https" if header == "forwarded" else "other.example.com"
            sent["headers"][header] = value
            sent["requestContext"]["domainName"] = "other.example.com"

            assert answer(sent)[0] == HTTPStatus.FORBIDDEN


def test_a_long_body_is_not_even_hashed(subtests):
    """Nobody may make the door work hard for nothing."""
    for provider in (*PROVIDERS, "nobody"):
        with subtests.test(provider):
            long = event(provider, "a" * (MAX_WEBHOOK_BYTES + 1), {})

            assert answer(long)[0] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_a_provider_that_nobody_knows_is_not_there(subtests):
    """Whatever the path says, it names one of four or nothing."""
    for provider in ("nobody", "../sessions", "%2e%2e", "twilio%00", "Twilio", "__class__", "x" * 5_000, ""):
        with subtests.test(provider[:20]):
            assert answer(event(provider, "", {}))[0] == HTTPStatus.NOT_FOUND


def test_a_body_that_is_not_what_it_claims_to_be_is_refused(subtests):
    """A crash would answer 500 and page somebody."""
    broken = [(provider, b"%%%") for provider in PROVIDERS]
    forms = (b"\xff\xfe", b"CallSid=%ff", b"&".join([b"a=1"] * 500))
    broken += [(provider, base64.b64encode(form)) for provider in ("twilio", "plivo") for form in forms]
    for provider, body in broken:
        with subtests.test(provider, body=body[:20]):
            assert answer(dial(provider) | {"body": body.decode()})[0] == HTTPStatus.BAD_REQUEST


INJECTED = '"/></Stream><Dial>+8819990000</Dial><Say>&xxe;</Say><!ENTITY xxe SYSTEM "file:///etc/passwd">'


def test_nothing_that_a_webhook_brings_is_in_the_answer(phone, subtests, traces):  # noqa: F811 - see above
    """Markup in a caller's name, a call's id or a field of its own must not become an instruction."""
    phone.setenv("HOTLINE_CONCURRENCY", "4")
    phone.setenv("HOTLINE_PHONE_CONCURRENCY", "4")
    fields = {"CallerName": INJECTED, "StirVerstat": INJECTED}.items()
    for number, provider in enumerate(PROVIDERS):
        with subtests.test(provider):
            caller = f"+1415555010{number}"

            _, body, _ = answer(dial(provider, caller=caller, call_id=INJECTED, fields=fields))

            assert lets_in(body)
            assert [part for part in ("Dial", "xxe", "passwd", "1415555") if part in body] == []
    traces.take()


def test_a_genuine_webhook_about_no_call_is_refused(subtests):
    """A status callback that was pointed here by mistake."""
    names = {"twilio": "CallSid", "telnyx": "CallSid", "plivo": "CallUUID", "vonage": "uuid"}
    for provider, name in names.items():
        with subtests.test(provider):
            assert answer(dial(provider, fields={name: ""}.items()))[0] == HTTPStatus.BAD_REQUEST


def test_vonages_algorithm_is_not_the_senders_to_choose(subtests):
    """Neither none at all, nor another with the same secret."""
    genuine = dial("vonage")
    claims = claims_of(genuine)
    for algorithm, secret in (("none", None), ("HS384", SECRETS["vonage"])):
        with subtests.test(algorithm):
            token = jwt.encode(claims, secret, algorithm=algorithm)
            genuine["headers"]["authorization"] = f"Bearer {token}"

            assert answer(genuine)[0] == HTTPStatus.FORBIDDEN


WRONG_CLAIMS = (
    {"iss": "Nobody"},
    {"iss": None},
    {"payload_hash": ""},
    {"payload_hash": None},
    {"payload_hash": 7},
    {"iat": None},
    {"iat": True},
    {"iat": "1800000000"},
    {"jti": None},
    {"exp": 1},
)


def test_a_token_of_vonages_for_something_else_opens_nothing(subtests):
    """The account's secret signs other things than webhooks.  None stands for a claim that is not there."""
    for wrong in WRONG_CLAIMS:
        with subtests.test(str(wrong)):
            genuine = dial("vonage")
            claims = claims_of(genuine) | wrong
            token = jwt.encode(
                {name: value for name, value in claims.items() if value is not None},
                SECRETS["vonage"],
                algorithm="HS256",
            )
            genuine["headers"]["authorization"] = f"Bearer {token}"

            assert answer(genuine)[0] == HTTPStatus.FORBIDDEN


def claims_of(webhook: dict) -> dict:
    """What a webhook of Vonage's says about itself."""
    token = webhook["headers"]["authorization"].split()[1]
    return jwt.decode(token, options={"verify_signature": False})


def test_telnyxs_time_is_part_of_what_is_signed():
    """An old webhook does not become a new one by its header."""
    old = dial("telnyx", age=3_600)
    old["headers"]["telnyx-timestamp"] = dial("telnyx")["headers"]["telnyx-timestamp"]

    assert answer(old)[0] == HTTPStatus.FORBIDDEN


def test_a_line_that_the_stage_does_not_have_is_not_there(phone, phone_settings):  # noqa: F811 - see above
    """A provider whose secret nobody gave us can sign nothing."""
    phone.setenv("HOTLINE_PHONE_LINES", phone_settings.phone_lines.replace('"plivo"', '"elsewhere"'))

    assert answer(dial("plivo"))[0] == HTTPStatus.NOT_FOUND
