import json

import pytest

from runtime.settings.budget import BudgetSettings
from tests.stacks.deployment import ELSEWHERE, REAL, TURNED, Deployment, synthesise


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
    elsewhere = synthesise("prod", ELSEWHERE)
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


def test_the_budget_tells_early_and_before_it_happens(turned):
    """At 100 % the money is gone; the forecast is what leaves time to act."""
    budget = turned.the("Billing", "AWS::Budgets::Budget")

    told = [one["Notification"] for one in budget["NotificationsWithSubscribers"]]
    assert [(one["NotificationType"], one["Threshold"]) for one in told] == [
        ("ACTUAL", 50),
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 321, "Unit": "USD"}


def logical_id(deployment: Deployment, kind: str, begins: str) -> str:
    """The one resource of *kind* in the Billing stack whose logical id begins so."""
    (found,) = [
        name
        for name, one in deployment.templates["Billing"]["Resources"].items()
        if one["Type"] == kind and name.startswith(begins)
    ]
    return found


def test_everything_about_money_reaches_the_same_person(dev):
    """Three services watch; one topic must hear them all, but for the notice that closes the door."""
    address = {"Ref": logical_id(dev, "AWS::SNS::Topic", "Alarms")}
    *early, spent, forecast = dev.the("Billing", "AWS::Budgets::Budget")["NotificationsWithSubscribers"]

    for one in (*early, forecast):
        assert one["Subscribers"] == [{"SubscriptionType": "SNS", "Address": address}]
    assert dev.the("Billing", "AWS::CE::AnomalySubscription")["Subscribers"] == [
        {"Type": "SNS", "Address": address}
    ]
    assert dev.the("Billing", "AWS::CloudWatch::Alarm")["AlarmActions"] == [address]
    # A notification has one topic, so the mail about the spent budget goes out beside it.
    (mail,) = [one["Address"] for one in spent["Subscribers"] if one["SubscriptionType"] == "EMAIL"]
    (subscribed,) = [
        one for one in dev.resources("Billing", "AWS::SNS::Subscription") if one["Protocol"] == "email"
    ]
    assert subscribed["Endpoint"] == mail


@pytest.mark.parametrize(
    "service", ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com"]
)
def test_each_of_them_may_publish_and_encrypt_for_this_account(dev, service):
    """A service without the right to topic or key drops its message without a word."""
    (alarms,) = [
        one["PolicyDocument"]
        for one in dev.resources("Billing", "AWS::SNS::TopicPolicy")
        if one["Topics"] == [{"Ref": logical_id(dev, "AWS::SNS::Topic", "Alarms")}]
    ]
    for policy in (alarms, dev.the("Billing", "AWS::KMS::Key")["KeyPolicy"]):
        assert statement_for(policy, service)["Condition"] == {
            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        }


@pytest.mark.parametrize(
    ("kind", "topics"),
    [("AWS::Budgets::Budget", {"Alarms", "Spent"}), ("AWS::CE::AnomalySubscription", {"Alarms"})],
)
def test_whoever_publishes_is_made_once_it_may(dev, kind, topics):
    """What is told before the topic's policy stands is refused there, and told once only."""
    (one,) = [found for found in dev.templates["Billing"]["Resources"].values() if found["Type"] == kind]

    assert {logical_id(dev, "AWS::SNS::TopicPolicy", topic) for topic in topics} <= set(one["DependsOn"])


def test_only_budgets_of_this_account_can_close_the_door(dev):
    """Whoever else could publish there could put the stage out of service."""
    topic = {"Ref": logical_id(dev, "AWS::SNS::Topic", "Spent")}
    (policy,) = [
        one["PolicyDocument"]
        for one in dev.resources("Billing", "AWS::SNS::TopicPolicy")
        if one["Topics"] == [topic]
    ]
    allowed = [one for one in policy["Statement"] if one["Effect"] == "Allow"]

    assert [one["Principal"] for one in allowed] == [{"Service": "budgets.amazonaws.com"}]
    assert statement_for(policy, "budgets.amazonaws.com")["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
    *_, spent, _forecast = dev.the("Billing", "AWS::Budgets::Budget")["NotificationsWithSubscribers"]
    assert [one["Address"] for one in spent["Subscribers"] if one["SubscriptionType"] == "SNS"] == [topic]
    assert (spent["Notification"]["NotificationType"], spent["Notification"]["Threshold"]) == ("ACTUAL", 100)


def test_the_notice_finds_the_door_in_another_region():
    """Budgets tell in us-east-1; no reference of CloudFormation's crosses that border, only names do."""
    stage = synthesise("prod", ELSEWHERE)
    (subscribed,) = [
        one for one in stage.resources("Billing", "AWS::SNS::Subscription") if one["Protocol"] == "lambda"
    ]
    topic = stage.resources("Billing", "AWS::SNS::Topic")
    (function,) = [
        one for one in stage.resources("Door", "AWS::Lambda::Function") if "handle_budget" in one["Handler"]
    ]
    (allowed,) = [
        one
        for one in stage.resources("Door", "AWS::Lambda::Permission")
        if one["Principal"] == "sns.amazonaws.com"
    ]
    settings = BudgetSettings.from_environment(
        {name: json.dumps(value) for name, value in function["Environment"]["Variables"].items()}
    )

    name = function["FunctionName"]
    assert json.dumps(subscribed["Endpoint"]).endswith(f':function:{name}"}}')
    assert "lambda:us-west-2" in json.dumps(subscribed["Endpoint"])
    (topic_name,) = [one["TopicName"] for one in topic if "TopicName" in one]
    assert json.dumps(allowed["SourceArn"]).endswith(f':{topic_name}"]]}}')
    assert "sns:us-east-1" in json.dumps(allowed["SourceArn"])
    assert json.loads(settings.topic_arn) == allowed["SourceArn"]
    assert json.loads(settings.budget) == stage.the("Billing", "AWS::Budgets::Budget")["Budget"]["BudgetName"]


def test_a_budget_that_tells_somebody_else_has_another_name():
    """CloudFormation makes a new one before it deletes the old: with the same name, that fails."""
    stages = synthesise("prod"), synthesise("prod", REAL)
    names = [each.the("Billing", "AWS::Budgets::Budget")["Budget"]["BudgetName"] for each in stages]

    assert len(set(names)) == 2


def test_an_anomaly_is_told_at_once(dev):
    """AWS tells a topic at once or not at all; a day later is a day's money later."""
    subscription = dev.the("Billing", "AWS::CE::AnomalySubscription")

    above = json.loads(subscription["ThresholdExpression"])["Dimensions"]
    assert (above["Key"], above["Values"]) == ("ANOMALY_TOTAL_IMPACT_ABSOLUTE", ["20"])
    assert subscription["Frequency"] == "IMMEDIATE"


def test_a_second_stage_subscribes_to_the_accounts_monitor(turned, dev):
    """An account can have one; a second fails with a message that says nothing."""
    monitor = TURNED["billing"]["anomaly_monitor_arn"]

    assert monitors(turned) == []
    assert turned.the("Billing", "AWS::CE::AnomalySubscription")["MonitorArnList"] == [monitor]
    assert len(monitors(dev)) == 1


def monitors(deployment: Deployment) -> list[dict]:
    return deployment.resources("Billing", "AWS::CE::AnomalyMonitor")


def test_the_bill_itself_is_the_last_alarm(dev):
    """Budgets are told hours late and can be edited by hand; this one is independent of them."""
    alarm = dev.the("Billing", "AWS::CloudWatch::Alarm")

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Billing", "EstimatedCharges")
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 100)
    assert alarm["Dimensions"] == [{"Name": "Currency", "Value": "USD"}]
