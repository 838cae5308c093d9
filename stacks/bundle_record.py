"""What is known of the agent's bundle without reading its hundred megabytes again."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRecord:
    """A finished bundle, as whoever made it has noted beside it."""

    made_from: str
    sha256: str
    zip_bytes: int
    unpacked_bytes: int
    modified_ns: int
    bytecode: bool

    @classmethod
    def of(cls, bundle: Path) -> Self | None:
        """Return the record beside *bundle*, if it still speaks of that very file."""
        try:
            record = cls(**json.loads(_beside(bundle).read_text()))
            now = bundle.stat()
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return record if (now.st_size, now.st_mtime_ns) == (record.zip_bytes, record.modified_ns) else None

    def write(self, bundle: Path) -> None:
        """Keep the record beside *bundle*."""
        _beside(bundle).write_text(json.dumps(asdict(self), indent=1) + "\n")


def _beside(bundle: Path) -> Path:
    return bundle.with_name(f"{bundle.name}.json")
