"""Settings become the plain values that the rooms take: no room knows where a number comes from."""

from mft.accounts.agreements import Agreements
from mft.app.shipped import shipped
from mft.lifecycle.outlook import OutlookRules
from mft.lifecycle.scrub import ScrubRules
from mft.policy.allowlist import AllowlistRules
from mft.policy.breaker import BreakerRules
from mft.policy.penalties import PenaltyRules
from mft.policy.portal import VisitTerms
from mft.policy.provider import MfaTerms
from mft.policy.quota import Reserve
from mft.policy.requests import RequestTerms
from mft.policy.retention import RetentionClass, RetentionTerms
from mft.policy.setup import SetupTerms
from mft.policy.signon import Terms
from mft.requests.addresses import AddressRules
from mft.settings.model import Settings
from mft.sftp.front.limits import Limits
from mft.sftp.session.limits import SessionLimits
from mft.vfs.parts import Rules


def terms(settings: Settings) -> Terms:
    """Return the numbers a sign-on turns on."""
    return Terms(
        dormant_after=settings.terms.dormancy,
        dormant_after_unattended=settings.terms.dormancy_unattended,
        max_failures=settings.terms.max_failures,
        directory=settings.directory.kind != "none",
        setup=setup_terms(settings),
    )


def setup_terms(settings: Settings) -> SetupTerms:
    """Return the numbers that a directory's password stands by."""
    named = settings.directory
    return SetupTerms(
        look_again=named.look_again,
        unanswered=named.unanswered,
        text=named.attestation,
        renew_by=named.attest_again_by,
    )


def attestations(settings: Settings) -> Agreements:
    """Return the texts that people agree to on the setup page: the house's own, or those that came with it."""
    return Agreements(settings.directory.attestations or shipped("attestations"), settings.directory.attestation)


def allowlist_rules(settings: Settings) -> AllowlistRules:
    """Return how many addresses are too many."""
    return AllowlistRules(**settings.allowlist.model_dump())


def request_terms(settings: Settings) -> RequestTerms:
    """Return how long an access request waits."""
    return RequestTerms(settings.terms.request_due, settings.terms.request_expires)


def address_rules(settings: Settings) -> AddressRules:
    """Return what may be asked for in addresses."""
    return AddressRules(allowlist_rules(settings), settings.trial_networks)


def agreements(settings: Settings) -> Agreements:
    """Return the agreements that people accept: the house's own, or those that came with the program."""
    return Agreements(settings.requests.agreements or shipped("agreements"), settings.requests.agreement)


def visit_terms(settings: Settings) -> VisitTerms:
    """Return how long a visit to the portal lasts."""
    return VisitTerms(idle=settings.portal.idle, absolute=settings.portal.absolute)


def mfa_terms(settings: Settings) -> MfaTerms:
    """Return what a provider has to say of a second factor."""
    return MfaTerms(settings.oidc.acr, settings.oidc.amr)


def penalty_rules(settings: Settings) -> PenaltyRules:
    """Return what offences cost, and whom they cost nothing."""
    return PenaltyRules(exempt=settings.sftp.penalty_exempt)


def tree_rules(settings: Settings) -> Rules:
    """Return the numbers the virtual filesystem works by."""
    kept = settings.terms
    return Rules(
        terms=RetentionTerms(
            classes={RetentionClass(name): term for name, term in settings.retention.terms().items()},
            unfinished=kept.interrupted_upload,
            undo=kept.undo,
        ),
        takeover=kept.takeover,
        reserve=Reserve(settings.storage.reserve, settings.storage.reserve_percent),
    )


def breaker_rules(settings: Settings) -> BreakerRules:
    """Return how much at once, and how much of a moved clock, stops removing."""
    kept = settings.retention
    return BreakerRules(kept.halt_files, kept.halt_percent, kept.halt_accounts, kept.halt_drift)


def scrub_rules(settings: Settings) -> ScrubRules:
    """Return how often stored files are read back, and how much at a time."""
    return ScrubRules(settings.storage.scrub_every, settings.storage.scrub_per_run)


def outlook_rules(settings: Settings) -> OutlookRules:
    """Return the numbers that an outlook is told by."""
    return OutlookRules(terms(settings), tree_rules(settings).terms, settings.terms.review_answer)


def door_limits(settings: Settings) -> Limits:
    """Return how much the SFTP door gives to one caller and to all."""
    sftp = settings.sftp
    stall = sftp.stall.total_seconds()
    return Limits(
        unauthenticated=sftp.max_unauthenticated,
        per_source=sftp.max_unauthenticated_per_source,
        connections=sftp.max_connections,
        per_account=sftp.max_connections_per_account,
        first_request=sftp.first_request.total_seconds(),
        sign_on=sftp.sign_on.total_seconds(),
        password_change=sftp.password_change.total_seconds(),
        attempts=sftp.attempts,
        channels=sftp.channels,
        session=SessionLimits(
            handles=sftp.handles, idle=sftp.idle.total_seconds(), half_received=stall, undrained=stall
        ),
    )


def share(number: int, settings: Settings, worker: int) -> int:
    """Return what a *worker* may have of a *number* that all have together, one at the least; 0 is no worker."""
    return max(1, number // settings.workers) if worker else number
