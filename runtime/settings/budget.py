"""What the budget's switch may know."""

from dataclasses import dataclass

from runtime.settings.environment import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSettings(Settings):
    """Everything that the function may know which closes the door when the budget is spent."""

    region: str
    ledger_table: str
    budget: str
    """Name of the budget."""
    topic_arn: str
    """What only Budgets may publish to."""
