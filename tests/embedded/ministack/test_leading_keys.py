"""What the policies of roles are told of a request to DynamoDB."""

import json

import pytest
from ministack.core import iam_actions
from ministack.services import dynamodb

from scripts.embedded.ministack.leading_keys import judge_by_leading_keys

ROW = {"session_id": {"S": "hotline-1"}}


@pytest.fixture(autouse=True)
def judged(monkeypatch):
    """The table, and the judge that the embedded cloud has put before MiniStack's own."""
    monkeypatch.setattr(iam_actions, "dynamodb_service_context", iam_actions.dynamodb_service_context)
    monkeypatch.setitem(dynamodb._tables, "ledger", {"pk_name": "session_id"})
    judge_by_leading_keys()


def told(**request) -> dict:
    return iam_actions.dynamodb_service_context(json.dumps({"TableName": "ledger", **request}).encode())


def test_an_update_tells_its_item():
    """A role that may use up tickets must not touch the row of a session."""
    assert told(Key=ROW, UpdateExpression="REMOVE #hash")["dynamodb:LeadingKeys"] == ["hotline-1"]


def test_a_batch_tells_each_of_its_items():
    """One that a role may not reach is enough to refuse them all."""
    keys = [ROW, {"session_id": {"S": "budget-switch"}}]

    context = told(RequestItems={"ledger": {"Keys": keys}})

    assert context["dynamodb:LeadingKeys"] == ["hotline-1", "budget-switch"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"Key": []}'])
def test_what_is_no_request_tells_nothing(body):
    """And breaks nothing: MiniStack refuses it later."""
    context = iam_actions.dynamodb_service_context(body)

    assert "dynamodb:LeadingKeys" not in context
