"""Each layout's files land with their student, and nobody is guessed."""
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classroom import archive
from classroom.roster import PLAIN, IntakeError
from tests.classroom.support import (
    LIST,
    in_bytes,
    kind,
    make_archive,
    submitted,
    tree,
)

# Who handed what in ---------------------------------------------------------

@pytest.mark.parametrize('entry, place', [
    # nbgrader
    ('ada/hw2/hw2.ipynb', 'ada/hw2/hw2.ipynb'),
    ('submitted/ada/hw2/hw2.ipynb', 'ada/hw2/hw2.ipynb'),
    ('./ada/hw2/data/a b.csv', 'ada/hw2/data/a b.csv'),
    # Moodle, with folders and without
    ('Ada Lovelace_12345_assignsubmission_file_/my.ipynb',
     'ada/hw2/my.ipynb'),
    ('Ada Lovelace_12345_assignsubmission_file/my.ipynb',
     'ada/hw2/my.ipynb'),
    ('Ada Lovelace_12345_assignsubmission_file_my.ipynb',
     'ada/hw2/my.ipynb'),
    # a student's own file may be called like another's
    ('Ada Lovelace_1_assignsubmission_file_Wei_2_assignsubmission_file_x.py',
     'ada/hw2/Wei_2_assignsubmission_file_x.py'),
    ('Nunez de la Cruz José Maria_1_assignsubmission_file_/x.ipynb',
     's2/hw2/x.ipynb'),
    ('Soren OBrien_1_assignsubmission_file_/x.ipynb', 's6/hw2/x.ipynb'),
    # Canvas
    ('lovelaceada_12345_67890_my_own.ipynb', 'ada/hw2/my_own.ipynb'),
    ('lovelaceada_LATE_12345_67890_hw2.ipynb', 'ada/hw2/hw2.ipynb'),
    ('núñezdelacruzjosémaría_1_2_hw2-2.ipynb', 's2/hw2/hw2.ipynb'),
    ('nobody_777_2_hw2.ipynb', '777/hw2/hw2.ipynb'),
    # flat
    ('ada.ipynb', 'ada/hw2/hw2.ipynb'),
    ('ada_hw2.ipynb', 'ada/hw2/hw2.ipynb'),
    ('A.Lovelace_hw2.ipynb', 'ada/hw2/hw2.ipynb'),
    ('hw2/ADA LOVELACE.IPYNB', 'ada/hw2/hw2.ipynb'),
    ('Lovelace, Ada.ipynb', 'ada/hw2/hw2.ipynb'),
    ('ada_hw2.ipynb.txt', 'ada/hw2/hw2.ipynb.txt'),
    ('Ada Lovelace.json', 'ada/hw2/hw2.json'),
    # somebody unpacked the archive, and packed the folder again
    ('download/ada_hw2.ipynb', 'ada/hw2/hw2.ipynb'),
    ('Course 1/hw2 (2)/ada/hw2/x.ipynb', 'ada/hw2/x.ipynb'),
    ('CS-hw2-77/Ada Lovelace_1_assignsubmission_file_/x.ipynb',
     'ada/hw2/x.ipynb'),
    ('submissions 2/lovelaceada_12345_67890_hw2.ipynb', 'ada/hw2/hw2.ipynb'),
    # a folder a student
    ('ada/x.ipynb', 'ada/hw2/x.ipynb'),
    ('zhang1/x.ipynb', 's3/hw2/x.ipynb'),
])
def test_each_layout_is_known(unpack, class_, entry, place):
    found = unpack(entry)
    assert found.refused == []
    assert submitted(class_) == {place: entry}
    assert found.unpacked == [place.partition('/')[0]]
    assert set(found.missing) == {'ada', 's2', 's3', 's4', '777', 's6'} - {
        *found.unpacked}


@pytest.mark.parametrize('entry, reason', [
    ('eve/hw2/x.ipynb', 'nobody'), ('eve.ipynb', 'nobody'),
    ('eve/x.ipynb', 'nobody'), ('hw2.ipynb', 'whose it is'),
    ('Wei Zhang_1_assignsubmission_file_/x.ipynb', 's3 or s4'),
    ('zhangwei_1_2_hw2.ipynb', 's3 or s4'), ('wei zhang.ipynb', 's3 or s4'),
    # a number is the system's own, and means nobody against a name
    ('nobody_999_2_hw2.ipynb', 'nobody'),
    ('ada/hw1/x.ipynb', 'in a folder'),
])
def test_nobody_is_guessed(unpack, class_, entry, reason):
    found = unpack(entry, 's6/hw2/x.ipynb')
    (name, why), = found.refused
    assert name == entry and reason in why
    assert found.unpacked == ['s6'] and list(submitted(class_)) == [
        's6/hw2/x.ipynb']


def test_a_number_never_speaks_against_a_name(unpack, class_):
    (class_ / 'students.csv').write_text(
        'id,first_name,last_name\n1,Ada,Lovelace\n2,Wei,Zhang\n3,Wei,Zhang\n')
    found = unpack('eveson_1_9_hw2.ipynb', 'zhangwei_3_9_hw2.ipynb',
                   'lovelaceada_2_9_hw2.ipynb')
    assert found.unpacked == ['1', '3']
    assert [name for name, _ in found.refused] == ['eveson_1_9_hw2.ipynb']


def test_a_text_that_means_two_is_refused_but_in_nbgraders_layout(
        unpack, class_):
    (class_ / 'students.csv').write_text(
        'id,email\nbob,x@example.org\ns2,bob@example.org\n')
    assert 'bob or s2' in unpack('bob.ipynb').refused[0][1]
    assert unpack('bob/hw2/x.ipynb').unpacked == ['bob']


@pytest.mark.parametrize('entry, place', [
    ('eve/hw2/x.ipynb', 'eve/hw2/x.ipynb'),
    ('eve/x.ipynb', 'eve/hw2/x.ipynb'), ('eve.ipynb', 'eve/hw2/hw2.ipynb'),
    ('e_v_hw2.ipynb', 'e_v/hw2/hw2.ipynb'),
    ('Eve Ng_1_assignsubmission_file_/x.ipynb', None),
    ('ngeve_1_2_x.ipynb', None), ('hw2.ipynb', None)])
def test_without_a_list_only_ids_are_taken(unpack, class_, entry, place):
    found = unpack(entry, names=False)
    assert list(submitted(class_)) == ([place] if place else [])
    assert bool(found.refused) is not bool(place)
    assert found.missing == []


@pytest.mark.parametrize('name', [
    'eve ng', '.eve', 'e' * 65, 'évé', 'e$', 'e\u202eve', '..eve'])
@pytest.mark.parametrize('layout', ['{}/hw2/x.ipynb', '{}/x.ipynb',
                                    '{}.ipynb'])
@pytest.mark.parametrize('names', [True, False])
def test_a_folder_is_a_plain_id(unpack, class_, name, layout, names):
    assert unpack(layout.format(name), names=names).refused
    assert not submitted(class_)


@pytest.mark.parametrize('text, reason', [
    ('name\nada\n', 'columns'), ('id\nada\nada\n', 'line 3.*twice'),
    ('id\n../x\n', r"line 2: the id is '\.\./x'"), ('', 'columns'),
    (b'id\n\xff\n', 'UTF-8')])
def test_a_wrong_class_list_is_named(unpack, class_, text, reason):
    data = text if isinstance(text, bytes) else text.encode()
    (class_ / 'students.csv').write_bytes(data)
    with pytest.raises(IntakeError, match=reason):
        unpack('ada.ipynb')


def test_a_class_list_from_a_spreadsheet_is_read(unpack, class_):
    (class_ / 'students.csv').write_bytes(
        b'\xef\xbb\xbfemail,id\r\na@b.org,ada\r\n,\r\n')
    assert unpack('a.ipynb').unpacked == ['ada']


@pytest.mark.parametrize('encoding, name, student', [
    ('utf-8', 'José María Núñez de la Cruz.ipynb', 's2'),
    ('cp437', 'José María Núñez de la Cruz.ipynb', 's2'),
    ('utf-8', '张伟.ipynb', 'w1'), ('gb18030', '张伟.ipynb', 'w1'),
    ('gb18030', '张伟_1_assignsubmission_file_/作业.ipynb', 'w1'),
    ('gb18030', '下载/张伟_12_34_作业.ipynb', 'w1')])
def test_names_that_do_not_tell_their_encoding_are_read(
        unpack, tmp_path, class_, encoding, name, student):
    with (class_ / 'students.csv').open('a', encoding='utf-8') as f:
        f.write('w1,伟,张,\n')
    found = unpack(in_bytes(tmp_path, name.encode(encoding)))
    assert found.unpacked == [student] and not found.refused


def test_a_files_own_name_in_gbk_is_kept_readable(
        unpack, tmp_path, class_):
    unpack(in_bytes(tmp_path, 'ada/作业（一）.ipynb'.encode('gbk')))
    assert list(submitted(class_)) == ['ada/hw2/作业（一）.ipynb']


def test_a_name_in_gbk_that_is_nobodys_is_shown_readably(unpack, tmp_path):
    found = unpack(in_bytes(tmp_path, '王芳.ipynb'.encode('gbk'),
                            b'ada.ipynb'))
    assert found.unpacked == ['ada']
    assert found.refused[0][0] == '王芳.ipynb'
    assert '王芳' in found.refused[0][1]


def test_a_name_that_stands_beside_in_unicode_is_read(unpack, tmp_path):
    raw, name = b'\xff\xff.ipynb', b'Ada Lovelace.ipynb'
    info = zipfile.ZipInfo('y' * len(raw))
    field = b'\1' + struct.pack('<I', zlib.crc32(raw)) + name
    info.extra = struct.pack('<HH', 0x7075, len(field)) + field
    path = make_archive(tmp_path, (info, b'a'))
    path.write_bytes(path.read_bytes().replace(b'y' * len(raw), raw))
    assert unpack(path).unpacked == ['ada']


@pytest.mark.parametrize('entries, students', [
    (['x y/eve/hw2/x.ipynb', 'x y/ada/hw2/x.ipynb'], ['ada', 'eve']),
    (['xy/eve/x.ipynb', 'xy/ada/x.ipynb'], ['ada', 'eve']),
    # Whose a file in a folder is, nobody can tell without a list
    (['x y/eve.ipynb', 'x y/ada.ipynb'], []),
    (['eve ng/hw2/x.ipynb'], [])])
def test_without_a_list_an_outer_folder_is_told_by_those_in_it(
        unpack, entries, students):
    assert sorted(unpack(*entries, names=False).unpacked) == students


def test_an_outer_folder_beside_others_stays(unpack):
    found = unpack('download/ada.ipynb', 'eve.ipynb')
    assert found.unpacked == [] and len(found.refused) == 2


# Twice ----------------------------------------------------------------------

def test_canvas_latest_resubmission_is_taken(unpack, class_):
    found = unpack(*(f'lovelaceada_1_{i}_my{n}.ipynb' for i, n in
                     enumerate(['', '-2', '-10', '-1'])))
    assert submitted(class_) == {
        'ada/hw2/my.ipynb': 'lovelaceada_1_2_my-10.ipynb'}
    assert not found.refused and len(found.ignored) == 3


def test_a_minus_in_the_assignments_name_is_no_resubmission(unpack, class_):
    unpack('lovelaceada_1_2_hw-2.ipynb', hw='hw-2')
    assert list(submitted(class_)) == ['ada/hw-2/hw-2.ipynb']


@pytest.mark.parametrize('entries', [
    [('ada/hw2/x.ipynb', b'1'), ('ada/hw2/x.ipynb', b'2')],
    ['ada/hw2/x.ipynb', 'ada/hw2/X.ipynb'],
    ['ada.ipynb', 'ada_hw2.ipynb'], ['ada/x.ipynb', 'ADA/y.ipynb'],
    ['lovelaceada_1_2_x-1.ipynb', 'lovelaceada_1_3_x-1.ipynb'],
    ['lovelaceada_1_2_x.ipynb', 'lovelaceada_5_3_x-1.ipynb'],
    ['Ada Lovelace_1_assignsubmission_file_/x.ipynb', 'ada.ipynb']])
def test_what_comes_twice_is_refused_both(unpack, class_, entries):
    found = unpack(*entries, 's6.ipynb')
    assert len(found.refused) == 2
    assert all('all but one' in why for _, why in found.refused)
    assert found.unpacked == ['s6'] and 'ada' in found.missing
    assert list(submitted(class_)) == ['s6/hw2/hw2.ipynb']


def test_a_file_is_no_folder(unpack):
    found = unpack('ada/hw2/x', 'ada/hw2/x/y.ipynb', 'ada/hw2/z.ipynb')
    assert [name for name, _ in found.refused] == ['ada/hw2/x']
    assert found.unpacked == ['ada']


# Refused --------------------------------------------------------------------

REFUSED = [
    ('/ada/hw2/x.ipynb', 'absolute'), ('//ada/x.ipynb', 'absolute'),
    ('../secret', r"'\.\.'"), ('ada/hw2/../../../../secret', r"'\.\.'"),
    ('ada/..', r"'\.\.'"), ('..', r"'\.\.'"),
    ('lovelaceada_1_2_..', 'not the name'),
    ('Ada Lovelace_1_assignsubmission_file_..', 'not the name'),
    ('C:/ada/x.ipynb', 'drive'), ('C:x.ipynb', 'drive'),
    ('ada/hw2/C:x.ipynb', 'drive'), ('lovelaceada_1_2_C:x.ipynb', 'drive'),
    ('..\\secret', 'backslash'), ('ada\\hw2\\x.ipynb', 'backslash'),
    ('ada/hw2/x.ipynb\0.txt', 'control'), ('ada/hw2/\x1b[2Jx', 'control'),
    ('ada/hw2/x\ny.ipynb', 'control'), ('ada/hw2/x\u2028y', 'control'),
    ('ada/hw2/' + 'é' * 128, '256 bytes'),
    ('ada/hw2/' + 'a/' * 500 + 'x', '1009 bytes'),
    (kind('ada/hw2/x.ipynb', stat.S_IFLNK | 0o777), 'symbolic link'),
    (kind('ada', stat.S_IFLNK | 0o777), 'symbolic link'),
    (kind('ada/hw2/x.ipynb', stat.S_IFIFO | 0o666), 'regular'),
    (kind('ada/hw2/x.ipynb', stat.S_IFCHR | 0o666), 'regular'),
    (kind('ada/hw2/x.ipynb', stat.S_IFSOCK), 'regular'),
    (kind('ada/hw2/x.ipynb', stat.S_IFDIR), 'regular'),
    ('ada/hw2/hw2.zip', 'not opened'), ('ada/hw2/hw2.tar.gz', 'not opened'),
]


@pytest.mark.parametrize('entry, reason', REFUSED)
def test_what_is_unsafe_is_refused_and_the_rest_goes_on(
        unpack, class_, entry, reason):
    found = unpack((entry, b'/etc/shadow'), 's6/hw2/x.ipynb')
    (_, why), = found.refused
    assert re.search(reason, why), why
    assert found.unpacked == ['s6']
    assert list(submitted(class_)) == ['s6/hw2/x.ipynb']


# Any name -------------------------------------------------------------------

PIECES = st.sampled_from([
    '..', '.', '/', '\\', 'ada', 'hw2', 'x.ipynb', '_1_2_', 'lovelaceada',
    '_assignsubmission_file_', 'Ada Lovelace_1', 'C:', '\0', '~', ' ', '-1',
    '.older', '.part-', 'submitted', 'LATE', '%2e%2e',
    '\uff0e\uff0e', '\uff0f', '\u2215'])


@settings(max_examples=100, deadline=None, suppress_health_check=list(
    HealthCheck))
@given(st.lists(st.lists(PIECES | st.characters(codec='utf-8'), min_size=1,
                         max_size=8).map(''.join), min_size=1, max_size=4),
       st.booleans())
def test_no_name_escapes(names, with_list):
    with tempfile.TemporaryDirectory() as world:
        world = Path(world)
        class_ = world / 'a/class'
        class_.mkdir(parents=True)
        (world / 'secret').write_text('a secret')
        if with_list:
            (class_ / 'students.csv').write_text(LIST)
        path = make_archive(world, *((name, b'x') for name in names))
        before = tree(world)
        found = archive.unpack(path, 'hw2', class_)
        after = tree(world)
        assert {k: after.pop(k) for k in before} == before
        for name, digest in after.items():
            parts = Path(name).parts
            assert parts[:3] == ('a', 'class', 'submitted')[:len(parts)]
            if digest:
                student, hw = parts[3:5]
                assert student in found.unpacked and hw == 'hw2'
                assert PLAIN.fullmatch(student)
        assert set(found.unpacked) == {
            Path(name).parts[3] for name in after
            if len(Path(name).parts) == 4}
