"""One process per session: what it gets, how long it lives, and that it ends."""

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from tests.embedded.agentcore.conftest import IDLE_SECONDS, LIFETIME_SECONDS, Runtime
from tests.embedded.waiting import until


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def tell(plane, session_id, **how):
    answer = await plane.invoke({"do": "tell"}, session_id, **how)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_session_id_keeps_its_process_and_another_gets_its_own(plane, session_id):
    """AgentCore isolates callers by session: two of them in one process would share a call's memory."""
    first, again = await tell(plane, session_id), await tell(plane, session_id)
    other = await tell(plane, session_id + "-other")

    assert first["pid"] == again["pid"]
    assert other["pid"] != first["pid"]


async def test_the_agent_sees_what_was_deployed_and_nothing_of_this_machine(plane, session_id, monkeypatch):
    """A proof in which the agent could read the checkout or the deployer's keys would prove nothing."""
    monkeypatch.setenv("AWS_PROFILE", "deployer")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")

    agent = await tell(plane, session_id)

    environment = agent["environment"]
    assert environment["DEPLOYED"] == "yes"
    assert not {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "PYTHONPATH", "HOTLINE_TOKEN"} & environment.keys()
    assert agent["headers"]["x-amzn-bedrock-agentcore-runtime-session-id"] == session_id
    assert "authorization" not in agent["headers"]
    assert not any(one.rstrip("/") == str(Path.cwd()) for one in agent["path"])


async def test_custom_headers_reach_the_agent_and_others_do_not(plane, session_id):
    """The custom prefix is the one way to hand the agent something beside the body."""
    custom = "x-amzn-bedrock-agentcore-runtime-custom-language"

    headers = (await tell(plane, session_id, **{custom: "de", "x-secret": "1"}))["headers"]

    assert headers[custom] == "de"
    assert "x-secret" not in headers


async def test_the_agent_acts_with_its_runtimes_role(cloud, plane, session_id):
    """The keys come from the container-credentials address, as from the metadata service on AWS."""
    url = cloud.ports.endpoints()["services"]

    answer = (await plane.invoke({"do": "who", "url": url}, session_id)).json()

    assert f":assumed-role/{plane.runtime.role_name}/BedrockAgentCore-{session_id}" in answer["arn"]


async def test_the_keys_of_a_session_are_for_its_agent_only(plane, session_id):
    """Any process on the machine can reach the address; the session's secret is what opens it."""
    environment = (await tell(plane, session_id))["environment"]
    url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]

    wrong = await plane._http.get(url, headers={"authorization": "guess"})
    right = await plane._http.get(
        url, headers={"authorization": environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
    )

    assert wrong.status_code == 403
    assert right.json()["AccessKeyId"].startswith("ASIA")


async def test_an_idle_session_ends_and_its_id_starts_a_new_one(plane, clock, session_id):
    """Memory is billed while a session idles; the deployed timeout is what stops that."""
    pid = (await tell(plane, session_id))["pid"]
    clock.now += IDLE_SECONDS - 1
    assert (await tell(plane, session_id))["pid"] == pid

    clock.now += IDLE_SECONDS
    await until(lambda: not alive(pid))

    assert (await tell(plane, session_id))["pid"] != pid


@pytest.mark.parametrize(("updated", "lives"), [("now", True), ("at start", False), ("never", False)])
async def test_a_busy_agent_lives_by_the_time_of_its_own_activity(plane, clock, session_id, updated, lives):
    """`HealthyBusy` alone, or with a frozen timestamp, must not keep a dead call alive for eight hours."""
    times = {"now": clock.now + IDLE_SECONDS - 1, "at start": clock.now}
    ping = {"status": "HealthyBusy"} | ({"time_of_last_update": times[updated]} if updated in times else {})
    pid = (await plane.invoke({"do": "ping", "answer": ping}, session_id)).json()["pid"]

    clock.now += IDLE_SECONDS - 1
    await plane.polls(session_id)
    clock.now += 2

    if lives:
        await plane.polls(session_id)
        assert alive(pid)
    else:
        await until(lambda: not alive(pid))


async def test_the_longest_life_ends_even_a_busy_session(plane, clock, session_id):
    """maxLifetime cannot be put off by anything."""
    forever = {"status": "HealthyBusy", "time_of_last_update": clock.now + 10 * LIFETIME_SECONDS}
    pid = (await plane.invoke({"do": "ping", "answer": forever}, session_id)).json()["pid"]

    clock.now += LIFETIME_SECONDS

    await until(lambda: not alive(pid))


async def test_stopping_ends_the_process_and_a_second_stop_finds_nothing(plane, session_id):
    """The door stops sessions; that must be true at once and safe to repeat."""
    pid = (await tell(plane, session_id))["pid"]

    first, second = await plane.stop(session_id), await plane.stop(session_id)

    assert (first.status_code, second.status_code) == (200, 404)
    assert second.headers["x-amzn-errortype"] == "ResourceNotFoundException"
    await until(lambda: not alive(pid))


async def test_stopping_ends_a_session_whose_agent_still_starts(cloud, plane, session_id):
    """A caller who gives up in the cold start must not pay for an agent until its idle timeout."""
    slow = Runtime(cloud, NEVER_HEALTHY="1")
    waiting = asyncio.create_task(plane.invoke({"do": "tell"}, session_id, runtime=slow))
    await until(lambda: "ping of" in plane.printed(session_id))
    pid = int(plane.printed(session_id).split()[2])

    first, second = [await plane.stop(session_id, runtime=slow) for _ in range(2)]

    assert (first.status_code, second.status_code) == (200, 404)
    answer = await waiting
    assert (answer.status_code, answer.json()["message"]) == (
        424,
        "The session was stopped while its agent started.",
    )
    await until(lambda: not alive(pid))


async def test_a_stopped_start_does_not_keep_its_name(cloud, plane, session_id):
    """The next caller under that id gets an agent of their own, whatever the last one is still doing."""
    slow = Runtime(cloud, NEVER_HEALTHY="1")
    given_up = asyncio.create_task(plane.invoke({"do": "tell"}, session_id, runtime=slow))
    await until(lambda: "ping of" in plane.printed(session_id))
    first = plane.printed(session_id).split()[2]
    await plane.stop(session_id, runtime=slow)

    waiting = asyncio.create_task(plane.invoke({"do": "tell"}, session_id, runtime=slow))
    await until(lambda: {one for one in plane.printed(session_id).split() if one.isdecimal()} - {first})
    assert (await given_up).status_code == 424

    assert (await plane.stop(session_id, runtime=slow)).status_code == 200
    assert (await waiting).status_code == 424


async def test_an_agent_that_fails_is_the_agents_fault(plane, session_id):
    """424 tells a caller that retrying against AgentCore is no use."""
    answer = await plane.invoke({"do": "fail"}, session_id)

    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (424, "RuntimeClientError")


async def test_an_agent_that_never_becomes_healthy_is_reported_with_its_exit_code(cloud, plane, session_id):
    """A bundle that crashes at start is the commonest fault of a first deployment."""
    broken = Runtime(cloud, CRASH_AT_START="1")

    answer = await plane.invoke({"do": "tell"}, session_id, runtime=broken)

    assert answer.status_code == 424
    assert "exit code 1" in answer.json()["message"]


async def test_a_crashed_agent_is_replaced(plane, session_id):
    """One caller's crash must not leave the session id dead."""
    pid = (await tell(plane, session_id))["pid"]

    assert (await plane.invoke({"do": "crash"}, session_id)).status_code == 424
    await until(lambda: not alive(pid))

    assert (await tell(plane, session_id))["pid"] != pid


async def test_what_the_agent_prints_reaches_cloudwatch_and_its_metrics_count(cloud, plane, session_id):
    """Dashboards and alarms live on these lines; the role's own rights must suffice to write them."""
    metric = {"Name": "Calls", "Unit": "Count"}
    directive = {"Namespace": "Test", "Dimensions": [["Stage"]], "Metrics": [metric]}
    line = json.dumps(
        {
            "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
            "Stage": "t",
            "Calls": 2,
        }
    )
    logs, metrics = cloud.client("logs"), cloud.client("cloudwatch")

    await plane.invoke({"do": "print", "line": line}, session_id)
    await plane.stop(session_id)

    group = f"/aws/bedrock-agentcore/runtimes/{plane.runtime.id}-calls"
    await until(lambda: line in printed(logs, group))
    await until(lambda: metrics.list_metrics(Namespace="Test", MetricName="Calls")["Metrics"])


def printed(logs, group):
    try:
        events = logs.filter_log_events(logGroupName=group)["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [one["message"] for one in events]
