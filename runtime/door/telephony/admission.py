"""Whose calls are taken: numbers that are ours, from countries that callers are expected in.

Toll fraud is somebody being paid for calls that you take.  It comes from a few countries' numbering plans, and
from nobody who lets their number be seen and lives where your callers do.
"""

import phonenumbers

from runtime.door.telephony.webhook import PhoneCall
from runtime.settings.telephony import PhoneLine, TelephonySettings


class Admission:
    """The lists of one stage."""

    def __init__(self, settings: TelephonySettings) -> None:
        self._countries = frozenset(settings.caller_countries.split())
        self._callers = frozenset(settings.caller_numbers.split())

    def fault(self, call: PhoneCall, line: PhoneLine) -> str:
        """Say why *call* is not taken, without saying who calls; empty if it is."""
        if call.called not in line.numbers:
            return "called number is not of this stage"
        if not call.caller:
            return "caller has no number"
        if country_of(call.caller) not in self._countries:
            return "country of the caller is not served"
        if self._callers and call.caller not in self._callers:
            return "caller is not among those who may call"
        return ""


def country_of(number: str) -> str:
    """Return the country that *number* belongs to (ISO 3166), empty for one of no country.

    A prefix would not do: +1 is shared by 25 of them, and fraud likes the small ones.
    """
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""
