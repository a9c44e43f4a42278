"""Writes the models of the checks into a configuration folder, as protocol buffers: onnx/onnx.proto numbers the fields."""
import os
import struct
import sys

FLOAT, INT64, BOOL = 1, 7, 9
WIDE = 8192  # a matrix of WIDE by WIDE numbers has 256 MiB
LONG = 32768  # LONG by LONG numbers have 4 GiB


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def join(parts):
    return b"".join(parts)


def value(name, kind, *shape):
    dimensions = join(field(1, field(2, "n") if d < 0 else field(1, d)) for d in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dimensions)))


def attribute(name, graph=None, number=None):
    return field(1, name) + (field(6, graph) + field(20, 5) if graph is not None else field(3, number) + field(20, 2))


def node(kind, inputs, outputs, *attributes):
    return join([field(1, i) for i in inputs] + [field(2, o) for o in outputs] + [field(4, kind)] + [field(5, a) for a in attributes])


def constant(name, shape, *numbers):
    return join(field(1, d) for d in shape) + field(2, FLOAT) + field(8, name) + field(9, struct.pack(f"<{len(numbers)}f", *numbers))


def external(name, shape, location, length):
    def entry(key, text):
        return field(13, field(1, key) + field(2, text))

    return (join(field(1, d) for d in shape) + field(2, FLOAT) + field(8, name)
            + entry("location", location) + entry("offset", "0") + entry("length", str(length)) + field(14, 1))


def graph(nodes, inputs, outputs, *constants):
    return join([field(1, n) for n in nodes] + [field(2, "g")] + [field(5, c) for c in constants]
                + [field(11, i) for i in inputs] + [field(12, o) for o in outputs])


def model(g):
    return field(1, 8) + field(7, g) + field(8, field(1, "") + field(2, 17))


def write(folder, name, g):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(model(g))


def main(config):
    folder = os.path.join(config, "models")
    os.makedirs(folder, exist_ok=True)
    # y = 2 x, for whole rows.
    write(folder, "double.onnx", graph(
        [node("MatMul", ["x", "w"], ["y"])], [value("x", FLOAT, -1, 2)], [value("y", FLOAT, -1, 2)], constant("w", [2, 2], 2, 0, 0, 2)))
    # y = x . 0 with 256 MiB of weights, in a file beside it.
    size = WIDE * WIDE * 4
    with open(os.path.join(folder, "heavy.onnx.data"), "wb") as file:
        file.truncate(size)
    write(folder, "heavy.onnx", graph(
        [node("Expand", ["x", "shape"], ["e"]), node("MatMul", ["e", "w"], ["p"]), node("ReduceSum", ["p"], ["y"], attribute("keepdims", number=1))],
        [value("x", FLOAT, 1)], [value("y", FLOAT, 1, 1)],
        external("w", [WIDE, WIDE], "heavy.onnx.data", size),
        field(1, 2) + field(2, INT64) + field(8, "shape") + field(9, struct.pack("<2q", 1, WIDE))))
    # Counts to n, an addition at a time, as long as it is let.
    body = graph(
        [node("Identity", ["on"], ["on_"]), node("Add", ["v", "one"], ["v_"])],
        [value("i", INT64), value("on", BOOL), value("v", FLOAT, 1)], [value("on_", BOOL), value("v_", FLOAT, 1)], constant("one", [1], 1))
    write(folder, "loop.onnx", graph(
        [node("Loop", ["n", "go", "start"], ["y"], attribute("body", graph=body))], [value("n", INT64, 1)], [value("y", FLOAT, 1)],
        field(2, BOOL) + field(8, "go") + field(9, b"\x01"), constant("start", [1], 0)))
    # n rows take n times 128 KiB: 4 GiB for LONG rows.
    write(folder, "hungry.onnx", graph(
        [node("MatMul", ["x", "w"], ["p"]), node("ReduceSum", ["p"], ["y"], attribute("keepdims", number=1))],
        [value("x", FLOAT, -1, 1)], [value("y", FLOAT, 1, 1)], constant("w", [1, LONG], *[1.0 / LONG] * LONG)))


if __name__ == "__main__":
    main(sys.argv[1])
