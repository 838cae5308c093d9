"""What a caller is told when there is nothing to dial, or no right to."""

from dataclasses import replace

import boto3
import pytest
from botocore.credentials import ReadOnlyCredentials

from scripts.calling.deployment import Deployment
from scripts.calling.door import Door
from scripts.calling.errors import CredentialsError, NotDeployedError, RefusedError
from scripts.calling.proof import Bearer, Signature
from scripts.embedded.address import REGION


def test_a_stage_that_is_not_there_is_named(deployed):
    """A typo in the stage must not look like an outage."""
    with pytest.raises(NotDeployedError, match=r"'prod' is not deployed in us-east-1.*cdk deploy"):
        Deployment.of_stage("prod", deployed.cloud.session(), services_url=deployed.deployment.services_url)


def test_a_region_must_be_chosen(monkeypatch, tmp_path):
    """Looking in a Region that nobody named would find somebody else's stage, or nothing."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    with pytest.raises(NotDeployedError, match="--region"):
        Deployment.of_stage("dev", boto3.Session("AKIAUNKNOWN", "secret"))


def test_keys_that_nobody_issued_are_not_an_absent_stage(deployed):
    """Deploying again does not help whoever is signed in wrongly."""
    session = boto3.Session("AKIAUNKNOWN", "secret", region_name=REGION)

    with pytest.raises(CredentialsError, match="refused to describe"):
        Deployment.of_stage("embedded", session, services_url=deployed.deployment.services_url)


def test_the_doors_refusal_is_passed_on(deployed):
    """The door says why in its own words; a caller with a token that is none also learns what to do."""
    door = Door(deployed.deployment.outputs["DoorUrl"], Bearer(lambda: "expired"))

    with pytest.raises(RefusedError, match=r"POST /sessions with 401: Unauthorized.*sign in again"):
        door.open("websocket")
    door.close()


def test_a_stage_that_nobody_signed_in_to_is_not_called(deployed):
    """Whoever forgets it learns so before anything is sent."""
    with pytest.raises(CredentialsError, match="Nobody has signed in"):
        replace(deployed.deployment, token=None).door()


def test_a_problem_document_is_quoted(deployed):
    """The reason is in the body; a bare 400 helps nobody."""
    door = deployed.deployment.door()

    with pytest.raises(RefusedError, match=r"400: .* transport: Input should be 'websocket' or 'webrtc'"):
        door.open("carrier pigeon")
    door.close()


def test_a_door_that_is_gone_is_not_a_traceback():
    """A stage that was destroyed a minute ago still has its URL in somebody's notes."""
    keys = ReadOnlyCredentials("AKIAUNKNOWN", "secret", None)
    door = Door("http://localhost:9", Signature(REGION, keys))

    with pytest.raises(RefusedError, match="does not answer"):
        door.open("websocket")
    door.close()
