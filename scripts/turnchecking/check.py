"""All ways to the relays of a stage, tried out at once, and the verdict."""

import asyncio
import datetime as dt
import json
import ssl
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from scripts.turnchecking.stage import Stage
from scripts.turnchecking.way import WayReport, try_out
from turn.browser import for_browser
from turn.ice_server import IceServer
from turn.probe import in_order_of_preference

MOST_LOST_SHARE = 0.05
"""Beyond it callers hear gaps; a call must bear that much (docs of the network laboratory)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What came of it."""

    stage: str
    kind: str
    emulated: str
    checked_at: str
    credentials_lifetime_seconds: int | None
    ways: tuple[WayReport, ...]

    @property
    def passed(self) -> bool:
        """Whether every way is reachable and loses little."""
        return bool(self.ways) and all(
            way.reachable and way.lost_share <= MOST_LOST_SHARE for way in self.ways
        )

    def write(self, path: Path) -> None:
        """Write everything as one JSON object.

        Raises:
            OSError: The file cannot be written.
        """
        path.write_text(json.dumps({"passed": self.passed, **asdict(self)}, indent=2) + "\n")

    def table(self) -> Table:
        """Return one line per way."""
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("Allocate", "RTT", "p95", "Lost", "Lifetime"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("Given to", no_wrap=True)
        table.add_column("Relay", overflow="fold")  # last, because those of Kinesis Video are long
        for way in self.ways:
            table.add_row(*_figures(way), "both ends" if way.browser else "the agent", way.url)
        return table


async def check(stage: Stage, packets: int) -> Check:
    """Issue credentials, and try every URL that agents or browsers would.

    Raises:
        TurnError: No credentials are issued.
    """
    servers = await stage.issue()
    context = ssl.create_default_context(cafile=stage.trust_file) if stage.trust_file else None
    browsers = {url for server in for_browser(servers) for url in server.urls}
    ways = [way for alike in in_order_of_preference(servers) for way in alike]
    reports = await asyncio.gather(
        *(try_out(way, browser=way.urls[0] in browsers, packets=packets, ssl_context=context) for way in ways)
    )
    return Check(
        stage=stage.name,
        kind=stage.kind,
        emulated=stage.emulated,
        checked_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        credentials_lifetime_seconds=_lifetime(servers),
        ways=tuple(reports),
    )


def _lifetime(servers: Sequence[IceServer]) -> int | None:
    return min((one.lifetime_seconds for one in servers if one.lifetime_seconds), default=None)


def _figures(way: WayReport) -> tuple[str, ...]:
    if not way.reachable:
        return ("[red]none[/red]", "", "", "", "")
    lost = f"{way.lost_share:.1%}"
    return (
        f"{way.allocate_milliseconds:.1f} ms",
        _time(way.round_trip_milliseconds),
        _time(way.round_trip_p95_milliseconds),
        lost if way.lost_share <= MOST_LOST_SHARE else f"[red]{lost}[/red]",
        f"{way.lifetime_seconds} s",
    )


def _time(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f"{milliseconds:.1f} ms"
