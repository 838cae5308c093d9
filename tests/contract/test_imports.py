"""Who may import whom: the arrows of CONTRIBUTING.md, held by reading every import there is."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("app", "stacks", "runtime", "turn", "scripts", "tests")

# The longest matching prefix of a module decides.
MAY_IMPORT = {
    "app": ("stacks",),
    # Besides the two contracts, the dashboard and the alarms take the names of metrics from the only list.
    "stacks": (
        "stacks",
        "runtime.settings",
        "turn.settings",
        "runtime.metrics",
        "turn.coturn.settings",
        "turn.coturn.metrics",
    ),
    "runtime": ("runtime", "turn"),
    "runtime.settings": ("runtime.settings", "runtime.errors"),
    "turn": ("turn",),
    "scripts": ("app", "stacks", "runtime", "turn", "scripts"),
}

ONLY_IN = {
    "aws_cdk": ("app", "stacks", "scripts.benchmarks.empty_app"),
    "constructs": ("app", "stacks"),
    "cdk_nag": ("app",),
    "pipecat": ("runtime", "scripts"),
    "pydantic": ("stacks", "runtime", "scripts"),
    "ministack": ("scripts.embedded",),
}
NOT_IN = {"pipecat": ("runtime.door", "runtime.settings"), "pydantic": ("runtime.settings",)}


FOLDERS = ("stacks", "runtime", "turn", "scripts")


@cache
def modules() -> dict[str, Path]:
    """Return every module of ours but the tests, by its dotted name."""
    found = {"app": ROOT / "app.py"}
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text())


def imports(module: str) -> list[str]:
    """List the dotted names that a module imports, wherever in it."""
    found = []
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide who imports whom"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in packages)


def rule_for(module: str) -> tuple[str, ...]:
    longest = max((one for one in MAY_IMPORT if within(module, (one,))), key=len)
    return MAY_IMPORT[longest]


def belongs(module: str, name: str) -> bool:
    """Whether a third party's *name* may be imported by *module*."""
    package = name.split(".", maxsplit=1)[0]
    return within(module, ONLY_IN.get(package, (module,))) and not within(module, NOT_IN.get(package, ()))


@pytest.fixture(params=("app", *FOLDERS))
def imported(request: pytest.FixtureRequest) -> list[tuple[str, str]]:
    """Every module of a folder with every name that it imports."""
    chosen = [module for module in modules() if within(module, (request.param,))]
    return [(module, name) for module in chosen for name in imports(module)]


def test_a_module_imports_along_the_arrows(imported: list[tuple[str, str]]):
    """The bundle holds runtime/ and turn/ alone; synthesis must not load the agent, nor the agent the CDK."""
    assert imported
    assert [
        f"{module} imports {name}"
        for module, name in imported
        if name.split(".")[0] in OURS and not within(name, rule_for(module))
    ] == []


def test_third_parties_stay_where_they_belong(imported: list[tuple[str, str]]):
    """The door's cold start is its imports, and settings are read where nothing else is installed."""
    assert [f"{module} imports {name}" for module, name in imported if not belongs(module, name)] == []


def test_the_environment_is_read_in_the_entry_points_alone():
    """A setting read anywhere else is one that no stack writes and no test sees."""
    readers = {
        module
        for module in modules()
        if within(module, ("app", "stacks", "runtime", "turn"))
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
    }

    entries = {
        "runtime.main",
        "runtime.bridge.fetch",
        "runtime.bridge.main",
        "runtime.door.handlers",
        "runtime.door.authorizer",
        "runtime.door.budget_handler",
        "runtime.door.call_page",
        "runtime.door.telephony.handler",
    }
    assert readers <= entries


def test_context_is_read_in_app_alone():
    """A knob read elsewhere is checked by nobody."""
    readers = {module for module, path in modules().items() if "try_get_context" in path.read_text()}

    assert readers == {"app"}
