"""Open the portal: its certificate, its socket, its rooms."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from mft.accounts.charges import Charges
from mft.app.build import House
from mft.app.portal_facts import tls_files, trial_folder
from mft.app.values import visit_terms
from mft.crypto.tls import trial_certificate
from mft.logs.setup import log
from mft.model.network import parse_address
from mft.model.session import Door
from mft.settings.model import Settings
from mft.web.guest import Tls, answering, listen
from mft.web.portal.app import portal
from mft.web.portal.parts import PortalParts, SetupWords

AT_ONCE: Final = 500
"""Connections of browsers; more are told to come back."""


@asynccontextmanager
async def portal_door(house: House) -> AsyncIterator[str | None]:
    """Answer browsers while the block runs; gives the portal's address, or None when it is off."""
    chosen = house.settings.portal
    if not chosen.enabled:
        yield None
        return
    listening = listen(chosen.address, chosen.port, _tls(house.settings, house.clock.now()))
    url = chosen.url or listening.url
    parts = portal_parts(house, url)
    async with answering(portal(parts), listening, name="portal", at_once=AT_ONCE):
        yield url
    await parts.charges.settled()


def portal_parts(house: House, url: str) -> PortalParts:
    """Return what the portal at *url* is handed."""
    settings = house.settings
    return PortalParts(
        offload=house.offload,
        clock=house.clock,
        visits=house.visits,
        insiders=house.insiders,
        sign_on=house.portal_signon,
        own_secrets=house.own_secrets,
        own_keys=house.own_keys,
        factors=house.factors,
        mail_links=house.mail_links,
        details=house.details,
        credentials=house.credentials,
        allowlists=house.allowlists,
        requests=house.requests,
        setups=house.setups,
        setup_words=SetupWords(
            solution=settings.directory.solution,
            identity=settings.directory.identity,
            information=settings.directory.information,
            links=settings.directory.identity_links,
        ),
        penalties=house.penalties,
        charges=Charges(house.penalties, house.offload, log("mft.web.portal"), Door.PORTAL),
        terms=visit_terms(settings),
        has_directory=house.directory is not None,
        url=url,
        payer=settings.payer,
        support=settings.portal.support,
        body=settings.portal.body,
        provider=house.provider_signon,
        proxies=settings.portal.proxy_from,
        trial=settings.trial_networks,
    )


def _tls(settings: Settings, now: datetime) -> Tls:
    """Return certificate and key; without files of its own it listens on loopback, and is given some for a trial."""
    if settings.portal.certificate is None:
        return Tls(*trial_certificate(trial_folder(settings), parse_address(settings.portal.address), now))
    return Tls(*tls_files(settings))
