"""A server of the Model Context Protocol over stdin and stdout, with one tool that can go wrong in every way."""

import json
import os
import sys
import threading

cancelled = {}
gate = threading.Lock()


def write(message):
    with gate:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()


def note(arguments, text):
    if "mark" in arguments:
        with open(arguments["mark"], "w") as file:
            file.write(text)


def call(request):
    params = request["params"]
    arguments = params.get("arguments", {})
    token = params.get("_meta", {}).get("progressToken")
    do = arguments.get("do")
    result = {"content": [{"type": "text", "text": json.dumps(arguments)}]}
    if do == "told":
        told = {"meta": params["_meta"], "environment": dict(os.environ), "pid": os.getpid()}
        result = {"content": [], "structuredContent": told}
    elif do == "wait":
        stop = cancelled[request["id"]]
        write({"method": "notifications/progress",
               "params": {"progressToken": token, "progress": 1, "total": 4, "message": "waiting"}})
        stop.wait()
        note(arguments, "cancelled")
        return
    elif do == "die":
        print("these are my last words", file=sys.stderr, flush=True)
        os._exit(7)
    elif do == "large":
        result = {"content": [{"type": "text", "text": "x" * arguments["size"]}]}
    elif do == "chatter":
        with gate:
            sys.stdout.write("this is no message\n")
    elif do == "error":
        result["isError"] = True
    write({"id": request["id"], "result": result})


def serve():
    if len(sys.argv) > 1:
        with open(sys.argv[1], "a") as file:
            file.write(f"{os.getpid()}\n")
    for line in sys.stdin:
        message = json.loads(line)
        method, number = message.get("method"), message.get("id")
        if method == "initialize":
            write({"id": number, "result": {"protocolVersion": message["params"]["protocolVersion"],
                                            "capabilities": {"tools": {}}, "serverInfo": {"name": "tools", "version": "1"}}})
        elif method == "tools/list":
            write({"id": number, "result": {"tools": [
                {"name": "work", "description": "Does what it is told.", "inputSchema": {"type": "object"}}]}})
        elif method == "tools/call":
            cancelled[number] = threading.Event()
            threading.Thread(target=call, args=(message,), daemon=True).start()
        elif method == "notifications/cancelled":
            cancelled[message["params"]["requestId"]].set()
        elif number is not None:
            write({"id": number, "error": {"code": -32601, "message": f"There is no {method}."}})


serve()
