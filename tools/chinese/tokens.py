"""What must stand in a text in either language: numbers, code, links."""
import re
from collections import Counter

FENCE = re.compile(r'^( *)(`{3,}|:{3,})(.*?)\n(.*?)^\1\2', re.M | re.S)
PATTERNS = (
    ('formula', re.compile(r'\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)\$', re.S)),
    ('code', re.compile(r'(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)', re.S)),
    ('link', re.compile(r'\]\(([^)\s]*)[^)]*\)')))
NUMBER = re.compile(r'(\d+(?:[.,]\d+)*)(?:\s*(million|billion|万|亿))?')
SCALE = {'million': 1e6, 'billion': 1e9, '万': 1e4, '亿': 1e8}


def tokens(text, kind='markdown'):
    """Count numbers, and in Markdown code, formulas and links as well."""
    found = Counter()
    if kind in ('markdown', 'section'):
        for match in FENCE.finditer(text):
            # A box of prose is read on below; code is the same to the byte
            box = match[3].startswith('{')
            if not box:
                found['fence', match[4]] += 1
            text = text.replace(match[0], box * re.sub(
                '^ *:.*', '', match[4], flags=re.M))
        for name, pattern in PATTERNS:
            for match in pattern.finditer(text):
                inside = next(g for g in reversed(match.groups()) if g)
                found[name, ' '.join(inside.split())] += 1
            text = pattern.sub('', text)
    for number, scale in NUMBER.findall(text):
        if scale:
            number = f'{float(number.replace(",", "")) * SCALE[scale]:,.0f}'
        found['number', number] += 1
    return found


def difference(english, chinese, kind='markdown'):
    """Say what stands in one language only; '' where nothing does."""
    first, second = tokens(english, kind), tokens(chinese, kind)
    return '; '.join(
        f'{where}: {", ".join(f"{name} {what!r}" for name, what in only)}'
        for where, only in (('only in English', first - second),
                            ('only in Chinese', second - first)) if only)


def translated(english, chinese):
    """Tell whether a text is Chinese, where the English has two words."""
    for _, pattern in (('fence', FENCE), *PATTERNS):
        english = pattern.sub('', english)
    words = re.search('[A-Za-z]+ [A-Za-z]{2,}', english)
    return not words or bool(re.search('[\u4e00-\u9fff]', chinese))
