"""Show what a grading run tells: a table, a CSV file, a page.

    python classroom/report.py classroom/class/results/hw2.json

One that could not be graded has no points, not 0: nothing here turns the one
into the other. All text comes from students in the end, and is made harmless
where it is shown.
"""
import csv
import json
import os
import statistics
import sys
from collections import Counter
from html import escape
from pathlib import Path

ORDER = {'ungraded': 0, 'graded': 1, 'missing': 2}
FORMULA = tuple('=+-@\t\r\n')     # what a spreadsheet takes for a formula
BARS = 14                         # of the histogram, at most: fits a phone


def load(path):
    """Read a grading run's results.

    Raises:
        ValueError, OSError: they cannot be read, or are no results.
    """
    results = json.loads(Path(path).read_text(encoding='utf-8'))
    if not (isinstance(results, dict)
            and {'hw', 'cells', 'students'} <= set(results)):
        raise ValueError('no results, expected the keys hw, cells, students')
    return results


# What the results say -------------------------------------------------------

def is_graded(student):
    """Say whether a student has points: never true of an ungraded one."""
    return student['status'] == 'graded' and student['score'] is not None


def status(student):
    """Return a student's status, 'ungraded' also where points are missing."""
    if student['status'] == 'graded' and not is_graded(student):
        return 'ungraded'
    return student['status']


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


def cell_score(student, name):
    """Return a student's points for a cell, None where there are none."""
    cell = (student.get('cells') or {}).get(name)
    return cell['score'] if cell and is_graded(student) else None


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


def count(n, what):
    """Write a number of things."""
    return f'{number(n)} {what}' + ('' if n == 1 else 's')


def counts(results):
    """Count the students by status, and say the graded ones' mean."""
    kinds = Counter(map(status, results['students']))
    text = (f'{count(len(results["students"]), "student")}: '
            f'{kinds["graded"]} graded, {kinds["ungraded"]} ungraded, '
            f'{kinds["missing"]} missing')
    points = scores(results)
    if points:
        text += (f'; of the graded: mean {number(statistics.mean(points))}, '
                 f'median {number(statistics.median(points))} '
                 f'of {number(possible(results))}')
    return text


# The terminal and the spreadsheet -------------------------------------------

def table(results):
    """Return a line a student and one of counts."""
    rows = []
    for s in ordered(results):
        points = pending = ''
        if is_graded(s):
            points = f'{number(s["score"])} of {number(s["max"])}'
            if s['pending']:
                pending = f'{number(s["pending"])} pending'
        flags = count(len(s['flags']), 'flag') if s.get('flags') else ''
        said = status(s)
        if said == 'ungraded':
            said += f': {line(s.get("cause") or "no cause was told")}'
        rows.append((line(s['id']), points, pending, flags, said))
    widths = [max(map(len, column))
              for column in zip(*rows, strict=True)][:-1]
    lines = []
    for name, points, pending, flags, said in rows:
        cells = [name.ljust(widths[0]), points.rjust(widths[1]),
                 pending.rjust(widths[2]), flags.rjust(widths[3]), said]
        # A column that is empty throughout takes no room
        lines.append('  '.join(c for c in cells if c))
    return '\n'.join([*lines, counts(results)])


def harmless(value):
    """Return a value for a CSV cell that no spreadsheet computes."""
    if value is None:
        return ''
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value


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


class _Lines(list):
    """What csv writes to."""
    write = list.append


def write_csv(results, path):
    """Write a line a student, empty where there are no points."""
    names = [cell['id'] for cell in results['cells']]
    lines = _Lines()
    out = csv.writer(lines, lineterminator='\n')
    out.writerow(map(harmless, ['id', 'status', 'score', 'max', 'pending',
                                'flags', 'cause', *names]))
    for s in ordered(results):
        graded = is_graded(s)
        out.writerow(map(harmless, [
            s['id'], status(s), s['score'] if graded else None, s['max'],
            s['pending'] if graded else None, '; '.join(s.get('flags') or ()),
            s.get('cause'), *(cell_score(s, name) for name in names)]))
    write(path, ''.join(lines))


# The page -------------------------------------------------------------------

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1d21;
  --quiet: #555b64; --rule: #d5d8dd; --card: #f4f5f7; --bar: #0067a3;
  --alarm: #a82315 }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171a; --ink: #e9eaec; --quiet: #b0b5bd;
    --rule: #3a3e45; --card: #202329; --bar: #5cb8ea; --alarm: #ff9c8c } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 60rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25 }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.2rem }
p { margin: .4rem 0 }
.quiet { color: var(--quiet); font-size: .9rem; font-weight: normal }
dl.sums { display: grid; gap: .6rem; margin: 1.2rem 0;
  grid-template-columns: repeat(auto-fit, minmax(6.2rem, 1fr)) }
.sums div { padding: .5rem .75rem; border-radius: .4rem;
  background: var(--card) }
.sums dt { color: var(--quiet); font-size: .85rem }
.sums dd { margin: 0; font-size: 1.35rem; line-height: 1.3;
  font-variant-numeric: tabular-nums }
ul.look { margin: 0; padding: 0; list-style: none }
.look > li { display: grid; gap: 0 1rem; padding: .4rem .75rem;
  grid-template-columns: minmax(8rem, 1fr) 3fr; margin: .3rem 0;
  background: var(--card); border-left: .25rem solid var(--rule);
  border-radius: .2rem }
.look > li.alarm { border-color: var(--alarm) }
.look ul { margin: 0; padding: 0; list-style: none }
.alarm strong, td.alarm { color: var(--alarm) }
svg { display: block; width: 100%; max-width: 36rem; height: auto }
svg text { fill: var(--ink); font: 11px system-ui, sans-serif }
svg rect, .share span { fill: var(--bar); background: var(--bar) }
svg line { stroke: var(--rule) }
.wide { overflow-x: auto }
.wide td { white-space: nowrap }
.wide:focus-visible { outline: 2px solid var(--bar) }
table { width: 100%; border-collapse: collapse }
th, td { padding: .35rem .8rem .35rem 0; text-align: left;
  vertical-align: top; border-bottom: 1px solid var(--rule) }
thead th { font-size: .9rem; white-space: nowrap }
th:last-child, td:last-child { padding-right: 0 }
tbody th { font-weight: 600; min-width: 9rem }
.stack tbody th { min-width: 12rem }
.number { text-align: right; font-variant-numeric: tabular-nums;
  white-space: nowrap }
.share { min-width: 5rem; white-space: nowrap }
.share div { height: .45rem; border-radius: .2rem; background: var(--rule) }
.share span { display: block; height: 100%; border-radius: .2rem }
td ul { margin: 0; padding: 0; list-style: none }
td li { margin-bottom: .25rem }
code { font: .9em ui-monospace, monospace }
@media (max-width: 36rem) {
  table.stack, .stack tbody, .stack tr, .stack th, .stack td {
    display: block }
  .stack thead { position: absolute; clip-path: inset(50%) }
  .stack tr { padding: .5rem 0; border-bottom: 1px solid var(--rule) }
  .stack th, .stack td { padding: .1rem 0; border: 0 }
  .stack td:empty { display: none }
  .look > li { display: block }
  .wide { font-size: .85rem }
  .wide tbody th { min-width: 6rem }
  .wide th, .wide td { padding-right: .5rem }
}
@media print { .wide { overflow: visible } }
"""


def _e(text):
    """Escape a text for the page."""
    return escape(line(text))


def _text(tag, text, cls=''):
    cls = f' class="{cls}"' if cls else ''
    return f'<{tag}{cls}>{_e(text)}</{tag}>'


def look(results):
    """Return (student, [reasons]) of those who need a look.

    They are the ungraded, the flagged, and those whose every cell failed.
    """
    found = []
    for s in ordered(results):
        reasons = []
        if status(s) == 'ungraded':
            reasons.append('could not be graded: '
                           + (s.get('cause') or 'no cause was told'))
        reasons += s.get('flags') or ()
        if lost_all(s, results):
            reasons.append('every graded cell failed')
        if reasons:
            found.append((s, reasons))
    return found


def _look(results):
    rows = []
    for s, reasons in look(results):
        cls = ' class="alarm"' if status(s) == 'ungraded' else ''
        reasons = ''.join(_text('li', reason) for reason in reasons)
        rows.append(f'<li{cls}>{_text("strong", s["id"])}'
                    f'<ul>{reasons}</ul></li>')
    if not rows:
        return '<p>Nobody.</p>'
    return f'<ul class="look">{"".join(rows)}</ul>'


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


def _histogram(results):
    """Return the points' distribution as an SVG, drawn for a phone."""
    width, heights = bins(results)
    if not any(heights):
        return '<p>Nobody is graded yet.</p>'
    left, right, top, bottom = 36, 352, 18, 160
    step, high = (right - left) / len(heights), max(heights)
    said = ', '.join(
        f'{count(n, "student")} from {i * width} to under {(i + 1) * width}'
        for i, n in enumerate(heights) if n)
    marks = []
    for tick in sorted({0, high // 2, high}):
        y = bottom - (bottom - top) * tick / high
        marks.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" '
                     f'y2="{y:.1f}" /><text x="{left - 5}" y="{y + 4:.1f}" '
                     f'text-anchor="end">{tick}</text>')
    # Three digits need the room of two bars
    every = 2 if (len(heights) - 1) * width > 99 and len(heights) > 8 else 1
    for i, n in enumerate(heights):
        x, tall = left + i * step, (bottom - top) * n / high
        if n:
            marks.append(
                f'<rect x="{x + 1:.1f}" y="{bottom - tall:.1f}" '
                f'width="{step - 2:.1f}" height="{tall:.1f}" />')
        if i % every == 0:
            marks.append(f'<text x="{x + step / 2:.1f}" y="{bottom + 15}" '
                         f'text-anchor="middle">{i * width}</text>')
    wide = ('one point' if width == 1 else
            f'{width} points, named by the lowest')
    return (
        '<svg viewBox="0 0 360 196" role="img" '
        'aria-labelledby="histogram-name histogram-says">'
        '<title id="histogram-name">Distribution of the points</title>'
        f'<desc id="histogram-says">{_e(said)} points</desc>'
        f'{"".join(marks)}'
        f'<text x="{(left + right) / 2}" y="{bottom + 32}" '
        f'text-anchor="middle">points so far (a bar: {wide})</text>'
        '<text x="12" y="89" text-anchor="middle" '
        'transform="rotate(-90 12 89)">students</text></svg>')


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


def _short(text):
    return text if len(text) <= 160 else text[:157] + '...'


def _hardest(results):
    rows = []
    for cell, share, messages in hardest(results):
        if share is None:
            got = ('waits for a person' if cell['by'] == 'person'
                   else 'nobody is graded')
            bar = _text('td', got, 'quiet')
        else:
            wide = min(max(share, 0), 1)
            bar = (f'<td class="share">{share:.0%}<div><span style="width:'
                   f'{wide:.1%}"></span></div></td>')
        said = ''.join(f'<li>{n} &#215; {_text("code", _short(message))}</li>'
                       for message, n in messages)
        said = f'<ul>{said}</ul>' if said else ''
        rows.append(
            f'<tr><th scope="row">{_e(cell["id"])}<br />'
            f'<span class="quiet">{count(cell["points"], "point")}</span>'
            f'</th>{bar}<td>{said}</td></tr>')
    if not rows:
        return '<p>The assignment has no graded cells.</p>'
    return (
        '<p class="quiet">Share of the full points that the graded got, '
        'the smallest first</p><table class="stack"><thead><tr>'
        '<th scope="col">cell</th><th scope="col">share</th>'
        '<th scope="col">most common messages</th></tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table>')


def _students(results):
    rows = []
    for s in ordered(results):
        graded = is_graded(s)
        points = (f'{number(s["score"])} of {number(s["max"])}' if graded
                  else '')
        pending = number(s['pending']) if graded and s['pending'] else ''
        failed = sum(cell_score(s, cell['id']) == 0
                     for cell in results['cells'] if cell['points'])
        rows.append(
            f'<tr><th scope="row">{_e(s["id"])}</th>'
            + _text('td', status(s),
                    'alarm' if status(s) == 'ungraded' else '')
            + _text('td', points, 'number') + _text('td', pending, 'number')
            + _text('td', failed or '', 'number')
            + _text('td', len(s.get('flags') or ()) or '', 'number')
            + '</tr>')
    if not rows:
        return '<p>The class has no students.</p>'
    heads = ''.join(
        f'<th scope="col"{cls}>{head}</th>' for head, cls in
        [('student', ''), ('status', '')]
        + [(head, ' class="number"')
           for head in ('points so far', 'pending', 'cells at 0', 'flags')])
    return ('<div class="wide" tabindex="0" role="region" '
            'aria-label="All students"><table><thead><tr>'
            f'{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
            '</div>')


def html(results):
    """Return the page: it asks nothing of the network, and runs nothing."""
    kinds = Counter(map(status, results['students']))
    points = scores(results)
    pending = sum(s['pending'] or 0 for s in results['students']
                  if is_graded(s))
    sums = [(kind, str(kinds[kind])) for kind in
            ('graded', 'ungraded', 'missing')]
    if points:
        sums += [('mean', number(statistics.mean(points))),
                 ('median', number(statistics.median(points)))]
    sums.append(('possible', number(possible(results))))
    sums = ''.join(f'<div>{_text("dt", name)}{_text("dd", value)}</div>'
                   for name, value in sums)
    waits = (f'{number(pending)} points in all wait for a person, and count '
             'nowhere yet.' if pending else '')
    date = str(results.get('date') or '').replace('T', ' ')
    date = f'Graded {date}.' if date else ''
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8" />
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>{_e(results['hw'])}: results</title>
<style>{STYLE}</style></head>
<body><main>
<h1>{_e(results['hw'])}: results</h1>
<p class="quiet">{_e(date)} {_e(waits)}</p>
<dl class="sums">{sums}</dl>
<section><h2>Who needs a look</h2>
{_look(results)}</section>
<section><h2>Distribution of the points</h2>
{_histogram(results)}</section>
<section><h2>Hardest cells</h2>
{_hardest(results)}</section>
<section><h2>All students</h2>
{_students(results)}</section>
</main></body></html>
"""


def write_html(results, path):
    """Write the page of a grading run."""
    write(path, html(results))


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    if len(argv) != 1:
        sys.exit('usage: python classroom/report.py RESULTS.json')
    path = Path(argv[0])
    try:
        results = load(path)
    except (OSError, ValueError) as e:
        print(f'{path}: {line(e)}; expected what make grade writes, '
              'results/<hw>.json: grade again', file=sys.stderr)
        return 2
    print(table(results))
    write_csv(results, path.with_suffix('.csv'))
    write_html(results, path.with_suffix('.html'))
    return 0


if __name__ == '__main__':
    sys.exit(main())
