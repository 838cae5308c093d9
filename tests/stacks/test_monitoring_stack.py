import json

import pytest

from runtime.metrics import DIMENSION, METRICS, NAMESPACE
from tests.stacks.deployment import ROOT, Deployment, synthesise
from tests.stacks.telephony import BRIDGED
from turn.coturn import metrics as relay_metrics

# What API Gateway (HTTP API) and Lambda publish by themselves.
# Source: "Working with metrics for HTTP APIs" and "Types of metrics for Lambda functions".
PUBLISHED_BY_AWS = {
    "AWS/ApiGateway": {"5xx", "Latency"},
    "AWS/Lambda": {"Errors", "Throttles"},
    "AWS/Bedrock-AgentCore": {"ActiveSessionCount"},
}


def alarms(deployment: Deployment) -> list[dict]:
    return deployment.resources("Monitoring", "AWS::CloudWatch::Alarm")


def alarm(deployment: Deployment, name: str) -> dict:
    (found,) = [one for one in alarms(deployment) if one["AlarmName"].endswith(f"-{name}")]
    return found


def watched_by(one: dict) -> list[dict]:
    """The metrics that an alarm looks at, itself or by an expression."""
    stats = [each["MetricStat"]["Metric"] for each in one.get("Metrics", ()) if "MetricStat" in each]
    return stats or [one]


def test_every_alarm_watches_something_that_is_published(shipped):
    """An alarm on a name that nobody publishes stays quiet for ever, and looks like good news."""
    ours = {metric.name for metric in METRICS}

    for one in [each for whole in alarms(shipped) for each in watched_by(whole)]:
        if one["Namespace"] == relay_metrics.NAMESPACE:
            assert one["MetricName"] in relay_metrics.UNITS
            assert one["Dimensions"] == [{"Name": relay_metrics.DIMENSION, "Value": shipped.stage}]
        elif one["Namespace"] == NAMESPACE:
            assert one["MetricName"] in ours
            assert one["Dimensions"] == [{"Name": DIMENSION, "Value": shipped.stage}]
        else:
            assert one["MetricName"] in PUBLISHED_BY_AWS[one["Namespace"]]


def test_every_alarm_names_a_page_that_exists(shipped):
    """At three in the morning a dead link is worse than none."""
    for one in alarms(shipped):
        path = one["AlarmDescription"].split("What to do: ")[1].split(" in ")[0]
        title = (ROOT / path).read_text().splitlines()[0]
        assert title.startswith(f"# {one['AlarmName'].rpartition('-')[2]}:")


def test_every_alarm_leads_to_the_dashboard_and_where_there_is_one_to_the_page_on_the_web(prod):
    """Whoever is woken has the mail, and one hand free."""
    read = "https://git.corp.example/hotline/docs/runbooks/"
    linked = synthesise("prod", json.dumps({"monitoring": {"runbooks_url": read}}))
    region = "us-east-1"
    home = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    (board,) = prod.resources("Monitoring", "AWS::CloudWatch::Dashboard")
    dashboard = f"{home}#dashboards/dashboard/{board['DashboardName']}"

    assert {one["AlarmDescription"].split("Dashboard: ")[1] for one in woken(prod)} == {dashboard}
    assert any(f"What to do: {read}slow-answers.md " in one["AlarmDescription"] for one in woken(linked))
    assert all(f" {read}" in one["AlarmDescription"] for one in woken(linked))
    assert max(len(one["AlarmDescription"]) for one in woken(linked)) <= 1024


def woken(deployment: Deployment) -> list[dict]:
    return deployment.everywhere("AWS::CloudWatch::Alarm")


def test_every_page_belongs_to_an_alarm(dev):
    """Pages of alarms that are gone teach people to distrust the others."""
    pages = {path.stem for path in (ROOT / "docs/runbooks").glob("*.md")} - {"README"}
    more = {"turn": {"hosted_zone_id": "Z0123456789ABCDEFGHIJ"}, "telephony": BRIDGED}
    named = synthesise("coturn", json.dumps(more))
    alarmed = [one for stage in (dev, named) for one in stage.everywhere("AWS::CloudWatch::Alarm")]
    described = " ".join(one["AlarmDescription"] for one in alarmed)

    assert pages == {page for page in pages if f"/{page}.md" in described}


def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_is_over(shipped):
    """An alarm without an action is a picture."""
    (topic,) = [
        logical_id
        for logical_id, one in shipped.templates["Monitoring"]["Resources"].items()
        if one["Type"] == "AWS::SNS::Topic"
    ]

    assert len(alarms(shipped)) >= 10
    for one in alarms(shipped):
        assert one["AlarmActions"] == one["OKActions"] == [{"Ref": topic}]


def test_the_topic_is_encrypted_and_somebody_reads_it(turned):
    """The address is the reason for all of it."""
    topic = turned.the("Monitoring", "AWS::SNS::Topic")
    subscription = turned.the("Monitoring", "AWS::SNS::Subscription")
    assert "KmsMasterKeyId" in topic
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "on-call@corp.example")
    assert turned.the("Monitoring", "AWS::KMS::Key")["EnableKeyRotation"] is True


def test_cloudwatch_of_this_account_alone_may_use_topic_and_key(dev):
    """Without the right to the key, alarms deploy cleanly and are dropped without a word."""
    may_publish = statement_for(dev.the("Monitoring", "AWS::SNS::TopicPolicy")["PolicyDocument"])
    may_encrypt = statement_for(dev.the("Monitoring", "AWS::KMS::Key")["KeyPolicy"])

    assert may_publish["Action"] == "sns:Publish"
    assert set(may_encrypt["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    for one in (may_publish, may_encrypt):
        assert one["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def statement_for(policy: dict, service: str = "cloudwatch.amazonaws.com") -> dict:
    (found,) = [one for one in policy["Statement"] if one["Principal"] == {"Service": service}]
    return found


@pytest.mark.parametrize("name", ["SlowAnswers", "SlowModel", "SlowJoins", "SlowTools", "SlowDoor"])
def test_what_callers_feel_is_judged_by_the_slowest_in_twenty(dev, name):
    """An average hides the callers who suffer."""
    assert alarm(dev, name)["ExtendedStatistic"] == "p95"


def test_answers_are_measured_against_the_configured_limit(turned):
    """Two seconds are the default, not a law."""
    assert alarm(turned, "SlowAnswers")["Threshold"] == 1_234


@pytest.mark.parametrize(
    ("name", "heard", "rings"),
    [
        # One failure is no cause to wake anybody; the second is, if calls are few, and where hundreds went well it is not.
        ("FailingCalls", {"total": 1, "count": 1}, False),
        ("FailingCalls", {"total": 2, "count": 2}, True),
        ("FailingCalls", {"total": 2, "count": 3}, True),
        ("FailingCalls", {"total": 4, "count": 300}, False),
        ("FailingCalls", {"total": 8, "count": 300}, True),
        ("FailingTools", {"total": 2, "count": 4}, True),
        ("FailingTools", {"total": 2, "count": 40}, False),
        # The metric counts browsers that found a path.
        ("PathsNotFound", {"total": 0, "count": 1}, False),
        ("PathsNotFound", {"total": 0, "count": 2}, True),
        ("PathsNotFound", {"total": 19, "count": 21}, False),
        ("PathsNotFound", {"total": 80, "count": 100}, True),
        # A caller who hung up in the greeting pays for all of it; an hour of calls at US$0.0084 a minute; at four times that.
        ("CostlyCalls", {"cost": 0.0018, "seconds": 2}, False),
        ("CostlyCalls", {"cost": 0.504, "seconds": 3600}, False),
        ("CostlyCalls", {"cost": 2.4, "seconds": 3600}, True),
    ],
)
def test_what_fails_wakes_somebody_however_few_call_and_nobody_for_one_call(dev, name, heard, rings):
    """At one call an hour a share of five minutes is one call or none: it flaps, or stays quiet while all fail."""
    watch = alarm(dev, name)
    (expression,) = [one["Expression"] for one in watch["Metrics"] if "Expression" in one]
    stats = {one["Id"]: one["MetricStat"] for one in watch["Metrics"] if "MetricStat" in one}

    assert stats.keys() == heard.keys()
    assert {one["Period"] for one in stats.values()} == {3 * 3600}
    assert (watch["EvaluationPeriods"], watch["TreatMissingData"]) == (1, "notBreaching")
    rang = eval(expression, {}, heard) > watch["Threshold"]  # noqa: S307  # our own template
    assert rang is rings


def test_the_dashboard_shows_which_alarms_are_on_and_from_where_a_percentile_wakes_somebody(dev):
    """Whether it goes on is the first question, how far it is from well the second."""
    text = json.dumps(dev.the("Monitoring", "AWS::CloudWatch::Dashboard")["DashboardBody"])

    for one in dev.resources("Monitoring", "AWS::CloudWatch::Alarm"):
        if one.get("ExtendedStatistic") == "p95" and one["Namespace"] == NAMESPACE:
            assert f"{one['MetricName']} > {one['Threshold']}" in text
    alarms_named = [name for name in dev.templates["Monitoring"]["Resources"] if f'"{name}", "Arn"' in text]
    assert len(alarms_named) == len(alarms(dev))


def test_sessions_that_the_ledger_does_not_know_wake_somebody(turned):
    """AgentCore lists none, so its count is all there is; other agents of the account are allowed for."""
    watch = alarm(turned, "SessionsUnaccounted")
    (expression,) = [one["Expression"] for one in watch["Metrics"] if "Expression" in one]
    named = {one["Id"]: one["MetricStat"] for one in watch["Metrics"] if "MetricStat" in one}

    assert expression == "FILL(counted, 0) - FILL(known, 0) - FILL(ended, 0)"
    assert {id_: (one["Metric"]["MetricName"], one["Stat"]) for id_, one in named.items()} == {
        "counted": ("ActiveSessionCount", "Minimum"),
        "known": ("SessionsActive", "Maximum"),
        "ended": ("SessionDuration", "SampleCount"),
    }
    assert (watch["Threshold"], watch["DatapointsToAlarm"]) == (7, 3)


def test_silence_is_bad_news_only_of_the_reaper(dev):
    """Nobody calling at night wakes nobody; a reaper that stopped does."""
    missing = {one["AlarmName"]: one["TreatMissingData"] for one in alarms(dev)}

    assert {name for name, treated in missing.items() if treated == "breaching"} == {
        "Hotline-dev-ReaperSilent"
    }
    assert set(missing.values()) == {"breaching", "notBreaching"}


def test_the_dashboard_shows_every_metric_that_is_published(shipped):
    """One that is published, paid for and shown nowhere is a mistake on one side or the other."""
    assert not_shown(shipped, without=OF_PHONES) == []
    assert set(not_shown(shipped, without=())) == {
        metric.name for metric in METRICS if metric.emitted_by in OF_PHONES
    }


def test_the_dashboard_of_a_stage_that_takes_calls_from_phones_shows_them_too():
    """Elsewhere the row would be four graphs without a line, in the middle of what somebody looks for."""
    assert not_shown(synthesise("coturn", json.dumps({"telephony": BRIDGED})), without=()) == []


OF_PHONES = ("telephony", "bridge")


def not_shown(deployment: Deployment, *, without: tuple[str, ...]) -> list[str]:
    """Names of metrics that the dashboard leaves out, but for those that these publish."""
    body = json.dumps(deployment.the("Monitoring", "AWS::CloudWatch::Dashboard")["DashboardBody"])
    return [one.name for one in METRICS if one.emitted_by not in without and one.name not in body]


def test_the_dashboard_begins_with_what_callers_feel(dev):
    """The one who is woken looks at the top left first."""
    body = json.dumps(dev.the("Monitoring", "AWS::CloudWatch::Dashboard")["DashboardBody"])

    assert body.index("VoiceToVoiceLatency") < body.index("SessionsActive") < body.index("SessionCost")
