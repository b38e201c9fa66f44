"""What a client hears when something cannot be done.  One table; no text of an error ever passes it.

Version 3 has nine codes, so most of what clients show people is the sentence that goes with them.
"""

from dataclasses import dataclass
from typing import Final

from mft.model.errors import Conflict, Exhausted, Forbidden, Invalid, MftError, NotFound, Unavailable
from mft.sftp.session.handles import TooManyHandles, UnknownHandle
from mft.sftp.session.packets import Code, Garbled


class Unsupported(Invalid):
    """A request that this server refuses by its table, or that nobody has heard of."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status code and the fixed sentence for a person."""

    code: Code
    text: str


END_OF_FILE: Final = Answer(Code.EOF, "End of file.")

ANSWERS: Final[dict[type[MftError], Answer]] = {
    Garbled: Answer(Code.BAD_MESSAGE, "The request could not be understood."),
    Unsupported: Answer(Code.OP_UNSUPPORTED, "This server does not do that."),
    UnknownHandle: Answer(Code.FAILURE, "That handle is not open, or not for this."),
    TooManyHandles: Answer(Code.FAILURE, "Too many files and folders are open in this session; close some first."),
    Invalid: Answer(
        Code.NO_SUCH_FILE,
        "No file can have that name: it is too long, not UTF-8, or holds a backslash, control or invisible character.",
    ),
    NotFound: Answer(Code.NO_SUCH_FILE, "No such file or folder."),
    Forbidden: Answer(Code.PERMISSION_DENIED, "Permission denied."),
    Conflict: Answer(Code.FAILURE, "It is in use, or was changed by somebody else meanwhile; try again."),
    Exhausted: Answer(Code.FAILURE, "The quota or the space on the server is exhausted."),
    Unavailable: Answer(Code.FAILURE, "The server cannot do that at the moment; try again later."),
}
"""By what went wrong; a class that is not here is answered as the nearest above it that is."""

CONFLICTS: Final = {
    "OPEN": "The name is a folder or exists already, or another upload to it is under way.",
    "CLOSE": "The file is not whole or was taken over by another upload; what arrived is kept and can be resumed.",
    "WRITE": "This upload was ended: another one to the same name has taken over.",
    "MKDIR": "Something of that name exists already.",
    "RMDIR": "The folder is not empty.",
    "REMOVE": "It is a folder, or in use at the moment.",
    "RENAME": "The new name exists already, or one of the two is in use.",
    "posix-rename@openssh.com": "The new name is a folder, or one of the two is in use.",
}
"""By request, where a conflict has a likelier reason than the one above."""


def answer_for(error: MftError, request: str) -> Answer:
    """Return what the client hears when *request*, by its name in the table, met *error*."""
    found = next(kind for kind in type(error).__mro__ if kind in ANSWERS or kind is MftError)
    answer = ANSWERS.get(found, ANSWERS[Unavailable])
    if found is Conflict and request in CONFLICTS:
        return Answer(answer.code, CONFLICTS[request])
    return answer


def unexpected(reference: str) -> Answer:
    """Return what the client hears when our own code failed; the log has the same *reference*."""
    return Answer(Code.FAILURE, f"The server could not do that. Reference {reference}.")
