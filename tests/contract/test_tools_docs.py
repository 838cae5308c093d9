"""The page that leads through a new tool: its code runs as it stands there."""

import re
import runpy
from pathlib import Path

import pytest

from runtime.tools.tool import LONGEST_DEADLINE_SECONDS, Tool

PAGE = Path(__file__).resolve().parents[2] / "docs/tools.md"


@pytest.fixture
def tool(tmp_path) -> Tool:
    """The page's own."""
    file = tmp_path / "opening_hours.py"
    file.write_text(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0])
    return runpy.run_path(str(file))["opening_hours_tool"]()


async def test_the_tool_of_the_page_does_what_its_test_there_says(tool):
    """A newcomer's first tool is a copy of it."""
    assert await tool.run({"day": "Sunday"}) == {"day": "sunday", "hours": "closed"}
    assert "problem" in await tool.run({"day": "soon"})


def test_the_page_knows_the_longest_deadline():
    """Whoever believes a larger one finds out when the bundle is made."""
    assert f"at most {LONGEST_DEADLINE_SECONDS:g} s" in PAGE.read_text()
