"""Where the token comes from that a stage's door lets in."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.calling.errors import CredentialsError
from scripts.calling.issuer import Issuer
from scripts.calling.sign_in import Client, sign_in

STANDARD_INPUT = Path("-")


def read_token(source: Path) -> str:
    """Return the token in the file *source*, or on standard input; never a command line, which all may see.

    Raises:
        CredentialsError: There is none.
    """
    try:
        text = (sys.stdin.read() if source == STANDARD_INPUT else source.read_text()).strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise CredentialsError(f"The token cannot be read from {source} ({fault}).") from fault
    if not text.isascii() or len(text.split()) != 1:
        raise CredentialsError(f"{source} must hold one access token and nothing else.")
    return text


def token_for(
    outputs: Mapping[str, str], *, token_file: Path | None, tell: Callable[[str], None]
) -> Callable[[], str]:
    """Return what says the token for a stage with *outputs*, of *token_file* or of whoever signs in now.

    Raises:
        CredentialsError: There is none to be had.
    """
    if token_file:
        token = read_token(token_file)
    elif "TerminalPort" in outputs:
        client = Client(
            client_id=outputs["TerminalClientId"],
            port=int(outputs["TerminalPort"]),
            scopes=outputs["SignInScopes"],
        )
        token = sign_in(Issuer.discover(outputs["Issuer"]), client, tell=tell)
    else:
        raise CredentialsError(
            f"Nobody may sign in to this stage from a terminal (auth.terminal_port).  Pass a token of {outputs['Issuer']} "
            "with --token-file."
        )
    return lambda: token
