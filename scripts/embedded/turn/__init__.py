"""A relay of this machine: coturn where it is installed, else a small server of our own.

Both listen on loopback only and hold to the same rules.  They are for tests and laptops, not for the internet.
"""
