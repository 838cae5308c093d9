"""Fill in turnserver.conf and host.nft: on an instance at boot, and wherever else a relay is started."""

import re
from collections.abc import Mapping
from pathlib import Path

type Version = tuple[int, ...]

FOLDER = Path(__file__).parent

OLDER: Version = (4, 6, 2)
"""The last version that turnserver.conf is written for as it stands; Debian and Ubuntu have it."""
NEWER: Version = (4, 18)
"""The first version that refuses what was retired since (coturn pull requests 1599, 1689, 1692, 2079)."""

RETIRED = frozenset(
    {
        "no-cli",
        "no-dtls",
        "no-rfc5780",
        "no-software-attribute",
        "no-stun-backward-compatibility",
        "no-tlsv1",
        "no-tlsv1_1",
        "response-origin-only-with-rfc5780",
    }
)
"""Options of turnserver.conf that newer versions follow without being told, and complain about."""


_PLACE = re.compile(r"@([A-Z_]+)@")
_COMMENT = "#"


class RenderError(ValueError):
    """The values do not fit the template; nothing usable came of it."""


def configuration(version: Version, values: Mapping[str, str]) -> str:
    """Return the configuration of an instance that runs coturn of *version*, such as (4, 18, 0).

    Raises:
        RenderError: As `render`; or no list of options is known to be right for that version.
    """
    if OLDER < version < NEWER:
        raise RenderError(
            f"coturn {'.'.join(map(str, version))} refuses options of 4.6 and lacks those of 4.18, so it would "
            "run less closed than it looks: use a version on either side."
        )
    files = ["turnserver.conf", "instance.conf"]
    if version >= NEWER:
        files.append("newer.conf")
    lines = "".join(render((FOLDER / one).read_text(), values) for one in files).splitlines(keepends=True)
    return "".join(one for one in lines if version <= OLDER or one.rstrip() not in RETIRED)


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
