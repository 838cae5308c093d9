"""The door: callers get in here, and nowhere else."""

from pathlib import Path

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from runtime.settings import DoorSettings, PageSettings
from stacks.config import (
    AuthConfig,
    CognitoAuthConfig,
    DoorConfig,
    EndpointsConfig,
    GuestsConfig,
    ManagedTurnConfig,
    OidcAuthConfig,
    PageConfig,
    RuntimeConfig,
    TelephonyConfig,
    TurnConfig,
)
from stacks.parts.budget_switch import BudgetSwitch
from stacks.parts.call_page import CallPage
from stacks.parts.callers import Callers, IamCallers, IssuerCallers
from stacks.parts.door_api import DoorApi
from stacks.parts.door_function import DoorFunction
from stacks.parts.door_layer import DoorLayer
from stacks.parts.guest_gate import GuestGate
from stacks.parts.page_distribution import PageDistribution
from stacks.parts.relays import Relays
from stacks.parts.session_reaper import SessionReaper
from stacks.parts.sign_in_outputs import SignInOutputs
from stacks.parts.telephony_entry import TelephonyEntry
from stacks.parts.user_pool import UserPoolCallers
from stacks.runtime_stack import RuntimeStack

# API Gateway gives up after 30 s ("Quotas for HTTP APIs"); a caller should get our own answer before.
REQUEST_TIMEOUT = Duration.seconds(25)

# An embedded cloud's relay answers on the machine that the caller is on as well.
EMBEDDED_RELAYS = ("127.0.0.1/32",)


class DoorStack(Stack):
    """Owns the API that opens, connects and ends sessions, and the reaper that ends the forgotten ones."""

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
        config: DoorConfig,
        auth: AuthConfig,
        page: PageConfig,
        page_code: Path,
        layer: Path,
        web_acl_arn: str | None,
        turn: TurnConfig,
        stage: str,
        limits: RuntimeConfig,
        budget: str,
        guests: GuestsConfig | None,
        telephony: TelephonyConfig | None,
        telephony_layer: Path,
        endpoints: EndpointsConfig | None,
        relays: Relays,
        runtime: RuntimeStack,
        env: Environment,
    ) -> None:
        super().__init__(scope, construct_id, env=env, description="Hotline: the door that callers come to")
        pool = turn.first(ManagedTurnConfig)
        environment = DoorSettings(
            stage=stage,
            region=self.region,
            runtime_arn=runtime.agent.arn,
            endpoint_name=runtime.agent.endpoint_name,
            ledger_table=runtime.ledger.name,
            concurrency=config.concurrency,
            sessions_per_caller=config.sessions_per_caller,
            sessions_per_caller_and_minute=config.sessions_per_caller_and_minute,
            call_seconds=limits.call_seconds,
            idle_seconds=limits.idle_seconds,
            call_cost_usd=limits.call_cost_usd,
            lifetime_seconds=runtime.agent.lifetime_seconds,
            join_seconds=config.join_seconds,
            heartbeat_lost_seconds=config.heartbeat_lost_seconds,
            caller_policy=turn.caller_policy,
            relay_networks=",".join((*turn.relay_networks, *(EMBEDDED_RELAYS if endpoints else ()))),
            allocations_per_call=pool.allocations_per_call if pool else 0,
            allowed_origins=" ".join(config.allowed_origins),
            agentcore_url=endpoints.agentcore if endpoints else "",
        ).to_environment()
        gate = self._add_gate(guests, stage, config.log_retention_days) if guests else None
        layers = (DoorLayer(self, "Layer", layer=layer).version,)
        door = DoorFunction(
            self,
            "Requests",
            handler="handlers.handle_request",
            description="opens, connects and ends sessions",
            timeout=REQUEST_TIMEOUT,
            environment={**environment, **relays.environment, **(gate.environment if gate else {})},
            layers=layers,
            reserved_concurrency=config.reserved_concurrency,
            log_retention_days=config.log_retention_days,
        )
        reaper = SessionReaper(self, "Reaper", config=config, environment=environment, layers=layers)
        runtime.agent.grant_open(door.role)
        runtime.agent.grant_stop(door.role)
        runtime.ledger.grant_open(door.role)
        relays.grant_issue(door.role)
        runtime.agent.grant_stop(reaper.role)
        runtime.ledger.grant_reap(reaper.role)
        switch = BudgetSwitch(
            self,
            "Budget",
            stage=stage,
            budget=budget,
            ledger=runtime.ledger,
            log_retention_days=config.log_retention_days,
        )
        self.function, self.reaper, self.budget_switch = door.function, reaper.function, switch.function
        self.api = DoorApi(self, "Api", config=config)
        front = self._add_front(page, web_acl_arn)
        self.callers = self._callers(auth, page_urls=(f"{front}/",))
        self.api.serve(door.function, self.callers)
        if gate and guests:
            gate.grant_invite(door.role)
            self.api.serve_guests(self.callers, gate.authorizer, guests)
        if telephony:
            self.telephony = TelephonyEntry(
                self,
                "Telephony",
                config=telephony,
                api=self.api,
                door_environment=environment,
                door_layer=layers[0],
                layer=telephony_layer,
                runtime=runtime,
                log_retention_days=config.log_retention_days,
            ).function
        if page.enabled:
            self._add_page(
                page,
                page_code,
                config,
                stage=stage,
                kind=auth.kind,
                guests=guests is not None,
                endpoints=endpoints,
            )
        CfnOutput(self, "DoorUrl", value=self.api.url)
        # For scripts/turn-check, which issues as the door does: ARNs, addresses and names, never a secret.
        CfnOutput(self, "RelaySettings", value=self.to_json_string(relays.environment))
        SignInOutputs(self, "SignIn", kind=auth.kind, sign_in=self.callers.sign_in)

    def _add_gate(self, guests: GuestsConfig, stage: str, log_retention_days: int) -> GuestGate:
        return GuestGate(
            self,
            "Guests",
            config=guests,
            stage=stage,
            region=self.region,
            log_retention_days=log_retention_days,
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

    def _add_page(
        self,
        page: PageConfig,
        code: Path,
        config: DoorConfig,
        *,
        stage: str,
        kind: str,
        guests: bool,
        endpoints: EndpointsConfig | None,
    ) -> None:
        """Serve the page, which must know where its people sign in."""
        sign_in = self.callers.sign_in
        settings = PageSettings(
            stage=stage,
            agent_origin=_agent_origin(self.region, endpoints),
            before_call=page.before_call,
            auth_kind=kind,
            issuer=sign_in.issuer if sign_in else "",
            client_id=sign_in.page_client_id if sign_in else "",
            scopes=" ".join(sign_in.scopes) if sign_in else "",
            sign_in_origins=" ".join(sign_in.origins) if sign_in else "",
            guests=guests,
            embedded=endpoints is not None,
        )
        CallPage(
            self,
            "PageFiles",
            settings=settings,
            code=code,
            api=self.api.api,
            reserved_concurrency=page.reserved_concurrency,
            log_retention_days=config.log_retention_days,
        )


def _agent_origin(region: str, endpoints: EndpointsConfig | None) -> str:
    """Return where the page's WebSockets lead: AgentCore's data plane."""
    if endpoints:
        return endpoints.agentcore.replace("http", "ws", 1)
    return f"wss://bedrock-agentcore.{region}.amazonaws.com"
