"""A language chooses the text of an assignment, and nothing else."""
import ast
import json
import os
import re
import subprocess
from pathlib import Path

import nbformat
import pytest

from classroom import grade, validate, words
from classroom.__main__ import handed_out, main, parser
from classroom.assignment import graded_cells, in_language
from tests.classroom.support import FULL, ROOT, answered, hand_in, source_in
from tools import pins


@pytest.fixture
def source(tmp_path):
    """An assignment in English and in Chinese."""
    source = source_in(tmp_path)
    chinese = nbformat.read(source / 'hw0' / 'hw0.ipynb', as_version=4)
    chinese.cells[0].source = '# 作业零'
    chinese.cells[3].source = chinese.cells[3].source.replace('of 3', '三的')
    (source / 'zh' / 'hw0').mkdir(parents=True)
    nbformat.write(chinese, source / 'zh' / 'hw0' / 'hw0.ipynb')
    return source


def command(name, tmp_path, source, *more):
    return main([name, 'hw0', '--class', str(tmp_path / 'class'), '--source',
                 str(source), *more])


def test_a_release_is_in_the_language_asked_for(tmp_path, source, capsys):
    found = {}
    for language in 'en', 'zh':
        assert command('release', tmp_path, source, '--language',
                       language) == 0
        assert '3 graded cells, 6 points' in capsys.readouterr().out
        found[language] = nbformat.read(
            tmp_path / 'class/release/hw0/hw0.ipynb', as_version=4)
    assert found['en'].cells[0].source == '# Homework 0'
    assert found['zh'].cells[0].source == '# 作业零'
    assert graded_cells(found['en']) == graded_cells(found['zh'])


@pytest.mark.parametrize('language', ['fr', 'hw0', '..', 'zh/hw0', ''])
@pytest.mark.parametrize('name', ['release', 'grade'])
def test_a_language_that_is_not_there_is_named(
        tmp_path, source, capsys, name, language):
    assert command(name, tmp_path, source, '--language', language) == 2
    said = capsys.readouterr().err
    assert repr(language) in said and 'there are some in en, zh' in said
    assert not (tmp_path / 'class').exists()


@pytest.mark.parametrize('name', ['validate', 'grade'])
@pytest.mark.parametrize('language, folder', [
    ('zh', 'zh'), ('en', 'source-of-hw0'), ('python', 'source-of-hw0'),
    (None, 'source-of-hw0'), (['zh'], 'source-of-hw0')])
def test_what_was_handed_out_says_its_language(
        tmp_path, source, monkeypatch, name, language, folder):
    def stop(hw, *given):
        raise grade.GradeError(next(path for path in reversed(given) if (
            isinstance(path, Path))).name)

    monkeypatch.setattr(validate, 'validate', stop)
    monkeypatch.setattr(grade, 'grade', lambda *given: stop(*given[:5]))
    monkeypatch.setattr(pins, 'leave_out_settings', lambda: None)
    path = tmp_path / 'class/release/hw0/hw0.ipynb'
    path.parent.mkdir(parents=True)
    notebook = answered()
    if language:
        notebook.metadata['language'] = language
    path.write_text(json.dumps(notebook), encoding='utf-8')
    where = [str(path)] if name == 'validate' else [
        '--class', str(tmp_path / 'class')]
    with pytest.raises(grade.GradeError, match=f'^{folder}$'):
        given = parser().parse_args([name, 'hw0', *where, '--source',
                                     str(source)])
        given.source = in_language(given.source, handed_out(given))
        given.does(given)


def test_all_that_is_said_is_there_in_chinese():
    said = set()
    for path in (ROOT / 'classroom').glob('*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Call) and node.args and (
                    getattr(node.func, 'id', '') == 'say'):
                said |= {part.value for part in [node.args[0]]
                         if isinstance(part, ast.Constant)}
    for path in (ROOT / 'classroom/templates').rglob('*.j2'):
        said |= set(re.findall(r"say\('([^']*)'", path.read_text('utf-8')))
    assert len(said) > 40 and said <= words.CHINESE.keys()
    for english, chinese in words.CHINESE.items():
        assert len(re.findall(r'\{\d?\}', english)) >= len(
            re.findall(r'\{\d?\}', chinese))


@pytest.mark.parametrize('more, chosen', [
    ([], False), (['LANGUAGE=zh'], True)])
def test_make_takes_a_language_that_is_given_to_it_alone(more, chosen):
    done = subprocess.run(
        ['make', '-n', 'release', 'HW=hw1', *more], cwd=ROOT, text=True,
        capture_output=True, env=os.environ | {'LANGUAGE': 'en_US:en'})
    assert ('--language zh' in done.stdout) == chosen
    assert 'en_US' not in done.stdout and done.returncode == 0


def test_answers_count_the_same_whichever_text_was_handed_out(
        tmp_path, source, monkeypatch):
    ran = {'cause': None, 'disarmed': False, 'seconds': 1}
    monkeypatch.setattr(grade.sandbox, 'check', lambda: None)
    monkeypatch.setattr(grade.workers, 'run', lambda notebooks, *_: [
        (student, ran | {'notebook': notebook})
        for student, notebook in notebooks.items()])
    hand_in(tmp_path / 'class', 'ada', answered())
    for more in (), ('--language', 'zh'):
        assert command('grade', tmp_path, source, *more) == 0
        row, = json.loads((tmp_path / 'class/results/hw0.json').read_text())[
            'students']
        assert row['score'] == FULL
    assert row['flags'] == ['changed, and put back: square-test']
