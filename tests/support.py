"""What tests of several folders share: what to wait for, and what to need."""
import os
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
    """Return a port of this machine that nobody listens on."""
    # Here, for it loads MXNet, which a browser's tests do without
    from d2lutils.launch import free_ports
    return free_ports(1)[0]


def listens(port):
    """Say whether somebody listens on a port of this machine."""
    with socket.socket() as s:
        return s.connect_ex(('127.0.0.1', port)) == 0
