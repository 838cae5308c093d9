import pytest

from tests.turn.answering_server import answering


@pytest.fixture(autouse=True)
def aws_identity(monkeypatch):
    """Requests are signed, with an identity that opens nothing."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture
def secrets_manager():
    """Secrets Manager's API with one secret; a test may change `text` or replace `answer`."""

    def answer(request):
        assert request.headers["x-amz-target"] == "secretsmanager.GetSecretValue"
        assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256")
        return 200, {"ARN": request.json()["SecretId"], "SecretString": server.text}

    with answering(answer) as server:
        server.text = "foobar"
        yield server
