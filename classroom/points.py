"""Give points to texts in the browser: nbgrader's formgrader.

    python points.py [FOLDER]
"""
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / 'tools'))
import lab  # noqa: E402


def main(folder=HERE / 'class'):
    folder = Path(folder).resolve()
    if not (folder / 'gradebook.db').exists():
        sys.exit(f'{folder} has no gradebook: make grade first')
    # Where nbgrader finds its configuration, which reads the other
    os.chdir(HERE)
    os.environ['CLASS'] = str(folder)
    lab.serve('jupyter_server', folder,
              '--ServerApp.default_url=/formgrader/gradebook',
              '--ServerApp.jpserver_extensions='
              "{'nbgrader.server_extensions.formgrader': True}")


if __name__ == '__main__':
    main(*sys.argv[1:])
