"""The shared secret, from Secrets Manager into the memory of a relay, where coturn looks for it."""

import grp
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

DATABASE = Path("/run/hotline/secrets.db")
GROUP = "turnserver"

# As in coturn's own schema.sql; without the table it would take every password for wrong.
_TABLE = (
    "CREATE TABLE IF NOT EXISTS turn_secret "
    "(realm varchar(127) DEFAULT '', value varchar(256), PRIMARY KEY (realm, value))"
)
_STAGES = ("AWSCURRENT", "AWSPREVIOUS")


def fetch_secrets(client: Any, secret_arn: str) -> tuple[str, ...]:
    """Return the current secret and, after a rotation, the one before.

    Whoever issues credentials notices a rotation some minutes late, and derives from the one before until then.

    Args:
        client: Of Secrets Manager, with the instance's own role.
        secret_arn: The stage's shared secret.
    """
    found = []
    for stage in _STAGES:
        try:
            found.append(client.get_secret_value(SecretId=secret_arn, VersionStage=stage)["SecretString"])
        except client.exceptions.ResourceNotFoundException:
            if stage == _STAGES[0]:
                raise
    return tuple(dict.fromkeys(found))


def store_secrets(secrets: tuple[str, ...], *, realm: str, database: Path = DATABASE) -> bool:
    """Make *secrets* the only ones that coturn believes, and say whether that is a change."""
    if not database.exists():
        os.close(os.open(database, os.O_CREAT | os.O_WRONLY, mode=0o640))
        os.chown(database, -1, grp.getgrnam(GROUP).gr_gid)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(_TABLE)
        rows = {(realm, one) for one in secrets}
        if rows == set(connection.execute("SELECT realm, value FROM turn_secret")):
            return False
        connection.execute("DELETE FROM turn_secret")
        connection.executemany("INSERT INTO turn_secret VALUES (?, ?)", rows)
    return True
