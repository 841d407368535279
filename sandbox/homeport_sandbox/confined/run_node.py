"""Starts Node.js inside the layers; it then waits for the code it will run, once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from homeport_sandbox.confined.descriptors import FIRST_FREE, PROGRESS
from homeport_sandbox.confined.layers import Layers, NotConfined, filter_calls, lock
from homeport_sandbox.confined.orders import Order

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


def become_node(layers: Layers, order: Order) -> NoReturn:
    """Replace this process, whose descriptors are arranged; raises `NotConfined` when that fails."""
    node = layers.start.node
    if node is None:
        raise NotConfined("nodejs: no Node.js was found; set NODEJS_PATH")
    program = layers.filter(order)
    lock(layers, order, keep=FIRST_FREE)
    filter_calls(layers, program)
    os.write(PROGRESS, b"confined")
    environment = {"OPENSSL_CONF": "/dev/null", "NODE_OPTIONS": "", **order.environment}
    arguments = [Path(node).name, *_OPTIONS, "-e", BOOTSTRAP]
    try:
        os.execve(node, arguments, environment)  # noqa: S606  this process becomes it
    except OSError as error:
        raise NotConfined(f"nodejs: {node}: {error}") from error
