// Arrays as NumPy writes them to a file: enough to show what is in a small one.

const READERS = {
  f4: ['getFloat32', 4],
  f8: ['getFloat64', 8],
  i1: ['getInt8', 1],
  i2: ['getInt16', 2],
  i4: ['getInt32', 4],
  u1: ['getUint8', 1],
  u2: ['getUint16', 2],
  u4: ['getUint32', 4],
  b1: ['getUint8', 1],
};

/** What an array is, and its first values; null when it is none. */
export function readNpy(buffer, most) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 12 || view.getUint8(0) !== 0x93 || text(buffer, 1, 6) !== 'NUMPY') return null;
  const wide = view.getUint8(6) > 1;
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = text(buffer, start, start + length);
  const [, order, type] = /'descr':\s*'([<>|=])([a-z]\d+)'/.exec(header) ?? [];
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (type === undefined || shape === undefined) return null;
  const sizes = shape.split(',').map(s => s.trim()).filter(Boolean).map(Number);
  const values = [];
  const [read, size] = READERS[type] ?? [null, 0];
  for (let at = start + length; read && values.length < most && at + size <= buffer.byteLength; at += size)
    values.push(view[read](at, order !== '>'));
  return { type, shape: sizes, values };
}

const text = (buffer, from, to) => new TextDecoder('latin1').decode(buffer.slice(from, to));
