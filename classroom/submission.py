"""Find the notebook among what a student handed in, and read it."""
import codecs
import json
import logging
import os
import stat
import warnings
from pathlib import Path

import nbformat

from classroom.match import Match, is_answer, is_test, meta

LARGEST = 100_000_000     # bytes of a notebook: its outputs are dropped


class SubmissionError(ValueError):
    """What was handed in cannot be graded."""


def readable(name):
    """Return a file's name as text, also where its bytes are not UTF-8.

    Debian's unzip writes the names of a Chinese Windows as they come, in GBK.
    """
    content = os.fsencode(name)
    for encoding in 'utf-8', 'gb18030':
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode('ascii', 'backslashreplace')


def answers(release, notebook):
    """Count the answers in a notebook; None where it is another's.

    It is this assignment's if it has more of its answers and tests than of
    others'; without any ids, if it has a fifth of them.
    """
    match = Match(release.cells, notebook.cells)
    wanted = [k for k, c in enumerate(release.cells) if is_test(c)
              or is_answer(c) and c.cell_type == 'code']
    known = sum(k in match.roles for k in wanted)
    others = sum(bool(meta(c).get('grade') or meta(c).get('solution'))
                 for c, role in zip(notebook.cells, match.roles, strict=True)
                 if role is None)
    by_id = match.by_id & set(wanted)
    if known <= others or not by_id and 5 * known < len(wanted):
        return None
    return sum(bool(match.written(k)) for k, c in enumerate(release.cells)
               if is_answer(c))


def _may_be(name):
    """Say whether a name may be what programs made of a notebook's."""
    return '.ipynb' in name or Path(name).suffix in ('.json', '')


def find(folder, hw, release):
    """Find the notebook of an assignment among the files handed in.

    Args:
        folder: what one student handed in for it.
        hw: the assignment's name.
        release: what the student was given, by whose cells it is known.

    Returns:
        `notebook, flags`.

    Raises:
        SubmissionError: there is none, it cannot be read, or it is another
            assignment's.
    """
    flags, found, faults, others = [], [], [], []
    for path in sorted(Path(folder).rglob('*'), key=os.fsencode):
        name = readable(path.relative_to(folder))
        if '.ipynb_checkpoints' in path.parts or path.is_dir():
            continue
        if path.is_symlink() or not stat.S_ISREG(path.stat().st_mode):
            what = 'symbolic link' if path.is_symlink() else 'special file'
            flags.append(f'{name} is a {what}: not followed')
        elif _may_be(name.lower()):
            try:
                notebook = read(path)
                number = answers(release, notebook)
            except SubmissionError as error:
                if '.ipynb' in name.lower():
                    faults.append(str(error))
                else:
                    others.append(name)
                continue
            found.append((number, path.name == f'{hw}.ipynb', name,
                          notebook))
        elif path.name != 'timestamp.txt':
            others.append(name)
    ours = [f for f in found if f[0] is not None]
    if not ours:
        raise SubmissionError(_missing(hw, found, flags, faults, others))
    _, named, name, notebook = max(ours, key=lambda f: f[:2])
    if len(ours) > 1:
        flags.append(f'of {len(ours)} notebooks, {name} was taken')
    elif not named:
        flags.append(f'the notebook is called {name}')
    flags += [f'{fault}: left out' for fault in faults]
    return notebook, flags + [f'{n} was left out: only the notebook is graded'
                              for n in others]


def _missing(hw, found, flags, faults, others):
    """Say why there is no notebook to grade."""
    said = [f for f in flags if 'symbolic link' in f]
    said += [f'{f[2]} has no answers to {hw}: is it another assignment?'
             for f in found]
    said += faults
    if said:
        return '; '.join(said)
    there = f', only {", ".join(others[:5])}' if others else ''
    return f'there is no notebook of {hw}{there}'


def _decoded(content):
    """Return the text of a file that some editor may have written anew."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode('utf-16')
    for encoding in 'utf-8-sig', 'gb18030':
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode('utf-8-sig', 'replace')


def read(path):
    """Read a notebook as the newest format, without its outputs.

    Raises:
        SubmissionError: it is too large, or not a notebook.
    """
    name, size = readable(path.name), path.stat().st_size
    if size > LARGEST:
        raise SubmissionError(f'{name} has more than '
                              f'{LARGEST // 1_000_000} MB')
    if not size:
        raise SubmissionError(f'{name} is empty')
    try:
        content = json.loads(_decoded(path.read_bytes()))
        for cell in content.get('cells', ()):
            if cell.get('cell_type') == 'code':
                cell['outputs'] = []
            else:
                cell.pop('outputs', None)
            for key in 'metadata', 'attachments':
                if not isinstance(cell.get(key, {}), dict):
                    cell[key] = {}
        notebook = _as_newest(json.dumps(content))
        for cell in notebook.cells:
            cell.source = str(cell.source)
            cell.cell_type, cell.metadata  # noqa: B018 -- must be there
    except (ValueError, RecursionError, AttributeError, KeyError,
            TypeError, nbformat.reader.NotJSONError,
            nbformat.ValidationError) as error:
        reason = str(error).splitlines() or [type(error).__name__]
        raise SubmissionError(
            f'{name} is not a notebook: {reason[0][:200]}') from error
    return notebook


def _as_newest(text):
    """Read a notebook whose form need not be right throughout."""
    log = logging.getLogger('traitlets')
    level, log.level = log.level, logging.CRITICAL
    try:
        with warnings.catch_warnings():
            # Of cells without an id, or with the same
            warnings.simplefilter('ignore')
            return nbformat.reads(text, as_version=4)
    finally:
        log.level = level
