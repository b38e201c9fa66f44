"""What an operator is told of several errors: the first of ours."""

from mft.model.errors import MftError


def first_of(group: BaseExceptionGroup[BaseException]) -> MftError | None:
    """Return the first MftError in *group*, however deep it lies, or None when it holds none."""
    for one in group.exceptions:
        found = first_of(one) if isinstance(one, BaseExceptionGroup) else one
        if isinstance(found, MftError):
            return found
    return None
