"""The locks, the environment files and the commands agree."""
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from tools import preflight

ROOT = Path(__file__).parents[2]


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
        assert re.search(rf'^  make {target} +\S', listed, re.M), target


def test_set_up_is_done_once():
    assert make('--silent', 'setup').stdout == ''


def test_a_lesson_must_be_named_and_must_exist():
    missing = make('run')
    assert missing.returncode and 'name a lesson' in missing.stderr
    unknown = make('run', 'NB=77')
    assert unknown.returncode and "begins with '77'" in unknown.stderr
    for number in '3', '99':
        none = make('notebooks', f'NB={number}')
        assert none.returncode and ' passed' not in none.stdout
        assert f"begins with '{number}'; there are: 01_" in none.stderr


def test_a_bad_port_is_refused():
    bad = make('lab', 'PORT=http')
    assert bad.returncode and "PORT is 'http', expected" in bad.stderr


# The preflight -------------------------------------------------------------

@pytest.mark.parametrize(('system', 'machine', 'remedy'), [
    ('Windows', 'AMD64', 'WSL2'), ('Darwin', 'arm64', 'container'),
    ('Linux', 'riscv64', 'x86-64 or arm64'), ('Linux', 'aarch64', None),
    ('Linux', 'x86_64', None), ('Darwin', 'x86_64', None)])
def test_the_preflight_knows_the_platforms(monkeypatch, system, machine,
                                           remedy):
    monkeypatch.setattr(preflight.platform, 'system', lambda: system)
    monkeypatch.setattr(preflight.platform, 'machine', lambda: machine)
    problem = preflight.check_system()
    assert (problem is None) if remedy is None else remedy in problem


def test_a_32_bit_system_is_refused(monkeypatch):
    monkeypatch.setattr(preflight.struct, 'calcsize', lambda _: 4)
    assert '32-bit system' in preflight.check_system()


def test_the_preflight_knows_the_python(tmp_path):
    assert preflight.check_python(sys.executable) is None
    assert 'no python-none here' in preflight.check_python('python-none')
    for status, message in ((11, 'is not Python 3.11'), (12, 'not CPython'),
                            (1, 'does not work (No module named _sqlite3)')):
        python = tmp_path / f'python{status}'
        python.write_text('#!/bin/sh\necho No module named _sqlite3 >&2\n'
                          f'exit {status}\n')
        python.chmod(0o755)
        assert message in preflight.check_python(str(python))


def test_a_missing_python_311_is_no_fault_another_one_named_is(capsys):
    assert preflight.check(preflight.PYTHON) is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preflight, 'check_python', lambda _: 'no such Python')
        assert preflight.check(preflight.PYTHON)
        assert 'make setup brings one' in capsys.readouterr().out
        assert not preflight.check('/opt/python')
        assert re.search(r'^python +NO', capsys.readouterr().out, re.M)


def test_the_preflight_names_the_package_of_a_missing_library():
    assert preflight.check_library('libm.so.6', 'libc6') is None
    problem = preflight.check_library('libnone.so.1', 'libnone1')
    assert 'apt-get install libnone1' in problem


def test_the_preflight_fails_where_the_course_cannot_run():
    command = [sys.executable, '-m', 'tools.preflight']
    fine = subprocess.run([*command, sys.executable], timeout=60, cwd=ROOT,
                          capture_output=True, text=True)
    assert fine.returncode == 0, fine.stdout
    bad = subprocess.run([*command, 'python-none'], timeout=60, cwd=ROOT,
                         capture_output=True, text=True)
    assert bad.returncode == 1
    assert re.search(r'^python +NO +no python-none here', bad.stdout, re.M)
