"""Each provider's own rule, held to what the provider has published or its own library computes."""

import pytest

from runtime.door.errors import WebhookForgedError
from runtime.door.telephony import plivo, twilio
from runtime.door.telephony.telnyx import Telnyx
from runtime.door.telephony.twilio import Twilio
from runtime.door.telephony.vonage import Vonage
from runtime.door.telephony.webhook import Webhook
from runtime.errors import SettingsError
from tests.door.telephony.dialing import SECRETS, dial

TWILIO_URL = "https://example.com/myapp.php?foo=1&bar=2"
TWILIO_FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675310",
    "Digits": "1234",
    "From": "+14158675310",
    "To": "+18005551212",
}


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        # The example of twilio.com/docs/usage/webhooks/webhooks-security.
        ("HMAC_SHA1", "L/OH5YylLD5NRKLltdqwSvS0BnU="),
        # What RequestValidator of Twilio's library, 9.13, computes from the same with a shared key.
        ("HMAC_SHA256", "qMztBq0IANMH/q0K9sCfKQJLylezvRdRzRS647SAVow="),
    ],
)
def test_twilio_signs_the_address_and_the_sorted_form(algorithm, expected):
    """Twilio's own example comes out."""
    assert twilio.signature("12345", TWILIO_URL, TWILIO_FORM.items(), algorithm=algorithm) == expected


def test_twilio_signs_every_value_of_a_field_that_is_sent_twice():
    """The vector is from tests/unit/test_request_validator.py of Twilio's library."""
    fields = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234")]

    made = twilio.signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", fields)

    assert made == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


PLIVO_FORM = {
    "CallUUID": "4e04b778-3a2b-4b8e-9d0a-0d1c0c1a7f5e",
    "From": "14155550100",
    "To": "14155550123",
    "Direction": "inbound",
    "CallStatus": "ringing",
    "Event": "StartApp",
    "SessionStart": "2026-11-20 10:00:00.000000",
    "CallerName": "Doe & Co",
}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (PLIVO_FORM.items(), "qEzaX41tl/lpKiksutsdW6wqk7KGFiGvs+3tb1zPBT4="),
        ([], "E3ZShETqd71HbvXHFVrqxqres/DzDjeI+e93CXVUasY="),
        ([("a", "2"), ("a", "1"), ("b", "")], "vns+h/1LqjktWCIKmMxcqIeXssvnPGughchezynUZD8="),
    ],
    ids=["call", "empty", "twice"],
)
def test_plivo_signs_the_address_the_sorted_form_and_a_nonce(fields, expected):
    """Plivo publishes the rule only as code: these are what its own library, 4.63, computes."""
    made = plivo.signature(
        SECRETS["plivo"], "https://example.com/telephony/plivo", fields, nonce="93184750182334756120"
    )

    assert made == expected


TELNYX_BODY = (
    b"AccountSid=f5586561-8ff0-4291-a51b-c7dfe4139ff9&CallSid=v3%3A9X2vxPDFY2RHSJ1EdMS0RHRksMTg7ldNxdjWbVr9zBjbGjGsSe-aiQ"
    b"&CallStatus=initiated&From=%2B14155550100&To=%2B14155550123"
)
# Telnyx publishes no key pair.  The key is that of RFC 8032, 7.1, TEST 1; PyNaCl signed, and
# verify_webhook_signature of Telnyx's own library, 4.189, accepted the result.
TELNYX_SIGNATURE = "sssie3s9830ek7xHnnytCOSQAFsJYV/H1i0wp1bPGm4i6HDYzlkFLwoLJEE5ai5DAGFy3BhZ5eMQnlExtwJBDA=="


def from_telnyx(**changed) -> Webhook:
    headers = {"telnyx-timestamp": "1800000000", "telnyx-signature-ed25519": TELNYX_SIGNATURE}
    body = changed.pop("body", TELNYX_BODY)
    return Webhook(provider="telnyx", url="", headers=headers | changed, body=body)


def test_telnyx_signs_the_time_and_the_body():
    """Number, call and time are believed once the signature is."""
    call = Telnyx().read(from_telnyx(), SECRETS["telnyx"])

    assert (call.caller, call.called, call.signed_at) == ("+14155550100", "+14155550123", 1_800_000_000)
    assert call.call_id == "v3:9X2vxPDFY2RHSJ1EdMS0RHRksMTg7ldNxdjWbVr9zBjbGjGsSe-aiQ"


@pytest.mark.parametrize(
    "changed",
    [
        {"body": TELNYX_BODY.replace(b"0100", b"0101")},
        {"telnyx-timestamp": "1800000001"},
        {"telnyx-timestamp": "now"},
        {"telnyx-timestamp": ""},
        {"telnyx-signature-ed25519": ""},
        {"telnyx-signature-ed25519": "c2hvcnQ="},
        {"telnyx-signature-ed25519": "%%%"},
    ],
)
def test_nothing_that_telnyx_signed_can_be_changed(changed):
    """Neither who calls, nor when it was."""
    with pytest.raises(WebhookForgedError):
        Telnyx().read(from_telnyx(**changed), SECRETS["telnyx"])


@pytest.mark.parametrize("key", ["", "12345", "KEY0123456789"])
def test_a_secret_that_is_no_key_is_a_fault_of_the_deployment(key):
    """An API key in place of the public key would otherwise look like an attack."""
    with pytest.raises(SettingsError, match="public key"):
        Telnyx().read(from_telnyx(), key)


# Vonage publishes the claims and no whole token ("Decoding signed webhooks"); this one has them all, made by
# that page's rule.  Its moment lies in the future, so Vonage's own library could not be asked about it.
VONAGE_TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJpYXQiOjE4MDAwMDAwMDAsImp0aSI6ImM1YmE4ZjI0LTFhMTQtNGMxMC1iZmRmLTNmYmU4Y2U1MTFiNSIsImlzcyI6IlZvbmFnZSIs"
    "InBheWxvYWRfaGFzaCI6IjAxMmM4NDBmMmEzMGVmZTIxMDI0MDRhMDQyYjBlYWY1NTdiZWNkODNlM2MyYjhhOTI2YTc1NDgxMTg4ODNh"
    "YmIiLCJhcGlfa2V5IjoiYTFiMmMzZCIsImFwcGxpY2F0aW9uX2lkIjoiYWFhYWFhYWEtYmJiYi1jY2NjLWRkZGQtMDEyMzQ1Njc4OWFi"
    "In0.m8COD1C2o4ZaQ2YpUkRERNf8ulVfr1LDdXvmF3G3FpI"
)
VONAGE_BODY = (
    b'{"from":"14155550100","to":"14155550123","uuid":"aaaaaaaa-bbbb-cccc-dddd-0123456789ab",'
    b'"conversation_uuid":"CON-aaaaaaaa-bbbb-cccc-dddd-0123456789ab","region_url":"https://api-us-3.vonage.com"}'
)


def from_vonage(authorization: str, body: bytes = VONAGE_BODY) -> Webhook:
    return Webhook(provider="vonage", url="", headers={"authorization": authorization}, body=body)


def test_vonage_signs_a_token_with_the_hash_of_the_body():
    """Number, call and time are believed once the signature is."""
    call = Vonage().read(from_vonage(f"Bearer {VONAGE_TOKEN}"), SECRETS["vonage"])

    assert (call.caller, call.called, call.signed_at) == ("+14155550100", "+14155550123", 1_800_000_000)
    assert call.call_id == "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"


@pytest.mark.parametrize(
    ("authorization", "body"),
    [
        (f"Bearer {VONAGE_TOKEN}", VONAGE_BODY.replace(b"0100", b"0101")),
        (f"Bearer {VONAGE_TOKEN[:-2]}AA", VONAGE_BODY),
        (f"Basic {VONAGE_TOKEN}", VONAGE_BODY),
        (VONAGE_TOKEN, VONAGE_BODY),
        ("Bearer ", VONAGE_BODY),
        ("", VONAGE_BODY),
    ],
)
def test_nothing_that_vonage_signed_can_be_changed(authorization, body):
    """Neither the token nor the body that it vouches for."""
    with pytest.raises(WebhookForgedError):
        Vonage().read(from_vonage(authorization, body), SECRETS["vonage"])


def test_a_webhook_with_an_algorithm_of_its_own_is_none_of_twilios():
    """The header is not signed; only what both ends know of may be chosen with it."""
    sent = dial("twilio")
    headers = sent["headers"] | {"x-twilio-webhooks-signature-settings": "key=k,algorithm=none"}

    with pytest.raises(WebhookForgedError):
        Twilio().read(Webhook(provider="twilio", url="", headers=headers, body=b"CallSid=1"), "12345")
