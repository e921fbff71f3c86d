"""A window in which two workers fail all the time, each failure a strip with a button that replaces an older one."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np  # noqa: F401  before PySide6
from PySide6.QtWidgets import QApplication

from segstudio.ui.compute.worker_client import WorkerClient
from segstudio.ui.shell.app import Program
from segstudio.worker.messages import Failed, Message, Probe


def main(wanted: int) -> None:
    app = QApplication(["segstudio"])
    program = Program()
    program.start([])
    app.processEvents()
    program.window.build_panels()
    notices, workers = program.window.notices, program.studio.workers
    shown = 0

    def ask(client: WorkerClient) -> None:
        path = str(Path("nothing") / f"{shown}.png")
        client.submit(lambda job: Probe(job, path, 2**20), reply_to(client), project=None)

    def reply_to(client: WorkerClient):  # type: ignore[no-untyped-def]
        def on_reply(reply: Message) -> None:
            nonlocal shown
            assert isinstance(reply, Failed), reply
            if shown < wanted:
                strip = notices.show_problem(reply, "Repeat", lambda: ask(client))
                shown += 1
                if shown % 3:
                    ask(client)
                else:
                    assert strip.button is not None
                    strip.button.click()  # which dismisses the strip and asks again

        return on_reply

    for client in (workers.reader, workers.tiles):
        ask(client)
    while shown < wanted:
        app.processEvents()
    print("shown", shown)
    program.shut_down()


if __name__ == "__main__":
    main(int(sys.argv[1]))
