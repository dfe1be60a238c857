"""Open JupyterLab on the lessons, for this machine alone.

    PORT=8890 python tools/lab.py
"""
import os
import sys
import webbrowser
from pathlib import Path

import pins  # linear models print the stored numbers

ROOT = Path(__file__).parent.parent
del os.environ[pins.CHECKS_ONLY]


def has_browser():
    """Say whether a browser would open in a window, not in this terminal."""
    if sys.platform.startswith('linux') and not (
            os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def serve(app, folder, *more):
    """Become a Jupyter server of a folder, which no other machine reaches."""
    command = [sys.executable, '-m', app, '--ip=127.0.0.1',
               f'--ServerApp.root_dir={folder}', *more]
    port = os.environ.get('PORT')
    if port:
        if not (port.isdigit() and 0 < int(port) < 65536):
            sys.exit(f'PORT is {port!r}, expected a number from 1 to 65535')
        # A port asked for by name is taken or refused, never another
        command += [f'--port={port}', '--ServerApp.port_retries=0']
    if not has_browser():
        command += ['--no-browser']
        print('No browser here: open the URL with the token below',
              flush=True)
    if hasattr(os, 'geteuid') and os.geteuid() == 0:
        command += ['--allow-root']
    os.execv(sys.executable, command)


if __name__ == '__main__':
    os.chdir(ROOT / 'notebooks')
    serve('jupyterlab', ROOT / 'notebooks')
