"""Put the house together: open its parts in order, close them in reverse.

Everything that acts is built here, once, and handed its parts.  Nothing here decides anything.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from mft.accounts.allowlists import Allowlists
from mft.accounts.credentials import Credentials
from mft.accounts.details import Details
from mft.accounts.external_ids import ExternalIds
from mft.accounts.factors import Factors
from mft.accounts.fitness import Fitness
from mft.accounts.insiders import Insiders
from mft.accounts.mail_links import MailLinks
from mft.accounts.names import Veil
from mft.accounts.own_keys import OwnKeys
from mft.accounts.own_secrets import OwnSecrets
from mft.accounts.penalties import Penalties
from mft.accounts.portal_signon import PortalSignOn
from mft.accounts.provider_signon import ProviderSignOn
from mft.accounts.provisioning import Accounts, Organizations
from mft.accounts.purging import Purging
from mft.accounts.refusals import EACH_MINUTE, Refusals
from mft.accounts.sessions import Sessions
from mft.accounts.setting_up import SettingUp
from mft.accounts.setups import Setups
from mft.accounts.signon import SignOn
from mft.accounts.staff import StaffRoll
from mft.accounts.standings import Standings
from mft.accounts.visits import Visits
from mft.app import values
from mft.app.channel import SHARED
from mft.app.directories import directory_of, group_roles_of, provider_of
from mft.app.mailing import post_of
from mft.audit.checkpoint import Checkpoints
from mft.audit.trail import Trail
from mft.blobs.local import LocalBlobs
from mft.clock import Clock, SystemClock
from mft.crypto.master import MasterKey
from mft.crypto.passwords import Passwords
from mft.crypto.signer import Signer
from mft.directory.port import Directory
from mft.lifecycle.account_pass import AccountPass
from mft.lifecycle.digests import Digests
from mft.lifecycle.outlook import Outlook
from mft.lifecycle.post import Post
from mft.lifecycle.reports.room import Reports
from mft.lifecycle.reviews import Reviews
from mft.lifecycle.runs import Runs
from mft.lifecycle.scrub import Scrubber
from mft.model.node import worker_of
from mft.offload import Offload
from mft.policy.passwords import PasswordRules
from mft.policy.portal import LinkTerms
from mft.requests.desk import AccessRequests
from mft.requests.fulfilment import Fulfilment
from mft.retention.backups import Backups
from mft.retention.breaker import Breaker
from mft.retention.plan import Retention
from mft.retention.sweep import Sweep
from mft.settings.model import Settings
from mft.store.engine import Store, open_store
from mft.store.schema import require_current
from mft.vfs.folders import Folders
from mft.vfs.grants import Grants
from mft.vfs.history import History
from mft.vfs.holds import Holds
from mft.vfs.workspace import Files

_WRITERS = 16


@dataclass(frozen=True, slots=True)
class House:
    """The open parts, by the names the doors and the command line know them by."""

    settings: Settings
    clock: Clock
    offload: Offload
    store: Store
    blobs: LocalBlobs
    master: MasterKey
    signer: Signer
    passwords: Passwords
    trail: Trail
    checkpoints: Checkpoints
    files: Files
    folders: Folders
    grants: Grants
    history: History
    holds: Holds
    outlook: Outlook
    organizations: Organizations
    accounts: Accounts
    requests: AccessRequests
    credentials: Credentials
    allowlists: Allowlists
    sessions: Sessions
    penalties: Penalties
    signon: SignOn
    insiders: Insiders
    visits: Visits
    factors: Factors
    portal_signon: PortalSignOn
    provider_signon: ProviderSignOn | None
    own_secrets: OwnSecrets
    own_keys: OwnKeys
    mail_links: MailLinks
    details: Details
    external_ids: ExternalIds
    purging: Purging
    account_pass: AccountPass
    reviews: Reviews
    reports: Reports
    breaker: Breaker
    sweep: Sweep
    retention: Retention
    backups: Backups
    staff: StaffRoll
    runs: Runs
    post: Post
    digests: Digests
    scrubber: Scrubber
    directory: Directory | None
    setups: Setups


@contextmanager
def open_house(settings: Settings, clock: Clock | None = None, worker: int = 0) -> Iterator[House]:
    """Give the open house, to the *worker* of that number where several processes serve.

    Raises Unavailable or Invalid when a key or the database is not what it must be.
    """
    with ExitStack() as opened:
        master = MasterKey.load(settings.master_key)
        signer = Signer.load(settings.audit.signing_key)
        store = open_store(settings.store_url, settings.data / SHARED if worker else None)
        opened.callback(store.close)
        require_current(store)
        blobs = LocalBlobs(settings.data)
        blobs.prepare()
        offload = Offload(
            inline_reads=store.is_sqlite,
            writers=_WRITERS,
            hashers=values.share(settings.passwords.hashers, settings, worker),
        )
        opened.callback(offload.close)
        yield _furnished(settings, clock or SystemClock(), offload, store, blobs, master, signer, worker)


def _furnished(
    settings: Settings,
    clock: Clock,
    offload: Offload,
    store: Store,
    blobs: LocalBlobs,
    master: MasterKey,
    signer: Signer,
    worker: int,
) -> House:
    """Return the rooms, each handed its parts."""
    # Uploads and sessions bear the name of the process that holds them; all else is the machine's.
    process = worker_of(settings.node, worker)
    trail = Trail(settings.node)
    breaker = Breaker(store, trail, clock, values.breaker_rules(settings), settings.node, settings.mail.operators)
    passwords = Passwords(settings.passwords.memory >> 10, settings.passwords.passes)
    rules = PasswordRules()
    fitness = Fitness(store, rules, settings.payer)
    allowlists = Allowlists(store, trail, clock, values.allowlist_rules(settings), settings.trial_networks)
    lasts = settings.terms.temporary_password
    credentials = Credentials(store, trail, passwords, clock, fitness, lasts)
    files = Files(store, blobs, master, trail, clock, values.tree_rules(settings), process)
    directory = directory_of(settings, passwords)
    standings = Standings(store, trail, clock, values.setup_terms(settings), directory, offload)
    signon = SignOn(
        store,
        trail,
        passwords,
        clock,
        values.terms(settings),
        offload,
        process,
        rules=rules,
        payer=settings.payer,
        # A signature that is never published: the same in every process of this server, known to no other.
        standings=standings,
        refusals=Refusals(values.share(EACH_MINUTE, settings, worker)),
        veil=Veil(signer.sign(b"mft: names that nobody has")),
    )
    visits = Visits(store, trail, clock, values.visit_terms(settings), signon, offload)
    factors = Factors(store, trail, clock, master, settings.payer)
    portal_signon = PortalSignOn(store, signon, visits, factors, offload)
    provider = provider_of(settings, clock)
    terms, texts = values.terms(settings), values.attestations(settings)
    setting_up = SettingUp(store, trail, passwords, clock, terms, visits, offload, texts=texts, directory=directory)
    accounts, grants = Accounts(store, trail, clock, allowlists, credentials), Grants(files.parts)
    return House(
        settings=settings,
        clock=clock,
        offload=offload,
        store=store,
        blobs=blobs,
        master=master,
        signer=signer,
        passwords=passwords,
        trail=trail,
        checkpoints=Checkpoints(store, signer, settings.data / "audit"),
        files=files,
        folders=Folders(files.parts),
        grants=grants,
        history=History(files.parts),
        holds=Holds(files.parts),
        outlook=Outlook(store, clock, values.outlook_rules(settings)),
        organizations=Organizations(store, trail, clock),
        accounts=accounts,
        requests=AccessRequests(
            store,
            trail,
            clock,
            values.request_terms(settings),
            values.address_rules(settings),
            values.agreements(settings),
            Fulfilment(trail, accounts, credentials, grants, allowlists),
        ),
        credentials=credentials,
        allowlists=allowlists,
        sessions=Sessions(store, trail, clock),
        penalties=Penalties(store, trail, clock, values.penalty_rules(settings)),
        staff=StaffRoll(store, trail, clock, group_roles_of(settings, directory)),
        runs=Runs(store, trail, clock, settings.node),
        scrubber=Scrubber(files.parts, values.scrub_rules(settings), settings.mail.operators),
        signon=signon,
        insiders=Insiders(store),
        visits=visits,
        factors=factors,
        portal_signon=portal_signon,
        provider_signon=None
        if provider is None
        else ProviderSignOn(
            store,
            trail,
            clock,
            provider,
            signon,
            portal_signon,
            visits,
            offload,
            terms=values.mfa_terms(settings),
            name=settings.oidc.name,
        ),
        own_secrets=OwnSecrets(store, signon, visits, factors, offload),
        own_keys=OwnKeys(
            store, trail, clock, credentials, wait=settings.portal.keys_wait, operators=settings.mail.operators
        ),
        mail_links=MailLinks(store, trail, clock, LinkTerms(), signon, visits, factors, offload),
        breaker=breaker,
        sweep=Sweep(files.parts, breaker),
        retention=Retention(files.parts, values.terms(settings), breaker.rules),
        backups=Backups(store, trail, clock),
        post=post_of(settings, store, clock),
        digests=Digests(store, clock, values.terms(settings)),
        details=Details(store, trail, clock),
        external_ids=ExternalIds(store, trail, clock),
        purging=Purging(store, trail, clock),
        account_pass=AccountPass(store, trail, clock, values.terms(settings), breaker),
        directory=directory,
        setups=Setups(store, clock, terms, texts, standings, setting_up, offload),
        reviews=Reviews(store, trail, clock, settings.terms.review_answer),
        reports=Reports(store, clock, values.terms(settings)),
    )
