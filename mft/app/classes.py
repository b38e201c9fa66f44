"""Whether the settings know every retention class that a folder says."""

from mft.model.errors import Unavailable
from mft.policy.retention import RetentionTerms
from mft.store import catalog, terms
from mft.store.engine import Store


def demand_known_classes(store: Store, rules: RetentionTerms) -> None:
    """Raise Unavailable if a folder is of a class that *rules* do not know: nobody could say when its files go."""
    with store.read() as connection:
        unknown = [(number, name) for number, name in terms.classes_said(connection) if name not in rules.classes]
        if not unknown:
            return
        number, name = unknown[0]
        place = catalog.path_of(connection, number)
    more = f", and {len(unknown) - 1} more folders likewise" if len(unknown) > 1 else ""
    raise Unavailable(
        f"folder {place} is of class {name} which the settings do not know{more}; put {name} under [retention] own "
        f"again, or run mft folder retention {place} CLASS --yes"
    )
