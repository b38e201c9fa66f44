"""Roles that come by the groups of a directory, for users of the system who are not on the roll.

The directory's person is the one whose user id is the name of the system's user.  So the system has to
take its users from that directory, or keep to its names: whoever can make a user of the system by another
person's name has that person's role.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from mft.directory.port import Directory
from mft.model.errors import Unavailable
from mft.model.staff import Held, Role
from mft.policy.roles import role_by


@dataclass(frozen=True, slots=True)
class GroupRoles:
    """A directory, and which of its groups give which role."""

    directory: Directory
    mapping: Mapping[str, Role]

    def held_by(self, user: str) -> Held:
        """Return what *user*'s groups give; nothing while the directory does not answer.

        Asks once and waits for the answer, so whoever calls is in no event loop: a command, or a thread.
        """
        # A user without a name stands here as a number: the system does not know who that is.
        if user.isdecimal():
            return Held(None, None)
        try:
            groups = asyncio.run(self.directory.groups(user))
        except Unavailable as error:
            return Held(None, None, trouble=str(error))
        return role_by(groups, self.mapping)
