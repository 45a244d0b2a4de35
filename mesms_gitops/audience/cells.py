"""A column of subscriber numbers as the cells of `Numbers`, without a Python object for each of two million.

polars hands columns out by the Arrow C stream interface (https://arrow.apache.org/docs/format/CStreamInterface.html),
whose layout is fixed for good; the libraries that usually stand at its other end are no dependencies here.
"""

from __future__ import annotations

import ctypes
from array import array
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from polars import Series


class _ArrowArray(ctypes.Structure):
    """One chunk: of a column of whole numbers without nulls, ``buffers[1]`` has the numbers, from ``offset`` on."""

    _fields_ = (
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


class _ArrowStream(ctypes.Structure):
    _fields_ = (
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_ArrowArray))),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


_Release = ctypes.CFUNCTYPE(None, ctypes.POINTER(_ArrowArray))
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = (ctypes.py_object, ctypes.c_char_p)


def cells_of(subscribers: Series) -> array[int]:
    """The numbers of ``subscribers``, a column of UInt32 without nulls, in their order."""
    if subscribers.dtype != pl.UInt32 or subscribers.has_nulls():
        raise TypeError(f"numbers are UInt32 without nulls, not {subscribers.dtype}")
    capsule = subscribers.__arrow_c_stream__()  # its end releases the stream
    at = _pointer(capsule, b"arrow_array_stream")
    stream = _ArrowStream.from_address(at)
    cells = array("I")
    while True:
        chunk = _ArrowArray()
        if stream.get_next(at, ctypes.byref(chunk)):
            raise MemoryError("a column cannot be handed out")
        if not chunk.release:
            return cells
        try:
            if chunk.length:
                first = chunk.buffers[1] + chunk.offset * cells.itemsize
                cells.frombytes((ctypes.c_char * (chunk.length * cells.itemsize)).from_address(first))
        finally:
            _Release(chunk.release)(ctypes.byref(chunk))
