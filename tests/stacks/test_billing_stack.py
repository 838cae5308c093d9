import json

import pytest

from tests.stacks.deployment import Deployment, synthesise

MONITOR = "arn:aws:ce::111122223333:anomalymonitor/0f1c2d3e-4b5a-6789-abcd-ef0123456789"


def statement_for(policy: dict, service: str) -> dict:
    """The one statement that lets *service* do something."""
    (found,) = [
        one
        for one in policy["Statement"]
        if one["Effect"] == "Allow" and service in one["Principal"].get("Service", ())
    ]
    return found


def test_the_money_is_watched_where_aws_publishes_it():
    """EstimatedCharges exists in us-east-1 alone; an alarm elsewhere would wait for ever."""
    elsewhere = synthesise("dev", json.dumps({"region": "us-west-2"}))
    environments = {
        name.split("-")[-1]: artifact["environment"]
        for name, artifact in elsewhere.manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }

    assert environments["Billing"].endswith("/us-east-1")
    assert environments["Door"].endswith("/us-west-2")


def test_credits_do_not_hide_what_is_spent(shipped):
    """A budget net of credits stays at zero until the day they are used up."""
    budget = shipped.the("Billing", "AWS::Budgets::Budget")["Budget"]

    assert budget["CostTypes"]["IncludeCredit"] is False
    assert (budget["BudgetType"], budget["TimeUnit"]) == ("COST", "MONTHLY")


def test_the_budget_tells_early_and_before_it_happens():
    """At 100 % the money is gone; the forecast is what leaves time to act."""
    stage = synthesise("dev", json.dumps({"billing": {"monthly_budget_usd": 321}}))
    budget = stage.the("Billing", "AWS::Budgets::Budget")

    told = [one["Notification"] for one in budget["NotificationsWithSubscribers"]]
    assert [(one["NotificationType"], one["Threshold"]) for one in told] == [
        ("ACTUAL", 50),
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 321, "Unit": "USD"}


def test_everything_about_money_reaches_the_same_person(dev):
    """Three services watch; one topic must hear them all."""
    (topic,) = [
        logical_id
        for logical_id, one in dev.templates["Billing"]["Resources"].items()
        if one["Type"] == "AWS::SNS::Topic"
    ]
    address = {"Ref": topic}

    for one in dev.the("Billing", "AWS::Budgets::Budget")["NotificationsWithSubscribers"]:
        assert one["Subscribers"] == [{"SubscriptionType": "SNS", "Address": address}]
    assert dev.the("Billing", "AWS::CE::AnomalySubscription")["Subscribers"] == [
        {"Type": "SNS", "Address": address}
    ]
    assert dev.the("Billing", "AWS::CloudWatch::Alarm")["AlarmActions"] == [address]


@pytest.mark.parametrize(
    "service", ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com"]
)
def test_each_of_them_may_publish_and_encrypt_for_this_account(dev, service):
    """A service without the right to topic or key drops its message without a word."""
    for policy in (
        dev.the("Billing", "AWS::SNS::TopicPolicy")["PolicyDocument"],
        dev.the("Billing", "AWS::KMS::Key")["KeyPolicy"],
    ):
        assert statement_for(policy, service)["Condition"] == {
            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        }


def test_an_anomaly_is_told_at_once(dev):
    """AWS tells a topic at once or not at all; a day later is a day's money later."""
    subscription = dev.the("Billing", "AWS::CE::AnomalySubscription")

    above = json.loads(subscription["ThresholdExpression"])["Dimensions"]
    assert (above["Key"], above["Values"]) == ("ANOMALY_TOTAL_IMPACT_ABSOLUTE", ["20"])
    assert subscription["Frequency"] == "IMMEDIATE"


def test_a_second_stage_subscribes_to_the_accounts_monitor():
    """An account can have one; a second fails with a message that says nothing."""
    second = synthesise("dev", json.dumps({"billing": {"anomaly_monitor_arn": MONITOR}}))

    assert monitors(second) == []
    assert second.the("Billing", "AWS::CE::AnomalySubscription")["MonitorArnList"] == [MONITOR]
    assert len(monitors(synthesise("dev"))) == 1


def monitors(deployment: Deployment) -> list[dict]:
    return deployment.resources("Billing", "AWS::CE::AnomalyMonitor")


def test_the_bill_itself_is_the_last_alarm(dev):
    """Budgets are told hours late and can be edited by hand; this one is independent of them."""
    alarm = dev.the("Billing", "AWS::CloudWatch::Alarm")

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Billing", "EstimatedCharges")
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 100)
    assert alarm["Dimensions"] == [{"Name": "Currency", "Value": "USD"}]
