"""Alarms on an expression of several metrics: MiniStack evaluates none, so they are only recorded."""

from typing import Any

from scripts.embedded.ministack.recorded import RecordedType, Recorder

ALARM = "AWS::CloudWatch::Alarm"
_EXPRESSION = "Metrics"


def record_math_alarms(resource_handlers: dict[str, dict[str, Any]]) -> None:
    """Keep an alarm that has an expression, and leave every other to MiniStack."""
    own = Recorder(RecordedType(ALARM, "arn:aws:cloudwatch:{region}:{account}:alarm:{name}", "AlarmName"))
    for operation, record in own.handlers().items():
        resource_handlers[ALARM][operation] = _choose(record, resource_handlers[ALARM][operation])


def _choose(record: Any, evaluate: Any) -> Any:
    def operate(name: str, properties: dict[str, Any], *rest: Any) -> Any:
        return (record if _EXPRESSION in properties else evaluate)(name, properties, *rest)

    return operate
