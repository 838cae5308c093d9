"""The page of all rights: what each role may do and why, who may become it, and who may use each resource."""

from collections.abc import Iterable, Sequence

from scripts.reporting import wildcards
from scripts.reporting.findings import Finding
from scripts.reporting.pages import NOT_EXPLAINED, Cell, Mark, Page, Row, Table, lines, reason, row
from scripts.reporting.statements import IDENTITY, RESOURCE, TRUST, Statement
from scripts.reporting.use import Use
from scripts.reporting.uses import USES

_TITLES = {
    IDENTITY: (
        "What each role may do",
        (
            "Every statement of every role.  What CloudFormation fills in stands in braces, as the place in the code that it is "
            "of; no role has a managed policy of AWS unless it is listed here."
        ),
    ),
    TRUST: ("Who may become each role", "Services of AWS alone."),
    RESOURCE: (
        "Who may use each resource",
        (
            "Policies of keys, topics, queues and tables, and what lets services invoke functions.  What has no policy of its own "
            "(log groups, the ledger) is reached by the roles above and by nobody of another account."
        ),
    ),
}


def page(statements: Sequence[Statement], findings: Sequence[Finding]) -> Page:
    """Return the page of all rights."""
    return Page(
        name="rights",
        title="Rights",
        about=(
            (
                "Read from the templates.  A pattern in place of a name is highlighted, with the reason for it: from the "
                "acknowledgement beside the code, or from scripts/reporting/wildcards.py.  Why a right is given and what uses it "
                "is from scripts/reporting/uses.py.  An asterisk in a condition such as dynamodb:LeadingKeys narrows a right, and "
                "is not highlighted."
            ),
            (
                "The embedded cloud checks each call of the agent and the door against these policies, so a right that is used "
                "and not given fails the tests.  A right that is given and not used would not: this table is where to look."
            ),
        ),
        tables=tuple(_table(kind, statements, findings) for kind in _TITLES),
    )


def unreasoned(statements: Sequence[Statement], findings: Sequence[Finding]) -> list[Statement]:
    """Return the statements with a pattern that nobody gives a reason for: none, in what may be signed."""
    return [one for one in statements if one.wildcards and not wildcards.why(one, findings)]


def uses(statement: Statement) -> list[Use | None]:
    """Return what each action of *statement* is for, nothing for an action that nobody explains."""
    return [next((use for use in USES if use.covers(statement, one)), None) for one in statement.actions]


def _table(kind: str, statements: Sequence[Statement], findings: Sequence[Finding]) -> Table:
    title, about = _TITLES[kind]
    who = () if kind == IDENTITY else ("By whom",)
    on = () if kind == TRUST else ("On",)
    return Table(
        name=f"rights-{kind}",
        title=title,
        columns=(
            *("Role" if kind != RESOURCE else "Resource", "Effect", *who, "Actions", *on, "Only if"),
            *("Why", "Used by", "Why a pattern"),
        ),
        rows=tuple(_row(one, findings) for one in statements if one.kind == kind),
        about=about,
    )


def _row(statement: Statement, findings: Sequence[Finding]) -> Row:
    kind, patterns = statement.kind, statement.wildcards
    explained = uses(statement)
    by = () if kind == IDENTITY else (_marked(statement.principals, patterns),)
    on = () if kind == TRUST else (_marked(statement.resources, patterns),)
    return row(
        statement.holder,
        statement.effect,
        *by,
        _marked(statement.actions, patterns),
        *on,
        _marked(statement.conditions, patterns),
        _why(explained),
        _together(one.call for one in explained if one),
        reason(wildcards.why(statement, findings)) if patterns else Cell(""),
    )


def _why(explained: Sequence[Use | None]) -> Cell:
    texts = _together(one.why if one else NOT_EXPLAINED for one in explained)
    return Cell(texts, Mark.OPEN if None in explained else Mark.NONE)


def _marked(texts: Sequence[str], patterns: Sequence[str]) -> Cell:
    return Cell(lines(texts), Mark.WILDCARD if set(texts) & set(patterns) else Mark.NONE)


def _together(texts: Iterable[str]) -> str:
    """Join what is said of several actions; what is said of many of them, once."""
    return ";\n".join(dict.fromkeys(texts))
