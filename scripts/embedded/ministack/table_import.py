"""DynamoDB tables that are filled from S3 when they are created (`ImportSourceSpecification`).

MiniStack knows the import as an API call but not as a property of the resource; this joins the two.
"""

from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

TYPE_NAME = "AWS::DynamoDB::Table"


def handlers() -> dict[str, dict[str, Any]]:
    """Return MiniStack's own handlers of the type, with an import after creation."""
    own = provisioners._RESOURCE_HANDLERS[TYPE_NAME]

    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
        table, attributes = own["create"](logical_id, properties, stack_name)
        source = properties.get("ImportSourceSpecification")
        if source:
            try:
                _fill(table, properties["AttributeDefinitions"], source)
            except ValueError:
                own["delete"](table, properties)
                raise
        return table, attributes

    return {TYPE_NAME: {**own, "create": create}}


def _fill(table: str, definitions: list[dict[str, str]], source: dict[str, Any]) -> None:
    """Put every item of the source into *table*.

    Raises:
        ValueError: The source cannot be read or holds an item that DynamoDB refuses.
    """
    if source["InputFormat"] != "CSV":
        raise ValueError(f"Import of {source['InputFormat']} is not known here; use CSV.")
    types = {one["AttributeName"]: one["AttributeType"] for one in definitions}
    options = source.get("InputFormatOptions", {}).get("Csv", {})
    try:
        _bucket, objects = dynamodb._import_source_objects(source["S3BucketSource"], "NONE")
        read = [dynamodb._import_csv_items(text, options, types) for _key, text in objects]
    except dynamodb._ImportFailed as fault:
        raise ValueError(f"Import into {table} failed: {fault.message}") from None
    if not read or any(malformed for _items, malformed in read):
        raise ValueError(f"Import into {table} failed: {source['S3BucketSource']} holds no readable items.")
    for _index, item in (one for items, _malformed in read for one in items):
        status, _headers, body = dynamodb._put_item({"TableName": table, "Item": item})
        if status != 200:  # noqa: PLR2004 - HTTP
            raise ValueError(f"Import into {table} failed: {dynamodb._import_error_message(body)}")
