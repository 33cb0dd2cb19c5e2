"""Writing safetensors files, for the scripts here: Debian's PyTorch comes without that package."""
import json
import struct

import numpy


def write(path, tensors, metadata=None):
    """Tensors or arrays by name: whole numbers as int64, others as float32."""
    head, blobs, at = {'__metadata__': metadata} if metadata else {}, [], 0
    for name, t in tensors.items():
        a = numpy.asarray(t.detach() if hasattr(t, 'detach') else t)
        dtype, kind = ('I64', '<i8') if a.dtype.kind in 'iu' else ('F32', '<f4')
        raw = a.astype(kind).tobytes()
        head[name] = {'dtype': dtype, 'shape': list(a.shape), 'data_offsets': [at, at + len(raw)]}
        blobs.append(raw)
        at += len(raw)
    text = json.dumps(head).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(blobs))
