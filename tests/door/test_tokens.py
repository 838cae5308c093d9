"""Seals by a real HMAC key, of moto's KMS: what is ours is believed, and nothing else."""

import base64
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import text

from runtime.door.errors import KeyUnavailableError, TokenRefusedError
from runtime.door.tokens import MAX_TOKEN_CHARACTERS, Kind, Sealer, Token, Verifier
from tests.door.conftest import REGION, answers_at, aws_client
from tests.door.guests import create_key

NEVER_ENDING = settings(
    deadline=None,
    max_examples=100,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def kms(dynamodb):  # noqa: ARG001 - it is what starts moto
    return aws_client("kms")


@pytest.fixture
def key(kms) -> str:
    return create_key(kms)


@pytest.fixture
def invite(clock) -> Token:
    return Token(
        kind=Kind.INVITE,
        stage="test",
        invite_id="0f" * 16,
        session_id="",
        expires_at=int(clock.now) + 60,
    )


@pytest.fixture
def verifier(kms, key, clock) -> Verifier:
    return Verifier(kms, key, stage="test", clock=clock)


def test_what_was_sealed_is_read_back(kms, key, verifier, invite):
    """A link says what the door put into it."""
    assert verifier.read(Sealer(kms, key).seal(invite)) == invite


def test_a_token_fits_into_a_link_and_a_header(kms, key, invite):
    """Letters, digits, hyphen, underscore and one dot survive every mail program."""
    longest = replace(invite, stage="s" * 16, session_id="hotline-" + "0" * 36, kind=Kind.GUEST)
    sealed = Sealer(kms, key).seal(longest)

    assert len(sealed) < MAX_TOKEN_CHARACTERS / 2
    assert sealed.replace("-", "").replace("_", "").replace(".", "", 1).isalnum()


def test_a_token_lives_until_its_moment(kms, key, verifier, invite, clock):
    """It is worth nothing from its last second on."""
    sealed = Sealer(kms, key).seal(invite)

    clock.advance(59)
    assert verifier.read(sealed) == invite
    clock.advance(1)
    with pytest.raises(TokenRefusedError, match="expired"):
        verifier.read(sealed)


def test_another_stages_token_is_refused_by_its_key(kms, verifier, invite):
    """Each stage has a key of its own: who may invite to the trial stage invites nobody to the other."""
    sealed = Sealer(kms, create_key(kms)).seal(invite)

    with pytest.raises(TokenRefusedError, match="seal"):
        verifier.read(sealed)


def test_another_stages_token_is_refused_by_its_name(kms, key, verifier, invite):
    """Two stages that somebody made share a key still do not share guests."""
    sealed = Sealer(kms, key).seal(replace(invite, stage="other"))

    with pytest.raises(TokenRefusedError, match="another stage"):
        verifier.read(sealed)


def test_no_character_of_a_token_can_be_changed(kms, key, verifier, invite):
    """Neither what it says nor its seal, and not even its spelling."""
    sealed = Sealer(kms, key).seal(invite)

    for position, was in enumerate(sealed):
        altered = sealed[:position] + ("A" if was != "A" else "B") + sealed[position + 1 :]
        with pytest.raises(TokenRefusedError):
            verifier.read(altered)


@NEVER_ENDING
@given(junk=text(max_size=2 * MAX_TOKEN_CHARACTERS))
def test_junk_is_refused_and_breaks_nothing(verifier, junk):
    """Whoever can reach the API can send anything in a header."""
    with pytest.raises(TokenRefusedError):
        verifier.read(junk)


def test_junk_costs_no_request_to_kms(kms, key, clock):
    """Only what looks like a token is worth three millionths of a dollar."""
    asked = []
    kms.meta.events.register("before-call.kms.VerifyMac", lambda **_: asked.append(1))
    verifier = Verifier(kms, key, stage="test", clock=clock)

    for junk in ("", ".", "a.b", "A" * 10_000, "A" * 20 + "." + "A" * 42, "ä." + "A" * 43):
        with pytest.raises(TokenRefusedError):
            verifier.read(junk)
    assert asked == []
    with pytest.raises(TokenRefusedError):
        verifier.read("AAAA." + base64.urlsafe_b64encode(bytes(32)).decode().rstrip("="))
    assert asked == [1]


def test_a_key_that_is_not_there_is_no_refusal(kms, invite, clock):
    """A guest with a good invite must not be told that it is bad."""
    gone = f"arn:aws:kms:{REGION}:123456789012:key/00000000-0000-0000-0000-000000000000"

    with pytest.raises(KeyUnavailableError, match="deploy the door again"):
        Sealer(kms, gone).seal(invite)
    with pytest.raises(KeyUnavailableError, match="enable the key"):
        Verifier(kms, gone, stage="test", clock=clock).read("AAAA." + "A" * 43)


@pytest.mark.parametrize(("late", "good"), [(-60, True), (60, False)])
def test_a_token_is_judged_by_the_clock_of_whoever_compares_its_seal(kms, key, invite, late, good):
    """The gate may have been frozen for long, and has no ledger to tell it the time."""
    answers_at(kms, invite.expires_at + late)
    verifier, sealed = Verifier(kms, key, stage="test"), Sealer(kms, key).seal(invite)

    if good:
        assert verifier.read(sealed) == invite
    else:
        with pytest.raises(TokenRefusedError, match="expired"):
            verifier.read(sealed)
