"""Source of the serialiser of one message type."""

from __future__ import annotations

from .checks import TYPECODES
from .definitions import PLACEHOLDER, Definition, Field, FieldType
from .registry import get_definition

FORMATS = {
    "bool": "?", "byte": "c", "char": "B", "float32": "f", "float64": "d", "int8": "b",
    "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q",
    "uint64": "Q",
}  # fmt: skip
SIZES = {"?": 1, "c": 1, "B": 1, "b": 1, "h": 2, "H": 2, "i": 4, "I": 4, "f": 4, "q": 8, "Q": 8,
         "d": 8}  # fmt: skip


class Run:
    """A run of fixed-size values whose inner padding is known."""

    def __init__(self) -> None:
        self.known = 8
        """Positions are known modulo this much (1, 2, 4 or 8)."""
        self.offset = 0
        self.codes: list[str] = []
        self.values: list[str] = []

    def reset(self, known: int) -> None:
        """Start again at a position known to be a multiple of ``known``."""
        self.known, self.offset = known, 0

    def add(self, code: str, value: str, count: int = 1) -> bool:
        """Add a value; False where its alignment is not known and the caller must align."""
        size = SIZES[code]
        if size > self.known:
            return False
        pad = -self.offset % size
        if pad:
            self.codes.append(f"{pad}x")
        self.codes.append(code if count == 1 else f"{count}{code}")
        self.values.append(value)
        self.offset = (self.offset + pad + size * count) % self.known
        return True


class EncoderSource:
    """Writes ``encode`` and, for a trailing number sequence, ``encode_parts``."""

    def __init__(self, definition: Definition) -> None:
        self.structs: dict[str, str] = {}
        self._definition = definition
        self._lines: list[str] = []
        self._run = Run()
        self._depth = 0
        self._names = 0

    def source(self) -> str:
        """Return the source text."""
        last = self._definition.fields[-1]
        text = self._function("encode", list(self._definition.fields), None)
        if last.type.is_array and not last.type.is_fixed and last.type.base in TYPECODES:
            text += self._function("encode_parts", list(self._definition.fields[:-1]), last)
        return text

    def _function(self, name: str, fields: list[Field], tail: Field | None) -> str:
        self._lines = [f"def {name}(m):", " b = bytearray(b'\\0\\1\\0\\0')"]
        self._run = Run()
        self._depth = 1
        self._fields("m", fields)
        if tail is not None:
            self._count(f"len(m._{tail.name})")
            self._flush()
            if SIZES[FORMATS[tail.type.base]] == 8:
                self._emit("b += PAD8[len(b) & 7]")
            self._emit(f"return b, m._{tail.name}")
        else:
            self._flush()
            self._emit("b += PAD4[len(b) & 3]")
            self._emit("return b")
        return "\n".join(self._lines) + "\n"

    def _emit(self, line: str) -> None:
        self._lines.append(" " * self._depth + line)

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    def _flush(self) -> None:
        run = self._run
        if run.codes:
            layout = "<" + "".join(run.codes)
            name = f"e{len(self.structs)}"
            self.structs[name] = layout
            self._emit(f"b += pack_{name}({', '.join(run.values)})")
            run.codes, run.values = [], []

    def _align(self, size: int) -> None:
        self._flush()
        self._emit("b += PAD8[len(b) & 7]" if size == 8 else f"b += PAD4[-(-len(b) % {size})]")
        if size == 2:
            self._lines.pop()
            self._emit("if len(b) & 1: b += b'\\0'")
        elif size == 4:
            self._lines.pop()
            self._emit("b += PAD4[len(b) & 3]")
        self._run.reset(size)

    def _add(self, code: str, value: str, count: int = 1) -> None:
        if not self._run.add(code, value, count):
            self._align(SIZES[code])
            self._run.add(code, value, count)

    def _count(self, expression: str) -> None:
        self._add("I", expression)

    def _fields(self, owner: str, fields: list[Field]) -> None:
        for field in fields:
            if field.name == PLACEHOLDER:
                self._add("B", "0")
            elif field.type.is_array:
                self._array(f"{owner}._{field.name}", field.type)
            else:
                self._single(f"{owner}._{field.name}", field.type)

    def _single(self, value: str, kind: FieldType) -> None:
        base = kind.base
        if base == "string":
            name = self._name("s")
            self._emit(f"{name} = {value}.encode()")
            self._count(f"len({name}) + 1")
            self._flush()
            self._emit(f"b += {name}; b += b'\\0'")
            self._run.reset(1)
        elif base == "wstring":
            name = self._name("s")
            self._emit(f"{name} = {value}.encode('utf-32-le')")
            self._count(f"len({name}) >> 2")
            self._flush()
            self._emit(f"b += {name}")
            self._run.reset(4)
        elif base in FORMATS:
            self._add(FORMATS[base], value)
        else:
            name = self._name("n")
            self._emit(f"{name} = {value}")
            self._fields(name, list(get_definition(base).fields))

    def _array(self, value: str, kind: FieldType) -> None:
        name = self._name("a")
        self._emit(f"{name} = {value}")
        if not kind.is_fixed:
            self._count(f"len({name})")
        code = FORMATS.get(kind.base)
        if code is None:
            self._loop(name, kind)
        elif kind.base in TYPECODES:
            self._numbers(name, kind, code)
        else:
            self._flush()
            joined = f"b''.join({name})" if kind.base == "byte" else f"bytes({name})"
            self._emit(f"b += {joined}")
            self._run.reset(1)

    def _numbers(self, name: str, kind: FieldType, code: str) -> None:
        size = SIZES[code]
        if kind.is_fixed:
            if self._run.known < size or self._run.offset % size:
                self._align(size)
            self._flush()
            self._emit(f"b += {name}.tobytes()")
            self._run.offset = (self._run.offset + size * kind.size) % self._run.known
            return
        self._flush()
        if size == 8:
            self._emit(f"if {name}: b += PAD8[len(b) & 7]; b += {name}.tobytes()")
        else:
            self._emit(f"b += memoryview({name}).cast('B')" if size == 1 else
                       f"b += {name}.tobytes()")  # fmt: skip
        self._run.reset(min(size, 4))

    def _loop(self, name: str, kind: FieldType) -> None:
        self._flush()
        item = self._name("i")
        self._emit(f"for {item} in {name}:")
        self._depth += 1
        self._run.reset(1)
        start = len(self._lines)
        self._single(item, FieldType(kind.base))
        self._flush()
        if len(self._lines) == start:
            self._emit("pass")
        self._depth -= 1
        self._run.reset(1)
