"""Every page of the portal, how it is asked for, and who may come: what is not in the table is not there."""

from typing import Final

from mft.web.portal.frame import Crumb
from mft.web.portal.pages import enrol, replace, signin
from mft.web.portal.pages.address import address
from mft.web.portal.pages.footer import PAGES, footer_page
from mft.web.portal.pages.home import home, signed_in
from mft.web.portal.route import May, Method, Row

FOOTER: Final = tuple(Crumb(title, f"/{name}") for title, name in PAGES.items())

TABLE: Final[tuple[Row, ...]] = (
    Row("/", Method.GET, home, May.ANYONE, "Home", menu=("HOME",), above=()),
    Row("/address", Method.GET, address, May.ANYONE, "What is my address?"),
    Row("/signin", Method.GET, signin.signin, May.VISIT, "Sign in"),
    Row("/signin", Method.POST, signin.password, May.VISIT, "Sign in"),
    Row("/signin/code", Method.GET, signin.code_form, May.PROVING, "Second factor"),
    Row("/signin/code", Method.POST, signin.code, May.PROVING, "Second factor"),
    Row("/signin/enrol", Method.GET, enrol.explained, May.PROVING, "Set up your second factor"),
    Row("/signin/enrol", Method.POST, enrol.shown, May.PROVING, "Set up your second factor"),
    Row("/signin/enrol/code", Method.POST, enrol.confirmed, May.PROVING, "Set up your second factor"),
    Row("/signin/password", Method.GET, replace.replace_form, May.PROVING, "Choose your password"),
    Row("/signin/password", Method.POST, replace.replace, May.PROVING, "Choose your password"),
    Row("/signout", Method.POST, signin.signout, May.VISIT, "Sign out"),
    Row("/signed-in", Method.GET, signed_in, May.SIGNED_IN, "Signed in"),
    *(Row(f"/{name}", Method.GET, footer_page(name), May.ANYONE, title) for title, name in PAGES.items()),
)
