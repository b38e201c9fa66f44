"""Every page of the portal, how it is asked for, and who may come: what is not in the table is not there."""

from typing import Final

from mft.policy.portal import sees_setup
from mft.web.portal.frame import HOME, Crumb, Endpoint
from mft.web.portal.pages import (
    account,
    enrol,
    forgot,
    own_addresses,
    own_email,
    own_factor,
    own_keys,
    own_password,
    provider,
    replace,
    setup,
    signin,
)
from mft.web.portal.pages.address import address
from mft.web.portal.pages.footer import PAGES, footer_page
from mft.web.portal.pages.home import home, signed_in
from mft.web.portal.route import May, Method, Row

FOOTER: Final = tuple(Crumb(title, f"/{name}") for title, name in PAGES.items())

_MY_ACCOUNT: Final = Crumb("My account", account.PATH)


def _own(name: str, method: Method, endpoint: Endpoint, title: str) -> Row:
    """Return a row of what people see and change of their own account."""
    return Row(f"{account.PATH}/{name}", method, endpoint, May.SIGNED_IN, title, above=(HOME, _MY_ACCOUNT))


def _setup(method: Method, endpoint: Endpoint, menu: tuple[str, ...] = ()) -> Row:
    """Return a row of the setup page, where there is a directory, for whom it is meant (fact 2.3)."""
    return Row(
        setup.PATH,
        method,
        endpoint,
        May.SIGNED_IN,
        setup.TITLE,
        menu,
        sees=lambda insider: sees_setup(insider.organization.kind),
        served=lambda parts: parts.has_directory,
    )


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
    Row(provider.LEAVE, Method.POST, provider.leave, May.VISIT, "Sign in"),
    Row(provider.RETURN, Method.GET, provider.back, May.ANYONE, "Sign in"),
    Row("/signout", Method.POST, signin.signout, May.VISIT, "Sign out"),
    Row("/forgot", Method.GET, forgot.forgot, May.VISIT, "Forgot password"),
    Row("/forgot", Method.POST, forgot.ask, May.VISIT, "Forgot password"),
    Row("/forgot/{token}", Method.GET, forgot.link_form, May.VISIT, "New password"),
    Row("/forgot/{token}", Method.POST, forgot.link, May.VISIT, "New password"),
    Row("/email/{token}", Method.GET, own_email.link_form, May.VISIT, "Confirm your e-mail address"),
    Row("/email/{token}", Method.POST, own_email.link, May.VISIT, "Confirm your e-mail address"),
    _setup(Method.GET, setup.setup_form, menu=("Trading Partner", setup.TITLE)),
    _setup(Method.POST, setup.setup),
    Row("/account", Method.GET, account.account, May.SIGNED_IN, "My account", menu=("My account",)),
    _own("profile", Method.GET, account.profile_form, "Update profile information"),
    _own("profile", Method.POST, account.profile, "Update profile information"),
    _own("password", Method.GET, own_password.password_form, "Change password"),
    _own("password", Method.POST, own_password.password, "Change password"),
    _own("email", Method.GET, own_email.email_form, "Change email address"),
    _own("email", Method.POST, own_email.email, "Change email address"),
    _own("factor", Method.GET, own_factor.factor_form, "Second factor"),
    _own("factor", Method.POST, own_factor.factor, "Second factor"),
    _own("factor/code", Method.POST, own_factor.factor_code, "Second factor"),
    _own("factor/codes", Method.POST, own_factor.codes, "Recovery codes"),
    _own("keys", Method.GET, own_keys.keys_form, "SSH keys"),
    _own("keys", Method.POST, own_keys.add, "SSH keys"),
    _own("keys/remove", Method.POST, own_keys.remove, "SSH keys"),
    _own("addresses", Method.GET, own_addresses.addresses_form, "My addresses"),
    _own("addresses", Method.POST, own_addresses.ask, "My addresses"),
    Row("/signed-in", Method.GET, signed_in, May.SIGNED_IN, "Signed in"),
    *(Row(f"/{name}", Method.GET, footer_page(name), May.ANYONE, title) for title, name in PAGES.items()),
)
