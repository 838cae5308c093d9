"""How settings travel as environment variables.

Values are checked where they are read: while a stack is synthesised an ARN is a token such as
`${Token[...]}`, and a check there would reject it.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Self

from runtime.errors import SettingsError

PREFIX = "HOTLINE_"


def optional() -> Any:
    """Return what makes a field of text one that may be absent."""
    return field(default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A frozen set of values that travels as `HOTLINE_<FIELD>` variables.

    A field with a default may be absent; every other must be set and not empty.
    """

    def to_environment(self) -> dict[str, str]:
        """Return the variables that `from_environment` reads back; empty optional ones stay out."""
        named = {_variable(one): getattr(self, one.name) for one in fields(self)}
        return {name: str(value) for name, value in named.items() if value}

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings that the deployment wrote.

        Raises:
            SettingsError: Variables are missing or hold no number where one belongs; the message
                names every one of them.
        """
        values: dict[str, Any] = {}
        faults = []
        for one in fields(cls):
            try:
                values[one.name] = _parse(one, environ.get(_variable(one), ""))
            except ValueError as fault:
                faults.append(f"  {_variable(one)}: {fault}")
        if faults:
            raise SettingsError(
                f"{cls.__name__} cannot be read, so nothing was started:\n"
                + "\n".join(faults)
                + "\nThe stack sets these; deploy it again, or export them for a run by hand."
            )
        return cls(**values)


def _variable(one: Field[Any]) -> str:
    return PREFIX + one.name.upper()


def _parse(one: Field[Any], text: str) -> Any:
    if not text:
        if one.default is MISSING:
            raise ValueError("is not set")
        return one.default
    if one.type is str:
        return text
    if one.type is bool:
        return _flag(text)
    if one.type is int:
        number: float = int(text)
    else:
        number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(f"must be a finite number above 0, got {text!r}")
    return number


def _flag(text: str) -> bool:
    if text != str(True):  # `to_environment` leaves out what is false
        raise ValueError(f"must be {True} or absent, got {text!r}")
    return True
