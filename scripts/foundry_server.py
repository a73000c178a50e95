"""Serves an ONNX folder through Foundry Local's web service: `python scripts/foundry_server.py FOLDER PORT`.

The service shows only models of a catalogue, so a stub of one, on this machine, names the folder as its single model; nothing
is downloaded. Needs the wheel `foundry-local-sdk`, which tries to tell Microsoft at each start which program runs on which
system. Ends on a signal.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from foundry_local_sdk import Configuration, FoundryLocalManager

HOST = "127.0.0.1"
NAME = "midas-real-cpu"
ALIAS = "midas-real"
_REGISTRY = "azureml://registries/azureml/models"
ENTRY = {
    "assetId": f"{_REGISTRY}/{NAME}/versions/1",
    "entityId": "azureml://registries/azureml/objectId/1",
    "kind": "Versioned",
    "name": NAME,
    "version": "1",
    "annotations": {
        "tags": {"alias": ALIAS, "task": "chat-completion", "foundryLocal": "", "license": "apache-2.0"},
        "systemCatalogData": {"publisher": "Midas", "displayName": NAME, "maxOutputTokens": 2048},
    },
    "properties": {
        "id": NAME,
        "name": NAME,
        "version": 1,
        "variantInfo": {
            "parents": [{"assetId": f"{_REGISTRY}/{ALIAS}/versions/1"}],
            "variantMetadata": {
                "modelType": "ONNX",
                "device": "cpu",
                "executionProvider": "CPUExecutionProvider",
                "fileSizeBytes": 1,
            },
        },
        "creationContext": {"createdTime": "2026-11-21T10:00:00Z"},
    },
}


class Catalogue(BaseHTTPRequestHandler):
    """Answers every request with the one model, in all the forms in which the SDK looks for it."""

    def do_GET(self) -> None:
        found = {"totalCount": 1, "value": [ENTRY]}
        body = json.dumps({**found, "summaries": [ENTRY], "models": [ENTRY], "indexEntitiesResponse": found}).encode()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def lay_out(model: Path, cache: Path) -> None:
    """The folder as if it had been downloaded."""
    place = cache / "midas" / NAME
    place.mkdir(parents=True)
    for file in model.iterdir():
        (place / file.name).symlink_to(file)
    (place / "inference_model.json").write_text(json.dumps({"Name": f"{NAME}:1"}), encoding="utf-8")


def main(model: str, port: str) -> None:
    catalogue = ThreadingHTTPServer((HOST, 0), Catalogue)
    threading.Thread(target=catalogue.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as cache:
        lay_out(Path(model).absolute(), Path(cache))
        settings = Configuration(
            app_name=ALIAS,
            model_cache_dir=cache,
            disable_nonessential_telemetry=True,
            catalog_urls=[(f"http://{HOST}:{catalogue.server_port}/asset-gallery/v1.0/models", None)],
            web=Configuration.WebService(urls=f"http://{HOST}:{port}"),
        )
        FoundryLocalManager.initialize(settings)
        service = FoundryLocalManager.instance
        service.start_web_service()
        print(service.urls, flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
        service.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
