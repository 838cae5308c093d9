"""Brings compiled what `dataclasses` writes at import: a fifth of the agent's start would go into compiling it.

Python generates the source of each dataclass's methods and compiles it anew in every process; byte-code
files hold none of it.  Pipecat, the Bedrock SDK and we have 720 such classes, which takes 0.2 s.  The bundle
holds that code compiled, each piece beside the source that it was compiled from: a piece that is missing,
because a class has changed, is compiled as ever.
"""

import dataclasses
import marshal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType
from typing import Any

STORE = Path(__file__).with_suffix(".bin")
"""Made by `scripts/bundling/generated.py`; only a bundle has it."""


@contextmanager
def compiled_ahead(store: Path = STORE) -> Iterator[None]:
    """Let dataclasses that are defined inside this context take their code from *store*."""
    known = _read(store)

    def run(source: str, *namespaces: Any) -> None:
        exec(known.get(source, source), *namespaces)  # noqa: S102 - as `dataclasses` itself does

    # It shadows the builtin in that one module, whose only use of it is this.
    dataclasses.exec = run  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del dataclasses.exec  # type: ignore[attr-defined]


def pack(sources: Iterator[str]) -> bytes:
    """Compile *sources* for this version of Python, as `compiled_ahead` reads them."""
    return MAGIC_NUMBER + marshal.dumps({one: compile(one, "<string>", "exec") for one in sources})


def _read(store: Path) -> Mapping[str, CodeType]:
    try:
        content = store.read_bytes()
    except FileNotFoundError:
        return {}
    if not content.startswith(MAGIC_NUMBER):  # another version of Python made it
        return {}
    code: Mapping[str, CodeType] = marshal.loads(content[len(MAGIC_NUMBER) :])  # noqa: S302 - our own bundle
    return code
