"""The agent, and the tables it reads and reports to."""

from pathlib import Path

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from runtime.settings.agent import RuntimeSettings
from stacks.config import EndpointsConfig, EscalationConfig, RuntimeConfig
from stacks.parts.agent_runtime import AgentRuntime
from stacks.parts.brain_settings import brain_settings
from stacks.parts.log_keeping import LogKeeping
from stacks.parts.orders_table import OrdersTable
from stacks.parts.people import People
from stacks.parts.session_ledger import SessionLedger


class RuntimeStack(Stack):
    """Owns what answers the call, apart from the door that lets callers in."""

    agent: AgentRuntime
    ledger: SessionLedger

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: RuntimeConfig,
        stage: str,
        escalation: EscalationConfig | None,
        endpoints: EndpointsConfig | None,
        bundle: Path,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        log_key: kms.IKey | None,
        env: Environment,
    ) -> None:
        super().__init__(scope, construct_id, env=env, description="Hotline: the voice agent")
        orders = OrdersTable(self, "Orders")
        self.ledger = SessionLedger(self, "Ledger")
        people = People.add_to(self, escalation)
        settings = self._settings(config, stage, endpoints, orders, people)
        self.agent = AgentRuntime(
            self,
            "Agent",
            config=config,
            stage=stage,
            bundle=bundle,
            environment=settings.to_environment(),
            vpc=vpc,
            security_group=security_group,
            logs=LogKeeping(days=config.log_retention_days, key=log_key),
        )
        orders.grant_look_up(self.agent.role)
        self.ledger.grant_report(self.agent.role)
        people.grant_reach(self.agent.role)
        self._tell(orders)

    def _settings(
        self,
        config: RuntimeConfig,
        stage: str,
        endpoints: EndpointsConfig | None,
        orders: OrdersTable,
        people: People,
    ) -> RuntimeSettings:
        return RuntimeSettings(
            stage=stage,
            region=self.region,
            **brain_settings(config.brain, self.region),
            idle_seconds=config.idle_seconds,
            call_seconds=config.call_seconds,
            call_cost_usd=config.call_cost_usd,
            orders_table=orders.name,
            ledger_table=self.ledger.name,
            bedrock_url=endpoints.bedrock if endpoints else "",
            services_url=endpoints.services if endpoints else "",
            **people.settings,
        )

    def _tell(self, orders: OrdersTable) -> None:
        """Say what scripts and other programs ask for."""
        CfnOutput(self, "RuntimeArn", value=self.agent.arn)
        CfnOutput(self, "EndpointName", value=self.agent.endpoint_name)
        CfnOutput(self, "OrdersTable", value=orders.name)
        CfnOutput(self, "LedgerTable", value=self.ledger.name)
