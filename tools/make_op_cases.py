#!/usr/bin/python3
"""Writes tests/cases/FAMILY.safetensors: what PyTorch computes, in float64, for every op (NumPy and SciPy for distances).

usage: tools/make_op_cases.py               (needs Debian's python3-torch and python3-scipy)

A case is an expression of our language, the same thing in PyTorch, and shapes of inputs and parameters.  The file
that a test loads for it is

    graph:   y: the expression                      losses:  L: sum(y * p)             first order
             s: sum(y ** 2 * p)                              M: sum(g * q)             second order
             g: grad(s, first float input)

with p and q random inputs, and what is wanted is y and the gradients of L and M with respect to every float input and
parameter.  Cases of order 1 have no M, those of order 0 no losses.  A file of cases holds, for each case NAME, the
tensors NAME/in/INPUT, NAME/params/PARAMETER, NAME/want/y, NAME/want/L/grad.X, NAME/want/M/grad.X; its metadata has
the text of each case under its name, and `cases` lists the names, "train" behind those to be run in training mode.
"""
import math
import os
import zlib

import numpy
import scipy.linalg
import torch
import torch.nn.functional as F

import write_safetensors

CASES = {}


class Env(dict):
    """The inputs and parameters of a case, as attributes."""
    __getattr__ = dict.__getitem__


def case(family, name, call, fn, params=None, order=2, train=False, given=None, more='', **inputs):
    """`call` in our language and `fn(env)` in PyTorch; `given`: states, as parameters that have no gradient;
    `more`: entries of `graph` before y, which may not be called s or g.  An input is a shape; or a tensor; or a kind
    and a shape: see draw; x is [2, 3] unless said otherwise, and None means that there is none."""
    cases = CASES.setdefault(family, {})
    assert name not in cases, name
    cases[name] = dict(call=call, fn=fn, params=params or {}, order=order, train=train, given=given or {}, more=more,
                       inputs={k: v for k, v in {'x': [2, 3], **inputs}.items() if v is not None})


def draw(spec, g):
    """Numbers of magnitude 0.2 to 1.5, no two alike: no kink at 0 and no tie is near.  ('positive', shape): without
    signs; ('probability', shape): within (0, 1); ('labels', shape, n): int64 below n."""
    kind, shape = (spec[0], spec[1]) if isinstance(spec, tuple) else ('any', spec)
    if isinstance(spec, torch.Tensor):
        return spec
    if kind == 'labels':
        return torch.randint(0, spec[2], shape, generator=g)
    n = math.prod(shape)
    x = 0.2 + 1.3 * (torch.randperm(n, generator=g).double() + 0.5) / max(n, 1)
    if kind == 'any':
        x = x * (torch.randint(0, 2, [n], generator=g) * 2 - 1)
    if kind == 'probability':
        x = x / 1.6
    return x.reshape(shape).float().double()


def text_of(c, tensors, y, first):
    lines = ['unitgraph: 1', 'inputs:']
    for name, t in tensors.items():
        shape = list(t.shape)
        lines.append(f'  {name}: {shape}' if t.is_floating_point() else f'  {name}: {{shape: {shape}, dtype: int64}}')
    lines += ['graph:'] + ['  ' + more for more in c['more'].splitlines()] + [f'  y: "{c["call"]}"']
    if c['order'] > 1:
        lines += ['  s: sum(y ** 2 * p)', f'  g: grad(s, {first})']
    if c['order'] > 0:
        lines += ['losses:', '  L: sum(y * p)'] + (['  M: sum(g * q)'] if c['order'] > 1 else [])
    return '\n'.join(lines) + '\n'


def gradients(loss, leaves, prefix):
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True, retain_graph=True)
    return {f'{prefix}/grad.{name}': torch.zeros_like(t) if d is None else d
            for (name, t), d in zip(leaves.items(), found)}


def solve(name, c):
    """The text of a case, and all its tensors."""
    g = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    inputs = {k: draw(v, g) for k, v in c['inputs'].items()}
    params = {k: draw(v, g) for k, v in c['params'].items()}
    given = {k: draw(v, g) for k, v in c['given'].items()}
    first = next((k for k, t in inputs.items() if t.is_floating_point()), None)
    leaves = {k: t.requires_grad_() for k, t in inputs.items() if t.is_floating_point()}
    leaves.update({'y.' + k: t.requires_grad_() for k, t in params.items()})
    y = c['fn'](Env(inputs, **params, **given))
    if c['order'] > 0:
        inputs['p'] = leaves['p'] = draw(list(y.shape), g).requires_grad_()
    if c['order'] > 1:
        inputs['q'] = leaves['q'] = draw(list(inputs[first].shape), g).requires_grad_()
    want = {'y': y}
    if c['order'] > 0:
        want.update(gradients((y * inputs['p']).sum(), {k: t for k, t in leaves.items() if k != 'q'}, 'L'))
    if c['order'] > 1:
        dx, = torch.autograd.grad((y ** 2 * inputs['p']).sum(), inputs[first], create_graph=True)
        want.update(gradients((dx * inputs['q']).sum(), leaves, 'M'))
    tensors = {f'{name}/in/{k}': t for k, t in inputs.items()}
    tensors.update({f'{name}/params/y.{k}': t for k, t in {**params, **given}.items()})
    tensors.update({f'{name}/want/{k}': t for k, t in want.items()})
    return text_of(c, inputs, y, first), tensors


# ---- Convolutions -------------------------------------------------------------------------------------------------

def conv(name, args, fn, weight, x, bias=True, **more):
    params = {'weight': weight}
    if bias:
        params['bias'] = [more.pop('channels', weight[0])]
    case('conv', name, f'conv2d(x, {args})', lambda e: fn(e.x, e.weight, e.get('bias')), params, x=x, **more)


def padded(mode, pad):
    return lambda x: F.pad(x, pad, mode=mode)


conv('conv_3x3', '4, 3, padding=1', lambda x, w, b: F.conv2d(x, w, b, padding=1), [4, 3, 3, 3], [2, 3, 5, 6])
conv('conv_3x3_valid', '4, 3', F.conv2d, [4, 3, 3, 3], [1, 3, 5, 7])
conv('conv_1x1', '5, 1', F.conv2d, [5, 3, 1, 1], [2, 3, 4, 3])
conv('conv_1x1_stride', '5, 1, stride=2', lambda x, w, b: F.conv2d(x, w, b, 2), [5, 3, 1, 1], [2, 3, 5, 4])
conv('conv_no_bias', '4, 3, bias=false', F.conv2d, [4, 2, 3, 3], [1, 2, 4, 4], bias=False)
conv('conv_down', '6, 4, stride=2, padding=1', lambda x, w, b: F.conv2d(x, w, b, 2, 1), [6, 3, 4, 4], [2, 3, 8, 6])
conv('conv_down_odd', '4, 4, stride=2, padding=1', lambda x, w, b: F.conv2d(x, w, b, 2, 1), [4, 3, 4, 4],
     [1, 3, 7, 9])
conv('conv_one_pixel', '4, 3, padding=1', lambda x, w, b: F.conv2d(x, w, b, padding=1), [4, 3, 3, 3], [2, 3, 1, 1])
conv('conv_whole', '4, [3, 5]', F.conv2d, [4, 2, 3, 5], [3, 2, 3, 5])
conv('conv_rectangular', '4, [1, 3], stride=[2, 1], padding=[0, 1]',
     lambda x, w, b: F.conv2d(x, w, b, (2, 1), (0, 1)), [4, 2, 1, 3], [2, 2, 5, 4])
conv('conv_wide_padding', '3, 3, padding=[4, 2]', lambda x, w, b: F.conv2d(x, w, b, 1, (4, 2)), [3, 2, 3, 3],
     [1, 2, 2, 3])
conv('conv_gaps', '3, 2, stride=3', lambda x, w, b: F.conv2d(x, w, b, 3), [3, 2, 2, 2], [1, 2, 8, 9])
conv('conv_dilated', '4, 3, padding=2, dilation=2', lambda x, w, b: F.conv2d(x, w, b, 1, 2, 2), [4, 3, 3, 3],
     [1, 3, 6, 5])
conv('conv_dilated_rectangular', '2, [3, 2], stride=2, padding=1, dilation=[1, 3]',
     lambda x, w, b: F.conv2d(x, w, b, 2, 1, (1, 3)), [2, 3, 3, 2], [2, 3, 5, 7])
conv('conv_groups', '6, 3, padding=1, groups=2', lambda x, w, b: F.conv2d(x, w, b, 1, 1, 1, 2), [6, 2, 3, 3],
     [2, 4, 4, 5])
conv('conv_depthwise', '6, 3, stride=2, padding=1, groups=3',
     lambda x, w, b: F.conv2d(x, w, b, 2, 1, 1, 3), [6, 1, 3, 3], [2, 3, 6, 5])
conv('conv_reflect', '4, 7, padding=3, padding_mode=reflect',
     lambda x, w, b: F.conv2d(F.pad(x, (3, 3, 3, 3), mode='reflect'), w, b), [4, 2, 7, 7], [1, 2, 5, 4])
conv('conv_reflect_down', '4, 4, stride=2, padding=1, padding_mode=reflect',
     lambda x, w, b: F.conv2d(F.pad(x, (1, 1, 1, 1), mode='reflect'), w, b, 2), [4, 3, 4, 4], [2, 3, 6, 6])
conv('conv_reflect_rectangular', '3, [3, 5], padding=[1, 2], padding_mode=reflect',
     lambda x, w, b: F.conv2d(F.pad(x, (2, 2, 1, 1), mode='reflect'), w, b), [3, 2, 3, 5], [2, 2, 4, 3])
conv('conv_replicate', '4, 3, padding=[2, 1], padding_mode=replicate',
     lambda x, w, b: F.conv2d(F.pad(x, (1, 1, 2, 2), mode='replicate'), w, b), [4, 2, 3, 3], [2, 2, 3, 4])
conv('conv_replicate_one_pixel', '2, 3, padding=1, padding_mode=replicate',
     lambda x, w, b: F.conv2d(F.pad(x, (1, 1, 1, 1), mode='replicate'), w, b), [2, 2, 3, 3], [1, 2, 1, 1])
conv('conv_many_channels', '17, 3, padding=1', lambda x, w, b: F.conv2d(x, w, b, padding=1), [17, 19, 3, 3],
     [1, 19, 4, 3])
conv('conv_one_channel', '1, 4, padding=1', lambda x, w, b: F.conv2d(x, w, b, padding=1), [1, 5, 4, 4], [2, 5, 5, 5])
conv('conv_larger', '7, 3, padding=1', lambda x, w, b: F.conv2d(x, w, b, padding=1), [7, 6, 3, 3], [1, 6, 11, 14])
conv('conv_larger_reflect', '6, 3, padding=1, padding_mode=reflect',
     lambda x, w, b: F.conv2d(F.pad(x, (1, 1, 1, 1), mode='reflect'), w, b), [6, 5, 3, 3], [2, 5, 9, 8])
conv('conv_larger_down', '8, 4, stride=2, padding=1', lambda x, w, b: F.conv2d(x, w, b, 2, 1), [8, 3, 4, 4],
     [1, 3, 18, 16])
conv('conv_larger_7x7', '3, 7, padding=3', lambda x, w, b: F.conv2d(x, w, b, padding=3), [3, 4, 7, 7], [1, 4, 12, 13])
case('conv', 'conv_given_weight', 'conv2d(x, weight=w, padding=1)', lambda e: F.conv2d(e.x, e.w, padding=1),
     x=[2, 3, 4, 4], w=[5, 3, 3, 3])
case('conv', 'conv_given_both', 'conv2d(x, weight=w, bias=b, stride=2)', lambda e: F.conv2d(e.x, e.w, e.b, 2),
     x=[1, 2, 5, 5], w=[3, 2, 3, 3], b=[3])
case('conv', 'conv_of_itself', 'conv2d(x, weight=x)', lambda e: F.conv2d(e.x, e.x), x=[3, 3, 2, 2])


def up(name, args, fn, weight, x, bias=True, groups=1):
    params = {'weight': weight, **({'bias': [weight[1] * groups]} if bias else {})}
    case('conv', name, f'conv_transpose2d(x, {args})', lambda e: fn(e.x, e.weight, e.get('bias')), params, x=x)


up('up_4x4', '4, 4, stride=2, padding=1', lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1), [3, 4, 4, 4],
   [2, 3, 3, 4])
up('up_3x3', '4, 3, stride=2, padding=1, output_padding=1',
   lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1), [3, 4, 3, 3], [1, 3, 4, 3])
up('up_plain', '2, 3', F.conv_transpose2d, [3, 2, 3, 3], [2, 3, 3, 2])
up('up_no_bias', '2, 3, bias=false', F.conv_transpose2d, [3, 2, 3, 3], [1, 3, 2, 2], bias=False)
up('up_one_pixel', '4, 4', F.conv_transpose2d, [5, 4, 4, 4], [2, 5, 1, 1])
up('up_groups', '4, 3, stride=2, groups=2', lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 0, 0, 2), [4, 2, 3, 3],
   [1, 4, 3, 3], groups=2)
up('up_dilated', '2, 3, padding=1, dilation=2', lambda x, w, b: F.conv_transpose2d(x, w, b, 1, 1, 0, 1, 2),
   [3, 2, 3, 3],
   [1, 3, 4, 3])
up('up_rectangular', '3, [2, 3], stride=[2, 1], padding=[0, 1], output_padding=[1, 0]',
   lambda x, w, b: F.conv_transpose2d(x, w, b, (2, 1), (0, 1), (1, 0)), [2, 3, 2, 3], [2, 2, 3, 4])
up('up_gaps', '2, 2, stride=3', lambda x, w, b: F.conv_transpose2d(x, w, b, 3), [2, 2, 2, 2], [1, 2, 2, 3])
case('conv', 'up_given_weight', 'conv_transpose2d(x, weight=w, stride=2, padding=1)',
     lambda e: F.conv_transpose2d(e.x, e.w, None, 2, 1), x=[1, 3, 3, 3], w=[3, 2, 4, 4])

# ---- Other layers -------------------------------------------------------------------------------------------------


def layer(name, call, fn, params=None, **more):
    more.setdefault('x', [2, 4, 3, 5])
    case('layers', name, call, fn, params, **more)


WB = {'weight': [4], 'bias': [4]}
layer('linear', 'linear(x, 5)', lambda e: F.linear(e.x, e.weight, e.bias), {'weight': [5, 3], 'bias': [5]}, x=[4, 3])
layer('linear_no_bias', 'linear(x, 2, bias=false)', lambda e: F.linear(e.x, e.weight), {'weight': [2, 7]}, x=[1, 7])
layer('linear_axes', 'linear(x, 5)', lambda e: F.linear(e.x, e.weight, e.bias), {'weight': [5, 4], 'bias': [5]},
      x=[2, 3, 4])
layer('linear_given', 'linear(x, weight=w, bias=b)', lambda e: F.linear(e.x, e.w, e.b), x=[3, 4], w=[2, 4], b=[2])
layer('instance_norm', 'instance_norm(x)', lambda e: F.instance_norm(e.x))
layer('instance_norm_affine', 'instance_norm(x, affine=true)',
      lambda e: F.instance_norm(e.x, weight=e.weight, bias=e.bias), WB)
layer('instance_norm_eps', 'instance_norm(x, eps=0.1)', lambda e: F.instance_norm(e.x, eps=0.1), x=[1, 1, 4, 4])
layer('instance_norm_given', 'instance_norm(x, weight=w, bias=b)',
      lambda e: F.instance_norm(e.x, weight=e.w, bias=e.b),
      w=[4], b=[4])
layer('batch_norm_train', 'batch_norm(x)',
      lambda e: F.batch_norm(e.x, None, None, e.weight, e.bias, training=True), WB, train=True)
layer('batch_norm_eval', 'batch_norm(x)',
      lambda e: F.batch_norm(e.x, e.running_mean, e.running_var, e.weight, e.bias), WB,
      given={'running_mean': [4], 'running_var': ('positive', [4])})
layer('batch_norm_forced', 'batch_norm(x, training=true)',
      lambda e: F.batch_norm(e.x, None, None, e.weight, e.bias, training=True), WB)
layer('batch_norm_frozen', 'batch_norm(x, training=false)',
      lambda e: F.batch_norm(e.x, e.running_mean, e.running_var, e.weight, e.bias), WB, train=True,
      given={'running_mean': [4], 'running_var': ('positive', [4])})
layer('batch_norm_plain', 'batch_norm(x, affine=false, eps=0.01)',
      lambda e: F.batch_norm(e.x, None, None, training=True, eps=0.01), train=True)
layer('batch_norm_vectors', 'batch_norm(x)', lambda e: F.batch_norm(e.x, None, None, e.weight, e.bias, training=True),
      WB, train=True, x=[6, 4])


def layer_norm(x, weight=None, bias=None, eps=1e-5):
    y = F.layer_norm(x, x.shape[1:], eps=eps)
    return y if weight is None else y * weight.reshape(-1, 1, 1) + bias.reshape(-1, 1, 1)


layer('layer_norm', 'layer_norm(x)', lambda e: layer_norm(e.x, e.weight, e.bias), WB)
layer('layer_norm_plain', 'layer_norm(x, affine=false)', lambda e: layer_norm(e.x))
layer('group_norm', 'group_norm(x, 2)', lambda e: F.group_norm(e.x, 2, e.weight, e.bias), WB)
layer('group_norm_one', 'group_norm(x, 1)', lambda e: F.group_norm(e.x, 1, e.weight, e.bias), WB)
layer('group_norm_all', 'group_norm(x, 4, affine=false)', lambda e: F.group_norm(e.x, 4))
layer('prelu', 'prelu(x)', lambda e: F.prelu(e.x, e.weight), {'weight': [1]})


def spectral(w, u, v, train):
    m = w.flatten(1)
    if train:
        with torch.no_grad():
            v = F.normalize(m.t() @ u, dim=0)
            u = F.normalize(m @ v, dim=0)
    return w / (u @ (m @ v))


def unit(values):
    return F.normalize(torch.tensor(values, dtype=torch.float64), dim=0).float().double()


for train in (False, True):
    mode = 'train' if train else 'eval'
    layer(f'spectral_linear_{mode}', 'linear(x, 4, spectral_norm=true)',
          lambda e, train=train: F.linear(e.x, spectral(e.weight, e.weight_u, e.weight_v, train), e.bias),
          {'weight': [4, 3], 'bias': [4]}, x=[2, 3], train=train,
          given={'weight_u': unit([1., 2, -1, 3]), 'weight_v': unit([2., 1, -2])})
    layer(f'spectral_conv_{mode}', 'conv2d(x, 2, 2, spectral_norm=true)',
          lambda e, train=train: F.conv2d(e.x, spectral(e.weight, e.weight_u, e.weight_v, train), e.bias),
          {'weight': [2, 3, 2, 2], 'bias': [2]}, x=[1, 3, 3, 3], train=train,
          given={'weight_u': unit([1., -2]), 'weight_v': unit([1., 2, 3, -1, -2, -3, 1, 1, 1, 2, 2, 2])})

# ---- Activations --------------------------------------------------------------------------------------------------


def activation(name, call, fn, **more):
    case('activations', name, call, lambda e: fn(e.x), **more)


FAR = torch.tensor([-100., -30, -5, -1e-3, 1e-3, 5, 30, 100]).double()
for name, fn in {'relu': F.relu, 'elu': F.elu, 'selu': F.selu, 'gelu': F.gelu, 'silu': F.silu, 'tanh': torch.tanh,
                 'sigmoid': torch.sigmoid, 'softplus': F.softplus, 'leaky_relu': F.leaky_relu,
                 'identity': lambda x: x + 0}.items():
    activation(name, f'{name}(x)', fn, x=[2, 3, 4])
    activation(name + '_far', f'{name}(x)', fn, x=FAR.clone())
activation('leaky_relu_slope', 'leaky_relu(x, 0.2)', lambda x: F.leaky_relu(x, 0.2), x=[3, 5])
for name, fn in {'softmax': F.softmax, 'log_softmax': F.log_softmax}.items():
    activation(name + '_channels', f'{name}(x, 1)', lambda x, fn=fn: fn(x, 1), x=[2, 4, 2, 3])
    activation(name + '_last', f'{name}(x, dim=-1)', lambda x, fn=fn: fn(x, -1), x=[3, 5])
    activation(name + '_first', f'{name}(x, 0)', lambda x, fn=fn: fn(x, 0), x=[3, 2])
    activation(name + '_one', f'{name}(x, 1)', lambda x, fn=fn: fn(x, 1), x=[3, 1])
    activation(name + '_far', f'{name}(x, 1)', lambda x, fn=fn: fn(x, 1), x=FAR.clone().reshape(2, 4))

# ---- Arithmetic ---------------------------------------------------------------------------------------------------


def arithmetic(name, call, fn, **more):
    case('arithmetic', name, call, fn, **more)


arithmetic('add', 'x + z', lambda e: e.x + e.z, x=[2, 3], z=[2, 3])
arithmetic('add_rows', 'x + z', lambda e: e.x + e.z, x=[2, 3, 4], z=[3, 1])
arithmetic('add_outer', 'x - z', lambda e: e.x - e.z, x=[3, 1, 2], z=[4, 1])
arithmetic('add_scalar', 'x - z', lambda e: e.x - e.z, x=[2, 3], z=[])
arithmetic('numbers', '2 * x - 1 + x / 4', lambda e: 2 * e.x - 1 + e.x / 4)
arithmetic('number_first', '1 - x', lambda e: 1 - e.x)
arithmetic('number_over', '3 / x', lambda e: 3 / e.x)
arithmetic('negated', '-x ** 2', lambda e: -e.x ** 2)
arithmetic('mul', 'x * z', lambda e: e.x * e.z, x=[2, 3, 2, 2], z=[1, 3, 1, 1])
arithmetic('mul_wide', 'x * z', lambda e: e.x * e.z, x=[3], z=[2, 4, 3])
arithmetic('mul_self', 'x * x * x', lambda e: e.x * e.x * e.x)
arithmetic('div', 'x / z', lambda e: e.x / e.z, x=[2, 3], z=[3])
arithmetic('div_self', 'x / (x + z)', lambda e: e.x / (e.x + e.z), x=('positive', [2, 3]), z=('positive', [2, 3]))
arithmetic('pow_2', 'x ** 2', lambda e: e.x ** 2)
arithmetic('pow_3', 'x ** 3', lambda e: e.x ** 3)
arithmetic('pow_1', 'x ** 1', lambda e: e.x ** 1)
arithmetic('pow_0', 'x ** 0 + x', lambda e: e.x ** 0 + e.x)
arithmetic('pow_minus_1', 'x ** -1', lambda e: e.x ** -1)
arithmetic('pow_half', 'x ** 0.5', lambda e: e.x ** 0.5, x=('positive', [2, 3]))
arithmetic('pow_of_number', '2 ** x', lambda e: 2 ** e.x)
arithmetic('pow_tensors', 'x ** z', lambda e: e.x ** e.z, x=('positive', [2, 3]), z=[3])
arithmetic('pow_at_0', 'x ** 2 + x ** 3', lambda e: e.x ** 2 + e.x ** 3, x=torch.tensor([0., 1, -1]).double())
arithmetic('exp', 'exp(x)', lambda e: e.x.exp())
arithmetic('log', 'log(x)', lambda e: e.x.log(), x=('positive', [2, 3]))
arithmetic('sqrt', 'sqrt(x)', lambda e: e.x.sqrt(), x=('positive', [2, 3]))
arithmetic('abs', 'abs(x)', lambda e: e.x.abs())
arithmetic('square', 'square(x)', lambda e: e.x.square())
arithmetic('sign', 'sign(x) * x', lambda e: e.x.sign() * e.x)
arithmetic('clamp', 'clamp(x, -0.5, 1)', lambda e: e.x.clamp(-0.5, 1), x=[3, 4])
arithmetic('clamp_by_name', 'clamp(x, min=-0.7, max=0.7)', lambda e: e.x.clamp(-0.7, 0.7), x=[3, 4])
arithmetic('maximum', 'maximum(x, z)', lambda e: torch.maximum(e.x, e.z), x=[3, 4], z=[4])
arithmetic('maximum_number', 'maximum(x, 0.5)', lambda e: e.x.clamp(min=0.5), x=[3, 4])
arithmetic('minimum', 'minimum(x, z)', lambda e: torch.minimum(e.x, e.z), x=[3, 1], z=[1, 4])
arithmetic('minimum_number', 'minimum(0.5, x)', lambda e: e.x.clamp(max=0.5), x=[3, 4])
arithmetic('compare', '(x < z) + 2 * (x >= 0.5) - (z == 1) * (x != z)',
           lambda e: (e.x < e.z).double() + 2 * (e.x >= 0.5) - (e.z == 1).double() * (e.x != e.z), order=0,
           x=[3, 4], z=torch.tensor([[1.], [0], [2]]).double())
arithmetic('masked', 'x * (x > 0) + (x <= 0.3) * x ** 2', lambda e: e.x * (e.x > 0) + (e.x <= 0.3) * e.x ** 2,
           x=[3, 4])
arithmetic('chain', 'tanh(x * z + 1) / (1 + exp(-abs(x - z)))',
           lambda e: torch.tanh(e.x * e.z + 1) / (1 + torch.exp(-(e.x - e.z).abs())), x=[2, 3], z=[2, 1])

# ---- Reductions ---------------------------------------------------------------------------------------------------

REDUCED = [2, 3, 2, 4]
for name, fn in {'sum': torch.sum, 'mean': torch.mean, 'max': torch.amax, 'min': torch.amin,
                 'var': torch.var}.items():
    plain = (lambda e, fn=fn: fn(e.x)) if name in ('sum', 'mean', 'var') else (lambda e, fn=fn: fn(e.x, [0, 1, 2, 3]))
    case('reductions', name, f'{name}(x)', plain, x=REDUCED)
    for tag, call, dims, keep in [('channels', 'dim=1', [1], False), ('last', 'dim=-1, keepdim=true', [3], True),
                                  ('space', 'dim=[2, 3]', [2, 3], False),
                                  ('ends', 'dim=[0, -1], keepdim=true', [0, 3], True)]:
        case('reductions', f'{name}_{tag}', f'{name}(x, {call})',
             lambda e, fn=fn, dims=dims, keep=keep: fn(e.x, dims, keepdim=keep), x=REDUCED)
case('reductions', 'var_biased', 'var(x, unbiased=false)', lambda e: e.x.var(unbiased=False), x=REDUCED)
case('reductions', 'var_biased_dims', 'var(x, unbiased=false, dim=[0, 2, 3])',
     lambda e: e.x.var([0, 2, 3], unbiased=False), x=REDUCED)
case('reductions', 'var_positional', 'var(x, false, dim=1)', lambda e: e.x.var(1, unbiased=False), x=REDUCED)
case('reductions', 'mean_of_scalar', 'mean(x)', lambda e: e.x.mean(), x=[])
case('reductions', 'argmax', 'argmax(x, dim=1)', lambda e: e.x.argmax(1), order=0, x=REDUCED)
case('reductions', 'argmax_last', 'argmax(x, dim=-1)', lambda e: e.x.argmax(-1), order=0, x=REDUCED)
case('reductions', 'normalised',
     '(x - mean(x, dim=[2, 3], keepdim=true)) / sqrt(var(x, dim=[2, 3], keepdim=true) + 0.1)',
     lambda e: (e.x - e.x.mean([2, 3], keepdim=True)) / (e.x.var([2, 3], keepdim=True) + 0.1).sqrt(), x=REDUCED)

# ---- Shape --------------------------------------------------------------------------------------------------------


def shape(name, call, fn, **more):
    more.setdefault('x', [2, 3, 4])
    case('shape', name, call, fn, **more)


shape('reshape', 'reshape(x, [4, 6])', lambda e: e.x.reshape(4, 6))
shape('reshape_rest', 'reshape(x, [2, -1, 2])', lambda e: e.x.reshape(2, -1, 2))
shape('reshape_size', 'reshape(x, [size(x, 0) * size(x, -1), -1])', lambda e: e.x.reshape(8, -1))
shape('flatten', 'flatten(x)', lambda e: e.x.flatten(1))
shape('flatten_all', 'flatten(x, 0)', lambda e: e.x.flatten())
shape('flatten_scalar', 'flatten(x, 0)', lambda e: e.x.flatten(), x=[])
shape('permute', 'permute(x, [2, 0, 1])', lambda e: e.x.permute(2, 0, 1))
shape('permute_negative', 'permute(x, [-1, -3, -2])', lambda e: e.x.permute(-1, -3, -2))
shape('transpose', 'transpose(x, 1, 2)', lambda e: e.x.transpose(1, 2))
shape('transpose_negative', 'transpose(x, 0, -1)', lambda e: e.x.transpose(0, -1))
shape('cat', 'cat(x, z)', lambda e: torch.cat([e.x, e.z], 1), z=[2, 2, 4])
shape('cat_last', 'cat(x, z, x, dim=-1)', lambda e: torch.cat([e.x, e.z, e.x], -1), z=[2, 3, 1])
shape('cat_list', 'cat([x, z], dim=0)', lambda e: torch.cat([e.x, e.z], 0), z=[1, 3, 4])
shape('split', 'parts[0] * parts[-1]', lambda e: e.x[:, :, :2] * e.x[:, :, 2:], more='parts: split(x, 2, dim=2)')
shape('split_sizes', 'parts[1] * parts[0]', lambda e: e.x[:, 1:] * e.x[:, :1], more='parts: "split(x, [1, 2])"')
shape('index', 'x[:, 1]', lambda e: e.x[:, 1])
shape('index_negative', 'x[-1]', lambda e: e.x[-1])
shape('index_range', 'x[:, 0:2]', lambda e: e.x[:, 0:2])
shape('index_open', 'x[:, 1:, :-1]', lambda e: e.x[:, 1:, :-1])
shape('index_mixed', 'x[1, :, -3:-1]', lambda e: e.x[1, :, -3:-1])
shape('expand', 'expand(x, [4, 2, 3])', lambda e: e.x.expand(4, 2, 3), x=[2, 1])
shape('expand_keep', 'expand(x, [-1, 5])', lambda e: e.x.expand(-1, 5), x=[2, 1])
PADDED = [1, 2, 3, 4]
shape('pad', 'pad(x, 2)', lambda e: F.pad(e.x, (2, 2, 2, 2)), x=PADDED)
shape('pad_sides', 'pad(x, [1, 0, 2, 3], value=1.5)', lambda e: F.pad(e.x, (1, 0, 2, 3), value=1.5), x=PADDED)
shape('pad_reflect', 'pad(x, [3, 2, 1, 2], mode=reflect)', lambda e: F.pad(e.x, (3, 2, 1, 2), mode='reflect'),
      x=PADDED)
shape('pad_replicate', 'pad(x, [3, 2, 1, 5], mode=replicate)', lambda e: F.pad(e.x, (3, 2, 1, 5), mode='replicate'),
      x=PADDED)

# ---- Resampling ---------------------------------------------------------------------------------------------------


def resample(name, call, fn, **more):
    more.setdefault('x', [2, 2, 5, 4])
    case('resampling', name, call, lambda e: fn(e.x), **more)


def scaled(factor, mode='nearest'):
    options = {'align_corners': False} if mode == 'bilinear' else {}
    return lambda x: F.interpolate(x, scale_factor=factor, mode=mode, **options)


resample('upsample', 'upsample(x)', scaled(2))
resample('upsample_one_pixel', 'upsample(x, 3)', scaled(3), x=[2, 3, 1, 1])
resample('upsample_fraction', 'upsample(x, 1.5)', scaled(1.5))
resample('upsample_down', 'upsample(x, 0.5)', scaled(0.5))
resample('bilinear', 'upsample(x, mode=bilinear)', scaled(2, 'bilinear'))
resample('bilinear_4', 'upsample(x, 4, bilinear)', scaled(4, 'bilinear'), x=[1, 2, 2, 3])
resample('bilinear_fraction', 'upsample(x, 1.5, mode=bilinear)', scaled(1.5, 'bilinear'))
resample('bilinear_down', 'upsample(x, 0.4, mode=bilinear)', scaled(0.4, 'bilinear'))
resample('bilinear_one_pixel', 'upsample(x, mode=bilinear)', scaled(2, 'bilinear'), x=[1, 2, 1, 1])
resample('avg_pool', 'avg_pool2d(x, 2)', lambda x: F.avg_pool2d(x, 2))
resample('avg_pool_padded', 'avg_pool2d(x, 3, stride=2, padding=1)', lambda x: F.avg_pool2d(x, 3, 2, 1))
resample('avg_pool_inside', 'avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=false)',
         lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False))
resample('avg_pool_rectangular', 'avg_pool2d(x, [1, 3], stride=[2, 1], padding=[0, 1])',
         lambda x: F.avg_pool2d(x, (1, 3), (2, 1), (0, 1)))
resample('avg_pool_gaps', 'avg_pool2d(x, 2, 3)', lambda x: F.avg_pool2d(x, 2, 3))
resample('avg_pool_one_pixel', 'avg_pool2d(x, 3, stride=1, padding=1)', lambda x: F.avg_pool2d(x, 3, 1, 1),
         x=[1, 2, 1, 1])
resample('max_pool', 'max_pool2d(x, 2)', lambda x: F.max_pool2d(x, 2))
resample('max_pool_padded', 'max_pool2d(x, 3, stride=2, padding=1)', lambda x: F.max_pool2d(x, 3, 2, 1))
resample('max_pool_overlap', 'max_pool2d(x, [2, 3], stride=1)', lambda x: F.max_pool2d(x, (2, 3), 1))
resample('adaptive', 'adaptive_avg_pool2d(x, [3, 2])', lambda x: F.adaptive_avg_pool2d(x, (3, 2)))
resample('adaptive_global', 'adaptive_avg_pool2d(x, 1)', lambda x: F.adaptive_avg_pool2d(x, 1))
resample('adaptive_larger', 'adaptive_avg_pool2d(x, 7)', lambda x: F.adaptive_avg_pool2d(x, 7))
resample('pixel_shuffle', 'pixel_shuffle(x, 2)', lambda x: F.pixel_shuffle(x, 2), x=[2, 8, 3, 2])
resample('pixel_shuffle_3', 'pixel_shuffle(x, 3)', lambda x: F.pixel_shuffle(x, 3), x=[1, 9, 2, 1])

# ---- Linear algebra -----------------------------------------------------------------------------------------------


def matmul(name, x, z):
    case('linalg', name, 'matmul(x, z)', lambda e: e.x @ e.z, x=x, z=z)


matmul('matmul', [3, 4], [4, 5])
matmul('matmul_batch', [2, 3, 4], [2, 4, 2])
matmul('matmul_one_matrix', [2, 3, 4], [4, 2])
matmul('matmul_broadcast', [3, 1, 2, 4], [2, 4, 3])
matmul('matmul_column', [3, 4], [4, 1])
case('linalg', 'gram', 'matmul(f, transpose(f, 1, 2)) / 12',
     lambda e: e.x.flatten(2) @ e.x.flatten(2).transpose(1, 2) / 12,
     more='f: flatten(x, 2)', x=[2, 3, 2, 3])
case('linalg', 'attention', 'matmul(softmax(matmul(transpose(x, 1, 2), z), 2), transpose(x, 1, 2))',
     lambda e: F.softmax(e.x.transpose(1, 2) @ e.z, 2) @ e.x.transpose(1, 2), x=[2, 3, 4], z=[2, 3, 4])

# ---- Losses -------------------------------------------------------------------------------------------------------


def loss(name, call, fn, **more):
    more.setdefault('x', [3, 4])
    case('losses', name, call, fn, **more)


for name, fn, first in [('mse_loss', F.mse_loss, [3, 4]), ('l1_loss', F.l1_loss, [3, 4]),
                        ('smooth_l1_loss', F.smooth_l1_loss, [3, 4]),
                        ('bce_loss', F.binary_cross_entropy, ('probability', [3, 4])),
                        ('bce_with_logits', F.binary_cross_entropy_with_logits, [3, 4])]:
    for target in (0, 1):
        loss(f'{name}_{target}', f'{name}(x, {target})',
             lambda e, fn=fn, target=target: fn(e.x, torch.full_like(e.x, target)), x=first)
    if name.startswith('bce'): # PyTorch has no second derivative with respect to the target
        t = draw(('probability', [3, 4]), torch.Generator().manual_seed(1))
        loss(name, f'{name}(x, detach(t))', lambda e, fn=fn: fn(e.x, e.t.detach()), x=first, t=t)
    else:
        loss(name, f'{name}(x, t)', lambda e, fn=fn: fn(e.x, e.t), x=first, t=[3, 4])
loss('smooth_l1_beta', 'smooth_l1_loss(x, t, beta=0.4)', lambda e: F.smooth_l1_loss(e.x, e.t, beta=0.4), t=[3, 4])
loss('mse_of_named', 'mse_loss(x, target=0.9)', lambda e: ((e.x - 0.9) ** 2).mean())
loss('logits_far', 'bce_with_logits(x, 1)', lambda e: F.softplus(-e.x).mean(), x=FAR.clone())
loss('hinge', 'hinge_loss(x, t)', lambda e: F.relu(1 - e.t * e.x).mean(), t=[3, 4])
loss('hinge_real', 'hinge_loss(x, 1)', lambda e: F.relu(1 - e.x).mean())
loss('hinge_fake', 'hinge_loss(x, -1)', lambda e: F.relu(1 + e.x).mean())
loss('kl_normal', 'kl_normal(x, sd)', lambda e: (e.x ** 2 + e.sd ** 2 - (e.sd ** 2).log() - 1).mean() / 2, sd=[3, 4])
loss('kl_normal_1', 'kl_normal(x, 1)', lambda e: (e.x ** 2).mean() / 2)
loss('cross_entropy', 'cross_entropy(x, labels)', lambda e: F.cross_entropy(e.x, e.labels), labels=('labels', [3], 4))
loss('cross_entropy_pixels', 'cross_entropy(x, labels)', lambda e: F.cross_entropy(e.x, e.labels), x=[2, 3, 2, 3],
     labels=('labels', [2, 2, 3], 3))
loss('cross_entropy_number', 'cross_entropy(x, 2)', lambda e: F.cross_entropy(e.x, torch.full([3], 2)))
loss('nll', 'nll_loss(log_softmax(x, 1), labels)', lambda e: F.nll_loss(F.log_softmax(e.x, 1), e.labels),
     labels=('labels', [3], 4))
loss('nll_pixels', 'nll_loss(x, labels)', lambda e: F.nll_loss(e.x, e.labels), x=[2, 3, 2, 2],
     labels=('labels', [2, 2, 2], 3))

# ---- Control -----------------------------------------------------------------------------------------------------


def control(name, call, fn, **more):
    case('control', name, call, fn, **more)


def coords(x):
    def along(n):
        return torch.linspace(-1, 1, n).double() if n > 1 else -torch.ones(1).double()
    h, w = x.shape[2:]
    rows = along(h).reshape(1, 1, h, 1).expand(x.shape[0], 1, h, w)
    return torch.cat([rows, along(w).reshape(1, 1, 1, w).expand(x.shape[0], 1, h, w)], 1)


control('detach', 'x * detach(x)', lambda e: e.x * e.x.detach())
control('likes', 'x * (ones_like(x) + full_like(x, 2.5) + zeros_like(x))', lambda e: e.x * 3.5)
control('full_of_shape', 'x + full_like([size(x, 0), 1], 2)', lambda e: e.x + 2)
control('one_hot', 'one_hot(labels, 4)', lambda e: F.one_hot(e.labels, 4).double(), order=0, x=None,
        labels=('labels', [5], 4))
control('coords', 'cat(x, coords(x))', lambda e: torch.cat([e.x, coords(e.x)], 1), x=[2, 1, 3, 4])
control('coords_odd', 'coords(x)', lambda e: coords(e.x), order=0, x=[1, 2, 2, 5])
control('gradient', 'grad(sum(exp(x) * z), x)', lambda e: e.x.exp() * e.z, z=[2, 3])


def inner(e, f):
    d, = torch.autograd.grad(f.sum(), e.x, create_graph=True)
    return d


def norms(x, eps):
    return ((x ** 2).sum([1, 2, 3]) + eps).sqrt()


control('gradient_of_conv', 'grad(sum(tanh(conv2d(x, weight=w, padding=1))), x)',
        lambda e: inner(e, torch.tanh(F.conv2d(e.x, e.w, padding=1))), x=[1, 2, 3, 3], w=[3, 2, 3, 3])
control('gradient_of_norm', 'grad(sum(instance_norm(x) ** 3), x)', lambda e: inner(e, F.instance_norm(e.x) ** 3),
        x=[2, 2, 3, 3], order=1)
control('penalty', '(sqrt(sum(d ** 2, dim=[1, 2, 3]) + 1e-6) - 1) ** 2',
        lambda e: (norms(inner(e, F.leaky_relu(F.conv2d(e.x, e.w), 0.2) ** 2), 1e-6) - 1) ** 2,
        more='d: grad(sum(leaky_relu(conv2d(x, weight=w), 0.2) ** 2), x)', x=[2, 2, 3, 3], w=[3, 2, 2, 2])


# ---- What papers make of them --------------------------------------------------------------------------------------


def composition(name, call, fn, **more):
    case('compositions', name, call, fn, **more)


def conv3(x, w):
    return F.conv2d(x, w, padding=1)


KERNEL = [3, 3, 3, 3]
composition('residual_block', 'x + instance_norm(conv2d(h, weight=v, padding=1))',
            lambda e: e.x + F.instance_norm(conv3(F.relu(F.instance_norm(conv3(e.x, e.w))), e.v)),
            more='h: relu(instance_norm(conv2d(x, weight=w, padding=1)))', x=[2, 3, 4, 4], w=KERNEL, v=KERNEL)
composition('spade', 'instance_norm(x) * (1 + conv2d(m, weight=w, padding=1)) + conv2d(m, weight=v, padding=1)',
            lambda e: F.instance_norm(e.x) * (1 + conv3(e.m, e.w)) + conv3(e.m, e.v), x=[2, 3, 4, 3], m=[2, 2, 4, 3],
            w=[3, 2, 3, 3], v=[3, 2, 3, 3])
composition('adain', 'instance_norm(x) * reshape(t, [2, 3, 1, 1]) + reshape(t, [2, 3, 1, 1]) ** 2',
            lambda e: F.instance_norm(e.x) * e.t[..., None, None] + e.t[..., None, None] ** 2, x=[2, 3, 4, 3],
            t=[2, 3])
composition('adain_of_features', '(x - mx) / sqrt(vx + 0.1) * sqrt(vz + 0.1) + mean(z, dim=[2, 3], keepdim=true)',
            lambda e: (e.x - e.x.mean([2, 3], True)) / (e.x.var([2, 3], keepdim=True) + 0.1).sqrt() *
            (e.z.var([2, 3], keepdim=True) + 0.1).sqrt() + e.z.mean([2, 3], True),
            more='mx: mean(x, dim=[2, 3], keepdim=true)\nvx: var(x, dim=[2, 3], keepdim=true)\n'
                 'vz: var(z, dim=[2, 3], keepdim=true)', x=[2, 2, 3, 3], z=[2, 2, 4, 3])
composition('demodulated',
            'conv2d(x, weight=w * t / sqrt(sum((w * t) ** 2, dim=[1, 2, 3], keepdim=true) + 1e-8), padding=1)',
            lambda e: conv3(e.x, e.w * e.t / ((e.w * e.t) ** 2).sum([1, 2, 3], True).add(1e-8).sqrt()),
            x=[1, 3, 4, 4], w=KERNEL, t=[1, 3, 1, 1])
composition('pixel_norm', 'x / sqrt(mean(x ** 2, dim=1, keepdim=true) + 1e-8)',
            lambda e: e.x / ((e.x ** 2).mean(1, True) + 1e-8).sqrt(), x=[2, 4, 2, 3])
composition('minibatch_stddev',
            'cat(x, expand(reshape(mean(sqrt(var(x, unbiased=false, dim=0) + 1e-8)), [1, 1, 1, 1]), [3, 1, 2, 2]))',
            lambda e: torch.cat([e.x, (e.x.var(0, unbiased=False) + 1e-8).sqrt().mean().expand(3, 1, 2, 2)], 1),
            x=[3, 2, 2, 2])
composition('self_attention',
            'x + 0.7 * reshape(matmul(v, transpose(softmax(matmul(transpose(f, 1, 2), k), -1), 1, 2)), [2, 3, 2, 2])',
            lambda e: e.x + 0.7 * ((lambda f, k, v: v @ F.softmax(f.transpose(1, 2) @ k, -1).transpose(1, 2))(
                *(F.conv2d(e.x, w).flatten(2) for w in (e.w1, e.w2, e.w3)))).reshape(2, 3, 2, 2),
            more='f: flatten(conv2d(x, weight=w1), 2)\nk: flatten(conv2d(x, weight=w2), 2)\n'
                 'v: flatten(conv2d(x, weight=w3), 2)',
            x=[2, 3, 2, 2], w1=[2, 3, 1, 1], w2=[2, 3, 1, 1], w3=[3, 3, 1, 1])
composition('patch_nce', 'nll_loss(log_softmax(matmul(a, transpose(b, 0, 1)) / 0.5, 1), labels)',
            lambda e: F.cross_entropy(F.normalize(e.x, dim=1) @ F.normalize(e.z, dim=1).t() / 0.5, e.labels),
            more='a: x / sqrt(sum(x ** 2, dim=1, keepdim=true))\nb: z / sqrt(sum(z ** 2, dim=1, keepdim=true))',
            x=[4, 3], z=[4, 3], labels=torch.arange(4))
composition('total_variation',
            'mean(abs(x[:, :, 1:] - x[:, :, :-1])) + mean(square(x[:, :, :, 1:] - x[:, :, :, :-1]))',
            lambda e: e.x.diff(dim=2).abs().mean() + e.x.diff(dim=3).square().mean(), x=[2, 2, 3, 4])
composition('gram_distance', 'mse_loss(matmul(a, transpose(a, 1, 2)) / 12, matmul(b, transpose(b, 1, 2)) / 12)',
            lambda e: F.mse_loss(*(t.flatten(2) @ t.flatten(2).transpose(1, 2) / 12 for t in (e.x, e.z))),
            more='a: flatten(x, 2)\nb: flatten(z, 2)', x=[2, 3, 3, 4], z=[2, 3, 3, 4])
composition('two_scales',
            'mse_loss(conv2d(x, weight=w), 1) + mse_loss(conv2d(half, weight=w), 0)',
            lambda e: ((F.conv2d(e.x, e.w) - 1) ** 2).mean() +
            (F.conv2d(F.avg_pool2d(e.x, 3, 2, 1, count_include_pad=False), e.w) ** 2).mean(),
            more='half: avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=false)', x=[1, 2, 5, 6], w=[2, 2, 3, 3])
composition('reparametrised', 'kl_normal(m, exp(0.5 * v)) + l1_loss(m + exp(0.5 * v) * n, 0.3)',
            lambda e: (e.x[:, :2] ** 2 + e.x[:, 2:].exp() - e.x[:, 2:] - 1).mean() / 2 +
            (e.x[:, :2] + (0.5 * e.x[:, 2:]).exp() * e.n - 0.3).abs().mean(),
            more='m, v: split(x, 2)', x=[2, 4, 2, 2], n=[2, 2, 2, 2])
composition('gated', 'sigmoid(conv2d(x, weight=w)) * tanh(conv2d(x, weight=w) + conv2d(x, weight=v))',
            lambda e: torch.sigmoid(F.conv2d(e.x, e.w)) * torch.tanh(F.conv2d(e.x, e.w) + F.conv2d(e.x, e.v)),
            x=[2, 2, 3, 3], w=[2, 2, 2, 2], v=[2, 2, 2, 2])


def discriminator(x, w, v):
    return F.conv2d(F.leaky_relu(F.instance_norm(F.conv2d(x, w, stride=2, padding=1)), 0.2), v)


DISCRIMINATOR = 'conv2d(leaky_relu(instance_norm(conv2d(x, weight=w, stride=2, padding=1)), 0.2), weight=v)'
composition('r1_penalty', 'mean(square(d))',
            lambda e: (inner(e, torch.tanh(discriminator(e.x, e.w, e.v))) ** 2).mean(),
            more=f'd: grad(sum(tanh({DISCRIMINATOR})), x)', order=1, x=[2, 2, 4, 4], w=[3, 2, 4, 4], v=[1, 3, 2, 2])
composition('wgan_penalty', 'mean((sqrt(sum(d ** 2, dim=[1, 2, 3]) + 1e-8) - 1) ** 2)',
            lambda e: (norms(inner(e, discriminator(e.x, e.w, e.v)), 1e-8) - 1).square().mean(),
            more=f'd: grad(sum({DISCRIMINATOR}), x)', order=1, x=[2, 2, 6, 6], w=[3, 2, 4, 4], v=[1, 3, 2, 2])

# ---- Metrics --------------------------------------------------------------------------------------------------------


def metric(name, call, fn, **more):
    case('metrics', name, call, fn, order=0, **more)


def ssim(a, b, span):
    d = torch.arange(11).double() - 5
    g = torch.exp(-d ** 2 / (2 * 1.5 ** 2))
    g = (g[:, None] * g[None] / g.sum() ** 2)[None, None].expand(a.shape[1], 1, 11, 11)
    ma, mb, aa, bb, ab = (F.conv2d(t, g, groups=a.shape[1]) for t in (a, b, a * a, b * b, a * b))
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    return ((2 * ma * mb + c1) * (2 * (ab - ma * mb) + c2) /
            ((ma ** 2 + mb ** 2 + c1) * (aa - ma ** 2 + bb - mb ** 2 + c2))).mean()


def psnr(a, b, span):
    return (10 * torch.log10(span ** 2 / ((a - b) ** 2).mean([1, 2, 3]))).mean()


metric('accuracy', 'accuracy(x, labels)', lambda e: (e.x.argmax(1) == e.labels).double().mean(), x=[7, 3],
       labels=('labels', [7], 3))
metric('psnr', 'psnr(x, z)', lambda e: psnr(e.x, e.z, 2), x=[2, 3, 3, 4], z=[2, 3, 3, 4])
metric('psnr_range', 'psnr(x, z, range=255)', lambda e: psnr(e.x, e.z, 255), x=[2, 1, 3, 4], z=[2, 1, 3, 4])
metric('ssim', 'ssim(x, z)', lambda e: ssim(e.x, e.z, 2), x=[2, 2, 12, 13], z=[2, 2, 12, 13])
metric('ssim_range', 'ssim(x, 0.8 * x + 0.1, range=1)', lambda e: ssim(e.x, 0.8 * e.x + 0.1, 1), x=[1, 1, 14, 11])


# ---- Distances of sets: SciPy's root of the matrix, and sums over pairs --------------------------------------------

def frechet(a, b):
    a, b = (t.detach().flatten(1).numpy() for t in (a, b))
    ca, cb = (numpy.atleast_2d(numpy.cov(t, rowvar=False)) for t in (a, b))
    gap = a.mean(0) - b.mean(0)
    return torch.tensor(gap @ gap + numpy.trace(ca + cb) - 2 * numpy.trace(scipy.linalg.sqrtm(ca @ cb)).real)


def kernel(a, b, degree=3, gamma=None, coef=1):
    a, b = (t.detach().flatten(1).numpy() for t in (a, b))
    k = [(s @ t.T * (gamma or 1 / a.shape[1]) + coef) ** degree for s, t in ((a, a), (b, b), (a, b))]
    n, m = len(a), len(b)
    return torch.tensor((k[0].sum() - numpy.trace(k[0])) / (n * (n - 1)) + (k[1].sum() - numpy.trace(k[1])) / (m * (m - 1)) -
                        2 * k[2].mean())


def distance(name, x, z, **more):
    case('distances', 'frechet_' + name, 'frechet_distance(x, z)', lambda e: frechet(e.x, e.z), order=0, x=x, z=z)
    case('distances', 'kernel_' + name, 'kernel_distance(x, z)', lambda e: kernel(e.x, e.z), order=0, x=x, z=z)


distance('more_samples', [40, 5], [33, 5])
distance('more_features', [4, 9], [6, 9])
distance('one_of_each', [30, 7], [3, 7])
distance('planes', [12, 2, 2, 1], [9, 2, 2, 1])
distance('one_feature', [8, 1], [9, 1])
distance('many_blocks', [150, 3], [70, 3])
case('distances', 'kernel_settings', 'kernel_distance(x, z, degree=2, gamma=0.3, coef=-0.5)',
     lambda e: kernel(e.x, e.z, 2, 0.3, -0.5), order=0, x=[7, 4], z=[5, 4])


def main():
    folder = os.path.join(os.path.dirname(__file__), '..', 'tests', 'cases')
    os.makedirs(folder, exist_ok=True)
    for family, cases in CASES.items():
        tensors, metadata = {}, {'cases': '\n'.join(n + (' train' if c['train'] else '') for n, c in cases.items())}
        for name, c in cases.items():
            metadata[name], found = solve(name, c)
            tensors.update(found)
        write_safetensors.write(os.path.join(folder, family + '.safetensors'), tensors, metadata)
    print(sum(map(len, CASES.values())), 'cases')


if __name__ == '__main__':
    main()
