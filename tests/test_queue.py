"""The queue before a back end, when an event loop closes; see also test_backends."""

import asyncio

from assistant.backends.common.queue import FairQueue


def test_a_place_whose_loop_closes_meanwhile_holds_up_nobody() -> None:
    class Closing:
        def is_closed(self) -> bool:
            return False

        def call_soon_threadsafe(self, *_: object) -> None:
            raise RuntimeError("Event loop is closed")

    async def run() -> int:
        queue = FairQueue()
        first, gone = queue.join().__enter__(), queue.join().__enter__()
        gone._loop = Closing()
        first.__exit__()
        return queue.ahead(gone)

    assert asyncio.run(run()) == 0
