"""The locks, the environment files and the commands agree."""
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import check
import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent


def locked(name):
    """Return the packages of a lock: name to version, all with hashes."""
    found, text = {}, (ROOT / name).read_text()
    assert '://' not in text and '--index' not in text
    for entry in re.split(r'\n(?=\S)', text.strip()):
        pin, *hashes = entry.replace('\\', '').split('\n')
        match = re.match(r'([a-z0-9-]+)==(\S+)', pin)
        assert match, pin
        assert hashes and all('--hash=sha256:' in h for h in hashes), pin
        found.setdefault(match[1], set()).add(match[2])
    return found


def test_the_locks_hold_what_the_project_asks_for():
    project = tomllib.loads((ROOT / 'pyproject.toml').read_text())
    runtime = locked('requirements.lock')
    dev = locked('requirements-dev.lock')
    for lock, wanted in (
            (runtime, project['project']['dependencies']),
            (dev, project['project']['dependencies']
             + project['dependency-groups']['dev'])):
        for requirement in map(Requirement, wanted):
            name = requirement.name.replace('_', '-')
            assert any(requirement.specifier.contains(v)
                       for v in lock[name]), requirement


def test_the_dev_lock_holds_the_runtime_lock():
    runtime = locked('requirements.lock')
    dev = locked('requirements-dev.lock')
    assert {n: dev.get(n) for n in runtime} == runtime


def test_conda_and_binder_read_the_lock():
    environment = yaml.safe_load((ROOT / 'environment.yml').read_text())
    *_, pip = environment['dependencies']
    assert 'python=3.11' in environment['dependencies']
    assert pip == {'pip': ['--requirement requirements.lock']}
    assert (ROOT / 'apt.txt').read_text().split() == ['libgomp1',
                                                      'libquadmath0']
    assert os.access(ROOT / 'postBuild', os.X_OK)


def make(*args):
    return subprocess.run(['make', *args], cwd=ROOT, timeout=100,
                          capture_output=True, text=True)


def test_make_alone_lists_its_targets():
    listed = make().stdout
    for target in ('setup', 'check', 'lab', 'test', 'run', 'outputs', 'site',
                   'site-serve', 'test-web'):
        assert re.search(rf'^make {target} +\S', listed, re.M), target


def test_set_up_is_done_once():
    assert make('--silent', 'setup').stdout == ''


def test_a_lesson_must_be_named_and_must_exist():
    missing = make('run')
    assert missing.returncode and 'name a lesson' in missing.stderr
    unknown = make('run', 'NB=77')
    assert unknown.returncode and "begins with '77'" in unknown.stderr


def test_a_bad_port_is_refused():
    bad = make('lab', 'PORT=http')
    assert bad.returncode and "PORT is 'http', expected" in bad.stderr


# The preflight -------------------------------------------------------------

@pytest.mark.parametrize(('system', 'machine', 'remedy'), [
    ('Windows', 'AMD64', 'WSL2'), ('Darwin', 'arm64', 'container'),
    ('Linux', 'aarch64', 'container'), ('Linux', 'x86_64', None),
    ('Darwin', 'x86_64', None)])
def test_the_preflight_knows_the_platforms(monkeypatch, system, machine,
                                           remedy):
    monkeypatch.setattr(check.platform, 'system', lambda: system)
    monkeypatch.setattr(check.platform, 'machine', lambda: machine)
    problem = check.check_system()
    assert (problem is None) if remedy is None else remedy in problem


def test_the_preflight_knows_the_python(tmp_path):
    assert check.check_python(sys.executable) is None
    assert 'no python-none here' in check.check_python('python-none')
    for status, message in (11, 'is not Python 3.11'), (1, 'lacks its venv'):
        python = tmp_path / f'python{status}'
        python.write_text(f'#!/bin/sh\nexit {status}\n')
        python.chmod(0o755)
        assert message in check.check_python(str(python))


def test_the_preflight_names_the_package_of_a_missing_library():
    assert check.check_library('libm.so.6', 'libc6') is None
    problem = check.check_library('libnone.so.1', 'libnone1')
    assert 'apt-get install libnone1' in problem


def test_the_preflight_fails_where_the_course_cannot_run():
    command = [sys.executable, ROOT / 'tools/check.py']
    fine = subprocess.run([*command, sys.executable], timeout=60,
                          capture_output=True, text=True)
    assert fine.returncode == 0, fine.stdout
    bad = subprocess.run([*command, 'python-none'], timeout=60,
                         capture_output=True, text=True)
    assert bad.returncode == 1
    assert re.search(r'^python +NO +no python-none here', bad.stdout, re.M)


def test_the_readme_lists_the_lessons_with_their_minutes():
    readme = (ROOT / 'README.md').read_text()
    for path in sorted((ROOT / 'notebooks').glob('*.ipynb')):
        minutes = re.search(r'(\d+) minutes', path.read_text())[1]
        assert re.search(
            rf'\(notebooks/{path.name}\).*\(notebooks/solutions/{path.name}\)'
            rf'.*\| {minutes} \| ready \|', readme), path.name
