"""Which tools the agent has: the one list that a new tool is added to (docs/tools.md)."""

from runtime.cloud import Cloud
from runtime.escalation.people import people_tools
from runtime.settings.agent import RuntimeSettings
from runtime.tools.order_status import order_status_tool
from runtime.tools.tool import Tool


def tools_of_a_call(
    cloud: Cloud, settings: RuntimeSettings, session_id: str, *, caller_number: str = ""
) -> list[Tool]:
    """Return the tools of one call; nothing here may ask anybody anything before the model does.

    Args:
        cloud: Where clients of AWS services are had from.
        settings: Name the stage's tables.
        session_id: Of the call.
        caller_number: What they call from; empty if nobody knows.
    """
    return [
        order_status_tool(cloud, settings.orders_table),
        *people_tools(cloud, settings, session_id, caller_number=caller_number),
    ]
