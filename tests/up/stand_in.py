"""Stands in for worker, API, model, speech: the least that `up` can see of each. Argument 1 is the role."""

import asyncio
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(dict(os.environ) | {"argv": sys.argv[1:], "cwd": str(Path.cwd())}).encode()
        self.send_response(404 if self.path == "/v1/models" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def serve() -> None:
    host = sys.argv[sys.argv.index("--host") + 1]
    port = int(sys.argv[sys.argv.index("--port") + 1])
    ThreadingHTTPServer((host, port), Answers).serve_forever()


async def poll() -> None:
    from temporalio.api.taskqueue.v1 import TaskQueue  # noqa: PLC0415 - the other roles start faster without
    from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest  # noqa: PLC0415
    from temporalio.service import ConnectConfig, ServiceClient  # noqa: PLC0415

    client = await ServiceClient.connect(ConnectConfig(target_host=os.environ["TEMPORAL_ADDRESS"]))
    queue = TaskQueue(name="sessions")
    request = PollWorkflowTaskQueueRequest(namespace="default", task_queue=queue, identity="stand-in")
    while True:
        await client.workflow_service.poll_workflow_task_queue(request, retry=True)


def main(role: str) -> None:
    match os.environ.get(f"STAND_IN_{role.upper()}"):
        case "broken":
            sys.exit("no such profile: chatt")
        case "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if role == "worker":
        asyncio.run(poll())
    serve()


if __name__ == "__main__":
    main(sys.argv[1])
