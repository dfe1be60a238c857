"""Debian's Chromium, the built site, and a server that shows it."""
import contextlib
import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import sync_playwright

from tests.docs.pages import SITE
from tests.support import require


@pytest.fixture(scope='session')
def browser():
    """Debian's Chromium; without it a skip, with CI=true a failure."""
    chromium = shutil.which('chromium')
    require(chromium, 'chromium')
    # A container's /dev/shm is too small; no sandbox of its own for root
    args = ['--disable-dev-shm-usage']
    if os.geteuid() == 0:
        args += ['--no-sandbox']
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium,
                                             args=args, timeout=120_000)
        yield running
        running.close()


class Handler(SimpleHTTPRequestHandler):
    """Files of the site, and its own page for what it lacks."""

    def send_error(self, code, message=None, explain=None):
        body = (SITE / '404.html').read_bytes()
        self.send_response(code)
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope='session')
def url():
    """The address of the site."""
    server = ThreadingHTTPServer(('127.0.0.1', 0),
                                 partial(Handler, directory=SITE))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def new_tab(browser):
    """Open a tab in which nothing is stored yet."""
    with browser.new_context() as context:
        context.set_default_timeout(120_000)     # JupyterLab, cores shared
        yield context.new_page()


@pytest.fixture
def tab(browser):
    """A tab of its own, without anything stored from other tests."""
    with new_tab(browser) as found:
        yield found
