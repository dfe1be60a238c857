"""A week in Chinese: class list, release, hand-ins, grades and feedback."""
import csv
import json

import nbformat
import pytest

from classroom import execute, roster, words
from classroom.__main__ import main
from classroom.assignment import SOURCE, assignments, graded_cells, released
from classroom.match import meta
from tests.classroom.support import (
    in_bytes,
    make_archive,
    need_sandbox,
    source_in,
    text_of,
)

need_sandbox()

TEST = """def _checks_of_square():
    from d2lutils.checks import Parts, equal

    part = Parts()
    with part('三的平方'):
        equal(square(3), 9, 'square(3)', '乘了几次？')
    ### BEGIN HIDDEN TESTS
    with part('负二的平方'):
        equal(square(-2), 4, 'square(-2)')
    ### END HIDDEN TESTS
    part.done()


_checks_of_square()"""
STUB = '# YOUR CODE HERE\n    raise NotImplementedError()'
MEMBERS = '学号,姓,名\nw1,张,伟\nw2,王,芳\nw3,李,娜\n'


def chinese(source):
    """Write the small assignment in Chinese beside the English one."""
    notebook = nbformat.read(source / 'hw0' / 'hw0.ipynb', as_version=4)
    notebook.metadata |= {'language': 'zh', 'cell_seconds': 60}
    cells = {cell.id: cell for cell in notebook.cells}
    cells['title'].source = '# 作业零\n\n## 1. 求平方（2 分）'
    cells['square-test'].source = TEST
    (source / 'zh' / 'hw0').mkdir(parents=True)
    nbformat.write(notebook, source / 'zh' / 'hw0' / 'hw0.ipynb')


def answers(notebook, square):
    """Answer a release as a student would, in an editor of their own."""
    notebook = nbformat.from_dict(notebook)
    cells = {cell.id: cell for cell in notebook.cells}
    for name, stub, answer in (
            ('square', STUB, square), ('add', STUB, 'return x + y'),
            ('why', 'YOUR ANSWER HERE', '因为如此。')):
        assert stub in cells[name].source
        cells[name].source = cells[name].source.replace(stub, answer)
    return nbformat.writes(notebook).encode()


@pytest.fixture(scope='module')
def week(tmp_path_factory):
    """Hand out, collect and grade; return the class's folder."""
    place = tmp_path_factory.mktemp('week')
    folder, source = place / 'class', source_in(place)
    chinese(source)
    folder.mkdir()
    (folder / 'students.csv').write_text(MEMBERS, encoding='gb18030')

    def run(command, *more):
        return main([command, 'hw0', *more, '--class', str(folder)])

    where = '--source', str(source)
    assert run('release', *where, '--language', 'zh') == 0
    given = nbformat.read(folder / 'release/hw0/hw0.ipynb', as_version=4)
    # One system writes names in UTF-8, the other in GBK
    moodle = '{}_1_assignsubmission_file_/作业.ipynb'
    assert run('submissions', str(make_archive(
        place, (moodle.format('张伟'), answers(given, 'return x * x'))))) == 0
    assert run('submissions', str(in_bytes(
        place, moodle.format('王芳').encode('gbk'),
        data=answers(given, 'return x')))) == 0
    assert run('grade', *where) == 0        # in the language handed out
    return folder


def test_hand_ins_find_their_students(week):
    assert sorted(p.parent.name for p in week.glob('submitted/*/hw0')) == [
        'w1', 'w2']


def test_points_are_those_of_the_answers(week):
    results = json.loads((week / 'results/hw0.json').read_text('utf-8'))
    assert [(s['id'], s['status'], s['score'])
            for s in results['students']] == [
        ('w1', 'graded', 5), ('w2', 'graded', 3), ('w3', 'missing', None)]
    assert [len(s['flags']) for s in results['students']] == [1, 1, 0]
    assert results['cells'][0]['task'] == '1. 求平方'


def test_the_checks_and_the_page_for_the_student_are_in_chinese(week):
    page, = week.glob('feedback/w2/hw0/*.html')
    said = text_of(page.read_text(encoding='utf-8'))
    for text in ('得分：3 / 6', '1. 求平方', '等待批阅',
                 '# ……以及不公开的检查',
                 '2 个部分中有 2 个没有通过',
                 '三的平方：square(3)：应为 9，得到 3；乘了几次？',
                 '负二的平方：square(-2)：应为 4，得到 -2'):
        assert text in said
    assert 'return square(-2)' not in said and said.count('负二') == 2


def test_a_spreadsheet_opens_the_points_as_utf8(week):
    content = (week / 'results/hw0.csv').read_bytes()
    assert content.startswith(b'\xef\xbb\xbf')
    first, *rest = csv.reader(content.decode('utf-8-sig').splitlines())
    assert first == ['学号', '状态', '得分', '满分', '待批', '标记', '原因',
                     'square-test', 'add-test', 'why']
    assert [row[:3] for row in rest] == [
        ['w1', '已评分', '5.0'], ['w2', '已评分', '3.0'], ['w3', '未交', '']]


def test_the_page_of_results_is_in_chinese(week):
    page = (week / 'results/hw0.html').read_text(encoding='utf-8')
    assert '<html lang="zh">' in page
    said = text_of(page.partition('</style>')[2])
    for text in 'hw0 的成绩', '最难的题', '全部学生', '未交', '1 名学生':
        assert text in said
    for english in 'graded', 'student', 'points', 'Nobody', ' of ':
        assert english not in said.replace('\n', ' ')


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'gb18030'])
@pytest.mark.parametrize('text', ['张伟', '张 伟', '伟 张', '伟张', 'W1'])
def test_a_class_list_of_chinese_names_is_read(tmp_path, encoding, text):
    path = tmp_path / 'students.csv'
    path.write_text(MEMBERS, encoding=encoding)
    assert roster.ClassList(path).find(text) == {'w1'}


def test_a_list_with_whole_names_is_read(tmp_path):
    path = tmp_path / 'students.csv'
    path.write_text('姓名,学号,电子邮件地址\n朱镕,w9,zhu@example.org\n',
                    encoding='gb18030')
    names = roster.ClassList(path)
    assert names.find('朱镕') == names.find('zhu') == {'w9'}


def test_a_list_in_another_encoding_is_refused_not_misread(tmp_path):
    path = tmp_path / 'students.csv'
    path.write_text('id,first_name\ns1,Søren\n', encoding='latin-1')
    with pytest.raises(roster.IntakeError, match='in UTF-8; save the list'):
        roster.ClassList(path)


@pytest.mark.parametrize('hw', [hw for hw in assignments() if (
    SOURCE / 'zh' / hw).exists()])
def test_an_assignment_has_the_same_cells_and_points_in_chinese(hw):
    english, ours = released(hw), released(hw, SOURCE / 'zh')
    assert words.of(ours) == 'zh' and words.of(english) == 'en'
    cells = [[{k: v for k, v in cell.items() if k != 'task'}
              for cell in graded_cells(notebook)]
             for notebook in (english, ours)]
    assert cells[0] == cells[1]
    text = '\n'.join(cell.source for cell in ours.cells)
    for secret in 'MARK SCHEME', 'BEGIN SOLUTION', 'HIDDEN TESTS':
        assert secret not in text
    assert text.count('YOUR ANSWER HERE') == '\n'.join(
        cell.source for cell in english.cells).count('YOUR ANSWER HERE')


def test_the_chinese_reference_passes_every_check_and_a_slip_is_explained():
    notebook = nbformat.read(SOURCE / 'zh/hw1/hw1.ipynb', as_version=4)
    notebook.cells = [c for c in notebook.cells if meta(c)]
    cells = {cell.id: cell for cell in notebook.cells}
    cells['rate'].source = cells['rate'].source.replace('2 /', '1 /')
    result = execute.execute(nbformat.writes(notebook))
    failed = {cell.id: output.evalue
              for cell in nbformat.reads(result['notebook'], 4).cells
              for output in cell.get('outputs', ())
              if output.output_type == 'error'}
    assert not result['cause'] and list(failed) == ['rate-test']
    assert '个部分中有' in failed['rate-test']
    assert '仍能走到最低点' in failed['rate-test']
