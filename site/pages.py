"""Assemble the sources of the site in site/_build/source.

    python site/pages.py

Nothing is written twice: a page is a notebook as it is, a Markdown file of
the repository, or a page of site/pages, whose lines {{ README: Learn }} stand
for that section of the README; fill() has the other kinds. The README's table
gives the order and the short names of the lessons. Links between files become
links between pages.

English pages lie at the root of site/_build/html. A second language has its
notebooks in notebooks/zh, and its pages will lie beside these, in html/zh:
no address of an English page will move.
"""
import base64
import json
import os
import re
import shutil
from pathlib import Path

import plots

HERE = Path(__file__).parent
ROOT = HERE.parent
SOURCE = HERE / '_build/source'
README = (ROOT / 'README.md').read_text()
# Where the site will stand
SITE = os.environ.get('SITE_URL', '').rstrip('/')
# Where the repository can be read, and whether Binder may be offered for it
REPOSITORY = os.environ.get('REPOSITORY_URL', '').rstrip('/')
# Files of the repository that are pages, or have one that says the same
PAGES = {'README.md': 'index.md', 'CONTRIBUTING.md': 'contribute.md',
         'classroom/README.md': 'classroom/index.md',
         'classroom/hub/README.md': 'classroom/hub.md',
         'benchmarks/README.md': 'benchmark.md',
         'notebooks/solutions': 'solutions.md'}
WHOLE = ['CONTRIBUTING.md', 'notebooks/errata.md', 'classroom/README.md',
         'classroom/hub/README.md',
         *(str(p.relative_to(ROOT)) for p in ROOT.glob('docs/*.md'))]


def lessons():
    """List the README's lessons: stem, short name, what for, minutes."""
    return re.findall(
        r'^\| \[(?P<name>.+?)\]\(notebooks/(\d\d_\w+)\.ipynb\).*?\| (.+?) \| '
        r'(\d+) \|', README, re.M)


def section(heading):
    """Return a section of the README, with its heading."""
    found = re.search(rf'^## {re.escape(heading)}\n.*?(?=^## |\Z)', README,
                      re.M | re.S)
    if not found:
        raise ValueError(f'the README has no section {heading!r}')
    return found[0].strip()


def introduction():
    """Return the README's title and the paragraphs under it."""
    title, *paragraphs = README.partition('\n## ')[0].strip().split('\n\n')
    return title.removeprefix('# '), paragraphs


def cell(lesson, cell_id):
    """Return a cell of a lesson."""
    notebook = json.loads((ROOT / f'notebooks/{lesson}.ipynb').read_text())
    return next(c for c in notebook['cells'] if c['id'] == cell_id)


def relink(text, folder, page):
    """Point links of a Markdown file at pages, and bring files that are none.

    Args:
        folder: where the text stands in the repository.
        page: where it goes.
    """
    def target(match):
        link, hash_, anchor = match[1].partition('#')
        if '://' in link or not link:
            return match[0]
        path = os.path.normpath(os.path.join(folder, link))
        goal = PAGES.get(path, path)
        if path not in [*PAGES, *WHOLE] and (ROOT / path).is_file():
            copy(path)
        return '](' + os.path.relpath(
            goal, os.path.dirname(page) or '.') + hash_ + anchor + ')'
    return re.sub(r'\]\(([^)\s]+)\)', target, text)


def cell_links(text):
    """Turn [04](04_x.ipynb) `cell` of the errata into a link to the cell."""
    def linked(match):
        cells = re.sub(r'`(.+?)`', rf'<a href="{match[2]}.html#cell-\1">'
                       r'<code>\1</code></a>', match[3])
        return match[1] + cells
    return re.sub(r'(\[\d\d\]\((\w+)\.ipynb\) )(`.*?`)(?= \|)', linked, text)


def copy(path):
    (SOURCE / path).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / path, SOURCE / path)


def write(page, text):
    (SOURCE / page).parent.mkdir(parents=True, exist_ok=True)
    (SOURCE / page).write_text(text + '\n')


def fill(text):
    """Put what the repository says in the place of {{ name: argument }}."""
    kinds = {'README': section,
             'PAGE': lambda heading: section(heading)[1:],
             'FIGURE': lambda where: drawn(*where.split()),
             'THIS': lambda name: globals()[name]()}
    return re.sub(r'\{\{ (\w+): (.+?) \}\}',
                  lambda m: kinds[m[1]](m[2]).strip(), text)


# What pages are filled with ------------------------------------------------

def title():
    return introduction()[0]


def lead():
    return introduction()[1][0]


def more():
    return '\n\n'.join(introduction()[1][1:])


def first():
    return f'notebooks/{lessons()[0][1]}.ipynb'


def lesson_list():
    """List the lessons with what they are for."""
    return '\n'.join(
        f'1. [{name[3].upper()}{name[4:]}](notebooks/{stem}.ipynb)\n'
        f'   {purpose}\n   [{minutes} minutes]{{.minutes}}'
        for name, stem, purpose, minutes in lessons())


def lesson_toc(folder='notebooks'):
    return '\n'.join(f'{name} <{folder}/{stem}>'
                     for name, stem, _, _ in lessons())


def solution_toc():
    return lesson_toc('notebooks/solutions')


def _ledger():
    """Return the README's words on the ledger and what follows: its table."""
    before, _, after = section("Ours beside the sources'").partition('<!--')
    return before[1:], after.partition('-->')[2]


def ledger_words():
    return _ledger()[0]


def ledger_table():
    return _ledger()[1]


def drawn(lesson, cell_id):
    """Show a figure of a lesson, and say where it comes from."""
    found, name = cell(lesson, cell_id), f'{lesson[:2]}_{cell_id}.png'
    png = next(o['data']['image/png'] for o in found['outputs']
               if 'image/png' in o.get('data', {}))
    SOURCE.mkdir(parents=True, exist_ok=True)
    (SOURCE / name).write_bytes(base64.b64decode(png))
    return f'![{found["metadata"]["mystnb"]["image"]["alt"]}]({name})'


def benchmark_rest():
    """Return the benchmark's second page, without its title."""
    text = (ROOT / 'benchmarks/README.md').read_text()
    return text.partition('\n# ')[2].partition('\n')[2]


def outside():
    """List the figures of the sources that lie outside, with the reasons."""
    rows = json.loads((ROOT / 'notebooks/ledger.json').read_text())['rows']
    lines = []
    for row in rows:
        reasons = row.get('outside', {})
        for why in dict.fromkeys(reasons.values()):
            numbers = [int(i) for i in reasons if reasons[i] == why]
            where = '; '.join(
                f'{row["at"][i]} {row["reported"][i]}'.strip()
                + (f' (ours {row["mean"][i]:.3g})' if row['runs'] else '')
                for i in numbers)
            lines.append(f'- **{row["lesson"][:2]}, {row["setting"]}: '
                         f'{row["what"]}.** {where}. Why: {why}.')
    return '\n'.join(lines)


def binder():
    if REPOSITORY:
        return ('The rocket at the top of each lesson opens it on Binder, '
                'on a small machine that somebody else pays for.')
    return ('No Binder button: this copy of the site does not know the '
            'address of its repository. `apt.txt`, `environment.yml` and '
            '`postBuild` are what a Binder needs.')


def main():
    shutil.rmtree(SOURCE, ignore_errors=True)
    for path in sorted((ROOT / 'notebooks').glob('**/[0-9]*.ipynb')):
        if '.ipynb_checkpoints' not in path.parts:
            copy(path.relative_to(ROOT))
    copy('notebooks/dist_worker.py')    # lesson 14 links to it
    copy('benchmarks/results.png')
    for path in WHOLE:
        page = PAGES.get(path, path)
        write(page, relink(cell_links((ROOT / path).read_text()),
                           os.path.dirname(path), page))
    for path in (HERE / 'pages').glob('*.md'):
        write(path.name, relink(fill(path.read_text()), '', path.name))
    plots.draw(ROOT / 'notebooks/ledger.json', SOURCE, title())


if __name__ == '__main__':
    main()
