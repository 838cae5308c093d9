"""What gets into a bundle: an agent that can be imported, with tools that the model can call."""

import pytest

from scripts.bundling.errors import BundleError
from scripts.bundling.examined import examine
from scripts.bundling.examining import judge_parameters, judge_prompt, told

DAY = {"type": "string", "description": "The day of the week."}


@pytest.mark.parametrize(
    "schema",
    [
        DAY,
        {"enum": ["saturday", "sunday"], "description": "One of two."},
        {"type": "array", "items": {"type": "integer"}, "description": "Some."},
    ],
)
def test_any_json_schema_will_do(schema):
    """The model takes them all; `run` sees what came of it."""
    judge_parameters("opening_hours", {"day": schema})


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (DAY | {"type": "text"}, 'is no JSON schema: "text" is not valid'),
        (DAY | {"type": "array", "items": {"type": "text"}}, "is no JSON schema"),
        (DAY | {"enum": "saturday"}, "is no JSON schema"),
        (DAY | {"default": {1, 2}}, "is no JSON schema: Object of type set"),
        ({"type": "string"}, "has no description"),
    ],
)
def test_what_the_model_would_be_told_wrong_names_the_tool_and_the_argument(schema, said):
    """Bedrock refuses a whole stream for it, and says of none of them which it was."""
    with pytest.raises(ValueError, match=said) as fault:
        judge_parameters("opening_hours", {"day": schema})

    assert str(fault.value).startswith("Tool opening_hours: ")


def test_a_fault_is_told_with_its_place_in_the_agent_and_without_the_machinery(tmp_path, monkeypatch):
    """What importlib did on the way is twenty lines that nobody needs."""
    slip = tmp_path / "runtime/slip.py"
    slip.parent.mkdir()
    slip.write_text("import nothing_that_is_there\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModuleNotFoundError) as fault:
        exec(compile(slip.read_text(), str(slip), "exec"))  # noqa: S102  # as an import does

    lines = told(fault.value).splitlines()
    assert lines[1] == '  File "runtime/slip.py", line 1, in <module>'
    assert lines[-1] == "ModuleNotFoundError: No module named 'nothing_that_is_there'"
    assert len(lines) == 4


def test_an_agent_without_words_about_itself_is_refused(tmp_path, monkeypatch):
    """An editor that saves an empty file must not reach a caller."""
    prompt = tmp_path / "runtime/prompt.md"
    prompt.parent.mkdir()
    prompt.write_text(" \n")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ValueError, match=r"runtime/prompt\.md is empty"):
        judge_prompt()


def test_an_agent_that_cannot_be_imported_is_refused_with_its_own_words(tmp_path):
    """Whoever saved the slip reads it where they wait."""
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime/preload.py").write_text("import nothing_that_is_there\n")

    with pytest.raises(
        BundleError, match=r'so no bundle was written(.|\n)*File "runtime/preload\.py", line 1'
    ):
        examine(tmp_path)
