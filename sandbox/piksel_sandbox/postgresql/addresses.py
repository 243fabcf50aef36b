"""Loopback addresses: each server has its own, so that all of them may have the same port."""

from __future__ import annotations

import hashlib
import os
import socket

# 127.64.0.0 to 127.127.255.255; what listens on loopback usually does so below.
FIRST = 64


def free_address(name: str, port: int) -> str:
    """An address of 127.0.0.0/8 where `port` is free; the same name in the same process gets the same one if it can."""
    number = int.from_bytes(hashlib.sha256(f"{os.getpid()}/{name}".encode()).digest()[:4], "big")
    while True:
        octets = number.to_bytes(4, "big")
        address = f"127.{FIRST + octets[0] % FIRST}.{octets[1]}.{max(1, octets[2] % 255)}"
        if _is_free(address, port):
            return address
        number = (number + 256) % 2**32


def _is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
