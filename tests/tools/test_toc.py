"""The table of contents lists each lesson, and the README shows it."""
import re
from pathlib import Path

import nbformat
import pytest

from tools import toc

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / 'notebooks').glob('*.ipynb'))


def test_every_lesson_is_listed_in_the_order_of_the_numbers():
    assert [lesson.file for lesson in toc.lessons()] == [
        path.stem for path in LESSONS]


@pytest.mark.parametrize('lesson', toc.lessons(), ids=lambda l: l.file)
def test_the_minutes_are_those_that_the_lesson_names(lesson):
    path = ROOT / f'notebooks/{lesson.file}.ipynb'
    first = nbformat.read(path, as_version=4).cells[0].source
    assert re.findall(r'(\d+) minutes', first) == [str(lesson.minutes)]


@pytest.mark.parametrize('language', toc.TABLES)
def test_the_readme_shows_the_table(language):
    text = (ROOT / toc.TABLES[language][0]).read_text(encoding='utf-8')
    assert f'\n\n{toc.table(language)}\n\n' in text, (
        'python -m tools.toc writes the table')
    assert toc.readme(text, language) == text


def test_the_table_of_today_replaces_an_older_one():
    old = ('# 课程\n\n| 课 | 学 |\n|---|---|\n| [01 旧](a.ipynb) | 旧 |\n\n'
           '| other | table |\n|---|---|\n| stays | here |\n')
    assert toc.readme(old, 'zh') == old.replace(
        '| 课 | 学 |\n|---|---|\n| [01 旧](a.ipynb) | 旧 |',
        toc.table('zh'))


def test_titles_and_purposes_are_of_their_language():
    for lesson in toc.lessons('zh'):
        assert re.search('[\u4e00-\u9fff]', lesson.purpose)
    for lesson in toc.lessons('en'):
        assert not re.search('[\u4e00-\u9fff]', str(lesson))


def test_what_the_readme_links_to_is_there():
    links = re.findall(r'\]\((?!http)([^)#]+)', (ROOT / 'README.md')
                       .read_text())
    assert len(links) > 40
    assert not [link for link in links if not (ROOT / link).exists()]


def test_a_language_has_titles_and_purposes_of_its_own(tmp_path):
    path = tmp_path / 'toc.yml'
    path.write_text('- file: 01_a\n  minutes: 5\n'
                    '  en: {title: A, purpose: see}\n'
                    '  zh: {title: 甲, purpose: 看}\n', encoding='utf-8')
    (english,), (chinese,) = (toc.lessons(language, path)
                              for language in ('en', 'zh'))
    assert english == ('01_a', 5, 'A', 'see') and english.number == '01'
    assert chinese == ('01_a', 5, '甲', '看')
