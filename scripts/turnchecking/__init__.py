"""Trying out the relays of a stage, from wherever this runs."""
