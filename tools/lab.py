"""Open JupyterLab on the lessons, for this machine alone.

    PORT=8890 THREADS=4 python -m tools.lab --language zh
"""
import argparse
import importlib.util
import os
import sys
import webbrowser
from pathlib import Path

from tools import (
    pins,  # linear models print the stored numbers
    practice,
)

ROOT = Path(__file__).parent.parent
os.environ.pop(pins.CHECKS_ONLY, None)
MOST_THREADS = 256
MENUS = {'zh': 'jupyterlab_language_pack_zh_CN'}


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


def whole_number(name, largest):
    """Return the number in a variable of the environment; None without it."""
    value = os.environ.get(name)
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 9
            and 0 < int(value) <= largest):
        sys.exit(f'{name} is {value!r}, expected a whole number from 1 to '
                 f'{largest}')
    return int(value)


def serve(app, folder, *more):
    """Become a Jupyter server of a folder, which no other machine reaches."""
    command = [sys.executable, '-m', app, '--ip=127.0.0.1',
               f'--ServerApp.root_dir={folder}', *more]
    port = whole_number('PORT', 65535)
    if port:
        # A port asked for by name is taken or refused, never another
        command += [f'--port={port}', '--ServerApp.port_retries=0']
    if not has_browser():
        command += ['--no-browser']
        print('No browser here: open the URL with the token below',
              flush=True)
    if hasattr(os, 'geteuid') and os.geteuid() == 0:
        command += ['--allow-root']
    os.execv(sys.executable, command)


def language():
    """Return the language asked for, of those that there are."""
    parser = argparse.ArgumentParser(prog='python -m tools.lab')
    parser.add_argument('--language', default='en')
    asked = parser.parse_args().language
    if asked not in practice.NOTE:
        sys.exit(f'no lessons in the language {asked!r}; there are some in '
                 + ', '.join(practice.NOTE))
    return asked


def speak(language):
    """Let JupyterLab's own menus begin in a language, where it has that.

    What the learner chooses in these menus goes before it.
    """
    if language in MENUS and importlib.util.find_spec(MENUS[language]):
        os.environ['JUPYTER_CONFIG_PATH'] = os.pathsep.join(filter(None, [
            str(ROOT / 'tools' / language),
            os.environ.get('JUPYTER_CONFIG_PATH')]))


def main():
    spoken = language()
    lessons = practice.home(spoken)
    practice.main(spoken)
    speak(spoken)
    os.chdir(lessons)
    threads = whole_number('THREADS', MOST_THREADS)
    if threads:
        os.environ['OMP_NUM_THREADS'] = str(threads)
    serve('jupyterlab', lessons)


if __name__ == '__main__':
    main()
