#!/usr/bin/python3
"""Trains UNIT in PyTorch and in unitgraph from the same parameters on the same pictures, and draws both loss curves.

usage: tools/compare_curves_with_torch.py [--binary build/unitgraph] [--steps 200] [--runs 5] [--dim 32] [--size 64] [-o curves.png]

Needs Debian's python3-torch and python3-matplotlib.  Runs differ only in the noise added to the latent codes, so that PyTorch's own
spread from run to run says what difference means nothing.  Each curve is cut into windows of 20 steps; for each window and
loss term, the difference of the two programs' means over runs is put in relation to its standard error, which the spread
of both gives: where nothing but chance differs, the root mean square of these ratios is about 1.  Fails above 1.5.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy
import torch

import torch_unit
import write_safetensors

HERE = os.path.dirname(os.path.abspath(__file__))
WINDOW = 20
PICTURES = 32


def draw_pictures(size):
    """[PICTURES, 3, size, size] of soft discs on slopes in -1 ... 1, and the same in negative."""
    rng = numpy.random.default_rng(7)
    rows, columns = numpy.mgrid[-1:1:size * 1j, -1:1:size * 1j]
    pictures = []
    for _ in range(PICTURES):
        slope, centre = rng.uniform(-0.5, 0.5, (3, 2, 1, 1)), rng.uniform(-0.6, 0.6, (2, 1, 1))
        disc = 1 / (1 + numpy.exp(40 * (numpy.hypot(rows - centre[0], columns - centre[1]) - rng.uniform(0.2, 0.5))))
        colour = rng.uniform(-1, 1, (3, 1, 1))
        ground = slope[:, 0] * rows + slope[:, 1] * columns
        pictures.append(ground * (1 - disc) + colour * disc)
    pictures = numpy.array(pictures, 'f4')
    return pictures, -pictures[::-1].copy()


def curves_of_torch(o, start, x):
    curves = []
    for run in range(o.runs):
        training = torch_unit.training(torch, o.dim)
        for p, value in zip(training.nets.all_parameters(), start):
            p.data.copy_(torch.from_numpy(value))
        torch.manual_seed(1000 + run)
        said = [training.step(*(torch.from_numpy(x[d][[i % PICTURES]]) for d in range(2))) for i in range(o.steps)]
        curves.append({name: [s[name] for s in said] for name in said[0]})
    return curves


def curves_of_ours(o, start, x, folder):
    file = os.path.join(folder, 'train.yaml')
    with open(file, 'w') as f:
        f.write(FILE % (os.path.abspath(os.path.join(HERE, '..', 'graphs', 'unit.yaml')), o.size, o.dim))
    write_safetensors.write(os.path.join(folder, 'pictures.safetensors'), {'x1': x[0], 'x2': x[1]})
    listed = subprocess.run([o.binary, 'check', file, '--params'], check=True, capture_output=True, text=True).stdout
    lines = [line.split('\t') for line in listed.splitlines()]
    names = [line[0] for line in lines if len(line) < 3 or not line[2]]
    assert len(names) == len(start), (len(names), len(start))
    write_safetensors.write(os.path.join(folder, 'start.safetensors'), dict(zip(names, start)))
    curves = []
    for run in range(o.runs):
        out = os.path.join(folder, 'run-%d' % run)
        subprocess.run([o.binary, 'run', file, '--out', out, '--quiet', '--seed', str(run + 1), '--steps', str(o.steps),
                        '--init', os.path.join(folder, 'start.safetensors')], check=True)
        with open(os.path.join(out, 'metrics.jsonl')) as f:
            said = [json.loads(line) for line in f]
        curves.append({name: [s[name] for s in said] for name in said[0]})
    return curves


FILE = """unitgraph: 1
include: [%s]
vars: {folder_1: ~, folder_2: ~, size: %d, dim: %d}
data:
  x1: {images: ~, size: ~, channels: ~, flip: ~, tensors: pictures.safetensors, key: x1, shuffle: false}
  x2: {images: ~, size: ~, channels: ~, flip: ~, tensors: pictures.safetensors, key: x2, shuffle: false}
log: {every: 1}
samples: ~
checkpoint: ~
"""


def windows(curves, name):
    """[runs, windows]"""
    a = numpy.array([c[name] for c in curves])
    return a[:, :a.shape[1] // WINDOW * WINDOW].reshape(len(a), -1, WINDOW).mean(2)


def judge(ours, theirs, names):
    ratios = {}
    for name in names:
        a, b = windows(ours, name), windows(theirs, name)
        error = numpy.sqrt(a.var(0, ddof=1) / len(a) + b.var(0, ddof=1) / len(b))
        ratios[name] = (a.mean(0) - b.mean(0)) / error
        print('%-14s rms %.2f   largest %.2f standard errors   last window: unitgraph %.4f PyTorch %.4f (spread %.4f)'
              % (name, numpy.sqrt((ratios[name] ** 2).mean()), abs(ratios[name]).max(), a.mean(0)[-1], b.mean(0)[-1], b[:, -1].std(ddof=1)))
    rms = numpy.sqrt(numpy.mean(numpy.concatenate(list(ratios.values())) ** 2))
    print('all terms      rms %.2f standard errors' % rms)
    return rms


def draw(ours, theirs, names, path):
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(2, (len(names) + 1) // 2, figsize=(3.2 * ((len(names) + 1) // 2), 6), constrained_layout=True)
    for axis, name in zip(axes.flat, names):
        for curves, colour, label in ((theirs, 'tab:orange', 'PyTorch'), (ours, 'tab:blue', 'unitgraph')):
            a = numpy.array([c[name] for c in curves])
            axis.fill_between(range(a.shape[1]), a.min(0), a.max(0), color=colour, alpha=0.25, linewidth=0)
            axis.plot(a.mean(0), color=colour, linewidth=1, label=label)
        axis.set_title(name, fontsize=10)
        axis.set_yscale('log')
    axes.flat[0].legend(fontsize=8)
    figure.suptitle('%d runs each from the same parameters: mean and range' % len(ours), fontsize=11)
    figure.savefig(path, dpi=110)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--binary', default=os.path.join(HERE, '..', 'build', 'unitgraph'))
    for name, value in (('steps', 200), ('runs', 5), ('dim', 32), ('size', 64)):
        p.add_argument('--' + name, type=int, default=value)
    p.add_argument('-o', default='curves.png', metavar='PNG')
    o = p.parse_args()
    torch.set_num_threads(2)
    torch.manual_seed(1)
    start = [torch.randn(q.shape).numpy() * 0.02 if q.dim() > 1 else numpy.zeros(q.shape, 'f4')
             for q in torch_unit.training(torch, o.dim).nets.all_parameters()]
    x = draw_pictures(o.size)
    theirs = curves_of_torch(o, start, x)
    with tempfile.TemporaryDirectory() as folder:
        ours = curves_of_ours(o, start, x, folder)
    names = sorted(theirs[0])
    rms = judge(ours, theirs, names)
    draw(ours, theirs, names, o.o)
    return int(rms > 1.5)


if __name__ == '__main__':
    sys.exit(main())
