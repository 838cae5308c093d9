"""How a long command says what it is doing."""

from collections.abc import Callable
from dataclasses import dataclass

type Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is told what.

    Attributes:
        line: Of what stays worth knowing.
        glance: Of what is only worth a look while it happens.
    """

    line: Tell
    glance: Tell
