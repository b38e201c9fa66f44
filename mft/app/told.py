"""What an operator is told of several errors: the first."""

from mft.model.errors import MftError


def first_of(group: BaseExceptionGroup[MftError]) -> MftError:
    """Return the first error in *group*, however deep it lies."""
    one = group.exceptions[0]
    return first_of(one) if isinstance(one, BaseExceptionGroup) else one
