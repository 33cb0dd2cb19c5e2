#!/usr/bin/python3
"""Times unitgraph against PyTorch on the same work, in alternating rounds, and prints a table in Markdown.

usage: tools/compare_with_torch.py [--binary build/unitgraph] [--rows step-64,translate-256] [--rounds 3] [--steps 3]
                                   [--threads 2]

Needs Debian's python3-torch.  Each figure is a median.  The PyTorch side runs in a process of its own (this script with
--worker), so that neither disturbs the other's memory.  `time` and `memory` are unitgraph's share of PyTorch's.
"""
import argparse
import json
import os
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import torch_unit

HERE = os.path.dirname(os.path.abspath(__file__))
GRAPHS = os.path.join(HERE, '..', 'graphs')


class Row:
    def __init__(self, what, file='bench.yaml', size=64, dim=64, batch=1, make=torch_unit.training, translate=False):
        self.what, self.file, self.size, self.dim, self.batch = what, file, size, dim, batch
        self.make, self.translate = make, translate

    def sets(self):
        pairs = 'size=%d' % self.size, 'dim=%d' % self.dim, 'data.batch=%d' % self.batch
        return [word for pair in pairs for word in ('--set', pair)]


ROWS = {
    'step-64': Row('training step, 64x64'),
    'step-128': Row('training step, 128x128', size=128),
    'step-256': Row('training step, 256x256', size=256),
    'step-32': Row('training step, dim 32, 32x32, batch 8', size=32, dim=32, batch=8),
    'step-2018-128': Row('training step, 2018 release, 128x128', 'bench_2018.yaml', 128, make=torch_unit.training_2018),
    'translate-256': Row('translation of a picture, 256x256', size=256, translate=True),
}


# ---- PyTorch ----

def work_of_torch(torch, row):
    training = row.make(torch, row.dim)
    x1, x2 = (torch.rand(row.batch, 3, row.size, row.size) * 2 - 1 for _ in range(2))
    if not row.translate:
        return lambda: training.step(x1, x2)

    def translate():
        with torch.no_grad():
            training.nets.g2(training.nets.e1(x1))
    return translate


def worker(row, threads):
    """Answers each line on standard input with the seconds of that many runs."""
    import torch
    torch.set_num_threads(threads)
    run = work_of_torch(torch, row)
    run()
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
        print(json.dumps({'seconds': seconds, 'peak': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)


class Torch:
    def __init__(self, name, threads):
        self.process = subprocess.Popen([sys.executable, __file__, '--worker', name, '--threads', str(threads)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, steps):
        print(steps, file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        return answer['seconds'], answer['peak']


# ---- unitgraph ----

class Steps:
    """Training steps, as `unitgraph bench --json` times them."""

    def __init__(self, row, o, folder):
        self.command = [o.binary, 'bench', os.path.join(GRAPHS, row.file), '--threads', str(o.threads), '--json'] + row.sets()

    def __call__(self, steps):
        said = json.loads(subprocess.run(self.command + ['--steps', str(steps)], check=True, capture_output=True, text=True).stdout)
        return [said['step_seconds']], said['peak_bytes']


def write_picture(path, size, seed):
    """A PNG of soft waves of colour."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    rows = (bytes([0] + [(x * (c + 1) + y * (seed + 2)) % 256 for x in range(size) for c in range(3)]) for y in range(size))
    with open(path, 'wb') as f:
        f.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>2I5B', size, size, 8, 2, 0, 0, 0))
                + chunk(b'IDAT', zlib.compress(b''.join(rows))) + chunk(b'IEND', b''))


class Translations:
    """Pictures read, translated and written: the seconds that one picture more takes."""

    MORE = 10

    def __init__(self, row, o, folder):
        run = os.path.join(folder, 'run')
        subprocess.run([o.binary, 'run', os.path.join(GRAPHS, row.file), '--out', run, '--steps', '1', '--quiet'] + row.sets()
                       + ['--threads', str(o.threads)], check=True)
        self.folders = []
        for n in 1, 1 + self.MORE:
            pictures = os.path.join(folder, str(n))
            os.mkdir(pictures)
            for i in range(n):
                write_picture(os.path.join(pictures, '%d.png' % i), row.size, i)
            self.folders.append(pictures)
        self.command = [o.binary, 'translate', run, '1to2', '--threads', str(o.threads)]

    def translate(self, pictures):
        """Seconds and peak memory of the whole command."""
        with tempfile.TemporaryDirectory() as out:
            start = time.perf_counter()
            process = subprocess.Popen(self.command + [pictures, os.path.join(out, 'pictures')], stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                sys.exit('translate failed')
            return time.perf_counter() - start, usage.ru_maxrss * 1024

    def __call__(self, steps):
        (one, _), (more, peak) = (self.translate(f) for f in self.folders)
        return [(more - one) / self.MORE], peak


def compare(name, row, o):
    of_torch, of_ours = [], []
    with tempfile.TemporaryDirectory() as folder:
        torch, ours = Torch(name, o.threads), (Translations if row.translate else Steps)(row, o, folder)
        for _ in range(o.rounds):
            seconds, torch_peak = torch(o.steps)
            of_torch += seconds
            seconds, peak = ours(o.steps)
            of_ours += seconds
    torch.process.stdin.close()
    torch.process.wait()
    a, b = statistics.median(of_torch), statistics.median(of_ours)
    print('| %s | %.3f s | %.3f s | %.2f | %.2f GiB | %.2f GiB | %.2f |'
          % (row.what, a, b, b / a, torch_peak / 2 ** 30, peak / 2 ** 30, peak / torch_peak), flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--binary', default=os.path.join(HERE, '..', 'build', 'unitgraph'))
    p.add_argument('--rows', default=','.join(ROWS), help='which of %s' % ', '.join(ROWS))
    for name, value in (('rounds', 3), ('steps', 3), ('threads', 2)):
        p.add_argument('--' + name, type=int, default=value)
    p.add_argument('--worker', help=argparse.SUPPRESS)
    o = p.parse_args()
    if o.worker:
        return worker(ROWS[o.worker], o.threads)
    print('| %d threads | PyTorch | unitgraph | time | PyTorch | unitgraph | memory |\n| --- | --- | --- | --- | --- | --- | --- |'
          % o.threads, flush=True)
    for name in o.rows.split(','):
        compare(name, ROWS[name], o)


if __name__ == '__main__':
    sys.exit(main())
