"""Source of the deserialiser of one message type."""

from __future__ import annotations

from .checks import NUMPY_TYPES, TYPECODES
from .codegen_encode import FORMATS, SIZES, Run
from .definitions import PLACEHOLDER, Definition, Field, FieldType
from .registry import get_definition


class DecoderSource:
    """Writes ``decode``: ``d`` is the sample, ``o`` the position, ``n`` its length."""

    def __init__(self, definition: Definition) -> None:
        self.structs: dict[str, str] = {}
        self.classes: dict[str, str] = {}
        self.needs_numpy = False
        self._definition = definition
        self._lines: list[str] = []
        self._run = Run()
        self._targets: list[str] = []
        self._length = 0
        self._depth = 1
        self._names = 0

    def source(self) -> str:
        """Return the source text."""
        self._lines = [
            "def decode(d):",
            " if d[0] != 0 or d[1] != 1: raise CodecError(swapped(d))",
            " n = len(d); o = 4",
        ]
        result = self._message(self._definition)
        self._flush()
        self._emit(f"return {result}")
        return "\n".join(self._lines) + "\n"

    def _emit(self, line: str) -> None:
        self._lines.append(" " * self._depth + line)

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    def _flush(self) -> None:
        run = self._run
        if not run.codes:
            return
        layout = "<" + "".join(run.codes)
        name = f"d{len(self.structs)}"
        self.structs[name] = layout
        targets = ", ".join(run.values)
        comma = "," if len(run.values) == 1 else ""
        self._emit(f"{targets}{comma} = unpack_{name}(d, o); o += {_size(layout)}")
        run.codes, run.values = [], []

    def _align(self, size: int) -> None:
        self._flush()
        # positions count the 4 byte header, so 8 byte alignment is relative to 4
        self._emit("o += (4 - o) & 7" if size == 8 else f"o += -o & {size - 1}")
        self._run.reset(size)

    def _add(self, code: str, target: str) -> None:
        if not self._run.add(code, target):
            self._align(SIZES[code])
            self._run.add(code, target)

    def _message(self, definition: Definition) -> str:
        """Emit the making of one message; its name may be used after the next flush."""
        alias = "C" + definition.name.replace("/", "_")
        self.classes[alias] = definition.name
        name = self._name("m")
        self._emit(f"{name} = new_{alias}({alias})")
        for field in definition.fields:
            self._field(name, field)
        return name

    def _field(self, owner: str, field: Field) -> None:
        target = f"{owner}._{field.name}"
        if field.name == PLACEHOLDER:
            self._add("B", "_")
        elif field.type.is_array:
            self._array(target, field.type)
        else:
            self._single(target, field.type)

    def _single(self, target: str, kind: FieldType) -> None:
        base = kind.base
        if base == "string":
            self._string(target)
        elif base == "wstring":
            self._count("k")
            self._span("k * 4")
            self._emit(f"{target} = str(d[o:e], 'utf-32-le'); o = e")
            self._run.reset(4)
        elif base in FORMATS:
            self._add(FORMATS[base], target)
        else:
            self._emit(f"{target} = {self._message(get_definition(base))}")

    def _count(self, name: str) -> None:
        self._add("I", name)
        self._flush()

    def _span(self, size: str) -> None:
        self._emit(f"e = o + {size}")
        self._emit("if e > n: raise CodecError('cut short')")

    def _string(self, target: str) -> None:
        self._count("k")
        self._span("k")
        self._emit(f"{target} = str(d[o:e - 1], 'utf-8') if k > 1 else ''; o = e")
        self._run.reset(1)

    def _array(self, target: str, kind: FieldType) -> None:
        code = FORMATS.get(kind.base)
        if kind.is_fixed:
            self._flush()
            self._emit(f"k = {kind.size}")
        else:
            self._count("k")
        if code is None:
            self._loop(target, kind)
        elif kind.base in TYPECODES:
            self._numbers(target, kind, code)
        else:
            self._span("k")
            if kind.base == "byte":
                self._emit(f"{target} = [bytes(d[i:i + 1]) for i in range(o, e)]; o = e")
            else:
                self._emit(f"{target} = [v != 0 for v in d[o:e]]; o = e")
            self._run.reset(1)

    def _numbers(self, target: str, kind: FieldType, code: str) -> None:
        size = SIZES[code]
        if kind.is_fixed:
            if self._run.known < size or self._run.offset % size:
                self._align(size)
            self.needs_numpy = True
            dtype = NUMPY_TYPES[kind.base]
            self._emit(f"{target} = frombuffer(d, '{dtype}', k, o).copy(); o += k * {size}")
            self._run.offset = (self._run.offset + size * kind.size) % self._run.known
            return
        if size == 8:
            self._emit("if k: o += (4 - o) & 7")
        self._span(f"k * {size}" if size > 1 else "k")
        name = self._name("a")
        self._emit(f"{name} = array('{TYPECODES[kind.base]}')")
        self._emit(f"if k: {name}.frombytes(d[o:e]); o = e")
        self._emit(f"{target} = {name}")
        self._run.reset(min(size, 4))

    def _loop(self, target: str, kind: FieldType) -> None:
        name = self._name("l")
        count = self._name("c")
        self._emit(f"{target} = {name} = []; {count} = k")
        self._emit(f"if {count}:")
        self._depth += 1
        self._emit(f"if {count} > n: raise CodecError('cut short')")
        self._emit(f"for _ in range({count}):")
        self._depth += 1
        self._run.reset(1)
        item = self._name("v")
        self._single(item, FieldType(kind.base))
        self._flush()
        self._emit(f"{name}.append({item})")
        self._depth -= 2
        self._run.reset(1)


def _size(layout: str) -> int:
    import struct

    return struct.calcsize(layout)
