"""Joining other worlds: channels of trio's kind as streams of anyio's, and the other way round.

Who has a Starlette, FastAPI, httpx or MCP application runs on anyio, whose trio backend is trio
itself: such code and components run in one event loop, and only channels and streams have other
methods and errors. ``import trioharness`` does not import this, nor anyio.
"""

from ._channels import from_anyio as from_anyio
from ._components import with_streams as with_streams
from ._streams import to_anyio as to_anyio
