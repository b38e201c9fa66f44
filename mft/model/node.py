"""The names of what serves: a machine's, and those of the processes that share its port."""

from typing import Final

_PARTING: Final = "/"
"""No machine's name holds one."""


def worker_of(machine: str, number: int) -> str:
    """Return the name of the worker *number* of *machine*: ``main/2``; of a machine's only process, 0, its own."""
    return f"{machine}{_PARTING}{number}" if number else machine


def machine_of(node: str) -> str:
    """Return the machine that the process *node* runs on."""
    return node.partition(_PARTING)[0]


def below(machine: str) -> str:
    """Return what the names of every worker of *machine* begin with."""
    return machine + _PARTING
