"""A deployed stage, as its operator reaches it: with their own rights, past the door."""

from dataclasses import dataclass
from typing import Any

from runtime.door.budget import BudgetSwitch
from runtime.door.ledger import Ledger
from scripts.calling.deployment import CLIENT, Deployment
from stacks.regions import BILLING_REGION


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What an operator's commands need of a stage."""

    deployment: Deployment
    agentcore_url: str = ""
    """Empty on AWS."""

    @property
    def name(self) -> str:
        """As `cdk.json` calls it."""
        return self.deployment.stage

    def ledger(self) -> Ledger:
        """Return the session ledger."""
        return Ledger(self.deployment.tables(), self.deployment.outputs["LedgerTable"])

    def switch(self) -> BudgetSwitch:
        """Return the budget switch."""
        return BudgetSwitch(self.deployment.tables(), self.deployment.outputs["LedgerTable"])

    def agentcore(self) -> Any:
        """Return a client of AgentCore's data plane."""
        return self.deployment.session.client(
            "bedrock-agentcore",
            endpoint_url=self.agentcore_url or None,
            region_name=self.deployment.region,
            config=CLIENT,
        )

    def client(self, service: str, *, in_billing_region: bool = False) -> Any:
        """Return a client of one of the stage's services."""
        session: Any = self.deployment.session
        return session.client(
            service,
            endpoint_url=self.deployment.services_url or None,
            region_name=BILLING_REGION if in_billing_region else self.deployment.region,
            config=CLIENT,
        )
