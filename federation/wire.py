"""The smallest words of our binary messages: counts, byte strings, lists.

Pure. A number has one spelling, a length is checked before anything is read or made. It knows
no message; it refuses what is cut short, padded, or longer than its reader allows.
"""

from federation.errors import Fault, PeerError

NUMBER_MAX = 2**53 - 1
_MORE = 0x80
_DIGIT = 0x7F


class Writer:
    """Builds one message from its start."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def raw(self, piece: bytes) -> None:
        """The message goes on with these bytes as they are."""
        self._parts.append(piece)

    def number(self, value: int) -> None:
        """The message goes on with a number of 0..2**53-1, most significant digit first."""
        self._parts.append(spelled(value))

    def text(self, value: str) -> None:
        """The message goes on with a text, behind its length in bytes."""
        piece = value.encode()
        self.number(len(piece))
        self.raw(piece)

    def message(self) -> bytes:
        """All of it."""
        return b"".join(self._parts)


class Reader:
    """Reads one message from its start; each step raises PeerError or moves on."""

    __slots__ = ("_message", "_place")

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._place = 0

    @property
    def remaining(self) -> int:
        """Bytes not read yet."""
        return len(self._message) - self._place

    def raw(self, length: int) -> bytes:
        """The next `length` bytes."""
        if length > self.remaining:
            raise PeerError(Fault.TRUNCATED, f"{length} bytes announced")
        start = self._place
        self._place = start + length
        return self._message[start : self._place]

    def number(self) -> int:
        """The next number, which must be spelled with as few digits as possible."""
        value = 0
        start = self._place
        while value <= NUMBER_MAX:
            if not self.remaining:
                raise PeerError(Fault.TRUNCATED, "in a number")
            digit = self._message[self._place]
            if digit == _MORE and self._place == start:
                raise PeerError(Fault.VARINT, "a leading zero")
            self._place += 1
            value = value << 7 | digit & _DIGIT
            if digit < _MORE:
                break
        if value > NUMBER_MAX:
            raise PeerError(Fault.VARINT, "a number over 2**53-1")
        return value

    def count(self, *, at_most: int, item_bytes: int) -> int:
        """The next number as a count of items of at least so many bytes each."""
        count = self.number()
        if count > at_most:
            raise PeerError(Fault.COUNT, f"{count} items where {at_most} are allowed")
        if count * item_bytes > self.remaining:
            raise PeerError(Fault.TRUNCATED, f"{count} items announced")
        return count

    def text(self, *, at_most: int) -> str:
        """The next text of at most so many bytes."""
        length = self.count(at_most=at_most, item_bytes=1)
        try:
            return self.raw(length).decode()
        except UnicodeDecodeError:
            raise PeerError(Fault.FORM, "a text is not UTF-8") from None

    def rest(self) -> bytes:
        """All that is left."""
        return self.raw(self.remaining)

    def finish(self) -> None:
        """Nothing may follow."""
        if self.remaining:
            raise PeerError(Fault.TRAILING, f"{self.remaining} bytes")


def spelled(value: int) -> bytes:
    """The digits of a number of 0..2**53-1, base 128, as few as possible."""
    if not 0 <= value <= NUMBER_MAX:
        raise ValueError(f"{value} is outside 0..2**53-1")
    if value <= _DIGIT:
        return value.to_bytes(1, "big")
    digits = [value & _DIGIT]
    value >>= 7
    while value:
        digits.append(value & _DIGIT | _MORE)
        value >>= 7
    return bytes(reversed(digits))
