"""websockets: compression by default, a subprotocol, a closing handshake."""
import asyncio
import json
import sys

from websockets.asyncio.client import connect


async def main(base):
    async with connect(base.replace("http", "ws") + "/ws", subprotocols=["arduino"]) as socket:
        assert socket.subprotocol == "arduino", socket.subprotocol
        await socket.send(json.dumps({"label": "led", "value": True, "id": 1}))
        while json.loads(await socket.recv()).get("label") != "ok":
            pass
        await (await socket.ping())


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 10))
