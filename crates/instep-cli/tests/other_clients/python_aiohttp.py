"""aiohttp: content of unknown length, kept connections, a WebSocket with a subprotocol."""
import asyncio
import sys

import aiohttp


async def parts():
    for part in (b"tr", b"ue"):
        yield part


async def main(base):
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:
        for _ in range(3):
            async with session.put(base + "/properties/led", data=parts(), headers=headers) as answer:
                assert answer.status == 204, answer.status
        async with session.get(base + "/properties/led") as answer:
            assert await answer.json() is True
        async with session.ws_connect(base + "/ws", protocols=["arduino"]) as socket:
            assert socket.protocol == "arduino", socket.protocol
            await socket.send_json({"label": "brightness", "value": 9, "id": 1})
            while (await socket.receive_json()).get("label") != "ok":
                pass


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 10))
