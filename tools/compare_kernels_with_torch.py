#!/usr/bin/python3
"""Times convolutions one by one, with each of our algorithms and in PyTorch, in alternating rounds.

usage: tools/compare_kernels_with_torch.py [FILE [--set NAME=EXPR] …] [--binary build/unitgraph] [--rounds 2] [--threads 2]

What is timed is what `unitgraph bench --kernels` times: the convolutions of FILE's training step, or a list of well-known
layers.  Prints, in milliseconds, the median of PyTorch, that of the algorithm that we take, their ratio, and the others'.
Needs Debian's python3-torch.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ENOUGH = 0.06  # seconds of timing for one convolution


def ours(o):
    """The jobs that `unitgraph bench --kernels --json` lists."""
    command = [o.binary, 'bench', '--kernels', '--json', '--threads', str(o.threads)]
    command += ([o.file] if o.file else []) + [w for s in o.set for w in ('--set', s)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def settings(shapes):
    """Stride, padding, dilation, … from "4x4 3->64 @128x128 stride 2 padding 1 reflect"."""
    words = shapes.split()
    found = {'doubled': 'doubled' in words, 'edges': next((e for e in ('reflect', 'replicate') if e in words), None), 'stride': [1, 1], 'padding': [0, 0], 'dilation': [1, 1], 'groups': 1}
    for name, value in zip(words, words[1:]):
        if name in ('stride', 'padding', 'dilation'):
            found[name] = [int(n) for n in (value.split('x') * 2)[:2]]
        elif name == 'groups':
            found[name] = int(value)
    return found


def torch_call(torch, job):
    """A function that computes the same in PyTorch: padding that is no zeros, and upsampling, are calls of their own."""
    functional = torch.nn.functional
    s = settings(job['shapes'])
    a, b, result = (torch.randn(shape) for shape in job['inputs'] + [job['result']])
    side = job['op']
    x, w, dy = {'convolve': (a, b, result), 'convolve_input': (result, b, a), 'convolve_weight': (a, result, b)}[side]
    composed = s['doubled'] or s['edges']

    def forward(x, w):
        if s['doubled']:
            x = functional.interpolate(x, scale_factor=2)
        if s['edges']:
            rows, columns = s['padding']
            x = functional.pad(x, (columns, columns, rows, rows), mode=s['edges'])
        return functional.conv2d(x, w, None, s['stride'], 0 if s['edges'] else s['padding'], s['dilation'], s['groups'])

    if side == 'convolve':
        return lambda: forward(x, w)
    if not composed:
        return lambda: torch.ops.aten.convolution_backward(dy, x, w, None, s['stride'], s['padding'], s['dilation'], False,
                                                           [0, 0], s['groups'],
                                                           [side == 'convolve_input', side == 'convolve_weight', False])
    wanted = (x if side == 'convolve_input' else w).requires_grad_()
    with torch.enable_grad():
        y = forward(x, w)
    return lambda: torch.autograd.grad(y, wanted, dy, retain_graph=True)


def time_call(call):
    call()
    seconds = []
    while len(seconds) < 5 or (sum(seconds) < ENOUGH and len(seconds) < 200):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('file', nargs='?')
    p.add_argument('--set', action='append', default=[])
    p.add_argument('--binary', default=os.path.join(HERE, '..', 'build', 'unitgraph'))
    p.add_argument('--rounds', type=int, default=2)
    p.add_argument('--threads', type=int, default=2)
    o = p.parse_args()
    import torch
    torch.set_num_threads(o.threads)
    rounds = []
    for _ in range(o.rounds):
        jobs = ours(o)
        with torch.no_grad():
            rounds.append((jobs, [time_call(torch_call(torch, job)) for job in jobs]))
    of_torch = {(j['op'], j['shapes']): [] for j in rounds[0][0]}
    of_ours = {key: {name: [] for name in j['algorithms']} for key, j in zip(of_torch, rounds[0][0])}
    for jobs, seconds in rounds:
        for job, t in zip(jobs, seconds):
            of_torch[job['op'], job['shapes']].append(t)
            for name, way in job['algorithms'].items():
                of_ours[job['op'], job['shapes']][name].append(way['seconds'])
    print('%-46s %-16s %5s %9s %9s %6s' % ('shapes', 'op', 'calls', 'PyTorch', 'unitgraph', 'ratio'))
    for job in rounds[0][0]:
        key = job['op'], job['shapes']
        theirs = statistics.median(of_torch[key])
        mine = {name: statistics.median(times) for name, times in of_ours[key].items()}
        others = ''.join('  %s %.3f' % (name, 1e3 * t) for name, t in mine.items() if name != job['taken'])
        print('%-46s %-16s %5d %9.3f %9.3f %6.2f  %s%s' % (job['shapes'], job['op'], job['calls'], 1e3 * theirs,
                                                         1e3 * mine[job['taken']], mine[job['taken']] / theirs, job['taken'],
                                                         ';' + others if others else ''))


if __name__ == '__main__':
    sys.exit(main())
