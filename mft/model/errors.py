"""What can go wrong, by what the caller can do about it.

    MftError
    ├── Invalid        what was given cannot be what was meant     (path, name, address, key)
    ├── NotFound       nothing of that name that the caller may see
    ├── Forbidden      it exists, and the caller may not
    ├── Conflict       true when looked at, false when written     (duplicate name, second writer)
    ├── Exhausted      a limit was reached                         (quota, space, handles)
    └── Unavailable    something needed did not answer; refuse and say so

The text is written for operators and says what to do next.  A door never passes it to a client
unless its table says so.  Refusing a sign-on is no error: it is a verdict (mft.policy.signon).
"""


class MftError(Exception):
    """The root of every error this program raises on purpose."""


class Invalid(MftError):
    """What was given cannot be what was meant."""


class NotFound(MftError):
    """There is nothing of that name that the caller may see."""


class Forbidden(MftError):
    """It exists, and the caller may not."""


class Conflict(MftError):
    """It was true when looked at and false when written."""


class Exhausted(MftError):
    """A limit was reached: quota, free space, handles."""


class Unavailable(MftError):
    """Something needed did not answer.  What cannot be known is refused."""
