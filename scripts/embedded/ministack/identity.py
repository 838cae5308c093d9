"""Who may do what, asked by the other servers of the embedded cloud.

AgentCore and Bedrock verify signatures and policies like every service of AWS, and the keys and
policies are MiniStack's.  Three questions, on paths that no SDK uses (identity_endpoint.py):

    POST /_hotline/credential      what belongs to this key
    POST /_hotline/authorize       whose key is this, may it do that, what is its secret
    POST /_hotline/role-session    keys of a role for a service that its trust policy names
"""

import json
import time
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import _account_from_sts_session, request_scope
from ministack.services import iam, sts

type Question = dict[str, Any]

_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_UNVERIFIED = "The security token included in the request is invalid."


class RefusedError(Exception):
    """The question is answered with no.

    Args:
        code: AWS's name of the error.
        message: AWS's sentence for it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def credential(question: Question) -> dict[str, Any]:
    """Return the secret of a key, its session token and its expiry, for a service that judges them itself.

    Raises:
        RefusedError: The key is unknown or expired.
    """
    key = question["access_key"]
    with request_scope(_account_of(key), question["region"]):
        found = iam_evaluator.resolve_credential(key)
    if isinstance(found, iam_evaluator.CredentialResolutionError):
        raise RefusedError(found.code, found.message)
    return {
        "access_key": key,
        "secret": found.secret_access_key,
        "session_token": found.session_token or "",
        "expires_at": found.expiration,
    }


def authorize(question: Question) -> dict[str, Any]:
    """Check that a key may do `action` on every one of `resources`, and return its secret.

    The asker compares the signature itself, because only it has seen the request.

    Raises:
        RefusedError: The key is unknown, expired or has the wrong session token, or a policy says no.
    """
    key = question["access_key"]
    account = _account_of(key)
    with request_scope(account, question["region"]):
        found = iam_evaluator.resolve_credential(key, account, question.get("session_token") or "")
        if isinstance(found, iam_evaluator.CredentialResolutionError):
            raise RefusedError(found.code, found.message)
        principal = iam_evaluator.resolve_principal(key, account, found)
        for resource in question["resources"]:
            _check_policies(principal, question["action"], resource, question["region"])
    return {"secret": found.secret_access_key}


def _account_of(key: str) -> str:
    account: str | None = _account_from_sts_session(key) or iam_evaluator.find_iam_access_key_account(key)
    if not key or account is None:
        raise RefusedError("UnrecognizedClientException", _UNVERIFIED)
    return account


def _check_policies(principal: Any, action: str, resource: str, region: str) -> None:
    context = iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=resource,
        region=region,
        principal_keys=principal.keys,
    )
    verdict = iam_evaluator.evaluate(context, principal.policies, *principal.limits)
    if verdict.decision != "Allow":
        why = (
            "with an explicit deny"
            if verdict.decision == "Deny"
            else f"because no policy allows the {action} action"
        )
        raise RefusedError(
            "AccessDeniedException",
            f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource} {why}",
        )


def role_session(question: Question) -> dict[str, Any]:
    """Return keys of `role_arn` for `service`, which acts for `source_arn`.

    Raises:
        RefusedError: The role does not exist, or its trust policy does not name the service or is
            tied to another source.
    """
    role_arn, seconds = question["role_arn"], int(question["seconds"])
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    with request_scope(account, question["region"]):
        role = iam._roles.get_scoped(account, None, name)
        if role is None or not _trusts(role, question, account):
            raise RefusedError(
                "AccessDeniedException",
                f"{question['service']} may not assume {role_arn}: the role's trust policy does not let it.",
            )
        session = {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{question['session_name']}",
            "UserId": f"{role.get('RoleId', name)}:{question['session_name']}",
            "SecretAccessKey": sts._gen_secret(),
            "SessionToken": sts._gen_session_token(),
            "Expiration": time.time() + seconds,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
        }
        key = sts._gen_session_access_key()
        sts.register_session(key, session)
    return {
        "access_key": key,
        "secret": session["SecretAccessKey"],
        "session_token": session["SessionToken"],
        "expires_at": session["Expiration"],
    }


def _trusts(role: dict[str, Any], question: Question, account: str) -> bool:
    """Judge the trust policy for a service principal, which MiniStack's evaluator has no notion of.

    Each statement that names the service is handed to the evaluator with its principal opened, so
    that actions and conditions are judged there.
    """
    document = role.get("AssumeRolePolicyDocument", {})
    policy = json.loads(document) if isinstance(document, str) else document
    named = [one for one in policy.get("Statement", []) if _names(one, question["service"])]
    context = iam_evaluator.EvalContext(
        principal_arn=question["service"],
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=question["role_arn"],
        region=question["region"],
        service_context={"aws:sourceaccount": account, "aws:sourcearn": question["source_arn"]},
    )
    opened = {**policy, "Statement": [{**one, "Principal": "*"} for one in named]}
    trusted: bool = iam_evaluator.evaluate_trust_policy(opened, question["service"], context)
    return trusted


def _names(statement: dict[str, Any], service: str) -> bool:
    principal = statement.get("Principal", {})
    if not isinstance(principal, dict):
        return bool(principal == "*")
    named = principal.get("Service", [])
    return service in ([named] if isinstance(named, str) else named)


QUESTIONS = {"authorize": authorize, "credential": credential, "role-session": role_session}
"""What may be asked, by the last part of the path."""


def add_administrator(*, name: str, access_key: str, secret: str) -> None:
    """Create the IAM user that deploys, as whoever opened the account would."""
    iam._create_user({"UserName": [name]})
    iam._attach_user_policy({"UserName": [name], "PolicyArn": [_ADMINISTRATOR]})
    iam._access_keys[access_key] = {
        "UserName": name,
        "AccessKeyId": access_key,
        "SecretAccessKey": secret,
        "Status": "Active",
        "CreateDate": iam._users[name]["CreateDate"],
    }
