"""What is watched, and who is woken."""

from aws_cdk import Environment, Stack
from constructs import Construct

from stacks.config import CoturnConfig, FargateBridgeConfig, MonitoringConfig, TelephonyConfig, TurnConfig
from stacks.door_stack import DoorStack
from stacks.parts.alarm_topic import AlarmTopic
from stacks.parts.bridge_watches import bridge_watches
from stacks.parts.call_watches import call_watches
from stacks.parts.coturn_watches import coturn_watches, relay_graphs
from stacks.parts.dashboard import CallDashboard
from stacks.parts.door_watches import door_watches
from stacks.parts.phone_watches import phone_watches
from stacks.parts.watch import Pages
from stacks.runtime_stack import RuntimeStack


class MonitoringStack(Stack):
    """Owns the dashboard, the alarms and the way they take to a person."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: MonitoringConfig,
        turn: TurnConfig,
        telephony: TelephonyConfig | None,
        stage: str,
        runtime: RuntimeStack,
        door: DoorStack,
        env: Environment,
    ) -> None:
        super().__init__(scope, construct_id, env=env, description="Hotline: what is watched, who is woken")
        topic = AlarmTopic(self, "Alarms", email=config.alarm_email, publishers=["cloudwatch.amazonaws.com"])
        relays = turn.first(CoturnConfig)
        watches = (*call_watches(stage, config), *door_watches(door))
        phones = phone_watches(stage, door.telephony) if door.telephony else ()
        bridge = telephony.bridge if telephony else None
        bridged = bridge_watches(stage, bridge) if isinstance(bridge, FargateBridgeConfig) else ()
        pages = Pages(stage=stage, region=self.region, runbooks_url=config.runbooks_url)
        alarms = {
            watch.name: watch.add_to(self, pages=pages, topic=topic)
            for watch in (*watches, *phones, *bridged, *(coturn_watches(stage, relays) if relays else ()))
        }
        CallDashboard(
            self,
            "Calls",
            stage=stage,
            alarms=alarms,
            agent=runtime.agent,
            door=door,
            relays=relay_graphs(stage, relays) if relays else None,
        )
