"""What tests of several folders share: what to wait for, and what to need."""
import contextlib
import os
import secrets
import socket
import time

import pytest


def require(found, package):
    """Skip without a package; where CI is true, fail."""
    if not found:
        message = f'{package} is not installed'
        (pytest.fail if os.environ.get('CI') == 'true' else pytest.skip)(
            message)


def wait_for(what, condition, seconds):
    """Return a condition's first true value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f'{what}: not within {seconds} s')


def free_port():
    """Return a port of this machine that nobody listens on.

    It lies below those that the system gives away, so that it is still free
    when a server, seconds later, comes to bind it.
    """
    while True:
        port = 10000 + secrets.randbelow(22768)
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind(('127.0.0.1', port))
            return port


def listens(port):
    """Say whether somebody listens on a port of this machine."""
    with socket.socket() as s:
        return s.connect_ex(('127.0.0.1', port)) == 0
