"""The environment contracts, each defined once: one module for each program of Hotline's.

`stacks` calls `to_environment`, the program that runs calls `from_environment`; nothing else reads
or writes these variables.
"""
