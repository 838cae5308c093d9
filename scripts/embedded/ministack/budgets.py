"""AWS::Budgets::Budget, joined to the Budgets API that MiniStack has."""

from typing import Any

from ministack.services import budgets
from ministack.services.cloudformation import provisioners

from scripts.embedded.ministack.answers import body_of

type Properties = dict[str, Any]
type Created = tuple[str, dict[str, Any]]

_LONGEST_NAME = 100


def handlers() -> dict[str, dict[str, Any]]:
    """Return the handlers by resource type."""
    return {"AWS::Budgets::Budget": {"create": _create, "update": _update, "delete": _delete}}


def _create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    name = properties["Budget"].get("BudgetName") or provisioners._physical_name(
        stack_name, logical_id, max_len=_LONGEST_NAME
    )
    request = {
        "Budget": _budget(properties, name),
        "NotificationsWithSubscribers": _notifications(properties),
    }
    body_of(budgets._create_budget(request))
    return name, {}


def _update(physical_id: str, _old: Properties, new: Properties, _stack_name: str) -> Created:
    _delete(physical_id, {})
    return _create("", {**new, "Budget": {**new["Budget"], "BudgetName": physical_id}}, "")


def _delete(physical_id: str, _properties: Properties) -> None:
    body_of(budgets._delete_budget({"BudgetName": physical_id}))


def _budget(properties: Properties, name: str) -> dict[str, Any]:
    budget = {**properties["Budget"], "BudgetName": name}
    limit = budget.get("BudgetLimit")
    if limit:  # the template has a number, the API a decimal in text
        budget["BudgetLimit"] = {"Amount": str(limit["Amount"]), "Unit": limit["Unit"]}
    return budget


def _notifications(properties: Properties) -> list[dict[str, Any]]:
    return [
        {**one, "Notification": {**one["Notification"], "Threshold": float(one["Notification"]["Threshold"])}}
        for one in properties.get("NotificationsWithSubscribers", [])
    ]
