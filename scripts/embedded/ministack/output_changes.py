"""Change sets that change outputs only: CloudFormation executes them, MiniStack calls them empty.

Whenever a stack begins to use a resource of another one, CDK adds an export to that one and nothing else;
without this the export never came, and the stack that imports it failed.
"""

from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers

_EMPTY = "The submitted information didn't contain changes."


def execute_output_changes() -> None:
    """Let a change set whose outputs differ from its stack's be executed."""
    operations = handlers._ACTION_HANDLERS
    create = operations["CreateChangeSet"]

    def create_and_compare(parameters: dict[str, Any]) -> Any:
        answer = create(parameters)
        for change_set in cloudformation._change_sets.values():
            if change_set["StatusReason"].startswith(_EMPTY) and _changes_outputs(change_set):
                change_set.update(Status="CREATE_COMPLETE", ExecutionStatus="AVAILABLE", StatusReason="")
        return answer

    operations["CreateChangeSet"] = create_and_compare


def _changes_outputs(change_set: dict[str, Any]) -> bool:
    stack = cloudformation._stacks.get(change_set["StackName"], {})
    before, after = (one.get("Outputs", {}) for one in (stack.get("_template", {}), change_set["_template"]))
    return bool(before != after)
