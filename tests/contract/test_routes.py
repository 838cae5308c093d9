"""What is deployed in front of the door's function, and what the function serves, are one list."""

import pytest

from runtime.door.routes import ROUTES
from tests.stacks.deployment import Deployment, synthesise

SERVING = "runtime.door.handlers.handle_request"


def routes_of(deployment: Deployment, handler: str) -> set[str]:
    """The keys of the routes that lead to the function with *handler*."""
    resources = deployment.templates["Door"]["Resources"]
    functions = {
        name for name, one in resources.items() if one.get("Properties", {}).get("Handler") == handler
    }
    integrations = {
        name
        for name, one in resources.items()
        if one["Type"] == "AWS::ApiGatewayV2::Integration"
        and one["Properties"]["IntegrationUri"]["Fn::GetAtt"][0] in functions
    }
    return {
        one["Properties"]["RouteKey"]
        for one in resources.values()
        if one["Type"] == "AWS::ApiGatewayV2::Route"
        and one["Properties"]["Target"]["Fn::Join"][1][1]["Ref"] in integrations
    }


def test_every_route_of_the_function_is_deployed_and_no_other():
    """One that is deployed alone answers 404 to a client that trusted the document, one served alone nobody reaches."""
    assert routes_of(synthesise("dev", '{"guests": {}}'), SERVING) == ROUTES.keys()


@pytest.mark.parametrize("key", [key for key in ROUTES if "guest" in key or "invites" in key])
def test_a_stage_without_guests_has_no_way_for_them(key):
    """What is not deployed cannot be open by mistake."""
    assert key not in routes_of(synthesise("dev"), SERVING)
