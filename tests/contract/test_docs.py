"""What the pages name is there: commands and their options, files, tests, knobs, outputs, log lines, AWS commands."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
import jmespath
import pytest

from runtime.metrics import METRICS
from stacks.config import DeploymentConfig

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RUNBOOKS = sorted((ROOT / "docs/runbooks").glob("*.md"))
FOLDERS = ("docs", "runtime", "scripts", "stacks", "tests", "turn")

MOST_README_LINES = 150
"""A newcomer reads it to the end, or not at all."""

FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
# Outside code, with or without a title; a picture is a link too.
LINK = re.compile(r"\]\(([^)\s]+)\)")


def page(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    return FENCE.sub("", page(path))


def code(path: Path) -> Iterator[str]:
    """What stands in a page as code: spans, and lines of blocks, continued ones joined."""
    yield from SPAN.findall(prose(path))
    for block in FENCE.findall(page(path)):
        yield from block.replace("\\\n", " ").splitlines()


def named(pattern: str) -> list[tuple[str, str]]:
    """Every match of *pattern* in code of any page, with the page that it stands in."""
    return [
        (path.relative_to(ROOT).as_posix(), found)
        for path in PAGES
        for text in code(path)
        for found in re.findall(pattern, text)
    ]


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def test_the_first_page_is_short():
    """Everything is one link away, so nothing needs to be on it."""
    assert len(page(ROOT / "README.md").splitlines()) <= MOST_README_LINES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path):
    """A page that was renamed takes the way to itself along."""
    for link in LINK.findall(prose(path)):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(file), f"{link} leads to no heading of {target}"


def test_every_page_can_be_found_from_the_first():
    """What nobody links to, nobody reads."""
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        here = ahead.pop()
        reached.add(here)
        for link in LINK.findall(prose(here)):
            there = (here.parent / link.partition("#")[0]).resolve()
            inside = sorted(there.glob("*.md")) if there.is_dir() else [there]
            ahead += [one for one in inside if one in PAGES and one not in reached]

    assert set(PAGES) == reached


def test_every_file_that_is_named_exists():
    """In the pages, and in what the code says of the pages."""
    for where, name in named(rf"(?<![\w./-])((?:{'|'.join(FOLDERS)})/[\w./-]*[\w/])"):
        if name.endswith(".log"):  # of a running embedded cloud
            continue
        assert list(ROOT.glob(name)) or list(ROOT.glob(f"{name}.py")), f"{where} names {name}"
    for folder in (*FOLDERS[1:], "."):
        for path in (ROOT / folder).glob("**/*.py" if folder != "." else "*.py"):
            for name in re.findall(r"docs/[\w/-]+\.md", page(path)):
                assert (ROOT / name).is_file(), f"{path.relative_to(ROOT)} names {name}"


@cache
def options_of(command: str) -> str:
    launcher = ROOT / "scripts" / command
    module = ROOT / "scripts/commands" / f"{command.replace('-', '_')}.py"
    shared = ROOT / "scripts/commands/stage_options.py"
    return page(module) + page(shared) if module.is_file() else page(launcher)


def test_every_command_exists_with_the_options_that_are_shown():
    """The first thing that anybody does with a page is to copy a command out of it."""
    shown = named(r"(?<![\w/-])scripts/([a-z][a-z-]*)(?![\w/.-])((?: [^#`|;)]+)?)")
    commands = {path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix}

    assert len(shown) > 50
    for where, (command, rest) in shown:
        if (ROOT / "scripts" / command).is_dir():
            continue
        assert command in commands, f"{where} shows scripts/{command}"
        if command in ("test", "setup"):  # what stands behind them belongs to pytest, or to another command
            continue
        for option in re.findall(r"(?<!\S)(--[a-z][a-z-]*)", rest):
            assert f'"{option}"' in options_of(command), f"{where} shows scripts/{command} {option}"


@cache
def names_in(name: str) -> frozenset[str]:
    """Names of the tests in any file of that name."""
    found = list((ROOT / "tests").rglob(name)) if "/" not in name else [ROOT / name]
    parsed = [ast.parse(page(path)) for path in found if path.is_file()]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(one.name for tree in parsed for one in tree.body if isinstance(one, kinds))


def test_every_test_that_is_named_is_there():
    """A row of the threat model whose test is gone promises what nobody keeps."""
    everywhere = frozenset[str]().union(
        *(names_in(path.relative_to(ROOT).as_posix()) for path in (ROOT / "tests").rglob("test_*.py"))
    )

    for where, file in named(r"(?<![\w-])((?:tests/[\w/]+/)?test_\w+\.py)"):
        assert names_in(file), f"{where} names {file}"
    for where, name in named(r"^(test_\w+)$"):
        assert name in everywhere, f"{where} names {name}"


def test_every_row_of_the_threat_model_names_a_test_of_its_file():
    """`file: name` means that the test is in that file."""
    text = page(ROOT / "docs/threat-model.md")
    for file, names in re.findall(r"`((?:tests/[\w/]+/)?test_\w+\.py)`: ((?:`test_\w+`(?:, )?)+)", text):
        for name in SPAN.findall(names):
            assert name in names_in(file.rpartition("/")[2]), f"{name} is not in {file}"
    attempts = [line for line in text.splitlines() if line.startswith("| ") and line.count("|") == 4]
    rows = [line for line in attempts if not line.startswith(("| attempt", "| ---"))]
    assert len(rows) > 25
    assert all("test" in line.split("|")[3] for line in rows)


def knobs() -> dict[str, set[str]]:
    schema = DeploymentConfig.model_json_schema()
    found: dict[str, set[str]] = {}

    def walk(name: str, part: dict) -> None:
        if "$ref" in part:
            walk(name, schema["$defs"][part["$ref"].rpartition("/")[2]])
        for one in (*part.get("oneOf", ()), *part.get("anyOf", ()), *filter(None, [part.get("items")])):
            walk(name, one)
        for inner, below in part.get("properties", {}).items():
            found.setdefault(name, set()).add(inner)
            walk(inner, below)

    for name, part in schema["properties"].items():
        walk(name, part)
    return found


def test_every_knob_that_is_named_exists():
    """`turn.relays` in a runbook is what somebody types at three in the morning."""
    known = knobs()

    for where, (section, knob) in named(r"(?<![\w./])([a-z]+)\.([a-z][a-z_]+)(?![\w/(.])"):
        if section in known and not (ROOT / section / knob).exists() and knob != "py":
            assert knob in known[section] or (ROOT / section / f"{knob}.py").is_file(), (
                f"{where} names {section}.{knob}"
            )


def test_every_output_that_is_named_exists():
    """What a stack is said to tell, it tells."""
    stacks = "".join(page(path) for path in (ROOT / "stacks").rglob("*.py"))

    for path in PAGES:
        for name in re.findall(r"outputs? `(\w+)`", prose(path)):
            assert f'"{name}"' in stacks, f"{path.relative_to(ROOT)} names the output {name}"


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_what_a_runbook_asks_the_logs_for_is_logged(path: Path):
    """A query for a message that was reworded finds nothing, and looks like good news."""
    logged = "".join(page(one) for one in (ROOT / "runtime").rglob("*.py"))
    metrics = {metric.name for metric in METRICS}

    for query in [one for one in code(path) if "filter " in one]:
        for message in re.findall(r"""message = (['"])(.+?)\1""", query):
            assert f'"{message[1]}"' in logged
        for field in re.findall(r"\b([A-Z]\w+) = \d|ispresent\((\w+)\)", query):
            assert "".join(field) in metrics


SERVICES = {"resourcegroupstaggingapi": "resourcegroupstaggingapi"}
# The CLI's own, which are no parameters of an operation.
GLOBAL_OPTIONS = {"query", "output", "region", "profile"}


@cache
def operations(service: str) -> dict[str, set[str]]:
    """Operations of *service* as the AWS CLI spells them, with their options."""
    model = botocore.session.Session().get_service_model(SERVICES.get(service, service))
    found = {}
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        found[dashed(name)] = {dashed(one) for one in shape.members} if shape else set()
    return found


def dashed(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def test_every_command_of_the_aws_cli_is_one():
    """Nobody here has an account to try them in, but the CLI is made of the same models as the SDK."""
    shown = named(r"(?:^|[ (])aws ([a-z0-9-]+) ([a-z0-9-]+)((?: [^`|)]*)?)")

    assert len(shown) > 10
    for where, (service, operation, rest) in shown:
        known = operations(service)
        assert operation in known, f"{where} shows aws {service} {operation}"
        for option in re.findall(r"(?<!\S)--([a-z-]+)", rest):
            assert option in known[operation] | GLOBAL_OPTIONS, (
                f"{where} shows aws {service} {operation} --{option}"
            )


def test_every_query_of_the_aws_cli_can_be_read():
    """The CLI says no to a wrong one only after it has asked AWS."""
    queries = [query for _, query in named(r'--query (?:"([^"]+)"|\'[^\']+\')') if query]

    assert len(queries) > 5
    for query in queries:
        jmespath.compile(query)


def test_pages_show_json_that_is_json():
    """A missing comma in an example is a deployer's first five minutes."""
    for path in PAGES:
        for block in re.findall(r"```json\n(.*?)```", page(path), re.DOTALL):
            text = block.strip()
            json.loads(text if text.startswith("{") else f"{{{text}}}")
