"""Resource types that nothing here acts on: their properties are checked, kept and handed back.

A type is listed by hand, with the shape of its identifier and ARN, so that a template which uses a
type nobody thought of still fails instead of being waved through.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region
from ministack.services.cloudformation import provisioners

from scripts.embedded.ministack.schema import schema_of

_LONGEST_NAME = 64
"""Longest name that CloudFormation makes up, in characters."""


@dataclass(frozen=True, slots=True)
class RecordedType:
    """One resource type that is only recorded.

    Attributes:
        type_name: For example `AWS::Budgets::Budget`.
        arn: Its ARN with `{region}`, `{account}`, `{name}` and `{id}` left open.
        name_property: The property that names it; empty when AWS makes up an id.
        id_prefix: How an id that AWS makes up begins.
    """

    type_name: str
    arn: str
    name_property: str = ""
    id_prefix: str = ""


RECORDED_TYPES = (
    RecordedType("AWS::BedrockAgentCore::ResourcePolicy", "{name}", "ResourceArn"),
    RecordedType("AWS::Budgets::BudgetsAction", "arn:aws:budgets::{account}:action/{id}"),
    RecordedType("AWS::CE::AnomalyMonitor", "arn:aws:ce::{account}:anomalymonitor/{id}"),
    RecordedType("AWS::CE::AnomalySubscription", "arn:aws:ce::{account}:anomalysubscription/{id}"),
    RecordedType("AWS::Cognito::ManagedLoginBranding", ""),
    RecordedType("AWS::EC2::EIPAssociation", "", id_prefix="eipassoc-"),
    RecordedType(
        "AWS::ImageBuilder::Component",
        "arn:aws:imagebuilder:{region}:{account}:component/{name}/1.0.0/1",
        "Name",
    ),
    RecordedType(
        "AWS::ImageBuilder::Image",
        "arn:aws:imagebuilder:{region}:{account}:image/{name}/1.0.0/1",
        id_prefix="ami-",
    ),
    RecordedType(
        "AWS::ImageBuilder::ImageRecipe",
        "arn:aws:imagebuilder:{region}:{account}:image-recipe/{name}/1.0.0",
        "Name",
    ),
    RecordedType(
        "AWS::ImageBuilder::InfrastructureConfiguration",
        "arn:aws:imagebuilder:{region}:{account}:infrastructure-configuration/{name}",
        "Name",
    ),
    RecordedType("AWS::Logs::Delivery", "arn:aws:logs:{region}:{account}:delivery:{id}"),
    RecordedType(
        "AWS::Logs::DeliveryDestination",
        "arn:aws:logs:{region}:{account}:delivery-destination:{name}",
        "Name",
    ),
    RecordedType(
        "AWS::Logs::DeliverySource", "arn:aws:logs:{region}:{account}:delivery-source:{name}", "Name"
    ),
    RecordedType("AWS::Logs::QueryDefinition", ""),
    RecordedType("AWS::Route53::HealthCheck", ""),
    RecordedType("AWS::XRay::ResourcePolicy", "", "PolicyName"),
)


class Recorder:
    """The handlers of one recorded type, in the form that MiniStack's engine calls."""

    def __init__(self, kind: RecordedType) -> None:
        self._kind = kind
        self._kept: Any = AccountRegionScopedDict()

    def handlers(self) -> dict[str, Any]:
        """Return the operations by the names that the engine knows."""
        return {"create": self.create, "update": self.update, "delete": self.delete}

    def create(
        self, logical_id: str, properties: dict[str, Any], stack_name: str
    ) -> tuple[str, dict[str, Any]]:
        """Keep a new resource; its physical id follows the type's primary identifier.

        Raises:
            ValueError: A resource of that name exists already.
        """
        name = properties.get(self._kind.name_property) or provisioners._physical_name(
            stack_name, logical_id, max_len=_LONGEST_NAME
        )
        record = {"name": name, "id": self._kind.id_prefix + uuid4().hex[:17], "properties": properties}
        physical_id = self._physical_id(record)
        if physical_id in self._kept:
            raise ValueError(f"{self._kind.type_name} {physical_id!r} already exists.")
        self._kept[physical_id] = record
        return physical_id, self._attributes(record)

    def update(
        self, physical_id: str, _old: dict[str, Any], new: dict[str, Any], _stack_name: str
    ) -> tuple[str, dict[str, Any]]:
        """Keep the new properties."""
        record = {**self._kept[physical_id], "properties": new}
        self._kept[physical_id] = record
        return physical_id, self._attributes(record)

    def delete(self, physical_id: str, _properties: dict[str, Any]) -> None:
        """Forget the resource."""
        self._kept.pop(physical_id, None)

    def _physical_id(self, record: dict[str, Any]) -> str:
        schema = schema_of(self._kind.type_name)
        identifier = schema.identifier if schema else ()
        return "|".join(str(self._value(name, record)) for name in identifier) or record["id"]

    def _attributes(self, record: dict[str, Any]) -> dict[str, Any]:
        schema = schema_of(self._kind.type_name)
        names = schema.attribute_names() if schema else []
        return {name: self._value(name, record) for name in names}

    def _value(self, name: str, record: dict[str, Any]) -> Any:
        if name in record["properties"]:
            return record["properties"][name]
        if name.endswith("Arn"):
            return self._kind.arn.format(
                region=get_region(), account=get_account_id(), name=record["name"], id=record["id"]
            )
        return record["name"] if name.endswith("Name") else record["id"]
