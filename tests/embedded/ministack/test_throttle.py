"""The throttles of an HTTP API, as the embedded gateway keeps to them."""

from collections import Counter
from http import HTTPStatus

import pytest
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from scripts.embedded.ministack.throttle import Throttle, TokenBucket
from tests.embedded.ministack.test_resources import Stack

WHERE = ("api", "$default", "POST /sessions")


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_burst_passes_and_then_the_rate_counts(clock):
    """API Gateway's token bucket: the burst at once, then as many a second as the rate says."""
    bucket = TokenBucket(rate=5, burst=10, clock=clock)

    at_once = [bucket.take() for _ in range(50)]
    clock.now += 1
    a_second_later = [bucket.take() for _ in range(50)]

    assert (sum(at_once), sum(a_second_later)) == (10, 5)
    assert at_once[:10] == [True] * 10


def test_ten_thousand_requests_in_a_second_are_a_burst_and_a_rate(clock):
    """However many come, no more pass."""
    throttle, passed = Throttle(clock), 0
    for _ in range(10_000):
        clock.now += 2**-13  # a step that adds up without rounding: 1.22 s in all
        passed += throttle.admits(WHERE, rate=5, burst=10)

    assert passed == 10 + 6


def test_rest_fills_the_bucket_and_never_beyond_its_burst(clock):
    """A quiet night is no credit for a flood."""
    throttle = Throttle(clock)
    throttle.admits(WHERE, rate=5, burst=10)
    clock.now += 3_600

    assert sum(throttle.admits(WHERE, rate=5, burst=10) for _ in range(50)) == 10


def test_each_route_has_its_own_bucket(clock):
    """Reads go on while openings are refused."""
    throttle = Throttle(clock)
    flooded = [throttle.admits(WHERE, rate=1, burst=1) for _ in range(3)]

    assert flooded == [True, False, False]
    assert throttle.admits((*WHERE[:2], "GET /sessions/{id}"), rate=1, burst=1)


def test_limits_that_a_deployment_changes_count_at_once(clock):
    """An update of the stage must not wait for a restart."""
    throttle = Throttle(clock)
    assert [throttle.admits(WHERE, rate=1, burst=1) for _ in range(2)] == [True, False]

    assert [throttle.admits(WHERE, rate=1, burst=2) for _ in range(3)] == [True, True, False]


API = {
    "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "throttled", "ProtocolType": "HTTP"}},
    "Integration": {
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {
            "ApiId": {"Ref": "Api"},
            "IntegrationType": "HTTP_PROXY",
            "IntegrationMethod": "ANY",
            "IntegrationUri": {"Fn::Sub": "${AWS::URLSuffix}"},
            "PayloadFormatVersion": "1.0",
        },
    },
}


def route(key):
    return {
        "Type": "AWS::ApiGatewayV2::Route",
        "Properties": {
            "ApiId": {"Ref": "Api"},
            "RouteKey": key,
            "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "Integration"}]]},
            # Nobody signs here, so what passes the throttle is told apart by its refusal.
            "AuthorizationType": "AWS_IAM",
        },
    }


def stage(**limits):
    return {
        "Type": "AWS::ApiGatewayV2::Stage",
        "DependsOn": ["Open", "Read"],
        "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True, **limits},
    }


def limits(rate, burst):
    return {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}


@pytest.fixture
def stack(cloud):
    made = Stack(cloud.client("cloudformation"))
    yield made
    made.delete()


def statuses(url, method, path, times):
    http, request = URLLib3Session(timeout=30), AWSRequest(method, url + path).prepare()
    return Counter(http.send(request).status_code for _ in range(times))


def test_a_deployed_api_keeps_to_the_throttles_of_its_template(stack):
    """The stage's own for every route, and a route's where it has some; after an update, the new ones."""
    routes = {"Open": route("POST /sessions"), "Read": route("GET /sessions/{id}")}
    # A token in ten minutes: what passes is the burst, however slow the machine.
    slow = {"DefaultRouteSettings": limits(0.001, 7), "RouteSettings": {"POST /sessions": limits(0.001, 3)}}
    outputs = {"Url": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}}
    url = stack.create({**API, **routes, "Stage": stage(**slow)}, outputs)["Url"]

    opened = statuses(url, "POST", "/sessions", 20)
    read = statuses(url, "GET", "/sessions/any", 20)
    assert opened == {HTTPStatus.FORBIDDEN: 3, HTTPStatus.TOO_MANY_REQUESTS: 17}
    assert read == {HTTPStatus.FORBIDDEN: 7, HTTPStatus.TOO_MANY_REQUESTS: 13}

    slow["RouteSettings"]["POST /sessions"] = limits(0.001, 5)
    stack.update({**API, **routes, "Stage": stage(**slow)}, outputs)
    assert statuses(url, "POST", "/sessions", 20)[HTTPStatus.FORBIDDEN] == 5
