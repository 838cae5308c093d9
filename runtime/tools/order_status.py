"""The tool `order_status`: looks up how far an order has come."""

import asyncio
from collections.abc import Mapping
from typing import Any

from runtime.cloud import Cloud
from runtime.tools.tool import Answer, Tool

ORDER_NUMBER_DIGITS = 12
"""Longest order number looked up; more digits are a misunderstanding."""

DEADLINE_SECONDS = 4.0
"""About as long as a caller bears silence; two attempts of the database fit."""


def order_status_tool(cloud: Cloud, table: str) -> Tool:
    """Return the tool, bound to the orders table."""

    async def run(arguments: Mapping[str, Any]) -> Answer:
        number = "".join(filter(str.isdecimal, str(arguments.get("order_number", ""))))
        if not 0 < len(number) <= ORDER_NUMBER_DIGITS:
            return {"found": False, "problem": "That is no order number. Ask for its digits again."}
        return await asyncio.to_thread(_look_up, cloud, table, number)

    return Tool(
        name="order_status",
        description="Looks up the status of an order. Call it whenever the caller gives an order number.",
        parameters={
            "order_number": {
                "type": "string",
                "description": "The digits of the order number, without spaces, such as 427.",
            }
        },
        deadline_seconds=DEADLINE_SECONDS,
        owner="orders team",
        run=run,
    )


def _look_up(cloud: Cloud, table: str, number: str) -> Answer:
    answer = cloud.dynamodb().get_item(TableName=table, Key={"order_number": {"S": number}})
    item = answer.get("Item")
    if item is None:
        return {"order_number": number, "found": False}
    return {"order_number": number, "found": True, "status": item["status"]["S"]}
