"""Full-width punctuation in Chinese text, whatever it was typed with."""
import re

WIDE = dict(zip(',;:?!()', '，；：？！（）', strict=True))
# Code, formulas, addresses and values keep theirs
KEEP = re.compile(
    r'^( *)(`{3,}).*?^\1\2|\$\$.+?\$\$|\$[^$]+?\$|`+[^`]+`+|\]\([^)\s]*\)'
    r'|\[[\w:, -]*:[\w:, -]*\]|<[^>\s]+>|\{(?:[^{}]|\{[^}]*\})*\}|^ *:+.*$'
    r'|^\|[-:| ]+\|$|https?://\S+|<!--.*?-->', re.M | re.S)
CHINESE = re.compile('[\u3400-\u9fff、。“”]')


def widen(text):
    """Return a Chinese text with full-width punctuation.

    Commas and brackets of tuples, calls and numbers stay as they are, and so
    do points after a number or a Latin word.
    """
    if not CHINESE.search(text):
        return text
    kept = []

    def keep(match):
        kept.append(match[0])
        # Of Unicode's private characters: those for code, those for values
        return chr((0xF000 if match[0][0] == '`' else 0xE000)
                   + len(kept) - 1)

    text = KEEP.sub(keep, text)
    wide, made, inside = _brackets(text), '', []
    for i, c in enumerate(text):
        before, after = text[i - 1:i], text[i + 1:i + 2]
        if c in '()':
            inside = [*inside, i in wide] if c == '(' else inside[:-1]
            c = WIDE[c] if i in wide else c
        elif c == ',' and (after in ' )' and re.match('[!-~]', before)
                           or before.isdigit() and after.isdigit()
                           or after == ' ' and inside and not inside[-1]):
            pass
        elif c in WIDE and before != '\\' and c + after != '![':
            c = WIDE[c]
        made += c
    made = re.sub('(?<=[\u3400-\u9fff])[.](?=\\s|$)', '。', made)
    made = re.sub(r'(?<=[，；：？！。、）]) (?=[^\s|])', '', made)
    return re.sub('[\ue000-\uf8ff]',
                  lambda m: kept[ord(m[0]) & 0x7FF], made)


def punctuate(text, kind):
    """Widen a unit's text: of a message, the strings in its Python code."""
    if kind == 'comment' and re.fullmatch(r'# \([^()]*\)', text):
        return text         # a shape
    if kind != 'message':
        return widen(text)
    return re.sub(r"'([^'\n]*)'", lambda m: f"'{widen(m[1])}'", text)


def _brackets(text):
    """Return the places of the brackets that hold Chinese, or follow it."""
    open_, wide = [], set()
    for i, c in enumerate(text):
        if c == '(':
            open_.append(i)
        elif c == ')' and open_:
            start = open_.pop()
            inside, before = text[start + 1:i], text[start - 1:start]
            code = re.match(r'\w', before, re.A) or re.search(
                r'[\d,+*/^=]| - |^[!-~\ue000-\uefff]?$', inside)
            if CHINESE.search(inside) or not code:
                wide |= {start, i}
    return wide
