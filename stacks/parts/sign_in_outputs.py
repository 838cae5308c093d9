"""What scripts, and whoever writes a client, must know to get the token that the door lets in."""

from aws_cdk import CfnOutput
from constructs import Construct

from stacks.parts.callers import SignIn


class SignInOutputs(Construct):
    """Outputs of the stack: none is a secret, because the clients have none."""

    def __init__(self, scope: Construct, construct_id: str, *, kind: str, sign_in: SignIn | None) -> None:
        super().__init__(scope, construct_id)
        self._add("AuthKind", kind, "Who may call: cognito, oidc or iam")
        if sign_in is None:
            return
        self._add("Issuer", sign_in.issuer, "Issues the tokens that the door lets in")
        self._add(
            "Audiences", " ".join(sign_in.audiences), "Whom such a token may be meant for, one of these"
        )
        self._add("SignInScopes", " ".join(sign_in.scopes), "What to ask the issuer for")
        self._add("PageClientId", sign_in.page_client_id, "Public client of the call page")
        if sign_in.terminal_port:
            self._add("TerminalClientId", sign_in.terminal_client_id, "Public client of scripts/call")
            self._add("TerminalPort", str(sign_in.terminal_port), "Where its sign-in ends on localhost")

    def _add(self, name: str, value: str, description: str) -> None:
        CfnOutput(self, name, value=value, description=description).override_logical_id(name)
