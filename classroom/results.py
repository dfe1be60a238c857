"""What a grading run found: the facts, for reports to show.

One that could not be graded has no points, not 0: nothing here turns the one
into the other.
"""
import os
import re
import statistics
from collections import Counter
from pathlib import Path

from classroom import words

ORDER = {'ungraded': 0, 'graded': 1, 'missing': 2}
# Flags that ask nothing of a teacher
PUT_RIGHT = re.compile('own code was run|was split into|cell: put back|'
                       'found by the names|the notebook is called|'
                       'in a cell beside')
BARS = 14                 # of the histogram, at most: fits a phone


def is_graded(student):
    """Say whether a student has points: never true of an ungraded one."""
    return student['status'] == 'graded' and student['score'] is not None


def status(student):
    """Return a student's status, 'ungraded' also where points are missing."""
    if student['status'] == 'graded' and not is_graded(student):
        return 'ungraded'
    return student['status']


def cause(student, say=str.format):
    """Say why one could not be graded."""
    return student.get('cause') or say('no cause given')


def speaker(results):
    """Return what says a text in the language of the assignment."""
    return words.speaker(results.get('language'))


def ordered(results):
    """Return the students, the ungraded first and the missing last."""
    return sorted(results['students'],
                  key=lambda s: (ORDER.get(status(s), 0), s['id']))


def possible(results):
    """Return the points of the whole assignment."""
    return sum(cell['points'] for cell in results['cells'])


def scores(results):
    """Return the points so far of those who are graded."""
    return [s['score'] for s in results['students'] if is_graded(s)]


def pending(results):
    """Return the points that a person has yet to give."""
    return sum(s['pending'] or 0 for s in results['students']
               if is_graded(s))


def cell_score(student, name):
    """Return a student's points for a cell, None where there are none."""
    cell = (student.get('cells') or {}).get(name)
    return cell['score'] if cell and is_graded(student) else None


def cells_at_0(student, results):
    """Count the cells of a student's that were graded with 0."""
    return sum(cell_score(student, cell['id']) == 0
               for cell in results['cells'] if cell['points'])


def lost_all(student, results):
    """Say whether every cell that was graded failed."""
    found = [cell_score(student, cell['id']) for cell in results['cells']
             if cell['points']]
    found = [score for score in found if score is not None]
    return bool(found) and not any(found)


def line(text):
    """Return a text on one line, without what a terminal would obey."""
    text = ' '.join(str(text).split())
    return ''.join(c if c.isprintable() else
                   c.encode('unicode_escape').decode() for c in text)


def number(value):
    """Write a number, with two digits after the point at most."""
    return f'{value:.2f}'.rstrip('0').rstrip('.')


def count(n, what, say=str.format):
    """Write a number of things."""
    return say('{} ' + what + ('' if n == 1 else 's'), number(n))


def counts(results):
    """Count the students by status."""
    kinds = Counter(map(status, results['students']))
    return {kind: kinds[kind] for kind in ('graded', 'ungraded', 'missing')}


def averages(results):
    """Return the mean and the median of the graded; None for no points."""
    points = scores(results)
    return ((statistics.mean(points), statistics.median(points)) if points
            else None)


def look(results):
    """Return (student, [reasons]) of those who need a look.

    They are the ungraded, those whose every cell failed, and those with a
    flag that says more than what was put right.
    """
    found, say = [], speaker(results)
    for s in ordered(results):
        reasons = []
        if status(s) == 'ungraded':
            reasons.append(say('could not be graded: {}', cause(s, say)))
        if lost_all(s, results):
            reasons.append(say('every graded cell failed'))
        flags = s.get('flags') or []
        if reasons or not all(map(PUT_RIGHT.search, flags)):
            found.append((s, flags + reasons if is_graded(s)
                          else reasons + flags))
    return found


def put_right(results):
    """Return (student, flags) of those of whom nothing else is to be said."""
    looked = [s['id'] for s, _ in look(results)]
    return [(s, s['flags']) for s in ordered(results)
            if s.get('flags') and s['id'] not in looked]


def bins(results):
    """Count the graded in equal bins of points: (width, counts).

    A bin is named by its lower bound; full points lie in the last.
    """
    top = max([possible(results), 1])
    widths = (m * 10 ** e for e in range(9) for m in (1, 2, 5))
    width = next(w for w in widths if top // w < BARS)
    heights = [0] * (int(top // width) + 1)
    for score in scores(results):
        heights[min(max(int(score // width), 0), len(heights) - 1)] += 1
    return width, heights


def hardest(results):
    """Return (cell, share, messages), the smallest share first.

    The share is that of the full points which the graded got, None where
    nobody has points; messages are the three most common, counted.
    """
    rows = []
    for cell in results['cells']:
        found = [s['cells'][cell['id']] for s in results['students']
                 if cell_score(s, cell['id']) is not None]
        share = None
        if found and cell['points']:
            share = (sum(f['score'] for f in found)
                     / (cell['points'] * len(found)))
        messages = Counter(line(f['message']).rstrip(': ')
                           for f in found if f.get('message'))
        rows.append((cell, share, messages.most_common(3)))
    return sorted(rows, key=lambda r: 2 if r[1] is None else r[1])


def write(path, text):
    """Write a file that is there as a whole or not at all."""
    path = Path(path)
    part = path.with_name(path.name + '.part')
    # Half a surrogate pair is JSON, but no text: it is spelled out
    with part.open('w', encoding='utf-8', errors='backslashreplace',
                   newline='') as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    part.replace(path)
