"""Fill in turnserver.conf and host.nft: on an instance at boot, and wherever else a relay is started.

Only the standard library: an instance has this file, and nothing else of ours.
"""

import re
from collections.abc import Mapping

_PLACE = re.compile(r"@([A-Z_]+)@")
_COMMENT = "#"


class RenderError(ValueError):
    """The values do not fit the template; nothing usable came of it."""


def render(template: str, values: Mapping[str, str]) -> str:
    """Return *template* with each `@NAME@` replaced, without comments, and without lines of empty values.

    Raises:
        RenderError: A value is missing, or could end its line and begin another option.
    """
    lines = (line for line in template.splitlines() if line.strip() and not _is_comment(line))
    filled = (_fill(line, values) for line in lines)
    return "".join(f"{line}\n" for line in filled if line)


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(_COMMENT)


def _fill(line: str, values: Mapping[str, str]) -> str:
    names = _PLACE.findall(line)
    for name in names:
        if name not in values:
            raise RenderError(f"@{name}@ has no value, so the relay cannot start: hand it to render().")
        if not values[name].isprintable():
            # Not the value itself: it may be the secret.
            raise RenderError(f"The value of @{name}@ is not one printable line; look where it comes from.")
    if any(not values[name] for name in names):
        return ""
    return _PLACE.sub(lambda place: values[place[1]], line)
