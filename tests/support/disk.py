"""One blob on a real disk, and the disk's bad days."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from mft.blobs.reader import SealedReader
from mft.blobs.sealed import SealedWriter
from mft.crypto.segments import SegmentCipher, new_file_key


class Blob:
    """A file that writers and readers open; what they leave open is closed at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cipher = SegmentCipher(new_file_key(), os.urandom(16))
        self._closers: list[Callable[[], None]] = []

    def writer(self) -> SealedWriter:
        """Return a writer of a new, empty blob."""
        writer = SealedWriter(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), self.cipher)
        self._closers.append(writer.close)
        return writer

    def resumed(self) -> SealedWriter:
        """Return a writer that finds the blob as a killed process left it."""
        writer = SealedWriter.resume(os.open(self.path, os.O_RDWR), self.cipher)
        self._closers.append(writer.close)
        return writer

    def reader(self, size: int, cipher: SegmentCipher | None = None) -> SealedReader:
        reader = SealedReader(os.open(self.path, os.O_RDONLY), cipher or self.cipher, size)
        self._closers.append(reader.close)
        return reader

    def close(self) -> None:
        for close in self._closers:
            close()


class BadDisk:
    """Lets some calls through, then fails one after half its work, as a full or dying disk does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._pwrite, self._fsync = os.pwrite, os.fsync
        self.failures = 0

    def fails_write(self, number: int, code: int = errno.ENOSPC) -> None:
        """Make the *number*-th pwrite from now, counted from 1, fail with *code*; later ones work."""
        real, calls = self._pwrite, count(1)

        def pwrite(fd: int, data: memoryview, offset: int) -> int:
            if next(calls) == number:
                real(fd, data[: len(data) // 2], offset)
                self.failures += 1
                raise OSError(code, os.strerror(code))
            return real(fd, data, offset)

        self._monkeypatch.setattr(os, "pwrite", pwrite)

    def fails_sync(self, code: int = errno.EIO) -> None:
        """Make the next fsync fail with *code*; a second one would succeed, as it does on Linux."""
        real = self._fsync

        def fsync(fd: int) -> None:
            self.failures += 1
            if self.failures == 1:
                raise OSError(code, os.strerror(code))
            real(fd)

        self._monkeypatch.setattr(os, "fsync", fsync)

    @contextmanager
    def unreadable(self) -> Iterator[None]:
        """Fail every preadv in the block."""

        def preadv(*_: object) -> int:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with self._monkeypatch.context() as patched:
            patched.setattr(os, "preadv", preadv)
            yield

    def writes_short(self, most: int) -> None:
        """Make every pwrite write at most *most* bytes."""
        real = self._pwrite
        self._monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: real(fd, data[:most], offset))
