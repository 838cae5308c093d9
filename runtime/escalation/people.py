"""How this stage hands callers over to people, if it does."""

from collections.abc import Iterator

from runtime.cloud import Cloud
from runtime.escalation.callbacks import Callbacks
from runtime.escalation.queue import Queue
from runtime.settings.agent import RuntimeSettings
from runtime.tools.tool import Tool
from runtime.tools.transfer_to_human import transfer_to_human_tool


def people_tools(
    cloud: Cloud, settings: RuntimeSettings, session_id: str, *, caller_number: str = ""
) -> Iterator[Tool]:
    """Yield the tool that reaches people; a stage without people does not offer it."""
    if settings.callbacks_table:
        deliver = Callbacks(cloud, settings).deliver
    elif settings.queue_url:
        deliver = Queue(cloud, settings).deliver
    else:
        return
    yield transfer_to_human_tool(session_id, deliver, caller_number=caller_number)
