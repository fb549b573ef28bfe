"""Disks that are small, full or read-only, which only root can make, and images of one at a moment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers import Server

_FILLER = "filler"


@contextmanager
def small(folder: Path, megabytes: int = 24) -> Iterator[Path]:
    """Put a small disk under a folder."""
    size = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "onrecord-faults", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Leave a disk no room."""
    with suppress(OSError), (folder / _FILLER).open("wb", 0) as file:
        while True:
            file.write(b"\0" * 2**16)


def free(folder: Path) -> None:
    """Give the room back."""
    (folder / _FILLER).unlink(missing_ok=True)


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Make a disk read-only while the inside runs: for everybody, root too."""
    # A server has files open for writing, which is no hindrance to this way of mounting.
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def block(folder: Path, backing: Path) -> Iterator[None]:
    """Put a disk under a folder whose blocks are a file: what has not been synced is not in it yet."""
    with backing.open("wb") as file:
        file.truncate(192 * 2**20)
    subprocess.run(["mkfs.ext4", "-q", str(backing)], check=True)
    with _mounted(backing, folder):
        yield


@contextmanager
def _mounted(backing: Path, folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "loop", str(backing), str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def image(server: Server, backing: Path, file: str, copy: Path) -> Path:
    """Copy a file and its write-ahead log as they would be found after a power cut at this moment.

    The server stands still while the blocks are copied. The copy is mounted as any disk is after a cut.
    """
    blocks = copy.with_suffix(".blocks")
    os.killpg(server.process.pid, signal.SIGSTOP)
    try:
        subprocess.run(["cp", "--sparse=always", str(backing), str(blocks)], check=True)
    finally:
        os.killpg(server.process.pid, signal.SIGCONT)
    folder = copy.with_suffix(".mounted")
    folder.mkdir()
    with _mounted(blocks, folder):
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(folder / f"{file}{suffix}", f"{copy}{suffix}")
    blocks.unlink()
    return copy
