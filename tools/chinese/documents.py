"""Which files have a Chinese edition, and what of theirs is translated."""
import hashlib
import itertools
import os
import re
from pathlib import Path
from typing import NamedTuple

import nbformat

from tools.chinese import segments
from tools.chinese.tokens import FENCE

ROOT = Path(__file__).parents[2]
PAGES = ('README.md', 'classroom/README.md', *(f'docs/{name}.md' for name in (
    '404', 'apple', 'boards', 'checks', 'colab', 'errata', 'glossary',
    'index', 'platforms', 'solutions', 'sources', 'start', 'windows')))
MARK = re.compile(r'<!-- ([0-9a-f]{12}|) -->\n')
FRONT = re.compile(r'\A---\n.*?\n---\n', re.S)


class Unit(NamedTuple):
    """A text that is translated as a whole.

    digest is that of the English text; where it is a translation's, that of
    the text it translates, and '' where it is not translated yet.
    """
    place: str
    kind: str
    text: str
    digest: str


def digest(text):
    """Return twelve hexadecimal digits that change with a text."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:12]


def originals():
    """Return all files that have a Chinese edition."""
    notebooks = sorted(path for pattern in (
        'notebooks/[0-9]*.ipynb', 'notebooks/solutions/[0-9]*.ipynb',
        'classroom/source/*/*.ipynb') for path in ROOT.glob(pattern))
    return [*notebooks, *(ROOT / name for name in PAGES)]


def chinese(path):
    """Return where the Chinese edition of a file lies; None: it has none."""
    folder, name = path.relative_to(ROOT).parent.as_posix(), path.name
    if path.suffix == '.ipynb' and folder.startswith('notebooks'):
        return ROOT / folder.replace('notebooks', 'notebooks/zh', 1) / name
    if path.suffix == '.ipynb' and folder.startswith('classroom/source/'):
        return ROOT / folder.replace('source', 'source/zh', 1) / name
    if f'{folder}/{name}'.removeprefix('./') not in PAGES:
        return None
    if folder == 'docs':
        return path.parent / 'zh' / name
    return path.with_name('README.zh.md')


def english(place):
    """Return the place of the English edition; a suffix may be missing."""
    return re.sub(r'\.zh(?=$|\.)', '', place.replace('/zh/', '/'))


def localise(text, path):
    """Let relative links of a file lead on from its Chinese edition."""
    home = chinese(path).parent

    def moved(match):
        address, mark, anchor = match[1].partition('#')
        target = Path(os.path.normpath(path.parent / address))
        if not address or ':' in address or not target.is_relative_to(ROOT):
            return match[0]
        # What leads to the other language leads back
        target = (path if target == chinese(path)
                  else chinese(target) or target)
        return f']({os.path.relpath(target, home)}{mark}{anchor})'

    return re.sub(r'\]\(([^)\s]+)\)', moved, text)


def sections(text):
    """Split a page before its headings."""
    fenced = [match.span() for match in FENCE.finditer(text)]
    cuts = [match.start() for match in re.finditer(r'^#{1,3} ', text, re.M)
            if not any(a < match.start() < b for a, b in fenced)]
    cuts = [0, *(cut for cut in cuts if cut), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(cuts)
            if text[a:b].strip()]


def cell_units(cell):
    """Return a cell's units, in their order."""
    if cell.cell_type == 'markdown':
        pieces = [('markdown', cell.source)]
    else:
        pieces = [(s.kind, s.text) for s in segments.segments(cell.source)]
        image = cell.metadata.get('mystnb', {}).get('image', {})
        pieces += [('alt', image['alt'])] if 'alt' in image else []
    known = cell.metadata.get('translates')
    digests = known or [digest(text) for _, text in pieces]
    if len(digests) != len(pieces):
        raise ValueError(f'cell {cell.id} has {len(pieces)} texts, and '
                         f'translates {len(digests)}: give it as many '
                         'comments, docstrings and messages as the English')
    return [Unit(f'{cell.id}/{k}', kind, text, of) for k, ((kind, text), of)
            in enumerate(zip(pieces, digests, strict=True))]


def fill(cell, units):
    """Put units into a copy of an English cell, and their digests."""
    texts = [unit.text for unit in units]
    if not texts:
        return
    cell.metadata['translates'] = [unit.digest for unit in units]
    if cell.cell_type == 'markdown':
        cell.source, = texts
        return
    image = cell.metadata.get('mystnb', {}).get('image', {})
    if 'alt' in image:
        image['alt'] = texts.pop()
    cell.source = segments.replace(cell.source, texts)


def notebook(path):
    """Read a notebook; its form is checked when it is written."""
    return nbformat.v4.reads(path.read_text(encoding='utf-8'))


def read(path):
    """Return a file's units by the part they stand in: a cell, a section."""
    if path.suffix == '.ipynb':
        return {cell.id: cell_units(cell)
                for cell in notebook(path).cells
                if cell.cell_type in ('markdown', 'code')}
    text = FRONT.sub('', path.read_text(encoding='utf-8'))
    found = MARK.split(text)
    if len(found) > 1:          # a translation: text before the first mark
        pairs = list(zip(found[2::2], found[1::2], strict=True))
    else:
        pairs = [(section, digest(section)) for section in sections(text)]
    return {str(k): [Unit(f'{k}/0', 'section', part, of)]
            for k, (part, of) in enumerate(pairs)}


def write(path, parts):
    """Write the Chinese edition of an English file: its units by part."""
    target = chinese(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == '.ipynb':
        made = notebook(path)
        if 'classroom' in path.parts:       # grading speaks it, too
            made.metadata['language'] = 'zh'
        for cell in made.cells:
            fill(cell, parts.get(cell.id, []))
        content = nbformat.writes(made) + '\n'
    else:
        front = FRONT.match(path.read_text(encoding='utf-8'))
        content = (front[0] if front else '') + '\n'.join(
            f'<!-- {unit.digest} -->\n{unit.text.strip()}\n'
            for unit, in parts.values())
    half = target.with_name(f'.{target.name}.part')
    half.write_text(content, encoding='utf-8')
    os.replace(half, target)
