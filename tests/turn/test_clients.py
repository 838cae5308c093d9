from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from turn.clients import Clients

REGION = "eu-north-1"


def make(service: str, **more):
    return Clients().make(service, region=REGION, config=Config(), **more)


def test_a_client_is_for_its_region():
    """The region of whoever asks counts, whatever the process's environment says."""
    assert make("dynamodb").meta.region_name == REGION


def test_aws_answers_where_the_environment_says(monkeypatch):
    """An embedded cloud is reached so; what is named for one service goes before it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")

    assert make("kms").meta.endpoint_url == "http://127.0.0.1:4566"
    assert make("kms", url="http://127.0.0.1:9").meta.endpoint_url == "http://127.0.0.1:9"


def test_a_service_that_is_none_is_refused():
    """Nobody looked whether it is one of AWS's, but its description is missing all the same."""
    with pytest.raises(BotoCoreError, match="telephone"):
        make("telephone")


def test_threads_may_ask_at_once():
    """Relays and their secrets are asked for from threads, and botocore's sessions bear only one."""
    clients = Clients()
    services = ["secretsmanager", "kinesisvideo", "dynamodb", "kms"] * 4

    with ThreadPoolExecutor(len(services)) as pool:
        made = list(pool.map(lambda one: clients.make(one, region=REGION, config=Config()), services))

    assert [one.meta.service_model.service_name for one in made] == services
