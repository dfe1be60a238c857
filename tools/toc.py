"""Write the READMEs' tables of the lessons, which notebooks/toc.yml lists.

    python -m tools.toc
"""
import re
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parent.parent
TOC = ROOT / 'notebooks/toc.yml'
# Of each language: the README, the lessons' folder, head, link to solutions
TABLES = {
    'en': ('README.md', 'notebooks',
           '| lesson | you learn to | minutes | exercises |', 'solutions'),
    'zh': ('README.zh.md', 'notebooks/zh',
           '| 课 | 你会学到 | 分钟 | 练习 |', '解答')}


class Entry(NamedTuple):
    """A lesson as the table of contents has it."""
    file: str           # of the notebook, without .ipynb
    minutes: int
    title: str          # a few words, for a sidebar
    purpose: str        # what completes "you learn to"

    @property
    def number(self):
        return self.file[:2]


def lessons(language='en', path=TOC):
    """Return the lessons in their order, each an Entry, in a language."""
    return [Entry(entry['file'], entry['minutes'], **entry[language])
            for entry in yaml.safe_load(path.read_text(encoding='utf-8'))]


def table(language='en'):
    """Return the lessons as a Markdown table, with links from the root."""
    _, folder, head, solutions = TABLES[language]
    rows = [f'| [{lesson.number} {lesson.title}]'
            f'({folder}/{lesson.file}.ipynb) | {lesson.purpose} '
            f'| {lesson.minutes} '
            f'| [{solutions}]({folder}/solutions/{lesson.file}.ipynb) |'
            for lesson in lessons(language)]
    return '\n'.join([head, '|---|---|---|---|', *rows])


def readme(text, language='en'):
    """Return a README's text with the table of today."""
    return re.sub(r'^\|.*\n\| ?---.*\n(?:\| ?\[\d\d .*(?:\n|\Z))+',
                  lambda _: table(language) + '\n', text, flags=re.M)


if __name__ == '__main__':
    for language, (name, *_) in TABLES.items():
        path = ROOT / name
        path.write_text(readme(path.read_text(encoding='utf-8'), language),
                        encoding='utf-8')
