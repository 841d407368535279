"""Starts Node.js inside the layers; it then waits for the code it will run, once."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from typing import NoReturn

from homeport_sandbox.confined.layers import Layers, NotConfined, filter_calls, lock
from homeport_sandbox.confined.orders import Order

_CODE_FD = 3
_PROGRESS_FD = 4
#: Reads all of the code, then runs it as a CommonJS module: nothing of the code runs before it is whole, and nothing
#: of ours runs after it has begun.
BOOTSTRAP = (
    "'use strict';const fs=require('fs'),parts=[];"
    "for(;;){const part=Buffer.alloc(65536);const count=fs.readSync(3,part,0,65536,null);"
    "if(count===0)break;parts.push(part.subarray(0,count));}"
    "fs.closeSync(3);const Module=require('module');const main=new Module('/tmp/code.js',null);"
    "main.filename='/tmp/code.js';main.paths=[];process.mainModule=main;"
    "main._compile(Buffer.concat(parts).toString('utf8'),'/tmp/code.js');"
)
_OPTIONS = ["--max-old-space-size=128", "--disable-wasm-trap-handler", "--no-warnings"]


def become_node(layers: Layers, order: Order, fds: list[int], progress: socket.socket) -> NoReturn:
    """Replace this process; raises `NotConfined` when that fails."""
    node = layers.start.node
    if node is None:
        raise NotConfined("nodejs: no Node.js was found; set NODEJS_PATH")
    # All are moved out of the way first: the numbers wanted may be in use by one of them.
    moved = [_above(fd) for fd in (os.open("/dev/null", os.O_RDONLY), fds[1], fds[2], fds[0], progress.fileno())]
    for fd, number in zip(moved, (0, 1, 2, _CODE_FD, _PROGRESS_FD), strict=True):
        os.dup2(fd, number, inheritable=number != _PROGRESS_FD)
    program = layers.filter(order)
    lock(layers, order, keep=_PROGRESS_FD + 1)
    filter_calls(layers, program)
    os.write(_PROGRESS_FD, b"confined")
    environment = {"OPENSSL_CONF": "/dev/null", "NODE_OPTIONS": "", **order.environment}
    arguments = [Path(node).name, *_OPTIONS, "-e", BOOTSTRAP]
    try:
        os.execve(node, arguments, environment)  # noqa: S606  this process becomes it
    except OSError as error:
        raise NotConfined(f"nodejs: {node}: {error}") from error


def _above(fd: int) -> int:
    return fcntl.fcntl(fd, fcntl.F_DUPFD, 10)
