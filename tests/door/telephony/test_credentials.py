import pytest

from runtime.door.telephony.credentials import FRESH_SECONDS, Credentials
from runtime.errors import SettingsError
from tests.door.conftest import aws_client


@pytest.fixture
def store(dynamodb):  # noqa: ARG001 - it is what starts moto
    return aws_client("secretsmanager")


def test_a_secret_that_was_replaced_is_believed_within_a_minute(store, clock):
    """A provider signs with the new one at once; until then its calls are refused."""
    arn = store.create_secret(Name="line", SecretString="old")["ARN"]
    credentials = Credentials(store, clock=clock)
    assert credentials.read(arn) == "old"
    store.put_secret_value(SecretId=arn, SecretString="new")

    clock.advance(FRESH_SECONDS)
    before = credentials.read(arn)
    clock.advance(1)

    assert (before, credentials.read(arn)) == ("old", "new")


def test_the_line_end_of_a_file_is_no_part_of_a_secret(store, clock):
    """`--secret-string file://...` brings it along."""
    arn = store.create_secret(Name="line", SecretString="12345\n")["ARN"]

    assert Credentials(store, clock=clock).read(arn) == "12345"


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_secret_verifies_nothing(store, clock, text):
    """Everybody could sign with it."""
    arn = store.create_secret(Name="line", **({"SecretString": text} if text else {}))["ARN"]

    with pytest.raises(SettingsError, match="no webhook can be verified"):
        Credentials(store, clock=clock).read(arn)
