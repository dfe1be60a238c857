"""Pack the course into one zip that runs by itself: notebooks and d2lutils.

    python tools/pack.py dist      writes dist/d2l-course-0.1.0.zip
"""
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ('d2lutils', 'notebooks')
FILES = ('CHANGELOG.md', 'CITATION.cff', 'LICENSE', 'NOTICE', 'apt.txt',
         'conftest.py', 'environment.yml', 'pyproject.toml',
         'requirements.lock', 'tests/sanitize.cfg', 'tools/lab.py',
         'tools/pins.py')
CACHES = {'__pycache__', '.ipynb_checkpoints'}

README = """\
# From linear regression to MLPs: a notebook course on MXNet Gluon

Version {version}: the lessons, their solutions, and all that they need.

On Linux (x86-64) with Python 3.11, in this folder:

```sh
python3.11 -m venv .venv
.venv/bin/pip install --no-deps --require-hashes -r requirements.lock
PYTHONPATH="$PWD" .venv/bin/python tools/lab.py
```

The second command takes minutes, 1.5 GB and a network, once.
The third opens JupyterLab on the lessons, each time, and needs no network.
Begin with `01_linear_regression.ipynb`.

- On a bare Debian 12, first:
  `apt-get install python3.11 python3.11-venv {packages}`.
- On Windows: the same, in WSL2.
- On Apple silicon: MXNet has no working wheel; use an x86-64 container.
- With conda, the first two commands are
  `conda env create --file environment.yml` and `conda activate d2l-course`,
  and the third begins with `python` in the place of `.venv/bin/python`.

Does a lesson give its stored numbers on this machine?

```sh
PYTHONPATH="$PWD" .venv/bin/python -m pytest --nbval --nbval-current-env \\
    --nbval-cell-timeout=240 --nbval-sanitize-with=tests/sanitize.cfg \\
    notebooks/06_numerical_stability.ipynb
```

The code and the text are under the MIT License (LICENSE), the data under
licences of their own (NOTICE).
"""


def paths(root=ROOT):
    """Return the files to pack, in the order in which they are packed."""
    found = [root / name for name in FILES]
    for folder in FOLDERS:
        found += [p for p in (root / folder).rglob('*')
                  if p.is_file() and not CACHES.intersection(p.parts)]
    return sorted(found)


def pack(folder, root=ROOT):
    """Write the zip into a folder; return its path."""
    project = tomllib.loads((root / 'pyproject.toml').read_text())
    version = project['project']['version']
    packages = ' '.join((root / 'apt.txt').read_text().split())
    target = folder / f'd2l-course-{version}.zip'
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, 'w') as archive:
        def add(name, content):
            # A bare ZipInfo has the date 1980-01-01: the same bytes each time
            info = zipfile.ZipInfo(f'{target.stem}/{name}')
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)

        add('README.md', README.format(version=version, packages=packages))
        for path in paths(root):
            add(path.relative_to(root).as_posix(), path.read_bytes())
    return target


if __name__ == '__main__':
    written = pack(Path(sys.argv[1]))
    print(f'{written}  {written.stat().st_size / 2**20:.0f} MB')
