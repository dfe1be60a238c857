"""Pack the course into one zip that runs by itself: notebooks and d2lutils.

    python -m tools.pack dist      writes dist/d2l-course-0.1.0.zip
"""
import sys
import tomllib
import zipfile
from pathlib import Path

from tools import practice

ROOT = Path(__file__).parent.parent
FOLDERS = ('d2lutils', 'notebooks')
FILES = ('CHANGELOG.md', 'CITATION.cff', 'LICENSE', 'NOTICE', 'apt.txt',
         'conftest.py', 'environment.yml', 'pyproject.toml',
         'requirements.lock', 'tests/sanitize.cfg', 'tools/__init__.py',
         'tools/arm64_libs.py', 'tools/lab.py', 'tools/pins.py',
         'tools/practice.py', 'tools/zh/labconfig/'
         'default_setting_overrides.json')
# Of no use elsewhere, or the work of a learner here
LEFT = {'__pycache__', '.ipynb_checkpoints', 'practice'}

README = """\
# From linear regression to MLPs: a notebook course on MXNet Gluon

Version {version}: the lessons, their solutions, and all that they need.

On Linux (x86-64 or arm64) with Python 3.11, in this folder:

```sh
python3.11 -m venv .venv
.venv/bin/pip install --no-deps --require-hashes -r requirements.lock
PYTHONPATH="$PWD" .venv/bin/python -m tools.lab
```

The second command takes minutes, 1.5 GB and a network, once.
The third opens JupyterLab on the lessons, each time, and needs no network.
Begin with `01_linear_regression.ipynb`; `practice/` has the same lessons,
with functions for you to write. 中文版见 README.zh.md.

- On a bare Debian 12, first:
  `apt-get install python3.11 python3.11-venv {packages}`.
- On arm64, once, after the second command:
  `.venv/bin/python -m tools.arm64_libs`. There is no `libquadmath0` there,
  nor any need of it.
- On Windows: the same, in WSL2.
- On Apple silicon: the same, in a Linux container or virtual machine.
- With conda, the first two commands are
  `conda env create --file environment.yml` and `conda activate d2l-course`,
  and the third begins with `python` in the place of `.venv/bin/python`.

Does a lesson give its stored numbers on this machine?

```sh
PYTHONPATH="$PWD" .venv/bin/python -m pytest --nbval \\
    notebooks/06_numerical_stability.ipynb
```

The code and the text are under the MIT License (LICENSE), the data under
licences of their own (NOTICE).
"""

README_ZH = """\
# 从线性回归到多层感知机：一门基于 MXNet Gluon 的笔记本课程

版本 {version}：全部课程、解答，以及运行它们所需的一切。

在装有 Python 3.11 的 Linux（x86-64 或 arm64）上，在这个文件夹里运行：

```sh
python3.11 -m venv .venv
.venv/bin/pip install --no-deps --require-hashes -r requirements.lock
PYTHONPATH="$PWD" .venv/bin/python -m tools.lab --language zh
```

第二条命令只需运行一次，要用几分钟、1.5 GB 空间和网络。第三条命令每次都用它\
在中文版课程上打开 JupyterLab，不需要网络。请从 \
`01_linear_regression.ipynb` 开始；`practice/` 里是同样的课程，其中的函数留\
给你来写。

- 全新的 Debian 12 上请先运行：`apt-get install python3.11 python3.11-venv \
{packages}`。
- 在 arm64 上，第二条命令之后再运行一次：`.venv/bin/python -m \
tools.arm64_libs`。那里没有 `libquadmath0`，也用不着它。
- 在 Windows 上：同样的命令，在 WSL2 中运行。
- 在 Apple 芯片上：同样的命令，在 Linux 容器或虚拟机中运行。
- 用 conda 时，前两条命令换成 `conda env create --file environment.yml` 和 \
`conda activate d2l-course`，第三条命令以 `python` 代替 `.venv/bin/python` \
开头。

一课在这台机器上能得到它所存的数字吗？

```sh
PYTHONPATH="$PWD" .venv/bin/python -m pytest --nbval \\
    notebooks/06_numerical_stability.ipynb
```

代码和文字采用 MIT 许可证（LICENSE），数据采用各自的许可证（NOTICE）。
"""


def paths(root=ROOT):
    """Return the files to pack, in the order in which they are packed."""
    found = [root / name for name in FILES]
    for folder in FOLDERS:
        found += [p for p in (root / folder).rglob('*')
                  if p.is_file() and not LEFT.intersection(p.parts)]
    return sorted(found)


def pack(folder, root=ROOT):
    """Write the zip into a folder; return its path."""
    project = tomllib.loads((root / 'pyproject.toml').read_text())
    version = project['project']['version']
    packages = ' '.join((root / 'apt.txt').read_text().split())
    target = folder / f'd2l-course-{version}.zip'
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, 'w') as archive:
        def add(name, content):
            # A bare ZipInfo has the date 1980-01-01: the same bytes each time
            info = zipfile.ZipInfo(f'{target.stem}/{name}')
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)

        for name, text in ('README.md', README), ('README.zh.md', README_ZH):
            add(name, text.format(version=version, packages=packages))
        for path in paths(root):
            add(path.relative_to(root).as_posix(), path.read_bytes())
        for language in practice.NOTE:
            home = practice.home(language, Path('notebooks'))
            for name, content in practice.editions(root / 'notebooks',
                                                   language):
                add(f'{home.as_posix()}/practice/{name}', content)
    return target


if __name__ == '__main__':
    written = pack(Path(sys.argv[1]))
    print(f'{written}  {written.stat().st_size / 2**20:.0f} MB')
