"""Show what a grading run found: a table, a CSV file, a page.

All text comes from students in the end, and is made harmless where it is
shown.
"""
import csv
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from classroom import results as facts
from classroom.results import line, number

FORMULA = tuple('=+-@\t\r\n')     # what a spreadsheet takes for a formula


def totals(results):
    """Return one line of counts and averages."""
    kinds = facts.counts(results)
    text = (f'{facts.count(len(results["students"]), "student")}: '
            + ', '.join(f'{n} {kind}' for kind, n in kinds.items()))
    if facts.averages(results):
        mean, median = facts.averages(results)
        text += (f'; of the graded: mean {number(mean)}, median '
                 f'{number(median)} of {number(facts.possible(results))}')
    return text


def table(results):
    """Return one line per student and one of totals."""
    rows = []
    for s in facts.ordered(results):
        points = pending = ''
        if facts.is_graded(s):
            points = f'{number(s["score"])} of {number(s["max"])}'
            if s['pending']:
                pending = f'{number(s["pending"])} pending'
        flags = facts.count(len(s['flags']), 'flag') if s.get('flags') else ''
        said = facts.status(s)
        if said == 'ungraded':
            said += f': {line(facts.cause(s))}'
        rows.append((line(s['id']), points, pending, flags, said))
    widths = [max(map(len, column))
              for column in zip(*rows, strict=True)][:-1]
    lines = []
    for name, points, pending, flags, said in rows:
        cells = [name.ljust(widths[0]), points.rjust(widths[1]),
                 pending.rjust(widths[2]), flags.rjust(widths[3]), said]
        # A column that is empty throughout takes no room
        lines.append('  '.join(c for c in cells if c))
    return '\n'.join([*lines, totals(results)])


def harmless(value):
    """Return a value for a CSV cell that no spreadsheet computes."""
    if value is None:
        return ''
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value


class _Lines(list):
    """What csv writes to."""

    write = list.append


def write_csv(results, path):
    """Write one line per student, empty where there are no points."""
    names, say = [c['id'] for c in results['cells']], facts.speaker(results)
    # A spreadsheet takes a file with this mark for UTF-8, others for GBK
    lines = _Lines(['\ufeff'] if results.get('language') == 'zh' else [])
    out = csv.writer(lines, lineterminator='\n')
    out.writerow([*map(say, ('id', 'status', 'score', 'max', 'pending',
                             'flags', 'cause')), *map(harmless, names)])
    for s in facts.ordered(results):
        graded = facts.is_graded(s)
        out.writerow(map(harmless, [
            s['id'], say(facts.status(s)), s['score'] if graded else None,
            s['max'], s['pending'] if graded else None,
            '; '.join(s.get('flags') or ()), s.get('cause'),
            *(facts.cell_score(s, name) for name in names)]))
    facts.write(path, ''.join(lines))


def histogram(results):
    """Return where the chart's bars, ticks and names lie, as the page draws.

    Its axes reach from (36, 160) to (352, 18): drawn for a phone.
    """
    say, (width, heights) = facts.speaker(results), facts.bins(results)
    step, high = 316 / len(heights), max(heights)
    # Three digits need the room of two bars
    every = 2 if (len(heights) - 1) * width > 99 and len(heights) > 8 else 1
    return {
        'said': ', '.join(
            say('{} from {} to under {}', facts.count(n, 'student', say),
                i * width, (i + 1) * width)
            for i, n in enumerate(heights) if n) + say(' points'),
        'width': (say('one point') if width == 1 else
                  say('{} points, named by the lowest', width)),
        'ticks': [(round(160 - 142 * n / high, 1), n) for n in sorted(
            {0, high // 2, high})] if high else [],
        'bars': [(round(37 + i * step, 1), round(160 - 142 * n / high, 1),
                  round(step - 2, 1), round(142 * n / high, 1))
                 for i, n in enumerate(heights) if n],
        'names': [(round(36 + (i + 0.5) * step, 1), i * width)
                  for i in range(0, len(heights), every)]}


# Each text on one line, without control characters, and escaped
PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / 'templates'),
    autoescape=True, finalize=lambda value: line(value)
    if isinstance(value, str) and not isinstance(value, Markup) else value)


def html(results):
    """Return the page: it asks nothing of the network, and runs nothing."""
    say = facts.speaker(results)
    sums = [(kind, str(n)) for kind, n in facts.counts(results).items()]
    if facts.averages(results):
        sums += zip(('mean', 'median'), map(number, facts.averages(results)),
                    strict=True)
    sums.append(('possible', number(facts.possible(results))))
    return PAGES.get_template('report.html.j2').render(
        results=results, facts=facts, say=say, chart=histogram(results),
        sums=[(say(name), value) for name, value in sums])


def write_html(results, path):
    """Write the page of a grading run."""
    facts.write(path, html(results))
