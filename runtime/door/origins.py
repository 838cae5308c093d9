"""Which web pages may send requests.

Browsers keep the pages of other origins from reading answers, and ask before they let one send what ours
takes (CORS, which API Gateway answers from the stage's `allowed_origins`).  A browser also says with each
request whose page sent it; one that says a foreign page is refused before anything is done for it.

Programs that are no browser send no such header, and need none: it protects people from pages that they
open, not the door from people.

Source: "Fetch Metadata Request Headers", W3C; no page can set or change them.
"""

from collections.abc import Collection, Mapping

from runtime.door.errors import ForeignPageError

_FOREIGN = ("cross-site", "same-site")


def refuse_foreign_page(headers: Mapping[str, str], allowed: Collection[str]) -> None:
    """Let requests pass that come from no page, from the door's own, or from one of an *allowed* origin.

    Raises:
        ForeignPageError: It comes from another page.
    """
    if headers.get("sec-fetch-site") in _FOREIGN and headers.get("origin", "") not in allowed:
        raise ForeignPageError(
            "The page that sent this is none of this deployment.  Name its origin in the stage's allowed_origins, "
            "or open the page that the deployment serves."
        )
