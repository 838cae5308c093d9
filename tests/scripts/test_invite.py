"""What `scripts/invite` prints, and what it says when there is nothing to invite to."""

import sys
from urllib.parse import urlsplit

import boto3
import pytest

from scripts.calling.deployment import Deployment
from scripts.calling.errors import NotDeployedError
from scripts.commands import invite

PAGE = "https://d111111abcdef8.cloudfront.net"
TOKEN = "eyJraW5kIjoiaW52aXRlIn0.c2VhbA"
INVITE_ID = "0f" * 16


def deployed(**outputs) -> Deployment:
    return Deployment(
        stage="dev", region="us-east-1", outputs=outputs, session=boto3.Session(region_name="us-east-1")
    )


@pytest.fixture
def stage(monkeypatch):
    """A stage that answers every request for an invite with the same one, and takes that one back."""
    answers = {
        ("POST", "/invites"): {
            "invite_id": INVITE_ID,
            "invite": TOKEN,
            "expires_in_seconds": 3_600,
            "limits": {"call_seconds": 300},
        },
        ("DELETE", f"/invites/{INVITE_ID}"): {"invite_id": INVITE_ID, "was_redeemed": True},
    }
    asked = []

    def answered(_door, *request):
        asked.append(request)
        return answers[request]

    monkeypatch.setattr("scripts.calling.door.Door._call", answered)
    monkeypatch.setattr(invite, "find", lambda _options: deployed(PageUrl=PAGE, DoorUrl=PAGE))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    monkeypatch.setattr(sys, "argv", ["invite", "dev"])
    return asked


def test_the_link_alone_goes_to_standard_output(stage, capsys):
    """It can be piped to whatever sends it; what a person should know stands beside it."""
    assert invite.main() == 0

    printed = capsys.readouterr()
    assert printed.out == f"{PAGE}/#invite={TOKEN}\n"
    assert stage == [("POST", "/invites")]
    assert "60 minutes" in printed.err
    assert "5 minutes" in printed.err


def test_what_is_made_can_be_withdrawn_by_what_was_printed(stage, capsys, monkeypatch):
    """Nobody should have to look for an id in a log before they can take a link back."""
    invite.main()
    command = capsys.readouterr().err.partition("scripts/invite ")[2].split(" takes")[0]
    monkeypatch.setattr(sys, "argv", ["invite", *command.split()])

    assert invite.main() == 0
    assert stage[-1] == ("DELETE", f"/invites/{INVITE_ID}")
    assert "their call was ended" in capsys.readouterr().out


@pytest.mark.usefixtures("stage")
def test_the_token_is_in_no_part_of_the_link_that_a_server_sees(capsys):
    """Query strings end up in logs and in the Referer of the next page."""
    invite.main()

    link = urlsplit(capsys.readouterr().out.strip())
    assert TOKEN in link.fragment
    assert (link.path, link.query) == ("/", "")


def test_a_stage_without_a_page_is_told_what_to_do():
    """There is nothing that a link could lead to."""
    with pytest.raises(NotDeployedError, match=r"page\.enabled"):
        invite.page_of(deployed(DoorUrl=PAGE), embedded_port=None)


def test_the_embedded_clouds_page_is_on_this_machine():
    """Its CloudFront has a name that no browser resolves."""
    assert invite.page_of(deployed(PageUrl=PAGE), embedded_port=4_566) == "http://localhost:4569"
