"""Stands in for `pipecat.utils.file_resolver`, which fetches whatever address it is given.

No caller of ours may send a file (`runtime.transports.websocket` lets no such message through), so the
agent need not be able to request an address that somebody else chose.  It also costs 0.2 s and 10 MB at
every start, for the aiohttp that it alone imports.
"""


class FileResolver:
    """Knows no file; `preload` puts it where Pipecat 1.14 looks for its own."""
