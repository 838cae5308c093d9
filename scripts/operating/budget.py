"""The budget of a stage: what is spent, and whether the door is closed for it."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runtime.door.budget import SwitchState
from scripts.operating.errors import OperatingError
from scripts.operating.stage import Stage


class BudgetUnavailableError(OperatingError):
    """The Billing stack, or what AWS knows of its budget, cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetStatus:
    """What the budget and the switch say."""

    budget: str
    limit_usd: float
    spent_usd: float
    """This month so far, as AWS has counted: it is up to a day behind."""
    forecast_usd: float | None
    switch: SwitchState

    @classmethod
    def of(cls, stage: Stage) -> "BudgetStatus":
        """Ask AWS.

        Raises:
            BudgetUnavailableError: It does not tell.
            LedgerUnavailableError: DynamoDB does not.
        """
        name = _budget_name(stage)
        budget = _describe(stage, name)
        spend = budget.get("CalculatedSpend", {})
        forecast = spend.get("ForecastedSpend")
        return cls(
            budget=name,
            limit_usd=float(budget["BudgetLimit"]["Amount"]),
            spent_usd=float(spend.get("ActualSpend", {}).get("Amount", 0)),
            forecast_usd=float(forecast["Amount"]) if forecast else None,
            switch=stage.switch().state(),
        )

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` writes; moments are Unix seconds, and null means never."""
        switch = {name: value or None for name, value in asdict(self.switch).items()}
        return {**asdict(self), "switch": {**switch, "closed": self.switch.closed}}

    def lines(self) -> tuple[str, ...]:
        """Return the same in words."""
        share = f" ({100 * self.spent_usd / self.limit_usd:.0f} %)" if self.limit_usd else ""
        forecast = f", forecast US${self.forecast_usd:,.2f}" if self.forecast_usd is not None else ""
        return (
            f"Budget {self.budget}: US${self.limit_usd:,.2f} a month",
            f"Spent this month: US${self.spent_usd:,.2f}{share}{forecast}; AWS is up to a day behind",
            *self._switch_lines(),
        )

    def _switch_lines(self) -> tuple[str, ...]:
        switch = self.switch
        why = f"Budgets told that {switch.spent} of {switch.limit} were spent"
        if switch.closed:
            return (
                f"Door: closed to new sessions since {_moment(switch.closed_at)}, because {why}",
                "Open it again with: resume",
            )
        if not switch.closed_at:
            return ("Door: open; the budget has never closed it",)
        return (
            f"Door: open, resumed {_moment(switch.resumed_at)}; closed {_moment(switch.closed_at)}, because {why}",
        )


def _budget_name(stage: Stage) -> str:
    stack = f"Hotline-{stage.name}-Billing"
    try:
        found = stage.client("cloudformation", in_billing_region=True).describe_stacks(StackName=stack)
    except (ClientError, BotoCoreError) as fault:
        raise BudgetUnavailableError(
            f"Stack {stack} cannot be described ({fault}), so the budget is not known.  Deploy it with "
            f"`cdk deploy --all -c stage={stage.name}`; you need cloudformation:DescribeStacks in us-east-1."
        ) from fault
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found["Stacks"][0].get("Outputs", ())}
    if "BudgetName" not in outputs:
        raise BudgetUnavailableError(
            f"Stack {stack} names no budget: an older version made it.  Deploy the stage again."
        )
    return str(outputs["BudgetName"])


def _describe(stage: Stage, name: str) -> dict[str, Any]:
    try:
        account = stage.client("sts").get_caller_identity()["Account"]
        budgets = stage.client("budgets", in_billing_region=True)
        budget: dict[str, Any] = budgets.describe_budget(AccountId=account, BudgetName=name)["Budget"]
    except (ClientError, BotoCoreError) as fault:
        raise BudgetUnavailableError(
            f"AWS does not tell about budget {name}: {fault}.  You need budgets:ViewBudget."
        ) from fault
    return budget


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC" if seconds else "never"
