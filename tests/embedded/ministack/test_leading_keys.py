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


def test_an_update_tells_its_item_its_attributes_and_what_it_wants_back():
    """A role that may take the ticket off a row must neither see nor touch the rest of it."""
    context = told(
        Key=ROW,
        UpdateExpression="REMOVE #ticket",
        ConditionExpression="#state = :open",
        ExpressionAttributeNames={"#ticket": "stream_token", "#state": "state"},
        ReturnValues="ALL_NEW",
    )

    assert context["dynamodb:LeadingKeys"] == ["hotline-1"]
    assert context["dynamodb:Attributes"] == ["session_id", "state", "stream_token"]
    assert context["dynamodb:ReturnValues"] == "ALL_NEW"


def test_a_batch_tells_each_of_its_items():
    """One that a role may not reach is enough to refuse them all."""
    keys = [ROW, {"session_id": {"S": "budget-switch"}}]

    context = told(RequestItems={"ledger": {"Keys": keys}})

    assert context["dynamodb:LeadingKeys"] == ["hotline-1", "budget-switch"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"Key": []}'])
def test_what_is_no_request_tells_nothing(body):
    """And breaks nothing: MiniStack refuses it later."""
    context = iam_actions.dynamodb_service_context(body)

    assert not context.keys() & {"dynamodb:LeadingKeys", "dynamodb:ReturnValues"}
