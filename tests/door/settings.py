"""What a door is told that is tested: the stage of every test, but for what the test is about."""

from typing import Any

from runtime.settings.door import DoorSettings
from scripts.embedded.address import REGION
from tests.door.stand_in import RUNTIME_ARN

STAGE = "test"
TABLE = "ledger"


def settings_of_a_door(*, agentcore_url: str, **differently: Any) -> DoorSettings:
    """Return the settings of a door whose agents are at *agentcore_url*."""
    usual: dict[str, Any] = {
        "stage": STAGE,
        "region": REGION,
        "runtime_arn": RUNTIME_ARN,
        "endpoint_name": "live",
        "ledger_table": TABLE,
        "concurrency": 2,
        "sessions_per_caller": 3,
        "sessions_per_caller_and_minute": 600,
        "call_seconds": 900,
        "idle_seconds": 60,
        "call_cost_usd": 1.0,
        "lifetime_seconds": 1_260,
        "join_seconds": 60,
        "heartbeat_lost_seconds": 60,
        "caller_policy": "relay",
    }
    return DoorSettings(**{**usual, **differently}, agentcore_url=agentcore_url)
