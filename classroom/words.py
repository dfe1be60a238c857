"""What reports and feedback say, in the language of the assignment."""

CHINESE = {
    # The CSV file's columns
    'id': '学号', 'status': '状态', 'score': '得分', 'max': '满分',
    'pending': '待批', 'flags': '标记', 'cause': '原因',
    # The page of results
    '{}: results': '{} 的成绩',
    'Graded {}.': '评分时间 {}。',
    '{} points in all wait for a person; they are not counted yet.':
        '共有 {} 分等待批阅，尚未计入。',
    'graded': '已评分', 'ungraded': '未能评分', 'missing': '未交',
    'mean': '均值', 'median': '中位数', 'possible': '满分',
    'Who needs a look': '需要看一看的', 'Nobody.': '没有。',
    'Put right, and nothing to do: {}': '已经理顺，无须处理：{}',
    'could not be graded: {}': '未能评分：{}',
    'no cause given': '没有给出原因',
    'every graded cell failed': '所有计分的单元格都没有通过',
    '{} student': '{} 名学生', '{} students': '{} 名学生',
    '{} point': '{} 分', '{} points': '{} 分',
    'Distribution of the points': '得分分布',
    'Nobody is graded yet.': '还没有人评过分。',
    '{} from {} to under {}': '{1} 到不足 {2} 分有 {0}',
    ' points': '',
    'one point': '一分',
    '{} points, named by the lowest': '{} 分，标的是下限',
    'points so far (one bar: {})': '目前得分（一条：{}）',
    'students': '学生', 'All students': '全部学生', 'student': '学生',
    'Hardest tasks': '最难的题',
    'Share of the full points that the graded students got, the smallest '
    'first': '已评分的学生得到了满分的百分之几，低的在前',
    'task': '题目', 'share': '比例', 'most common messages': '最常见的信息',
    'waits for a person': '等待批阅', 'nobody is graded': '没有人评过分',
    'The assignment has no graded cells.': '这份作业没有计分的单元格。',
    'points so far': '目前得分', 'cells at 0': '得 0 分的单元格',
    '{} of {}': '{} / {}',
    'The class has no students.': '班上没有学生。',
    # What a student gets back
    'Score: {} of {}': '得分：{} / {}',
    ', after {} off for being late': '（已扣迟交 {} 分）',
    'Task': '题目', 'Points': '得分', 'What the tests say': '检查的结果',
    'waits to be graded': '等待批阅', 'graded by a person': '由老师批阅',
    'all pass': '全部通过',
    '# ... and tests that stay hidden': '# ……以及不公开的检查',
    'left out: it showed tests that stay hidden':
        '已略去：其中显示了不公开的检查',
    # What make validate says
    'no answer yet': '还没有作答', 'ok': '通过', '{}: {}': '{}：{}',
    'note: {}': '注意：{}',
    '{} of {} pass; hidden checks try more':
        '{1} 项中有 {0} 项通过；隐藏的检查会试得更多'}


def speaker(language):
    """Return a function that says a text, with values in it."""
    known = CHINESE if language == 'zh' else {}
    return lambda text, *values: known.get(text, text).format(*values)


def of(notebook):
    """Return the language that a notebook says it is in."""
    return notebook.metadata.get('language', 'en')
