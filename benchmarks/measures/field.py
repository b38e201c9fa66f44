"""What every measure is given, and the order it works in: A B C, A B C, never A A B B."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from ssh2.exceptions import SSH2Error

from benchmarks.clients.openssh import Failed
from benchmarks.grounds import Grounds
from benchmarks.peers.launch import Peer
from benchmarks.plan import Sizes
from benchmarks.processes import Trees
from benchmarks.results import Book, Run
from benchmarks.servers import Server, all_serving

TROUBLE: Final = (Failed, SSH2Error, OSError)
"""What a server may do to a client; the run is skipped and said to be."""


@dataclass(frozen=True)
class Field:
    """The servers, how much, how often, and where to write it down."""

    grounds: Grounds
    peers: Sequence[Peer]
    ciphers: Sequence[str]
    sizes: Sizes
    rounds: int
    book: Book
    wanted: frozenset[str]
    """The measures that were asked for: a file may take several at once."""

    @contextmanager
    def serving(
        self, peers: Sequence[Peer] | None = None, more: Mapping[str, Mapping[str, str]] | None = None
    ) -> Iterator[list[Server]]:
        """Give the servers, new and empty; all, or only *peers*."""
        with all_serving(self.peers if peers is None else peers, self.grounds, more) as servers:
            yield servers

    def usual(self) -> list[Peer]:
        """Return the peers without those that only differ in how durable an upload is."""
        return [peer for peer in self.peers if not peer.durable]

    def named(self, *names: str) -> list[Peer]:
        """Return those peers that were asked for and are called so."""
        return [peer for peer in self.peers if peer.name in names]

    def interleave(self, servers: Sequence[Server], what: tuple[str, str], work: Callable[[Server, int], Run]) -> None:
        """Do *work* with each server in turn, round after round; one that cannot is left out from then on."""
        lost: set[str] = set()
        for server, number in self.turns(servers):
            if server.name not in lost:
                try:
                    self.book.add(work(server, number))
                except TROUBLE as trouble:
                    self.skip(server, what, trouble)
                    lost.add(server.name)

    def turns(self, servers: Sequence[Server]) -> Iterator[tuple[Server, int]]:
        """Give each server with the number of each round it takes, once nobody is at work any more."""
        for number in range(self.rounds):
            for server in servers:
                if number == 0 or server.peer.compared:
                    os.sync()  # What an earlier run left to be written back must not be paid for in this one.
                    Trees([one.process.pid for one in servers]).settle()
                    yield server, number

    def skip(self, server: Server, what: tuple[str, str], trouble: BaseException) -> None:
        """Write down that *server* gives no figure for *what*, a measure and a variant."""
        self.book.skip(*what, server.name, f"{type(trouble).__name__}: {trouble}")
