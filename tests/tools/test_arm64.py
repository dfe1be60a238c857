"""Linux arm64 computes what x86-64 does: make test-arm64.

On x86-64 with Debian 12's qemu-user-static; without it on arm64 itself.
"""
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from tests.support import require
from tools import arm64_libs, bootstrap

pytestmark = pytest.mark.arm64
ROOT = Path(__file__).parents[2]
QEMU = 'qemu-aarch64-static'
# As a machine that has nothing of ours; the host's lists stay as they are
APT = """
set -eu
cd '{folder}'
mkdir -p state/lists/partial cache/archives/partial
: >status
set -- -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
    -o Dir::State="$PWD/state" -o Dir::State::status="$PWD/status" \
    -o Dir::Cache="$PWD/cache" -o APT::Sandbox::User=root
apt-get "$@" update
apt-get "$@" install --yes --download-only --no-install-recommends \
    python3.11 libstdc++6 libgomp1
for deb in cache/archives/*.deb; do dpkg-deb -x "$deb" root; done
"""


def install(site, lock):
    """Install a lock's wheels for arm64 into a folder, whatever this is."""
    subprocess.run(
        [Path(sys.prefix, 'bin/uv'), 'pip', 'install', '--quiet', '--no-deps',
         '--require-hashes', '--only-binary', ':all:', '--python-version',
         '3.11', '--python-platform', 'aarch64-unknown-linux-gnu', '--target',
         site, '-r', lock], check=True, cwd=ROOT, timeout=600)


def symbols(path, defined):
    """Return the dynamic symbols that a library defines, or asks for."""
    table = subprocess.run(['readelf', '--dyn-syms', '--wide', path],
                           check=True, capture_output=True, text=True).stdout
    rows = (line.split() for line in table.splitlines())
    return {row[7].partition('@')[0] for row in rows
            if len(row) > 7 and (row[6] != 'UND') == defined}


def test_scipys_openblas_has_all_that_mxnet_misses(tmp_path):
    """No emulation: the symbols of the two wheels say it."""
    require(shutil.which('readelf'), 'binutils')
    lock = tmp_path / 'two.lock'
    lock.write_text(bootstrap.entry('mxnet') + '\n'
                    + bootstrap.entry('scipy') + '\n')
    install(tmp_path / 'site', lock)
    arm64_libs.link(tmp_path / 'site')
    mxnet = tmp_path / 'site/mxnet'
    asked = symbols(mxnet / 'libmxnet.so', False)
    algebra = {name for name in asked if re.fullmatch(
        r'cblas_\w+|LAPACKE_\w+|[a-z][a-z0-9]+_', name)}
    assert len(algebra) == 51
    assert not [name for name in asked if name.startswith('armpl')]
    for name in arm64_libs.MISSING:
        assert algebra <= symbols((mxnet / name).resolve(strict=True), True)


@pytest.fixture(scope='module')
def python(tmp_path_factory):
    """Yield the command of an arm64 Python with the course's packages."""
    if platform.machine() == 'aarch64':
        yield [sys.executable]
        return
    require(shutil.which(QEMU), 'qemu-user-static')
    require(shutil.which('apt-get') and shutil.which('dpkg-deb'), 'apt')
    folder = tmp_path_factory.mktemp('arm64')
    if subprocess.run(['sh', '-c', APT.format(folder=folder)],
                      timeout=600).returncode:
        pytest.skip('no Python 3.11 for arm64 from this apt-get: it takes '
                    'Debian 12 and a network')
    # An environment as venv makes it, of a Python that can't run here
    site = folder / 'venv/lib/python3.11/site-packages'
    install(site, 'requirements.lock')
    (folder / 'venv/bin').mkdir()
    own = folder / 'root/usr/bin'
    (folder / 'venv/bin/python').symlink_to(own / 'python3.11')
    (folder / 'venv/pyvenv.cfg').write_text(f'home = {own}\n')
    (site / 'd2lutils.pth').write_text(str(ROOT))
    command = [shutil.which(QEMU), '-cpu', 'neoverse-n1', '-L',
               folder / 'root', folder / 'venv/bin/python']
    subprocess.run([*command, '-m', 'tools.arm64_libs'], check=True, cwd=ROOT,
                   env=clean(), timeout=300)
    assert len(list((site / 'mxnet').glob('*.so'))) == 4
    yield command
    shutil.rmtree(folder)       # pytest would keep 1 GB of each run


def clean():
    """Return an environment without another processor's settings."""
    return {name: os.environ[name] for name in ('PATH', 'HOME', 'TMPDIR')
            if name in os.environ}


@pytest.fixture(scope='module')
def computed(python, tmp_path_factory):
    """Return what an x86-64 and an arm64 compute, by name."""
    folder, found = tmp_path_factory.mktemp('arrays'), []
    for command, name in ([sys.executable], 'here'), (python, 'there'):
        path = folder / f'{name}.npz'
        said = subprocess.run(
            [*command, '-m', 'tests.tools.arithmetic', path], cwd=ROOT,
            env=clean(), timeout=3000, check=True, stdout=subprocess.PIPE,
            text=True).stdout
        print(said)
        found.append(dict(numpy.load(path)))
    assert said.startswith('aarch64')
    return found


def test_mxnets_arithmetic_is_numpys_on_arm64(computed):
    _, there = computed
    errors = {name: error for name, error in there.items()
              if name.startswith('check ')}
    assert len(errors) == 20
    assert {n: e for n, e in errors.items() if not e < 1e-5} == {}


@pytest.mark.parametrize(('part', 'least'), [
    ('training', 2), ('02', 8), ('04', 6), ('14', 6)])
def test_arm64_computes_what_x86_64_does(part, least, computed):
    here, there = computed
    names = [name for name in here if name.startswith(f'{part} ')]
    assert len(names) >= least and names == [
        name for name in there if name.startswith(f'{part} ')]
    apart = {}
    for name in names:
        differ = here[name] != there[name]      # infinities may be equal
        apart[name] = numpy.abs(here[name][differ].astype(float)
                                - there[name][differ]).max(initial=0)
    print(apart)
    assert {n: a for n, a in apart.items() if not a < 1e-5} == {}
