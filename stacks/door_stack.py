"""The door: callers get in here, and nowhere else."""

from dataclasses import dataclass
from pathlib import Path

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.config import (
    AuthConfig,
    CognitoAuthConfig,
    DeploymentConfig,
    GuestsConfig,
    OidcAuthConfig,
    PageConfig,
    TelephonyConfig,
)
from stacks.parts.budget_switch import BudgetSwitch
from stacks.parts.call_page import CallPage
from stacks.parts.callers import Callers, IamCallers, IssuerCallers
from stacks.parts.door_api import DoorApi
from stacks.parts.door_function import DoorFunction
from stacks.parts.door_layer import DoorLayer
from stacks.parts.door_settings import door_settings, page_settings
from stacks.parts.guest_gate import GuestGate
from stacks.parts.log_keeping import LogKeeping
from stacks.parts.monthly_budget import budget_name
from stacks.parts.page_distribution import PageDistribution
from stacks.parts.relays import Relays
from stacks.parts.session_reaper import SessionReaper
from stacks.parts.sign_in_outputs import SignInOutputs
from stacks.parts.telephony_entry import TelephonyEntry
from stacks.parts.user_pool import UserPoolCallers
from stacks.runtime_stack import RuntimeStack

# API Gateway gives up after 30 s ("Quotas for HTTP APIs"); a caller should get our own answer before.
REQUEST_TIMEOUT = Duration.seconds(25)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorCode:
    """What `scripts/bundle` and `scripts/page` have made for the door."""

    layer: Path
    telephony_layer: Path
    page: Path


class DoorStack(Stack):
    """Owns the API that opens, connects and ends sessions, and the reaper that ends the forgotten ones.

    It is handed the whole configuration, because it opens to callers what nearly every section describes.
    """

    api: DoorApi
    function: lambda_.Function
    """Serves the API."""
    reaper: lambda_.Function
    budget_switch: lambda_.Function
    """Closes the door when the budget is spent."""
    telephony: lambda_.Function | None = None
    """Takes calls from phones."""
    callers: Callers
    """Who may call."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: DeploymentConfig,
        code: DoorCode,
        web_acl_arn: str | None,
        relays: Relays,
        runtime: RuntimeStack,
        log_key: kms.IKey | None,
        env: Environment,
    ) -> None:
        super().__init__(scope, construct_id, env=env, description="Hotline: the door that callers come to")
        self._config, self._runtime = config, runtime
        self._logs = LogKeeping(days=config.door.log_retention_days, key=log_key)
        gate = self._add_gate(config.guests) if config.guests else None
        self._layer = DoorLayer(self, "Layer", layer=code.layer).version
        self._environment = door_settings(config, runtime, region=self.region).to_environment()
        door = self._add_door(relays, gate)
        self.function, self.reaper = door.function, self._add_reaper()
        self.budget_switch = self._add_budget_switch()
        self.api = DoorApi(self, "Api", config=config.door, logs=self._logs)
        front = self._add_front(config.page, web_acl_arn)
        self.callers = self._callers(config.auth, page_urls=(f"{front}/",))
        self.api.serve(door.function, self.callers)
        if gate and config.guests:
            gate.grant_invite(door.role)
            self.api.serve_guests(self.callers, gate.authorizer, config.guests)
        if config.telephony:
            self.telephony = self._add_telephony(config.telephony, code.telephony_layer)
        if config.page.enabled:
            self._add_page(config.page, code.page)
        CfnOutput(self, "DoorUrl", value=self.api.url)
        # For scripts/turn-check, which issues as the door does: ARNs, addresses and names, never a secret.
        CfnOutput(self, "RelaySettings", value=self.to_json_string(relays.environment))
        SignInOutputs(self, "SignIn", kind=config.auth.kind, sign_in=self.callers.sign_in)

    def _add_door(self, relays: Relays, gate: GuestGate | None) -> DoorFunction:
        """Add what serves callers: it may open sessions and end them, and issue credentials of relays."""
        config = self._config.door
        door = DoorFunction(
            self,
            "Requests",
            handler="handlers.handle_request",
            description="opens, connects and ends sessions",
            timeout=REQUEST_TIMEOUT,
            environment={**self._environment, **relays.environment, **(gate.environment if gate else {})},
            layers=(self._layer,),
            reserved_concurrency=config.reserved_concurrency,
            logs=self._logs,
        )
        self._runtime.agent.grant_open(door.role)
        self._runtime.agent.grant_stop(door.role)
        self._runtime.ledger.grant_open(door.role)
        relays.grant_issue(door.role)
        return door

    def _add_reaper(self) -> lambda_.Function:
        """Add what ends the sessions that nobody else will end: it may end them, and open none."""
        reaper = SessionReaper(
            self,
            "Reaper",
            config=self._config.door,
            environment=self._environment,
            layers=(self._layer,),
            logs=self._logs,
        )
        self._runtime.agent.grant_stop(reaper.role)
        self._runtime.ledger.grant_reap(reaper.role)
        return reaper.function

    def _add_budget_switch(self) -> lambda_.Function:
        return BudgetSwitch(
            self,
            "Budget",
            stage=self._config.stage,
            budget=budget_name(self._config.stage, self._config.billing),
            ledger=self._runtime.ledger,
            logs=self._logs,
        ).function

    def _add_telephony(self, telephony: TelephonyConfig, layer: Path) -> lambda_.Function:
        return TelephonyEntry(
            self,
            "Telephony",
            config=telephony,
            api=self.api,
            door_environment=self._environment,
            door_layer=self._layer,
            layer=layer,
            runtime=self._runtime,
            # A number leaves the function only for those who call back.
            tells_numbers=self._config.escalation is not None,
            logs=self._logs,
        ).function

    def _add_gate(self, guests: GuestsConfig) -> GuestGate:
        return GuestGate(
            self,
            "Guests",
            config=guests,
            stage=self._config.stage,
            region=self.region,
            logs=self._logs,
        )

    def _callers(self, auth: AuthConfig, *, page_urls: tuple[str, ...]) -> Callers:
        """Return who may call; a sign-in on the page may end at *page_urls*."""
        match auth:
            case CognitoAuthConfig():
                return UserPoolCallers(self, "Callers", config=auth, page_urls=page_urls)
            case OidcAuthConfig():
                return IssuerCallers(auth)
            case _:
                return IamCallers()

    def _add_front(self, page: PageConfig, web_acl_arn: str | None) -> str:
        """Return the origin that people call from."""
        if not page.enabled:
            return self.api.url
        return PageDistribution(self, "Page", config=page, api=self.api.api, web_acl_arn=web_acl_arn).url

    def _add_page(self, page: PageConfig, code: Path) -> None:
        """Serve the page, which must know where its people sign in."""
        settings = page_settings(self._config, self.callers.sign_in, region=self.region)
        CallPage(
            self,
            "PageFiles",
            settings=settings,
            code=code,
            api=self.api.api,
            reserved_concurrency=page.reserved_concurrency,
            logs=self._logs,
        )
