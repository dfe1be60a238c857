"""How much memory Jupyter kernels take, one and four at once."""
import contextlib
import re
import statistics
from pathlib import Path

from jupyter_client.manager import start_new_kernel

IMPORT = 'import numpy, d2lutils; from mxnet import np, npx; npx.set_np()'
ARRAYS = '(images, labels), _ = d2lutils.fashion_mnist_arrays()\n'
# What a kernel does, by the way it holds the data
EPOCHS = {
    'ours': """
for X, y in d2lutils.load_data_fashion_mnist(256)[0]:
    X.wait_to_read()
""",
    'floats in memory, scaled in float32': ARRAYS + """
all_X = np.array(images.astype('float32') / 255)
order = numpy.random.permutation(60000)
for i in range(0, 60000, 256):
    np.take(all_X, np.array(order[i:i + 256])).wait_to_read()
""",
    'floats in memory, by X / 255.': ARRAYS + """
all_X = np.array((images / 255.).astype('float32'))
order = numpy.random.permutation(60000)
for i in range(0, 60000, 256):
    np.take(all_X, np.array(order[i:i + 256])).wait_to_read()
""",
    'Gluon DataLoader + ToTensor': ARRAYS + """
from mxnet import gluon
from mxnet.gluon.data.vision.transforms import ToTensor
dataset = gluon.data.ArrayDataset(
    np.array(images[..., None], dtype='uint8'), labels.astype('int32'))
for X, y in gluon.data.DataLoader(dataset.transform_first(ToTensor()), 256,
                                  shuffle=True):
    X.wait_to_read()
"""}
BAR = 150


def _execute(client, code):
    reply = client.execute_interactive(code, timeout=300)
    if reply['content']['status'] != 'ok':
        raise RuntimeError('\n'.join(reply['content']['traceback']))


def _mib(pid, file, field):
    text = Path(f'/proc/{pid}/{file}').read_text()
    return int(re.search(rf'^{field}:\s+(\d+) kB', text, re.M)[1]) / 1024


def _kernels(number, code, env):
    """Return the MiB of kernels: after the imports, after, at the peak."""
    with contextlib.ExitStack() as stack:
        pids, clients = [], []
        for _ in range(number):
            manager, client = start_new_kernel(startup_timeout=120, env=env)
            stack.callback(manager.shutdown_kernel, now=True)
            stack.callback(client.stop_channels)
            pids.append(manager.provisioner.pid)
            clients.append(client)
        for client in clients:
            _execute(client, IMPORT)
        imported = [_mib(pid, 'smaps_rollup', 'Pss') for pid in pids]
        for client in clients:
            _execute(client, code)
        return [round(statistics.mean(values)) for values in (
            imported, [_mib(pid, 'smaps_rollup', 'Pss') for pid in pids],
            [_mib(pid, 'status', 'VmHWM') for pid in pids])]


def measure(env):
    """Measure all ways to hold the data; return the rows."""
    rows = []
    for number in 1, 4:
        for label, code in EPOCHS.items():
            imported, after, peak = _kernels(number, code, env)
            row = {'what': f'{number} at once', 'contestant': label,
                   'same': 'a kernel that reads an epoch of Fashion-MNIST '
                   'at batch 256', 'imported': imported, 'after': after,
                   'peak': peak}
            if number == 4 and label == 'ours':
                row['bar'] = [None, BAR]
            rows.append(row)
            print(f'  {row["what"]}, {label:38} PSS {imported:4} MiB '
                  f'imported, {after:4} after, peak {peak:4}', flush=True)
    return rows
