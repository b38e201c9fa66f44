"""The pages that the footer leads to (fact 2.11): short, and true of this server."""

from typing import Final

from starlette.responses import Response

from mft.web.portal.frame import Endpoint, Visitor

PAGES: Final = {
    "About": "about",
    "Legal": "legal",
    "Privacy": "privacy",
    "Accessibility": "accessibility",
    "Contact Us": "contact",
    "System Requirements": "requirements",
    "Report Fraud": "fraud",
}
"""By title, in the order of the footer: the path and the template."""


def footer_page(name: str) -> Endpoint:
    """Return the page *name*."""

    async def show(visitor: Visitor) -> Response:
        return visitor.show(f"footer/{name}.html")

    return show
