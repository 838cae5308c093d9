"""Entry point of the function that Budgets reaches: it may write the switch, and nothing else."""

import logging
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.config import Config

from runtime.door.budget import BudgetSwitch, Notice
from runtime.settings.budget import BudgetSettings
from turn.clients import Clients

logger = logging.getLogger(__name__)

# Nobody waits, and SNS delivers what failed again.
_PATIENCE = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 5})


def handle_budget(event: Mapping[str, Any], _context: object) -> None:
    """Close the door to new sessions.

    Raises:
        HotlineError: It was not closed; the alarm on this function's errors tells.
    """
    settings = BudgetSettings.from_environment(os.environ)
    for record in event["Records"]:
        notice = Notice.read(record, topic_arn=settings.topic_arn, budget=settings.budget)
        is_news = _switch(settings).close(notice)
        told = {"limit": notice.limit, "spent": notice.spent, "closed": is_news}
        logger.warning("The budget is spent", extra=told)


@cache
def _switch(settings: BudgetSettings) -> BudgetSwitch:
    client = Clients().make("dynamodb", region=settings.region, config=_PATIENCE)
    return BudgetSwitch(client, settings.ledger_table)
